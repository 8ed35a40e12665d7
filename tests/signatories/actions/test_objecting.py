"""What signatories say against a rejection. Bob moderates; Erin does, too."""

from datetime import date

import pytest
from django.core import mail

from config import crypto
from letters.actions import NotAllowed
from letters.models import AuditEntry
from signatories.actions import batches, erasing, moderation, objecting, own, sealing
from signatories.actions.confirming import Gone
from signatories.models import Flag, FlagKind, Signature, State
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature
from tests.signatories.actions.test_moderation import make_moderator

pytestmark = pytest.mark.django_db

TOKEN = "t" * 43
TEXT = "I am the Wilhelmina of the research team.\nAsk anybody there."


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)


@pytest.fixture
def letter():
    return make_letter()


def named(letter, **fields):
    fields = {"state": State.REJECTED, "reason": "not_a_person", **fields}
    return make_signature(letter, manage_digest=crypto.digest("manage", TOKEN), **fields)


def anonymous(letter, **fields):
    google = make_organisation("Google", "google.example")
    fields = {"state": State.REJECTED, "reason": "other", **fields}
    digest = crypto.digest("manage", TOKEN)
    return make_anonymous(letter, google, manage_digest=digest, **fields)


def audited(verb):
    entries = AuditEntry.objects.filter(verb=verb)
    return list(entries.values_list("letter", "actor", "target", "reason", "recorded_on"))


def test_object_to_asks_the_moderators_and_keeps_the_words(letter):
    entry = named(letter)

    objecting.object_to(token=TOKEN, text=TEXT)

    entry.refresh_from_db()
    assert (entry.state, entry.reason) == (State.REJECTED, "not_a_person")
    assert (entry.objection, entry.objected_on) == (TEXT, date(2026, 1, 21))
    assert entry.risk == 50
    assert list(Flag.objects.values_list("signature", "kind", "detail")) == [
        (entry.pk, FlagKind.OBJECTION, "")
    ]
    assert list(letter.signatures.for_moderators().to_decide()) == [entry]
    assert not AuditEntry.objects.exists()  # What signatories do is not in the trail.
    assert mail.outbox == []


def test_object_to_twice_is_once(letter):
    entry = named(letter)

    objecting.object_to(token=TOKEN, text=TEXT)
    objecting.object_to(token=TOKEN, text="And another thing.")

    entry.refresh_from_db()
    assert entry.objection == TEXT
    assert Flag.objects.count() == 1


def test_object_to_keeps_no_words_of_an_anonymous_entry(letter):
    entry = anonymous(letter)

    objecting.object_to(token=TOKEN, text="My name is Wilhelmina Otterbourne.")

    entry.refresh_from_db()
    assert (entry.objection, entry.objected_on) == ("", date(2026, 1, 21))
    assert list(letter.signatures.for_moderators().to_decide()) == [entry]


@pytest.mark.parametrize("make", [named, anonymous])
@pytest.mark.parametrize(
    "state", [State.IN_REVIEW, State.APPROVED, State.PUBLISHED, State.DUPLICATE]
)
def test_object_to_what_was_not_rejected_is_refused(letter, make, state):
    make(letter, state=state, reason="")

    with pytest.raises(NotAllowed):
        objecting.object_to(token=TOKEN, text=TEXT)

    assert not Flag.objects.exists()


def test_object_to_what_sealing_rejected_is_refused(letter):
    named(letter, reason="sealed")

    with pytest.raises(NotAllowed):
        objecting.object_to(token=TOKEN)


def test_who_was_taken_off_a_sealed_roll_can_object():
    letter = make_letter(status="sealed")
    entry = named(letter, was_approved=True)

    objecting.object_to(token=TOKEN)

    entry.refresh_from_db()
    assert entry.objected_on is not None


def test_object_to_under_a_sealed_letter_is_refused():
    entry = named(make_letter(status="sealed"))

    with pytest.raises(NotAllowed):
        objecting.object_to(token=TOKEN)

    entry.refresh_from_db()
    assert entry.objected_on is None


def test_object_to_nothing_is_gone():
    with pytest.raises(Gone):
        objecting.object_to(token=TOKEN)


# What moderators make of it -----------------------------------------------------------------------


@pytest.mark.parametrize("make", [named, anonymous])
def test_approving_answers_the_objection(letter, make):
    entry = make(letter)
    objecting.object_to(token=TOKEN, text=TEXT)

    moderation.approve(signature=entry, actor=make_moderator(letter))

    entry.refresh_from_db()
    assert entry.state == (State.APPROVED if entry.is_anonymous else State.PUBLISHED)
    assert (entry.objection, entry.objected_on, entry.risk) == ("", None, 0)
    assert not Flag.objects.exists()


