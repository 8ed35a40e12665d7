"""Taking decisions back. Alice is the host, Bob moderates, Charlie moderates another letter."""

import pytest
from django.utils import timezone

from letters.actions import NotAllowed
from letters.models import AuditEntry
from signatories.actions import batches, moderation, sealing, taking_back
from signatories.models import Flag, Method, Signature, State
from tests.admin_pages import make_moderator
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature

pytestmark = pytest.mark.django_db


def take_back(signature, actor):
    return taking_back.take_back(signature=signature, actor=actor)


def test_take_back_an_approved_name_takes_it_off_the_roll_at_once():
    letter = make_letter()
    bob = make_moderator("bob", letter)
    google = make_organisation("Google")
    entry = make_signature(letter, organisation=google, method=Method.MAILBOX)
    moderation.approve(signature=entry, actor=bob)
    assert Signature.objects.on_roll().count() == 1

    taken = take_back(entry, bob)

    entry.refresh_from_db()
    assert taken == entry
    assert (entry.state, entry.published_on, entry.roll_key) == (State.IN_REVIEW, None, "")
    assert (entry.organisation, entry.shown_organisation) == (google, None)
    assert not Signature.objects.on_roll().exists()
    audited = AuditEntry.objects.latest("pk")
    assert (audited.verb, audited.actor, audited.letter, audited.target) == (
        "signature.taken_back",
        bob,
        letter,
        f"signature:{entry.pk}",
    )


def test_take_back_a_rejected_name_lets_it_wait_again_with_its_words():
    letter = make_letter()
    bob = make_moderator("bob", letter)
    entry = make_signature(letter, name="Wanda Waiting", title="Archivist")
    moderation.reject(signature=entry, actor=bob, reason="abuse", note="Not like this.")

    take_back(entry, bob)

    entry.refresh_from_db()
    assert entry.state == State.IN_REVIEW
    assert (entry.rejected_on, entry.reason, entry.note) == (None, "", "")
    assert (entry.name, entry.title) == ("Wanda Waiting", "Archivist")


def test_take_back_an_approved_anonymous_entry_before_its_batch_lets_it_wait_again():
    letter = make_letter()
    bob = make_moderator("bob", letter)
    entry = make_anonymous(letter, make_organisation("Google"), state=State.IN_REVIEW)
    moderation.approve(signature=entry, actor=bob)

    take_back(entry, bob)

    entry.refresh_from_db()
    assert (entry.state, entry.published_on) == (State.IN_REVIEW, None)


def test_take_back_an_anonymous_entry_that_a_batch_has_taken_is_refused(settings):
    settings.BATCH_MINIMUM = 1
    letter = make_letter()
    bob = make_moderator("bob", letter)
    entry = make_anonymous(letter, make_organisation("Google"), state=State.IN_REVIEW)
    moderation.approve(signature=entry, actor=bob)
    batches.publish_batch_now(letter=letter, now=timezone.now())
    line = Signature.objects.get()
    assert line.state == State.PUBLISHED

    for signature in (entry, line):
        with pytest.raises(NotAllowed):
            take_back(signature, bob)

    line.refresh_from_db()
    assert (line.state, line.is_standing) == (State.PUBLISHED, True)
    assert not AuditEntry.objects.filter(verb="signature.taken_back").exists()


def test_take_back_a_rejection_of_an_anonymous_line_that_still_stands_lets_it_stay():
    letter = make_letter()
    bob = make_moderator("bob", letter)
    line = make_anonymous(letter, make_organisation("Google"), state=State.PUBLISHED)
    place = line.roll_key
    moderation.reject(signature=line, actor=bob, reason="other")

    take_back(line, bob)

    line.refresh_from_db()
    assert (line.state, line.is_standing, line.roll_key) == (State.PUBLISHED, True, place)
    assert (line.rejected_on, line.reason) == (None, "")


def test_take_back_a_rejection_after_the_batch_lets_the_anonymous_entry_wait_again():
    letter = make_letter()
    bob = make_moderator("bob", letter)
    entry = make_anonymous(letter, make_organisation("Google"), state=State.IN_REVIEW)
    moderation.reject(signature=entry, actor=bob, reason="other")

    take_back(entry, bob)

    entry.refresh_from_db()
    assert (entry.state, entry.published_on) == (State.IN_REVIEW, None)


