"""Signing: an unconfirmed signature, its verification, and a code that is due."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from kombu.exceptions import OperationalError

from config import crypto
from letters.actions import NotAllowed, Overtaken
from letters.models import AuditEntry, Letter, Status
from signatories import addresses, tasks
from signatories.actions import signing
from signatories.actions.signing import Entry
from signatories.addresses import Address
from signatories.affiliation import Affiliation
from signatories.models import Method, Signature, State, UsedAddress, Verification
from tests.factories import make_letter, make_organisation, make_signature

pytestmark = pytest.mark.django_db

ADDRESS = Address("w.otterbourne", "google.example")
NAMED = Entry("named", name="Wilhelmina Otterbourne", title="Research engineer")


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)


def sign(letter, entry=NAMED, address=ADDRESS, affiliation=None):
    return signing.sign(
        letter=letter, entry=entry, address=address, affiliation=affiliation or Affiliation()
    )


# Signing -----------------------------------------------------------------------------------------


def test_sign_by_name_stores_an_unconfirmed_signature_and_what_its_proof_needs():
    letter = make_letter()
    google = make_organisation("Google", "google.example")
    now = timezone.now()

    token = sign(letter, affiliation=Affiliation(google, "", "current", Method.MAILBOX))

    signature, verification = Signature.objects.get(), Verification.objects.get()
    assert Signature.objects.values().get() == {
        "id": signature.pk,
        "letter_id": letter.pk,
        "version_id": letter.current_version_id,
        "state": "unconfirmed",
        "appearance": "named",
        "threshold": None,
        "name": "Wilhelmina Otterbourne",
        "title": "Research engineer",
        "organisation_id": google.pk,
        "organisation_text": "",
        "tenure": "current",
        "role": "",
        "method": "mailbox",
        "shown_organisation_id": None,
        "shown_tenure": "",
        "shown_role": "",
        "roll_key": "",
        "address_digest": None,
        "replaces": None,
        "carried_to_id": None,
        "said_organisation": "",
        "said_tenure": "",
        "is_for_colleagues": False,
        "is_hidden_from_search": False,
        "vouches_given": 0,
        "manage_digest": None,
        "submitted_on": now.date(),
        "confirmed_on": None,
        "published_on": None,
        "rejected_on": None,
        "reason": "",
        "note": "",
        "was_approved": False,
        "was_decided": False,
        "objection": "",
        "objected_on": None,
        "kept_despite": "",
        "kept_on": None,
        "set_aside_on": None,
        "needs_check": False,
        "name_key": "",
        "risk": 0,
        "group": 0,
        "has_been_shown": False,
        "has_stood": False,
        "is_demonstration": False,
    }
    address = bytes(verification.address)
    assert addresses.decrypt(address, verification.key_name) == ADDRESS
    assert b"otterbourne" not in address
    assert Verification.objects.values().get() == {
        "id": verification.pk,
        "purpose": "sign",
        "signature_id": signature.pk,
        "letter_id": None,
        "entry_digest": "",
        "vouch_digest": "",
        "address": verification.address,
        "key_name": "2026-01-20.named",
        "is_private": False,
        "page_digest": crypto.digest("page", token),
        "button_digest": None,
        "code_digest": "",
        "login_digest": "",
        "tries": 0,
        "attempts": 0,
        "is_burst": False,
        "remind_at": None,
        "reminder_digest": None,
        "mailbox_digest": None,
        "ticket_digest": None,
        "due_at": now,
        "retry_at": None,
        "claimed_at": None,
        "sent_at": None,
        "erase_after": now + timedelta(hours=72),
    }


def test_sign_anonymously_keeps_neither_name_nor_title_and_the_address_a_day():
    letter = make_letter()
    google = make_organisation("Google", "google.example")
    entry = Entry("anonymous", name="Wilhelmina Otterbourne", title="Engineer", role="research")

    sign(letter, entry, affiliation=Affiliation(google, "", "current", Method.MAILBOX))

    signature, verification = Signature.objects.get(), Verification.objects.get()
    assert (signature.name, signature.title, signature.role) == ("", "", "research")
    assert (signature.organisation, signature.method) == (google, "mailbox")
    assert verification.key_name == "2026-01-20.anonymous"
    assert verification.erase_after == timezone.now() + timedelta(hours=24)


def test_sign_by_name_keeps_an_unlisted_organisation_as_typed_and_no_role():
    entry = Entry("named", name="Wilhelmina Otterbourne", role="research")

    sign(make_letter(), entry, affiliation=Affiliation(None, "Orrery Labs", "former"))

    signature = Signature.objects.get()
    assert signature.organisation is None
    assert (signature.organisation_text, signature.tenure) == ("Orrery Labs", "former")
    assert (signature.role, signature.method) == ("", "none")


@pytest.mark.parametrize(
    ("entry", "affiliation"),
    [
        (Entry("named"), Affiliation()),
        (Entry("named", name="W" * 121), Affiliation()),
        (Entry("named", name="Wilhelmina", title="W" * 121), Affiliation()),
        (Entry("named", name="Wilhelmina"), Affiliation(None, "W" * 121)),
        (Entry("masked", name="Wilhelmina"), Affiliation()),
        (Entry("anonymous", role="king"), Affiliation()),
        (Entry("anonymous", role="research"), Affiliation()),
        (Entry("anonymous"), Affiliation(None, "", "current")),
        (Entry("pledged", name="Wilhelmina"), Affiliation()),
    ],
)
def test_sign_what_breaks_a_rule_is_refused_whatever_the_form_let_through(entry, affiliation):
    letter = make_letter(allows_unverified_anonymous=True)

    with pytest.raises((ValidationError, IntegrityError)), transaction.atomic():
        sign(letter, entry, affiliation=affiliation)

    assert Signature.objects.count() == Verification.objects.count() == 0


@pytest.mark.parametrize("status", [Status.DRAFT, Status.CLOSED, Status.SEALED])
def test_sign_letter_that_is_not_open_is_refused(status):
    letter = make_letter(status=status)

    with pytest.raises(NotAllowed, match="does not accept signatures now"):
        sign(letter)

    assert Signature.objects.count() == Verification.objects.count() == 0


def test_sign_twice_makes_two_entries_until_one_is_confirmed():
    letter = make_letter()

    tokens = {sign(letter), sign(letter)}

    assert len(tokens) == 2
    assert Signature.objects.unconfirmed().count() == Verification.objects.count() == 2


def test_sign_is_one_transaction(monkeypatch):
    def fail(**fields):
        raise RuntimeError("power cut")

    letter = make_letter()
    monkeypatch.setattr(Verification.objects, "create", fail)

    with pytest.raises(RuntimeError):
        sign(letter)

    assert not Signature.objects.exists()


def test_sign_leaves_no_trace_in_the_audit_trail():
    sign(make_letter())

    assert not AuditEntry.objects.exists()


# What goes out ----------------------------------------------------------------------------------


def test_sign_queues_the_code_on_commit_with_an_id_only(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        sign(make_letter())

    [callback] = callbacks
    task, arguments, countdown = callback.args
    assert task.name == tasks.send_code.name
    assert arguments == (str(Verification.objects.get().pk),)
    assert countdown == 0
    assert mail.outbox == []


def test_sign_that_is_rolled_back_queues_nothing(django_capture_on_commit_callbacks):
    letter = make_letter()

    with django_capture_on_commit_callbacks() as callbacks, transaction.atomic():
        sign(letter)
        transaction.set_rollback(True)

    assert callbacks == []
    assert not Verification.objects.exists()


def test_sign_with_the_broker_down_leaves_the_code_due(
    django_capture_on_commit_callbacks, monkeypatch
):
    def no_broker(*arguments, **options):
        assert options["retry"] is False
        raise OperationalError("connection refused")

    monkeypatch.setattr(tasks.send_code, "apply_async", no_broker)

    with django_capture_on_commit_callbacks(execute=True):
        sign(make_letter())

    assert list(Verification.objects.due(timezone.now())) == [Verification.objects.get()]


def test_sign_does_the_same_for_an_address_that_has_signed(django_capture_on_commit_callbacks):
    letter = make_letter()
    UsedAddress.objects.create(letter=letter, digest=addresses.digest(letter, ADDRESS))
    make_signature(letter, address_digest=addresses.digest(letter, ADDRESS))
    stranger = Address("x.otterbourne", "google.example")

    asked, queued = [], []
    for address in (ADDRESS, stranger):
        with (
            CaptureQueriesContext(connection) as queries,
            django_capture_on_commit_callbacks() as callbacks,
        ):
            sign(letter, address=address)
        asked.append([re.sub(r"'[^']*'|[0-9a-f]{9,}|\d+", "…", q["sql"]) for q in queries])
        queued.append(len(callbacks))

    assert asked[0] == asked[1]
    assert queued == [1, 1]


# Limits --------------------------------------------------------------------------------------


def test_sixth_code_of_a_day_is_never_due_for_any_spelling(
    settings, django_capture_on_commit_callbacks, time_machine
):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "code:mailbox": "5/d", "sign:mailbox": "9/d"}
    letter = make_letter()
    for number in range(5):
        sign(letter, address=Address(f"w.otterbourne+{number}", "google.example"))

    with django_capture_on_commit_callbacks() as callbacks:
        token = sign(letter)

    sixth = Verification.objects.get(page_digest=crypto.digest("page", token))
    assert sixth.due_at is None
    assert callbacks == []
    assert Verification.objects.unsent().count() == 5

    sign(letter, address=Address("x.otterbourne", "google.example"))
    time_machine.move_to("2026-01-21T00:00:00Z", tick=False)
    sign(letter)

    assert Verification.objects.unsent().count() == 7


# Finding again ----------------------------------------------------------------------------------


def test_ask_for_link_makes_a_code_due_without_a_signature(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        token = signing.ask_for_link(address=ADDRESS)

    verification = Verification.objects.get()
    assert (verification.purpose, verification.signature) == ("find", None)
    assert verification.page_digest == crypto.digest("page", token)
    assert verification.due_at == timezone.now()
    assert verification.erase_after == timezone.now() + timedelta(hours=24)
    assert callbacks[0].args[1] == (str(verification.pk),)
    assert not Signature.objects.exists()


# Sending again ----------------------------------------------------------------------------------


def sent(token):
    """The verification behind a token, as it is once its code has left."""
    rows = Verification.objects.filter(page_digest=crypto.digest("page", token))
    now = timezone.now()
    rows.update(due_at=None, claimed_at=now, sent_at=now, code_digest="c" * 64, attempts=3)
    return rows.get()


def test_send_again_makes_a_new_code_due(django_capture_on_commit_callbacks):
    verification = sent(sign(make_letter()))

    with django_capture_on_commit_callbacks() as callbacks:
        assert signing.send_again(verification=verification)

    verification.refresh_from_db()
    assert verification.due_at == timezone.now()
    assert (verification.claimed_at, verification.attempts) == (None, 0)
    assert [callback.args[1] for callback in callbacks] == [(str(verification.pk),)]


def test_send_again_within_a_minute_is_once(django_capture_on_commit_callbacks, time_machine):
    verification = sent(sign(make_letter()))
    assert signing.send_again(verification=verification)
    Verification.objects.update(due_at=None)

    with django_capture_on_commit_callbacks() as callbacks:
        assert not signing.send_again(verification=verification)

    verification.refresh_from_db()
    assert verification.due_at is None
    assert callbacks == []
    time_machine.shift(timedelta(minutes=1))
    assert signing.send_again(verification=verification)


def test_send_again_while_a_code_is_due_queues_nothing(django_capture_on_commit_callbacks):
    sign(make_letter())
    verification = Verification.objects.get()
    before = Verification.objects.values().get()

    with django_capture_on_commit_callbacks() as callbacks:
        assert signing.send_again(verification=verification)

    assert callbacks == []
    assert Verification.objects.values().get() == before


def test_send_again_beyond_the_days_codes_says_the_same_and_sends_nothing(
    settings, django_capture_on_commit_callbacks, time_machine
):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "code:mailbox": "5/d", "sign:mailbox": "9/d"}
    verification = sent(sign(make_letter()))

    answers, due = [], []
    for _each in range(6):
        answers.append(signing.send_again(verification=verification))
        due.append(Verification.objects.filter(due_at__isnull=False).update(due_at=None))
        time_machine.shift(timedelta(minutes=1))

    assert answers == [True] * 6
    assert due == [1, 1, 1, 1, 0, 0]


def test_send_again_never_touches_the_signature():
    token = sign(make_letter())
    before = Signature.objects.values().get()

    signing.send_again(verification=sent(token))

    assert Signature.objects.values().get() == before
    assert Signature.objects.get().state == State.UNCONFIRMED


def test_sign_under_rules_that_have_changed_since_they_were_read_stores_nothing():
    letter = make_letter(minimum_group_size=8)
    Letter.objects.update(minimum_group_size=5)

    with pytest.raises(Overtaken, match="rules of this letter have changed"):
        sign(letter)

    assert not Signature.objects.exists()
    letter.refresh_from_db()
    sign(letter)
    assert Signature.objects.count() == 1


def test_form_read_under_other_rules_comes_back_with_what_was_typed(client, monkeypatch):
    letter = make_letter()
    verb = signing.sign

    def overtaken(**about):
        Letter.objects.update(minimum_group_size=9)
        return verb(**about)

    monkeypatch.setattr(signing, "sign", overtaken)
    typed = {"name": "Wilhelmina Otterbourne", "email": "w@orrery.example", "appearance": "named"}

    page = client.post(f"/letters/{letter.slug}/sign/", typed)

    assert page.status_code == 409
    assert "rules of this letter have changed" in page.content.decode()
    assert 'value="Wilhelmina Otterbourne"' in page.content.decode()
    assert "Until 9 people" in " ".join(page.content.decode().split())
