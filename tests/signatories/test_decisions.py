"""How long names wait for their first decision: Bob moderates."""

from datetime import date, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from config import crypto
from letters.actions import NotAllowed
from letters.models import Letter, Membership, ReviewPolicy, Role
from signatories import decisions, statistics
from signatories.actions import batches, moderation, own
from signatories.models import DecisionDays, Signature, State, Tally
from tests.admin_pages import text_of
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)

TODAY = date(2026, 1, 21)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)


@pytest.fixture
def letter():
    return make_letter(slug="library", minimum_group_size=3)


@pytest.fixture
def bob(letter):
    bob = make_user("bob")
    Membership.objects.create(letter=letter, user=bob, role=Role.MODERATOR)
    return bob


def waiting(letter, days, **fields):
    return make_signature(letter, confirmed_on=TODAY - timedelta(days=days), **fields)


def move_batch(letter):
    batches.start_tally(letter)
    Tally.objects.filter(letter=letter).update(next_batch_at=timezone.now())
    batches.publish_batch(letter=letter, now=timezone.now())


def median(letter):
    return statistics.public_statistics(Letter.objects.get(pk=letter.pk))["as_of_last_batch"][
        "median_days_to_decision"
    ]


def noted():
    return sorted(DecisionDays.objects.values_list("days", "number"))


def decide(verb, signature, bob):
    reason = {"reason": "other"} if verb == moderation.reject else {}
    return verb(signature=signature, actor=bob, **reason)


BOTH = pytest.mark.parametrize("verb", [moderation.approve, moderation.reject])


# What is counted ---------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("days", [0, 1, 30])
def test_first_decision_of_a_name_is_counted_with_its_days(letter, bob, verb, days):
    signature = waiting(letter, days)

    for _twice in range(2):
        decide(verb, signature, bob)

    assert noted() == [(days, 1)]
    assert Signature.objects.get().was_decided


@BOTH
def test_further_decisions_are_not_counted(letter, bob, verb):
    signature = waiting(letter, 4)
    moderation.reject(signature=signature, actor=bob, reason="other")
    moderation.approve(signature=signature, actor=bob)
    Signature.objects.update(state=State.IN_REVIEW, published_on=None)

    decide(verb, signature, bob)

    assert noted() == [(4, 1)]


@BOTH
def test_line_that_is_read_again_for_its_title_is_not_counted(letter, bob, verb, check):
    """Nobody decided it before: it was published at once, and the rules changed since."""
    token = "t" * 43
    signature = waiting(
        letter, 40, state=State.PUBLISHED, manage_digest=crypto.digest("manage", token)
    )
    Letter.objects.update(review_policy=ReviewPolicy.BEFORE)
    own.correct_title(token=token, title="Director")
    check()

    decide(verb, signature, bob)

    assert noted() == []


@BOTH
def test_entry_that_was_set_aside_is_counted_from_its_confirmation(letter, bob, verb):
    signature = waiting(letter, 6)
    moderation.set_aside(signature=signature, actor=bob)

    decide(verb, signature, bob)

    assert noted() == [(6, 1)]


@BOTH
def test_anonymous_entry_is_not_counted(letter, bob, verb):
    signature = make_anonymous(
        letter, make_organisation("Google"), state=State.IN_REVIEW, confirmed_on=date(2026, 1, 3)
    )

    decide(verb, signature, bob)

    assert noted() == []
    assert not Signature.objects.get().was_decided


def test_name_on_the_roll_that_is_rejected_was_not_waiting(letter, bob):
    signature = waiting(letter, 9, state=State.PUBLISHED)

    moderation.reject(signature=signature, actor=bob, reason="other")

    assert noted() == []


def test_nothing_is_counted_where_the_decision_is_refused(letter):
    with pytest.raises(NotAllowed):
        moderation.approve(signature=waiting(letter, 2), actor=make_user("charlie"))

    assert noted() == []


# The number --------------------------------------------------------------------------------------


def test_number_moves_with_the_batch_only(letter, bob):
    for days in (1, 2, 9):
        moderation.approve(signature=waiting(letter, days), actor=bob)
    batches.refresh_count(letter=letter)
    assert median(letter) is None

    move_batch(letter)

    assert median(letter) == 2
    for _each in range(5):
        moderation.approve(signature=waiting(letter, 30), actor=bob)
    batches.refresh_count(letter=letter)
    assert median(letter) == 2


