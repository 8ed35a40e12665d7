"""What a signatory does with their own signature."""

import pytest
from django.core import mail

from config import crypto
from letters.models import AuditEntry
from signatories.actions import batches, confirming, own
from signatories.models import Departure, Signature, State, Tally, UsedAddress
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature

pytestmark = pytest.mark.django_db

TOKEN = "t" * 43
MANAGED = crypto.digest("manage", TOKEN)
DIGEST = "d" * 64


def managed(letter, **fields):
    """A named signature that TOKEN manages, with its used address."""
    UsedAddress.objects.get_or_create(letter=letter, digest=DIGEST)
    return make_signature(letter, manage_digest=MANAGED, address_digest=DIGEST, **fields)


def departures():
    return list(Departure.objects.values_list("fate", "appearance", "reason", "number"))


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.APPROVED, State.PUBLISHED])
def test_withdraw_by_name_erases_the_row_and_frees_the_address(state):
    letter, other = make_letter(), make_letter()
    managed(letter, state=state)
    kept = make_signature(letter, state=State.PUBLISHED, manage_digest="e" * 64)
    UsedAddress.objects.create(letter=letter, digest="e" * 64)
    UsedAddress.objects.create(letter=other, digest=DIGEST)

    own.withdraw(token=TOKEN)

    assert list(Signature.objects.all()) == [kept]
    assert departures() == [("withdrawn", "named", "", 1)]
    assert set(UsedAddress.objects.values_list("letter", "digest")) == {
        (letter.pk, "e" * 64),
        (other.pk, DIGEST),
    }


def test_withdraw_rejected_never_frees_the_address():
    letter = make_letter()
    managed(letter, state=State.REJECTED, reason="abuse")

    own.withdraw(token=TOKEN)

    assert not Signature.objects.exists()
    assert UsedAddress.objects.count() == 1
    assert departures() == [("withdrawn", "named", "", 1)]


def test_withdraw_duplicate_leaves_the_signature_it_repeats_alone():
    letter = make_letter()
    signature = make_signature(letter, address_digest=DIGEST, manage_digest="e" * 64)
    managed(letter, state=State.DUPLICATE)

    own.withdraw(token=TOKEN)

    assert list(Signature.objects.all()) == [signature]
    assert UsedAddress.objects.get().digest == DIGEST
    assert departures() == [("duplicate", "named", "", 1)]


def test_withdraw_anonymous_that_waits_erases_the_row_and_keeps_the_address_used():
    letter = make_letter()
    UsedAddress.objects.create(letter=letter, digest=DIGEST)
    make_anonymous(letter, make_organisation("Google"), manage_digest=MANAGED)

    own.withdraw(token=TOKEN)

    assert not Signature.objects.exists()
    assert UsedAddress.objects.count() == 1
    assert departures() == [("withdrawn", "anonymous", "", 1)]


@pytest.mark.parametrize("state", [State.PUBLISHED, State.REJECTED])
def test_withdraw_anonymous_on_the_roll_stays_until_the_batch_and_nothing_leads_to_it(state):
    letter = make_letter()
    google = make_organisation("Google")
    make_anonymous(
        letter,
        google,
        state=state,
        manage_digest=MANAGED,
        published_on="2026-01-20",
        roll_key="ot",
        shown_organisation=google,
    )
    before = Signature.objects.values().get()

    own.withdraw(token=TOKEN)

    assert Signature.objects.values().get() == before | {
        "state": "withdrawn",
        "manage_digest": None,
        "rejected_on": None,
        "reason": "",
    }
    assert confirming.by_token(TOKEN) is None
    assert departures() == [("withdrawn", "anonymous", "", 1)]


def test_withdraw_anonymous_after_a_batch_finds_the_new_row(time_machine):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    letter = make_letter()
    old = make_anonymous(letter, make_organisation("Google"), manage_digest=MANAGED)
    tally = batches.start_tally(letter)
    time_machine.move_to(tally.next_batch_at, tick=False)
    batches.publish_batch(letter=letter, now=tally.next_batch_at)

    own.withdraw(token=TOKEN)

    signature = Signature.objects.get()
    assert signature.pk != old.pk
    assert signature.state == State.WITHDRAWN


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.DUPLICATE])
def test_withdraw_twice_is_once(state):
    managed(make_letter(), state=state)

    own.withdraw(token=TOKEN)
    own.withdraw(token=TOKEN)

    assert sum(number for *_kind, number in departures()) == 1


def test_withdraw_with_a_strange_token_changes_nothing():
    managed(make_letter())

    own.withdraw(token="s" * 43)

    assert Signature.objects.count() == UsedAddress.objects.count() == 1
    assert departures() == []


def test_withdraw_leaves_no_audit_entry_and_sends_nothing(django_capture_on_commit_callbacks):
    managed(make_letter(), state=State.PUBLISHED)

    with django_capture_on_commit_callbacks(execute=True):
        own.withdraw(token=TOKEN)

    assert not AuditEntry.objects.exists()
    assert mail.outbox == []


def test_withdraw_is_one_transaction(monkeypatch):
    def fail(*arguments, **fields):
        raise RuntimeError("power cut")

    managed(make_letter(), state=State.PUBLISHED)
    monkeypatch.setattr(Signature, "delete", fail)

    with pytest.raises(RuntimeError):
        own.withdraw(token=TOKEN)

    assert Signature.objects.count() == UsedAddress.objects.count() == 1
    assert not Tally.objects.exists()
    assert departures() == []
