"""The trail's page: newest first, in parts, for the team; and as a file."""

import csv
import io
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from letters import trail_file
from letters.actions import audit
from letters.dashboard import trail
from letters.models import Membership, Role, User
from tests.factories import make_letter, make_user
from tests.privacy.witnesses import words

pytestmark = pytest.mark.django_db

URL = "/manage/letters/library/trail/"


@pytest.fixture
def letter():
    return make_letter(slug="library")


@pytest.fixture
def browser(letter):
    wren = make_user("wren")
    Membership.objects.create(letter=letter, user=wren, role=Role.PRESS)
    browser = Client()
    browser.force_login(wren)
    return browser


def targets_on(page):
    return re.findall(r'class="table__about"><bdi>([^<]*)<', page.content.decode())


def test_trail_pages_by_key_newest_first_and_misses_nothing(
    letter, browser, monkeypatch, time_machine
):
    monkeypatch.setattr(trail, "LINES_A_PAGE", 3)
    for number in range(7):
        time_machine.move_to(f"2026-01-{20 + number // 4} 12:00")
        audit(verb="letter.closed", actor=None, letter=letter, target=number)
    audit(verb="letter.closed", actor=None, letter=make_letter(), target="of another letter")

    browser.force_login(User.objects.get(username="wren"))
    page, seen = browser.get(URL), []
    while True:
        seen += targets_on(page)
        more = re.search(r'href="(\?[^"]*after=\d+)" rel="next"', page.content.decode())
        if not more:
            break
        page = browser.get(URL + more[1].replace("&amp;", "&"))

    assert seen == ["6", "5", "4", "3", "2", "1", "0"]


def test_trail_shows_what_it_is_about_and_who_did_it(letter, browser):
    Membership.objects.update(role=Role.MODERATOR)
    alice, bob = make_user("alice"), make_user("bob")
    audit(verb="signature.approved", actor=alice, letter=letter, target="by alice")
    audit(verb="signature.rejected", actor=bob, letter=letter, target="by bob", reason="abuse")
    audit(verb="letter.closed", actor=alice, letter=letter, target="closed")
    audit(verb="letter.batch_published", actor=None, letter=letter, target="moved")

    found = {
        query: targets_on(browser.get(f"{URL}?{query}"))
        for query in (
            "kind=entries",
            f"person={alice.pk}",
            f"kind=entries&person={alice.pk}",
            "person=nobody",
            "kind=team",
        )
    }

    assert list(found.values()) == [
        ["by bob", "by alice"],
        ["closed", "by alice"],
        ["by alice"],
        ["moved"],
        [],
    ]
    page = words(browser.get(URL))
    assert "Rejected an entry abuse or advertising" in page
    assert "signature.rejected" not in page


@pytest.mark.parametrize(
    "query",
    ["kind=nonsense", "person=0", "person=%00", "kind=x&person=²", "person=999999999999999"],
)
def test_trail_tells_of_a_choice_that_it_does_not_offer(letter, browser, query):
    audit(verb="letter.closed", actor=None, letter=letter, target="1")

    page = browser.get(f"{URL}?{query}")

    assert page.status_code == 200
    assert "Select a valid choice" in words(page)
    assert targets_on(page) == ["1"]


@pytest.mark.parametrize("after", ["-1", "x", "²", "9" * 30, "%00", ""])
def test_trail_begins_anew_after_anything_that_is_no_key(letter, browser, after):
    audit(verb="letter.closed", actor=None, letter=letter, target="1")

    assert targets_on(browser.get(f"{URL}?after={after}")) == ["1"]


def test_trail_offers_only_people_who_did_something_here(letter, browser):
    make_user("charlie")
    audit(verb="letter.closed", actor=make_user("alice"), letter=letter)
    audit(verb="letter.closed", actor=make_user("erin"), letter=make_letter())

    offered = [label for _value, label in browser.get(URL).context["form"]["person"].field.choices]

    assert offered == ["everybody", "alice", "nobody: the clock, or a command"]


def test_trail_takes_as_many_queries_for_many_as_for_few(letter, browser):
    counts = []
    for number in range(4):
        user = make_user(f"user{number}")
        audit(verb="team.joined", actor=user, letter=letter, target=f"user:{user.pk}")
        with CaptureQueriesContext(connection) as captured:
            browser.get(URL)
        counts.append(len(captured))
    assert counts[0] == counts[3]


# The file -----------------------------------------------------------------------------------------


def rows_of(response):
    text = b"".join(response.streaming_content).decode()
    return list(csv.reader(io.StringIO(text)))


def test_file_holds_every_entry_in_order_with_code_and_words(letter, browser, monkeypatch):
    Membership.objects.update(role=Role.MODERATOR)
    monkeypatch.setattr(trail_file, "CHUNK", 2)
    alice = make_user("alice")
    for number in range(5):
        audit(verb="signature.rejected", actor=alice, letter=letter, target=number, reason="other")
    audit(verb="letter.closed", actor=alice, letter=letter)

    response = browser.get("/manage/letters/library/trail.csv?kind=entries")

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="library-trail.csv"'
    assert "no-store" in response["Cache-Control"]
    day = letter.audit_entries.first().recorded_on.isoformat()
    assert rows_of(response) == [
        ["day", "verb", "what", "reason", "by", "about"],
        *(
            [day, "signature.rejected", "Rejected an entry", "another reason", "alice", str(n)]
            for n in (4, 3, 2, 1, 0)
        ),
    ]


def test_file_gives_a_spreadsheet_nothing_to_calculate(letter, browser):
    for name in ("@SUM(1)", "+alice", "-bob"):
        audit(verb="letter.closed", actor=make_user(name), letter=letter, target="=1+1")

    rows = rows_of(browser.get("/manage/letters/library/trail.csv"))[1:]

    assert [row[4:] for row in rows] == [
        ["'-bob", "'=1+1"],
        ["'+alice", "'=1+1"],
        ["'@SUM(1)", "'=1+1"],
    ]


@pytest.mark.parametrize("role", Role)
def test_decision_of_today_is_told_to_those_who_decide(letter, browser, role, time_machine):
    """Else the press would see at what time an anonymous entry was decided, long before its batch."""
    Membership.objects.update(role=role)
    time_machine.move_to("2026-01-20 12:00")
    browser.force_login(User.objects.get(username="wren"))
    for verb in ("signature.approved", "signature.rejected", "signature.shown", "letter.closed"):
        decided = audit(verb=verb, actor=None, letter=letter, target=f"{verb}-target")
    hidden = audit(verb="signature.approved", actor=None, letter=letter, target="last-target")
    pages = [URL, f"{URL}?kind=entries", "/manage/letters/library/", URL.rstrip("/") + ".csv"]

    seen = ["".join(map(str, browser.get(page))) for page in pages]

    decides = role in (Role.OWNER, Role.MODERATOR)
    for page in seen:
        assert ("signature.approved-target" in page, "last-target" in page) == (decides, decides)
    assert "letter.closed-target" in seen[0]
    # Not even that there is such an entry can be asked.
    found = [browser.get(f"{URL}?after={one.pk}").context["is_first"] for one in (decided, hidden)]
    assert found == [False, not decides]
    time_machine.move_to("2026-01-21 12:00")
    browser.force_login(User.objects.get(username="wren"))
    assert "signature.approved-target" in words(browser.get(URL))


def test_account_takes_the_trail_only_so_many_times_an_hour(letter, browser, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "export:account": "1/h"}

    assert [browser.get(f"{URL[:-1]}.csv").status_code for _each in range(2)] == [200, 429]