def test_number_is_not_said_of_fewer_than_the_minimum(letter, bob):
    for number, said in ((1, None), (2, None), (3, 5)):
        moderation.approve(signature=waiting(letter, 5), actor=bob)
        move_batch(letter)
        assert (number, median(letter)) == (number, said)


def test_anonymous_decisions_do_not_move_it(letter, bob):
    for days in (1, 2, 9):
        moderation.approve(signature=waiting(letter, days), actor=bob)
    move_batch(letter)
    google = make_organisation("Google")
    for _each in range(7):
        entry = make_anonymous(
            letter, google, state=State.IN_REVIEW, confirmed_on=TODAY - timedelta(days=60)
        )
        moderation.approve(signature=entry, actor=bob)

    move_batch(letter)

    assert median(letter) == 2


def test_withdrawal_of_a_name_leaves_what_was_counted(letter, bob):
    for days in (1, 2, 9):
        moderation.approve(signature=waiting(letter, days), actor=bob)
    Signature.objects.all().delete()

    move_batch(letter)

    assert median(letter) == 2


@given(st.lists(st.integers(0, 40), min_size=0, max_size=25))
def test_half_of_the_names_were_decided_within_so_many_days(waits):
    letter = make_letter(minimum_group_size=3)
    DecisionDays.objects.bulk_create(DecisionDays(letter=letter, days=days) for days in waits)

    found = decisions.median_days(letter)
    decisions.fold(letter)

    assert decisions.median_days(letter) == found
    assert letter.decision_days.count() == len(set(waits))
    if len(waits) < 3:
        assert found is None
        return
    assert 2 * sum(days <= found for days in waits) >= len(waits)
    assert 2 * sum(days < found for days in waits) < len(waits)


def test_median_is_of_one_letter(letter):
    other = make_letter(minimum_group_size=3)
    DecisionDays.objects.create(letter=other, days=7, number=5)

    assert (decisions.median_days(letter), decisions.median_days(other)) == (None, 7)


# Where it stands ---------------------------------------------------------------------------------


def test_everybody_reads_it_with_what_became_of_the_entries(client, letter, bob):
    page = "/letters/library/verification/"
    assert "Days to a decision not said: too few names were decided" in text_of(client.get(page))
    assert "Rejected 0" in text_of(client.get(page))
    for days in (1, 3, 9):
        moderation.approve(signature=waiting(letter, days), actor=bob)
    moderation.reject(signature=waiting(letter, 0), actor=bob, reason="abuse")
    waiting(letter, 2)

    move_batch(letter)

    words = text_of(client.get(page))
    assert "Received 5 Confirmed 5 Published 3 In review 1" in words
    assert "Rejected: abuse or advertising 1 Withdrawn 0" in words
    assert "Days to a decision 1 day or less for half of the names" in words
    assert "All of them as of 21 January 2026" in words


def test_team_reads_it_and_those_who_decide_what_was_decided(client, letter, bob, time_machine):
    time_machine.move_to("2026-01-14T12:00:00Z", tick=False)
    moderation.approve(signature=waiting(letter, 12), actor=bob)
    time_machine.move_to("2026-01-15T12:00:00Z", tick=False)
    moderation.approve(signature=waiting(letter, 11), actor=bob)
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)
    moderation.reject(signature=waiting(letter, 1), actor=bob, reason="other")
    move_batch(letter)
    client.force_login(bob)

    words = text_of(client.get("/manage/letters/library/"))

    assert "Decided today 1 2 in the last seven days" in words
    assert "Days to a decision 5 or fewer for half of the names" in words
    assert "An entry that is read once more" in words
    Membership.objects.update(role=Role.EDITOR)
    words = text_of(client.get("/manage/letters/library/"))
    assert "Decided today" not in words
    assert "Days to a decision 5 or fewer" in words


def test_figures_of_an_earlier_release_are_completed(letter):
    batches.start_tally(letter)
    Tally.objects.update(
        figures={
            "received": 9,
            "confirmed": 7,
            "waiting": 1,
            "withdrawn": 2,
            "rejected": {"abuse": 1},
            "by_method": {"none": 3},
        }
    )

    figures = statistics.figures_of(Tally.objects.get())

    assert (figures["published"], figures["median_days_to_decision"]) == (3, None)
