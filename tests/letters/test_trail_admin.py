"""The audit trail in the administration: filtered, taken along, and shown to whom it concerns."""

import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

from letters.actions import audit
from letters.models import AuditEntry, Membership, Role
from tests.admin_pages import count_queries, make_host, make_moderator
from tests.factories import make_letter, make_user

pytestmark = pytest.mark.django_db
LIST = "/admin/letters/auditentry/"
FILE = f"{LIST}trail.csv"


def listed(client, **query):
    return [row.pk for row in client.get(LIST, query).context["cl"].result_list]


def file_of(client, **query):
    content = b"".join(client.get(FILE, query).streaming_content).decode()
    return list(csv.DictReader(io.StringIO(content)))


def record(letter, verb="signature.approved", days_ago=0, **fields):
    day = timezone.localdate() - timedelta(days=days_ago)
    return AuditEntry.objects.create(letter=letter, verb=verb, recorded_on=day, **fields)


def test_list_by_person_kind_and_days_shows_those(client):
    letter = make_letter()
    bob = make_moderator("bob", letter)
    own = record(letter, actor=bob, days_ago=2)
    team = record(letter, "team.joined", days_ago=1)
    batch = record(letter, "letter.batch_published")
    client.force_login(bob)
    today = timezone.localdate()

    assert listed(client, person=str(bob.pk)) == [own.pk]
    assert listed(client, person="nobody") == [batch.pk, team.pk]
    assert listed(client, kind="team") == [team.pk]
    assert listed(client, since=f"{today - timedelta(days=1)}") == [batch.pk, team.pk]
    assert listed(client, until=f"{today - timedelta(days=1)}") == [team.pk, own.pk]
    yesterday = f"{today - timedelta(days=1)}"
    assert listed(client, since=yesterday, until=yesterday, kind="team") == [team.pk]
    assert listed(client, since="", until="") == [batch.pk, team.pk, own.pk]


@pytest.mark.parametrize(
    "query",
    [
        {"person": "999999"},
        {"person": "bob"},
        {"kind": "gossip"},
        {"since": "2026-02-30"},
        {"until": "today"},
    ],
)
def test_list_and_file_refuse_what_they_do_not_offer(client, query):
    letter = make_letter()
    client.force_login(make_moderator("bob", letter))

    assert client.get(LIST, query)["Location"] == f"{LIST}?e=1"
    assert client.get(FILE, query)["Location"] == f"{LIST}?e=1"


def test_person_filter_names_nobody_of_other_teams(client):
    letter, foreign = make_letter(), make_letter()
    bob = make_moderator("bob", letter)
    record(letter, actor=bob)
    charlie = make_user("charlie")
    record(foreign, actor=charlie)
    client.force_login(bob)

    page = client.get(LIST).content.decode()

    assert "bob" in page
    assert "charlie" not in page
    assert client.get(LIST, {"person": str(charlie.pk)})["Location"] == f"{LIST}?e=1"


def test_days_keep_the_other_filters(client):
    letter = make_letter()
    client.force_login(make_moderator("bob", letter))

    page = client.get(LIST, {"kind": "team", "since": "2026-01-20"}).content.decode()

    assert '<input type="hidden" name="kind" value="team">' in page
    assert 'name="since" value="2026-01-20"' in page


def test_file_holds_what_the_list_holds(client):
    letter, foreign = make_letter(slug="library"), make_letter()
    bob = make_moderator("bob", letter)
    first = record(letter, actor=bob, target="signature:1", number=3)
    record(letter, "team.joined", reason="press")
    record(foreign)
    client.force_login(bob)

    assert file_of(client, kind="entries") == [
        {
            "day": first.recorded_on.isoformat(),
            "verb": "signature.approved",
            "what": "Approved an entry",
            "reason": "",
            "by": "bob",
            "about": "signature:1",
            "letter": "library",
            "number": "3",
        }
    ]
    assert [row["verb"] for row in file_of(client)] == ["team.joined", "signature.approved"]


def test_file_of_a_host_holds_what_concerns_no_letter(client):
    audit(verb="keys.day_key_lost", actor=None, target="named-2026-01-20")
    client.force_login(make_host())

    [row] = file_of(client)

    assert (row["verb"], row["letter"], row["about"]) == (
        "keys.day_key_lost",
        "",
        "named-2026-01-20",
    )


def test_file_calculates_nothing(client):
    letter = make_letter()
    bob = make_moderator("=bob", letter)
    record(letter, actor=bob, target="@SUM(A1)")
    client.force_login(bob)

    [row] = file_of(client)

    assert (row["by"], row["about"]) == ("'=bob", "'@SUM(A1)")


def test_file_is_complete_beyond_one_chunk(client, monkeypatch):
    monkeypatch.setattr("letters.trail_file.CHUNK", 2)
    letter = make_letter()
    entries = [record(letter, target=f"signature:{n}") for n in range(5)]
    client.force_login(make_moderator("bob", letter))

    found = [row["about"] for row in file_of(client)]

    assert found == [entry.target for entry in reversed(entries)]


def test_file_is_for_those_who_see_the_list(client):
    client.force_login(make_user("dora", is_staff=True))

    assert client.get(FILE).status_code == 403


def test_file_is_limited_as_others_are(client, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "export:account": "1/h"}
    client.force_login(make_host())

    assert client.get(FILE).status_code == 200
    assert client.get(FILE).status_code == 429


def test_decisions_of_today_are_for_those_who_decide(client):
    """As in the workspace: whoever looks again and again would see when an entry was there."""
    letter = make_letter()
    today = record(letter)
    yesterday = record(letter, days_ago=1)
    team = record(letter, "team.joined")
    editor = make_moderator("erin", letter, Role.EDITOR)

    client.force_login(editor)
    assert listed(client) == [team.pk, yesterday.pk]
    assert {row["verb"] for row in file_of(client)} == {"team.joined", "signature.approved"}
    assert len(file_of(client)) == 2
    client.force_login(make_moderator("bob", letter))
    assert listed(client) == [team.pk, yesterday.pk, today.pk]


def test_editor_here_and_moderator_elsewhere_sees_each_letter_by_its_role(client):
    edited, moderated = make_letter(), make_letter()
    record(edited)
    own = record(moderated)
    erin = make_moderator("erin", edited, Role.EDITOR)
    Membership.objects.create(letter=moderated, user=erin, role=Role.MODERATOR)
    client.force_login(erin)

    assert listed(client) == [own.pk]


def test_list_asks_as_many_queries_for_three_as_for_one(client):
    letter = make_letter()
    bob = make_moderator("bob", letter)
    record(letter, actor=bob, target=f"user:{bob.pk}")
    client.force_login(bob)
    before = count_queries(client, LIST)

    for n in range(2):
        record(letter, actor=make_user(f"person{n}"))

    assert count_queries(client, LIST) == before


@pytest.mark.parametrize(("role", "is_told"), [(Role.MODERATOR, True), (Role.EDITOR, False)])
def test_only_who_decides_entries_reads_which_one_it_was(client, role, is_told):
    letter = make_letter()
    alice = make_user("alice", is_staff=True)
    Membership.objects.create(letter=letter, user=alice, role=role)
    entry = record(letter, target="signature:77", days_ago=1)
    client.force_login(alice)

    pages = [client.get(LIST), client.get(f"{LIST}{entry.pk}/change/")]
    texts = [page.content.decode() for page in pages] + [str(file_of(client))]

    assert ["signature:77" in text for text in texts] == [is_told] * 3
