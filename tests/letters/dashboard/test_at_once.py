"""Two editors, twenty invited, two owners: what happens where they come in the same moment."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from letters.actions import NotAllowed, Text, drafts, planning, recipients, teams
from letters.actions import policies as rules
from letters.actions.drafts import Written
from letters.models import AuditEntry, Draft, HeldBack, Membership, Role, TeamInvitation
from signatories.actions import policies, signing
from signatories.actions.signing import Entry
from signatories.addresses import Address
from signatories.affiliation import Affiliation
from tests.factories import make_letter, make_user

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = 20


def at_once(verb, number=NUMBER):
    """What each of many gets who do the same in the same moment."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite writes one after the other anyway.")
    start = threading.Barrier(number)

    def do(each):
        start.wait(60)
        try:
            verb(each)
            return "done"
        except NotAllowed as refusal:
            return type(refusal).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as people:
        return sorted(people.map(do, range(number)))


def letter_with(role, number):
    letter = make_letter(slug="library")
    people = [make_user(f"heron {each}") for each in range(number)]
    for user in people:
        Membership.objects.create(letter=letter, user=user, role=role)
    return letter, people


def test_of_twenty_with_one_link_one_comes_in():
    letter, [alice] = letter_with(Role.OWNER, 1)
    token = teams.invite(letter=letter, role=Role.EDITOR, actor=alice)
    people = [make_user(f"bob {each}") for each in range(NUMBER)]

    found = at_once(lambda each: teams.join(token=token, actor=people[each]))

    assert found == ["InvitationIsOver"] * (NUMBER - 1) + ["done"]
    assert letter.memberships.filter(role=Role.EDITOR).count() == 1
    assert not TeamInvitation.objects.exists()


def test_somebody_with_many_links_joins_once():
    letter, [alice] = letter_with(Role.OWNER, 1)
    bob = make_user("bob")
    tokens = [teams.invite(letter=letter, role=Role.PRESS, actor=alice) for _each in range(5)]

    found = at_once(lambda each: teams.join(token=tokens[each], actor=bob), 5)

    assert found == ["done"] * 5
    assert letter.memberships.filter(user=bob).count() == 1


def test_of_many_editors_of_one_draft_one_is_saved():
    letter, people = letter_with(Role.EDITOR, NUMBER)

    found = at_once(
        lambda each: drafts.save(
            letter=letter,
            written=Written("Title", f"Text of {each}\n", ""),
            revision=0,
            actor=people[each],
        )
    )

    assert found == ["Overtaken"] * (NUMBER - 1) + ["done"]
    draft = Draft.objects.get()
    assert (draft.revision, draft.text) == (1, f"Text of {people.index(draft.saved_by)}\n")


def test_of_many_who_publish_a_draft_one_makes_a_version():
    letter, people = letter_with(Role.EDITOR, 6)
    written = Written("Title", "Newer.\n", "")
    drafts.save(letter=letter, written=written, revision=0, actor=people[0])

    found = at_once(
        lambda each: drafts.publish_draft(
            letter=letter,
            text=Text("Title", "Newer.\n", ()),
            revision=1,
            actor=people[each],
            on=timezone.localdate(),
        ),
        6,
    )

    assert found == ["Overtaken"] * 5 + ["done"]
    assert [one.number for one in letter.versions.all()] == [1, 2]


def test_of_owners_who_all_leave_at_once_one_stays():
    letter, people = letter_with(Role.OWNER, 6)
    memberships = [letter.memberships.get(user=user) for user in people]

    found = at_once(lambda each: teams.remove(membership=memberships[each], actor=people[each]), 6)

    assert found == ["NotAllowed"] + ["done"] * 5
    assert letter.memberships.filter(role=Role.OWNER).count() == 1


