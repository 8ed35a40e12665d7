"""Who looks at which entry. Bob and Berta moderate, Charlie moderates another letter."""

from datetime import timedelta

import pytest
from django.utils import timezone

from letters.actions import NotAllowed
from letters.models import AuditEntry, Membership, Role
from signatories.actions import erasing, moderation, reading
from signatories.models import Reading, Signature
from tests.admin_pages import make_moderator
from tests.factories import make_letter, make_signature

pytestmark = pytest.mark.django_db


@pytest.fixture
def two():
    letter = make_letter()
    return make_moderator("bob", letter), make_moderator("berta", letter), make_signature(letter)


def claim(entry, actor):
    return reading.claim(signature=entry, actor=actor)


def test_claim_marks_the_entry_for_three_minutes(two, time_machine):
    bob, berta, entry = two
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)

    assert claim(entry, bob) is True

    mark = Reading.objects.get()
    assert (mark.signature, mark.moderator) == (entry, bob)
    assert mark.until.isoformat() == "2026-01-21T12:03:00+00:00"
    assert reading.by_another(entry, berta) == mark
    assert reading.by_another(entry, bob) is None
    assert not AuditEntry.objects.exists()


def test_claim_again_lasts_longer_and_by_another_is_refused(two, time_machine):
    bob, berta, entry = two
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)
    claim(entry, bob)
    time_machine.move_to("2026-01-21T12:02:00Z", tick=False)

    assert claim(entry, bob) is True
    assert claim(entry, berta) is False

    mark = Reading.objects.get()
    assert (mark.moderator, mark.until.isoformat()) == (bob, "2026-01-21T12:05:00+00:00")


def test_claim_after_the_time_is_over_goes_to_the_next(two, time_machine):
    bob, berta, entry = two
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)
    claim(entry, bob)
    time_machine.move_to("2026-01-21T12:03:00Z", tick=False)

    assert reading.by_another(entry, berta) is None
    assert claim(entry, berta) is True
    assert Reading.objects.get().moderator == berta


def test_claim_of_another_letter_is_refused(two):
    _bob, _berta, entry = two
    charlie = make_moderator("charlie", make_letter())

    with pytest.raises(NotAllowed):
        claim(entry, charlie)

    assert not Reading.objects.exists()


def test_leave_frees_the_entry_and_only_one_s_own(two):
    bob, berta, entry = two
    claim(entry, bob)

    reading.leave(signature=entry, actor=berta)
    assert Reading.objects.count() == 1
    reading.leave(signature=entry, actor=bob)
    reading.leave(signature=entry, actor=bob)

    assert not Reading.objects.exists()


@pytest.mark.parametrize(
    "decide",
    [
        lambda entry, bob: moderation.approve(signature=entry, actor=bob),
        lambda entry, bob: moderation.reject(signature=entry, actor=bob, reason="other"),
        lambda entry, bob: moderation.set_aside(signature=entry, actor=bob),
    ],
)
def test_a_decision_ends_it_whoever_looks(two, decide):
    bob, berta, entry = two
    claim(entry, berta)

    decide(entry, bob)

    assert not Reading.objects.exists()


def test_left_by_others_leaves_out_what_another_has_open(two):
    bob, berta, entry = two
    free = make_signature(entry.letter)
    claim(entry, bob)

    assert list(Signature.objects.left_by_others(berta)) == [free]
    assert set(Signature.objects.left_by_others(bob)) == {entry, free}


def test_marks_that_are_over_are_erased(two):
    bob, _berta, entry = two
    claim(entry, bob)
    now = timezone.now()

    assert list(erasing.erase_expired(now=now)) == []
    later = now + timedelta(minutes=4)
    assert list(erasing.erase_expired(now=later)) == [("marks of who looks at an entry", 1)]


def test_whoever_leaves_the_team_holds_no_entry(two):
    bob, _berta, entry = two
    Membership.objects.filter(user=bob, role=Role.MODERATOR).delete()

    with pytest.raises(NotAllowed):
        claim(entry, bob)
