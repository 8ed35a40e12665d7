"""Erasing by the table of durations."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from config import crypto, keys
from letters.models import AuditEntry, Invitation, Recovery, TeamInvitation
from signatories import tasks
from signatories.actions import erasing, signing
from signatories.actions.signing import Entry
from signatories.addresses import Address
from signatories.affiliation import Affiliation
from signatories.models import Departure, Method, Signature, State, UsedAddress, Verification
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)
NAMED = Entry("named", name="Wilhelmina Otterbourne")
ANONYMOUS = Entry("anonymous")
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)


def sign(letter, entry=NAMED, affiliation=None):
    token = signing.sign(
        letter=letter,
        entry=entry,
        address=Address("w.otterbourne", "google.example"),
        affiliation=affiliation or Affiliation(),
    )
    return Verification.objects.get(page_digest=crypto.digest("page", token))


def erase(now):
    return list(erasing.erase_expired(now=now))


def departures():
    rows = Departure.objects.order_by("fate", "appearance", "reason")
    return list(rows.values_list("fate", "appearance", "reason", "number"))


# Unconfirmed entries --------------------------------------------------------------------------


@pytest.mark.parametrize(("entry", "hours"), [(NAMED, 72), (ANONYMOUS, 24)], ids=["named", "anon"])
def test_erase_unconfirmed_entry_with_its_address_when_its_hours_are_over(entry, hours):
    google = make_organisation("Google", "google.example")
    letter = make_letter()
    sign(letter, entry, Affiliation(google, "", "current", Method.MAILBOX))

    assert erase(NOON + timedelta(hours=hours) - SECOND) == []
    assert Signature.objects.count() == Verification.objects.count() == 1

    assert erase(NOON + timedelta(hours=hours)) == [("unconfirmed entries", 1)]
    assert Signature.objects.count() == Verification.objects.count() == 0
    assert departures() == [("expired", entry.appearance, "", 1)]
    assert erase(NOON + timedelta(hours=hours)) == []
    assert mail.outbox == []


def test_erase_question_for_a_link_when_its_day_is_over():
    signing.ask_for_link(address=Address("w.otterbourne", "google.example"))

    assert erase(NOON + timedelta(hours=24) - SECOND) == []
    assert erase(NOON + timedelta(hours=24)) == [("unconfirmed entries", 1)]

    assert not Verification.objects.exists()
    assert departures() == []


def test_erase_never_reaches_an_entry_confirmed_meanwhile():
    verification = sign(make_letter())
    stale = Verification.objects.get(pk=verification.pk)
    Signature.objects.update(state=State.IN_REVIEW, confirmed_on=NOON.date())
    verification.delete()

    erasing.mailbox.erase(stale, "expired")

    assert Signature.objects.count() == 1
    assert departures() == []


# Confirmed ones -------------------------------------------------------------------------------


def test_erase_duplicates_and_rejected_entries_after_thirty_days():
    letter = make_letter()
    UsedAddress.objects.create(letter=letter, digest="a" * 64)
    day = {"confirmed_on": NOON.date()}
    make_signature(letter, state=State.DUPLICATE, **day)
    make_signature(
        letter,
        state=State.REJECTED,
        rejected_on=NOON.date(),
        reason="abuse",
        address_digest="a" * 64,
        **day,
    )
    make_signature(letter, state=State.REJECTED, rejected_on=date(2026, 1, 21), reason="other")
    for state in (State.IN_REVIEW, State.APPROVED, State.PUBLISHED):
        make_signature(letter, state=state, **day)
    make_anonymous(letter, make_organisation("Google"), **day)

    assert erase(NOON + timedelta(days=29)) == []
    assert erase(NOON + timedelta(days=30)) == [("duplicates", 1), ("rejected entries", 1)]

    kept = Signature.objects.values_list("state", flat=True)
    assert sorted(kept) == ["approved", "approved", "in_review", "published", "rejected"]
    assert departures() == [("duplicate", "named", "", 1), ("rejected", "named", "abuse", 1)]
    # A rejected address stays used for good.
    assert UsedAddress.objects.count() == 1


def test_erase_rejected_anonymous_line_only_once_a_batch_took_it_off_the_roll():
    signature = make_anonymous(
        make_letter(),
        make_organisation("Google"),
        state=State.REJECTED,
        rejected_on=NOON.date(),
        published_on=NOON.date(),
        roll_key="ot",
    )

    assert erase(NOON + timedelta(days=40)) == []

    Signature.objects.update(published_on=None, roll_key="")
    assert erase(NOON + timedelta(days=40)) == [("rejected entries", 1)]
    assert not Signature.objects.filter(pk=signature.pk).exists()
    assert departures() == [("rejected", "anonymous", "other", 1)]


def test_erase_goes_on_in_batches_and_counts_every_one(monkeypatch):
    monkeypatch.setattr(erasing, "BATCH_SIZE", 2)
    letters = [make_letter(), make_letter()]
    for letter in letters:
        sign(letter)
        for _each in range(3):
            make_signature(letter, state=State.DUPLICATE)

    done = erase(NOON + timedelta(days=30))

    assert done == [("unconfirmed entries", 2), *[("duplicates", 2)] * 3]
    assert not Signature.objects.exists()
    for letter in letters:
        fates = letter.departures.values_list("fate", "number")
        assert sum(number for fate, number in fates if fate == "duplicate") == 3
        assert sum(number for fate, number in fates if fate == "expired") == 1


def test_erase_that_is_interrupted_goes_on_where_it_was(monkeypatch):
    monkeypatch.setattr(erasing, "BATCH_SIZE", 2)
    letter = make_letter()
    for _each in range(5):
        make_signature(letter, state=State.DUPLICATE)

    next(erasing.erase_expired(now=NOON + timedelta(days=30)))
    assert Signature.objects.count() == 3

    assert erase(NOON + timedelta(days=30)) == [("duplicates", 2), ("duplicates", 1)]


# Keys of the day ---------------------------------------------------------------------------------


def test_erase_entries_whose_key_of_the_day_is_lost_and_leave_word():
    letter = make_letter()
    google = make_organisation("Google", "google.example")
    sign(letter)
    sign(letter)
    kept = sign(letter, ANONYMOUS, Affiliation(google, "", "current", Method.MAILBOX))
    keys.destroy("day", "2026-01-20.named")

    assert erase(NOON) == [("entries whose key of the day is lost", 2)]

    assert list(Verification.objects.all()) == [kept]
    assert Signature.objects.get() == kept.signature
    assert [row[:2] for row in departures()] == [("expired", "named")] * 2
    assert list(AuditEntry.objects.values_list("verb", "actor", "letter", "target")) == [
        ("keys.day_key_lost", None, None, "2026-01-20.named")
    ]
    assert erase(NOON) == []
    assert AuditEntry.objects.count() == 1


def test_turn_keys_makes_those_of_today_and_destroys_those_whose_hours_are_over():
    for day in ("2026-01-15", "2026-01-16", "2026-01-17", "2026-01-18", "2026-01-19"):
        for kind in ("anonymous", "named"):
            keys.read_or_create("day", f"{day}.{kind}")

    destroyed = erasing.turn_keys(now=NOON)

    # 48 hours from the beginning of its day for an anonymous entry's key, 96 for a named one's.
    assert destroyed == [
        "2026-01-15.anonymous",
        "2026-01-15.named",
        "2026-01-16.anonymous",
        "2026-01-16.named",
        "2026-01-17.anonymous",
        "2026-01-18.anonymous",
    ]
    left = sorted(path.name for path in keys.ring("day").iterdir())
    assert left == [
        "2026-01-17.named.key",
        "2026-01-18.named.key",
        "2026-01-19.anonymous.key",
        "2026-01-19.named.key",
        "2026-01-20.anonymous.key",
        "2026-01-20.named.key",
    ]
    assert erasing.turn_keys(now=NOON) == []


@pytest.mark.parametrize("entry", [NAMED, ANONYMOUS], ids=["named", "anonymous"])
@pytest.mark.parametrize("minutes_before_midnight", [0, 2, 9, 65])
def test_keys_turn_without_a_false_alarm(entry, minutes_before_midnight, time_machine):
    midnight = datetime(2026, 1, 21, tzinfo=UTC)
    time_machine.move_to(midnight - SECOND - timedelta(minutes=minutes_before_midnight), tick=False)
    google = make_organisation("Google", "google.example")
    verification = sign(make_letter(), entry, Affiliation(google, "", "current", Method.MAILBOX))

    erasing.turn_keys(now=verification.erase_after - SECOND)
    assert keys.exists("day", verification.key_name)

    # As the periodic tasks do it, every ten minutes, the keys first.
    now = midnight
    while Verification.objects.exists():
        now += timedelta(hours=1 if now < verification.erase_after - timedelta(hours=2) else 1 / 6)
        erasing.turn_keys(now=now)
        erase(now)
    assert now - verification.erase_after <= timedelta(minutes=10)
    assert not AuditEntry.objects.exists()


# What proves a mailbox for something else ---------------------------------------------------------


def ask_to_free(letter):
    google = make_organisation("Google", "google.example")
    entry = make_anonymous(letter, google, manage_digest="a" * 64)
    signing.ask_to_free(signature=entry, address=Address("w", "google.example"))


ASK = {
    "find": lambda letter: signing.ask_for_link(address=Address("w", "gmail.com")),
    "free": ask_to_free,
    "updates": lambda letter: signing.ask_for_updates(
        letter=letter, address=Address("w", "gmail.com")
    ),
}


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
def test_erase_what_nobody_proved_within_a_day_and_nothing_else(ask):
    ask(make_letter())
    others = list(Signature.objects.values())

    assert erase(NOON + timedelta(hours=24) - SECOND) == []
    assert Verification.objects.count() == 1

    assert erase(NOON + timedelta(hours=24)) == [("unconfirmed entries", 1)]
    assert not Verification.objects.exists()
    assert list(Signature.objects.values()) == others
    assert departures() == []


@pytest.mark.parametrize(
    ("state", "days"), [(State.DUPLICATE, 30), (State.REJECTED, 30)], ids=["duplicate", "rejected"]
)
def test_erase_name_that_would_have_replaced_a_line_without_a_departure(state, days):
    """The line itself is counted; the person would else count twice."""
    make_signature(make_letter(), state=state, replaces="a" * 64)

    erase(NOON + timedelta(days=days))

    assert not Signature.objects.exists()
    assert departures() == []


# Tasks -------------------------------------------------------------------------------------------


def test_tasks_erase_and_turn_keys(caplog, time_machine):
    caplog.set_level("INFO")
    sign(make_letter())
    time_machine.move_to(NOON + timedelta(days=5), tick=False)

    tasks.erase_expired()
    tasks.turn_keys()

    assert not Signature.objects.exists()
    assert "Erased 1 unconfirmed entries" in caplog.text
    assert "Destroyed the key 2026-01-20.named" in caplog.text
    assert "otterbourne" not in caplog.text.lower()


def test_links_to_accounts_go_when_their_time_is_over():
    now, alice = timezone.now(), make_user("alice")
    to_team = {"letter": make_letter(), "role": "press"}
    for model, fields in (
        (Invitation, {}),
        (TeamInvitation, to_team),
        (Recovery, {"user": alice}),
    ):
        model.objects.create(digest="a" * 64, expires_at=now, **fields)
    Invitation.objects.create(digest="b" * 64, expires_at=now + timedelta(hours=1))

    erased = dict(erasing.erase_expired(now=now))

    assert erased == {"invitations": 1, "invitations to teams": 1, "links to accounts": 1}
    assert [one.digest for one in Invitation.objects.all()] == ["b" * 64]
    assert not Recovery.objects.exists()
    assert not TeamInvitation.objects.exists()