def test_take_back_a_name_that_waits_to_replace_a_line_leaves_the_line_alone():
    letter = make_letter()
    bob = make_moderator("bob", letter)
    entry = make_signature(letter, state=State.APPROVED, replaces="b" * 64)

    take_back(entry, bob)

    entry.refresh_from_db()
    assert (entry.state, entry.replaces) == (State.IN_REVIEW, "b" * 64)


def test_take_back_twice_is_once():
    letter = make_letter()
    bob = make_moderator("bob", letter)
    entry = make_signature(letter)
    moderation.approve(signature=entry, actor=bob)

    take_back(entry, bob)
    take_back(entry, bob)

    assert AuditEntry.objects.filter(verb="signature.taken_back").count() == 1


def test_what_was_taken_off_a_sealed_roll_comes_back():
    letter = make_letter(status="sealed")
    bob = make_moderator("bob", letter)
    name = make_signature(letter, state=State.PUBLISHED)
    line = make_anonymous(letter, make_organisation("Google"), state=State.PUBLISHED)
    for entry in (name, line):
        moderation.reject(signature=entry, actor=bob, reason="abuse")
        entry.refresh_from_db()

        take_back(entry, bob)

        entry.refresh_from_db()
        assert (entry.state, entry.is_standing) == (State.PUBLISHED, True)


def test_what_left_on_the_day_of_the_sealing_but_before_it_stays_away():
    letter = make_letter()
    batches.start_tally(letter)
    bob = make_moderator("bob", letter)
    name = make_signature(letter, state=State.PUBLISHED)
    line = make_anonymous(letter, make_organisation("Google"), state=State.PUBLISHED)
    for entry in (name, line):
        moderation.reject(signature=entry, actor=bob, reason="abuse")
    sealing.close(letter=letter, actor=None)
    sealing.seal(letter=letter, actor=None)

    for entry in (name, line):
        entry.refresh_from_db()
        with pytest.raises(NotAllowed, match="can no longer be taken back"):
            take_back(entry, bob)


def test_taking_a_rejection_back_lets_readers_report_the_line_again():
    letter = make_letter()
    bob = make_moderator("bob", letter)
    entry = make_signature(letter, state=State.PUBLISHED)
    Flag.objects.create(signature=entry, kind="reported", detail="me")
    moderation.reject(signature=entry, actor=bob, reason="abuse")
    entry.refresh_from_db()
    assert entry.kept_despite == "me"

    take_back(entry, bob)

    entry.refresh_from_db()
    assert (entry.kept_despite, entry.kept_on) == ("", None)


@pytest.mark.parametrize("state", [State.PUBLISHED, State.REJECTED])
def test_take_back_under_a_sealed_letter_is_refused(state):
    letter = make_letter(status="sealed")
    bob = make_moderator("bob", letter)
    entry = make_signature(letter, state=state)

    with pytest.raises(NotAllowed, match="can no longer be taken back"):
        take_back(entry, bob)

    entry.refresh_from_db()
    assert entry.state == state


@pytest.mark.parametrize("state", [State.PUBLISHED, State.REJECTED, State.APPROVED])
def test_take_back_by_a_moderator_of_another_letter_is_refused(state):
    letter = make_letter()
    charlie = make_moderator("charlie", make_letter())
    google = make_organisation("Google")
    named = state != State.APPROVED
    entry = make_signature(letter, state=state) if named else make_anonymous(letter, google)

    with pytest.raises(NotAllowed, match="not yours to decide"):
        take_back(entry, charlie)

    entry.refresh_from_db()
    assert entry.state == state
    assert not AuditEntry.objects.exists()


def test_take_back_what_was_erased_is_refused():
    letter = make_letter()
    bob = make_moderator("bob", letter)
    entry = make_signature(letter, state=State.REJECTED)
    Signature.objects.all().delete()

    with pytest.raises(NotAllowed, match="no longer here"):
        take_back(entry, bob)
