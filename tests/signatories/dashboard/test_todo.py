"""What the overview asks of whom, and in which order."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config import crypto
from letters.actions import propose
from letters.models import Draft, Letter, Membership, Role, Status
from signatories import outbox
from signatories.actions import own
from signatories.models import State, Verification
from tests.factories import make_letter, make_organisation, make_signature, make_user

pytestmark = pytest.mark.django_db

numbers = itertools.count(1)
NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)
TODAY = NOON.date()


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def letter():
    return make_letter(slug="library")


def tasks(letter, role, **user):
    """The list as somebody of this role sees it: what, and where its button leads."""
    somebody = make_user(f"{role or 'host'}-{next(numbers)}", **{"is_staff": True, **user})
    if role:
        Membership.objects.create(letter=letter, user=somebody, role=role)
    browser = Client()
    browser.force_login(somebody)
    page = browser.get(f"/manage/letters/{letter.slug}/")
    for task in page.context["tasks"]:
        assert task.what in page.content.decode()
        assert not task.url or browser.get(task.url, follow=True).status_code == 200, task
    return page.context["tasks"]


def whats(letter, role, **user):
    return [task.what for task in tasks(letter, role, **user)]


def two_owners(letter):
    for name in ("olive", "oscar"):
        Membership.objects.create(letter=letter, user=make_user(name), role=Role.OWNER)


def change(letter, **fields):
    Letter.objects.filter(pk=letter.pk).update(**fields)


def test_everything_stands_in_the_order_of_its_urgency(letter):
    change(letter, closes_at=NOON + timedelta(days=3))
    for day in (0, 9, 2):
        make_signature(letter, confirmed_on=TODAY - timedelta(days=day))
    propose(name="Orrery Labs", letter=letter)
    letter.recipients.create(position=1, name="The mayor")
    erin, two_days_ago = make_user("erin"), NOON - timedelta(days=2)
    Draft.objects.create(letter=letter, title="New", saved_by=erin, saved_at=two_days_ago)
    late_mail(letter)

    found = tasks(letter, Role.OWNER, second_factor=False)

    assert [(task.what, task.button) for task in found] == [
        ("Mail does not leave at the moment", ""),
        ("3 entries wait for a moderator", "Moderate"),
        ("1 name of an organisation is not listed", "Decide"),
        ("The letter closes on 23 January 2026", "Rules"),
        ("The letter has only one owner", "Invite"),
        ("Your account has no second factor", "Add one"),
        ("Changes to the text wait since 18 January 2026", "Go on writing"),
        ("1 recipient has not answered", "Responses"),
    ]
    assert found[1].why.startswith("The oldest came 9 days ago.")
    assert found[7].why.startswith("It was published 3 days ago.")


def late_mail(letter):
    """A code that has waited for more than five minutes."""
    entry = make_signature(letter, state=State.UNCONFIRMED)
    Verification.objects.create(
        purpose="sign",
        signature=entry,
        address=b"x",
        key_name="named-x",
        is_private=True,
        page_digest="p" * 64,
        due_at=NOON - timedelta(seconds=outbox.LATE_SECONDS + 1),
        erase_after=NOON + timedelta(days=1),
    )


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Role.OWNER, {"3 entries", "1 name", "The letter has", "1 recipient"}),
        (Role.MODERATOR, {"3 entries", "1 name"}),
        (Role.EDITOR, {"1 recipient"}),
        (Role.PRESS, set()),
    ],
)
def test_each_role_is_asked_for_what_it_may_do(letter, role, expected):
    for _each in range(3):
        make_signature(letter)
    propose(name="Orrery Labs", letter=letter)
    letter.recipients.create(position=1, name="The mayor")

    found = whats(letter, role)

    assert {
        " ".join(what.split()[: len(e.split())]) for what in found for e in expected
    } >= expected
    assert len(found) == len(expected)


@pytest.mark.parametrize(("role", "is_told"), [(Role.MODERATOR, True), (Role.PRESS, False)])
def test_late_mail_is_told_to_those_who_can_act(letter, role, is_told):
    late_mail(letter)

    assert ("Mail does not leave at the moment" in whats(letter, role)) == is_told


def test_mail_of_five_minutes_is_not_late(letter):
    late_mail(letter)
    Verification.objects.update(due_at=NOON - timedelta(seconds=outbox.LATE_SECONDS))

    assert not outbox.is_late(NOON)
    assert outbox.oldest_unsent_seconds(NOON) == outbox.LATE_SECONDS


# On the way to the first publication ---------------------------------------------------------------


def test_draft_leads_to_the_list_of_what_is_missing():
    letter = make_letter(slug="library", status=Status.DRAFT)
    two_owners(letter)

    assert whats(letter, Role.EDITOR) == ["The letter is not published yet"]


def test_letter_that_waits_for_the_host_says_since_when_and_asks_the_host():
    letter = make_letter(slug="library", status=Status.DRAFT)
    two_owners(letter)
    change(letter, submitted_on=TODAY - timedelta(days=1))

    [editors] = tasks(letter, Role.EDITOR)
    [hosts] = tasks(letter, None, is_superuser=True)

    assert (editors.what, editors.why) == (
        "The letter waits for the host’s approval",
        "Submitted on 19 January 2026.",
    )
    assert (editors.button, hosts.button) == ("Look", "Read and decide")


def test_letter_that_was_given_back_shows_the_host_s_note():
    letter = make_letter(slug="library", status=Status.DRAFT)
    two_owners(letter)
    change(letter, host_note="Say <b>who</b> writes.")

    [task] = tasks(letter, Role.OWNER)

    assert (task.what, task.why) == ("The host gave the letter back", "Say <b>who</b> writes.")


# What the clock does ------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "is_told"), [(6, True), (8, False)])
def test_closing_is_told_in_its_last_week(letter, days, is_told):
    two_owners(letter)
    change(letter, closes_at=NOON + timedelta(days=days))

    assert bool(whats(letter, Role.OWNER)) == is_told


@pytest.mark.parametrize(
    ("closed", "expected"), [(15, []), (16, ["The letter is sealed on 3 February 2026"])]
)
def test_sealing_is_told_in_its_last_two_weeks(closed, expected):
    letter = make_letter(slug="closed", status=Status.CLOSED)
    two_owners(letter)
    change(letter, closed_on=TODAY - timedelta(days=closed))

    assert whats(letter, Role.OWNER) == expected


def test_becoming_public_is_told_without_who_decided(letter):
    two_owners(letter)
    google = make_organisation("Google")
    letter.organisations.add(google)
    change(letter, visibility="internal", public_on=TODAY + timedelta(days=7))
    make_signature(
        letter,
        state=State.PUBLISHED,
        method="mailbox",
        organisation=google,
        is_for_colleagues=True,
        manage_digest=crypto.digest("manage", "m" * 43),
    )
    before = tasks(letter, Role.OWNER)

    own.show_to_everybody(token="m" * 43, shown=True)

    assert [task.what for task in before] == ["The letter becomes public on 27 January 2026"]
    assert [task.url for task in before] == [f"/manage/letters/{letter.slug}/public/"]
    assert tasks(letter, Role.OWNER) == before
    assert tasks(letter, Role.MODERATOR) == []


# Small things ---------------------------------------------------------------------------------------


def test_owner_of_a_closed_account_is_no_second_owner(letter):
    gone = make_user("gone", is_active=False)
    Membership.objects.create(letter=letter, user=gone, role=Role.OWNER)

    assert whats(letter, Role.OWNER) == ["The letter has only one owner"]


def test_recipient_with_an_answer_is_not_asked_for(letter):
    demand = letter.current_version.demands.get()
    for number, outcome in ((1, "declined"), (2, "none")):
        one = letter.recipients.create(position=number, name="X")
        one.responses.create(demand=demand, outcome=outcome, responded_on=TODAY)
    letter.recipients.create(position=3, name="Y")

    assert whats(letter, Role.EDITOR) == ["2 recipients have not answered"]


def test_names_of_other_letters_are_not_counted(letter):
    propose(name="Orrery Labs", letter=make_letter())

    assert whats(letter, Role.MODERATOR) == []


def test_list_takes_as_many_queries_for_many_as_for_few(letter):
    alice = make_user("alice")
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    browser = Client()
    browser.force_login(alice)
    counts = []
    for number in range(1, 4):
        make_signature(letter)
        propose(name=f"Firm {number}", letter=letter)
        letter.recipients.create(position=number, name="X")
        Membership.objects.create(letter=letter, user=make_user(f"m{number}"), role=Role.MODERATOR)
        with CaptureQueriesContext(connection) as captured:
            browser.get("/manage/letters/library/")
        counts.append(len(captured))

    assert counts[0] == counts[2]