@pytest.mark.parametrize("make", [named, anonymous])
def test_rejecting_again_is_final_and_erases_the_words(letter, make):
    entry = make(letter, rejected_on=date(2026, 1, 10))
    erin = make_moderator(letter, "erin")
    objecting.object_to(token=TOKEN, text=TEXT)

    moderation.reject(signature=entry, actor=erin, reason="repeated", note="You signed before.")

    entry.refresh_from_db()
    assert entry.state == State.REJECTED
    assert entry.reason == "repeated"
    assert entry.note == ("" if entry.is_anonymous else "You signed before.")
    assert (entry.rejected_on, entry.objected_on) == (date(2026, 1, 10), date(2026, 1, 21))
    assert (entry.objection, entry.risk) == ("", 0)
    assert not Flag.objects.exists()
    assert audited("signature.kept") == [
        (letter.pk, erin.pk, f"signature:{entry.pk}", "", date(2026, 1, 21))
    ]
    objecting.object_to(token=TOKEN, text=TEXT)
    assert not Flag.objects.exists()


def test_rejecting_again_without_a_note_leaves_the_first(letter):
    entry = named(letter, note="Who are you?")
    objecting.object_to(token=TOKEN)

    moderation.reject(signature=entry, actor=make_moderator(letter), reason="not_a_person")

    entry.refresh_from_db()
    assert entry.note == "Who are you?"


def test_rejecting_again_without_an_objection_changes_nothing(letter):
    entry = named(letter)

    moderation.reject(signature=entry, actor=make_moderator(letter), reason="abuse", note="No.")

    entry.refresh_from_db()
    assert (entry.reason, entry.note) == ("not_a_person", "")
    assert audited("signature.kept") == []


def test_new_rejection_can_be_objected_to_again(letter):
    entry = named(letter)
    bob = make_moderator(letter)
    objecting.object_to(token=TOKEN)
    moderation.approve(signature=entry, actor=bob)
    moderation.reject(signature=entry, actor=bob, reason="abuse")

    objecting.object_to(token=TOKEN)

    assert [flag.kind for flag in Flag.objects.all()] == [FlagKind.OBJECTION]


# The clock ------------------------------------------------------------------------------------------


def erased_on(letter, days, time_machine):
    """The first of the days on which the entry is gone."""
    for day in days:
        time_machine.move_to(f"{day}T12:00:00Z", tick=False)
        dict(erasing.erase_expired(now=erasing.datetime.fromisoformat(f"{day}T12:00:00+00:00")))
        if not letter.signatures.exists():
            return day
    return None


@pytest.mark.parametrize("make", [named, anonymous])
def test_rejected_entry_goes_thirty_days_after_the_rejection(letter, make, time_machine):
    make(letter, rejected_on=date(2026, 1, 10))

    assert erased_on(letter, ["2026-02-08", "2026-02-09"], time_machine) == "2026-02-09"


@pytest.mark.parametrize("make", [named, anonymous])
@pytest.mark.parametrize("is_decided", [True, False])
def test_objected_entry_goes_thirty_days_after_the_objection(
    letter, make, is_decided, time_machine
):
    entry = make(letter, rejected_on=date(2026, 1, 10))
    objecting.object_to(token=TOKEN, text=TEXT)
    if is_decided:
        moderation.reject(signature=entry, actor=make_moderator(letter), reason="abuse")

    days = ["2026-02-09", "2026-02-19", "2026-02-20"]
    assert erased_on(letter, days, time_machine) == "2026-02-20"
    assert not Flag.objects.exists()


def test_sealing_ends_objections_and_erases_their_words():
    letter = make_letter(status="closed")
    entry = named(letter)
    objecting.object_to(token=TOKEN, text=TEXT)

    sealing.seal(letter=letter, actor=None)

    entry.refresh_from_db()
    assert (entry.state, entry.reason) == (State.REJECTED, "not_a_person")
    assert (entry.objection, entry.objected_on) == ("", date(2026, 1, 21))
    assert not Flag.objects.exists()
    assert not letter.signatures.to_decide().exists()


def test_objection_stays_with_an_anonymous_line_that_leaves_with_a_batch(letter):
    entry = anonymous(letter, published_on=date(2026, 1, 1), roll_key="a place")
    objecting.object_to(token=TOKEN)

    batches.publish_batch(letter=letter, now=erasing.datetime.fromisoformat("2026-01-22T12:00Z"))

    entry.refresh_from_db()
    assert (entry.state, entry.published_on) == (State.REJECTED, None)
    assert list(letter.signatures.to_decide()) == [entry]


@pytest.mark.parametrize("make", [named, anonymous])
def test_withdrawing_takes_the_objection_along(letter, make):
    fields = {"published_on": date(2026, 1, 1), "roll_key": "a place"}
    make(letter, **(fields if make is anonymous else {}))
    objecting.object_to(token=TOKEN, text=TEXT)

    own.withdraw(token=TOKEN)

    assert not Flag.objects.exists()
    left = list(Signature.objects.values_list("state", "objected_on"))
    assert left == ([(State.WITHDRAWN, None)] if make is anonymous else [])
    assert not letter.signatures.to_decide().exists()