def test_of_many_lists_of_recipients_one_is_saved():
    letter, people = letter_with(Role.EDITOR, 6)
    seen = recipients.digest_of([])

    found = at_once(
        lambda each: recipients.set_recipients(
            letter=letter,
            addressees=[recipients.Addressee(f"Mayor {each}"), recipients.Addressee("Council")],
            actor=people[each],
            instead_of=seen,
        ),
        6,
    )

    assert found == ["Overtaken"] * 5 + ["done"]
    assert letter.recipients.count() == 2


def test_rules_wait_for_whoever_signs_in_that_moment():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite writes one after the other anyway.")
    letter, [alice] = letter_with(Role.OWNER, 1)
    letter.minimum_group_size = 8
    letter.save()
    is_written = threading.Event()

    def sign():
        try:
            with transaction.atomic():
                signing.sign(
                    letter=letter,
                    entry=Entry("named", "Wilhelmina Otterbourne"),
                    address=Address("w", "mail.test"),
                    affiliation=Affiliation(),
                )
                is_written.set()
                time.sleep(1)
        finally:
            connection.close()

    def loosen():
        is_written.wait(60)
        try:
            wishes = {"minimum_group_size": 5}
            policies.change(letter=letter, wishes=wishes, organisations=[], actor=alice)
        except NotAllowed as refusal:
            return str(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as people:
        signed, refused = people.submit(sign), people.submit(loosen)

    signed.result()
    assert "can only become stricter" in str(refused.result())
    letter.refresh_from_db()
    assert letter.minimum_group_size == 8


def planned(number):
    """A published letter of owners, with a new version that is due."""
    letter, people = letter_with(Role.OWNER, number)
    letter.recipients.create(position=1, name="The mayor")
    written = Written("Title", "Newer.\n", "")
    drafts.save(letter=letter, written=written, revision=0, actor=people[0])
    now = timezone.now()
    at = now + timedelta(minutes=5)
    planning.plan(letter=letter, revision=1, at=at, actor=people[0], now=now)
    return letter, people, at + timedelta(minutes=1)


def test_of_many_workers_one_publishes_what_is_due():
    letter, _people, now = planned(1)

    found = at_once(lambda _each: list(planning.publish_due(now=now)), 6)

    assert found == ["done"] * 6
    assert [one.number for one in letter.versions.all()] == [1, 2]
    assert not Draft.objects.exists()
    assert AuditEntry.objects.filter(verb="letter.text_published").count() == 1
    assert not AuditEntry.objects.filter(verb="letter.held_back").exists()


def test_draft_saved_in_the_moment_it_is_due_appears_as_it_was_read_or_not_at_all():
    letter, people, now = planned(6)

    def do(each):
        if each == 0:
            list(planning.publish_due(now=now))
        else:
            written = Written("Title", f"Never read {each}.\n", "")
            drafts.save(letter=letter, written=written, revision=1, actor=people[each])

    at_once(do, 6)

    texts = [one.text for one in letter.versions.all()]
    assert texts[1:] in ([], ["Newer.\n"])
    draft = Draft.objects.filter(letter=letter).first()
    if len(texts) == 1:
        assert draft is not None
        assert (draft.held_back, draft.publish_at) == (HeldBack.SAVED, None)


def test_of_many_owners_who_choose_a_time_one_is_heard():
    letter, people, now = planned(6)
    planning.drop_plan(letter=letter, actor=people[0])
    ahead = [now + timedelta(hours=each + 1) for each in range(6)]

    found = at_once(
        lambda each: planning.plan(
            letter=letter, revision=1, at=ahead[each], actor=people[each], now=now
        ),
        6,
    )

    assert found == ["Overtaken"] * 5 + ["done"]
    draft = Draft.objects.get()
    assert draft.publish_at == ahead[people.index(draft.planned_by)]


def test_of_many_owners_who_change_the_rules_one_is_saved():
    letter, people = letter_with(Role.OWNER, 6)
    seen = rules.digest_of(letter)

    found = at_once(
        lambda each: policies.change(
            letter=letter,
            wishes={"goal": each + 1},
            organisations=[],
            actor=people[each],
            instead_of=seen,
        ),
        6,
    )

    assert found == ["Overtaken"] * 5 + ["done"]
