"""Mail that came back: only its ticket leads anywhere, and only to what is not confirmed."""

import os
import re
import smtplib
from datetime import timedelta
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from config import crypto
from config import mail as config_mail
from letters.models import AuditEntry
from signatories import mail_health, tasks
from signatories.actions import batches, confirming, delivering, returning, signing
from signatories.actions.signing import Entry
from signatories.addresses import Address
from signatories.affiliation import Affiliation
from signatories.models import (
    Departure,
    Import,
    Invited,
    InvitedMailbox,
    MailDay,
    Mailing,
    Signature,
    State,
    Subscription,
    Verification,
)
from signatories.verification import invitation, mailbox, reminder
from tests.admin_pages import make_moderator
from tests.config.returned_mails import IGNORED, report
from tests.factories import make_letter, make_subscription, make_update
from tests.privacy.witnesses import posted
from tests.signatories.actions.test_importing import started

pytestmark = pytest.mark.django_db

WORK = Address("w.otterbourne", "google.example")
PRIVATE = Address("w.otterbourne", "gmail.com")


@pytest.fixture(autouse=True)
def where_mail_comes_back(settings):
    settings.BOUNCE_ADDRESS = "bounce@letters.example.org"
    settings.MAIL_FROM = "Codes <codes@letters.example.org>"


def signed(address=WORK):
    """An unconfirmed entry whose code has left."""
    token = signing.sign(
        letter=make_letter(),
        entry=Entry("named", name="Wilhelmina Otterbourne"),
        address=address,
        affiliation=Affiliation(),
    )
    verification = Verification.objects.get(page_digest=crypto.digest("page", token))
    mailbox.send_code(str(verification.pk))
    return verification


def envelope(number=-1):
    return mail.outbox[number].from_email


def ticket(number=-1):
    return re.fullmatch(r"bounce\+([0-9a-f]{32})@letters\.example\.org", envelope(number))[1]


def numbers():
    return dict(MailDay.objects.values_list("kind", "number"))


# What leaves -----------------------------------------------------------------------------------


def test_sender_that_servers_see_carries_a_ticket_and_nothing_else_changes(settings):
    signed()
    settings.BOUNCE_ADDRESS = ""
    signed()

    with_ticket, plain = mail.outbox
    assert ticket(0)
    assert plain.from_email == "Codes <codes@letters.example.org>"
    assert with_ticket.message()["From"] == "Codes <codes@letters.example.org>"
    assert posted(with_ticket, str(WORK)) == posted(plain, str(WORK))
    assert ticket(0) not in with_ticket.message().as_string()


def test_every_mail_has_a_ticket_of_its_own_that_is_stored_as_a_digest():
    first, second = signed(), signed()

    assert ticket(0) != ticket(1)
    first.refresh_from_db()
    assert first.ticket_digest == crypto.digest("ticket", ticket(0))
    assert ticket(0) not in str(Verification.objects.values().get(pk=first.pk))
    assert second.pk != first.pk


# Entries ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [WORK, PRIVATE])
def test_returned_code_erases_the_unconfirmed_entry_and_twice_is_once(address):
    signed(address)

    assert returning.returned(ticket=ticket()) is True
    assert returning.returned(ticket=ticket()) is False

    assert not Verification.objects.exists()
    assert not Signature.objects.exists()
    assert Departure.objects.get().fate == "refused"
    assert numbers() == {"sent": 1, "returned": 1}
    assert not AuditEntry.objects.exists()


def test_returned_code_never_touches_a_confirmed_entry():
    verification = signed()
    confirming.confirm(verification=verification, secrets=("p" * 43, "00000000"))

    assert returning.returned(ticket=ticket()) is False

    assert Signature.objects.get().state == State.IN_REVIEW


def test_ticket_that_is_forged_or_of_an_earlier_mail_changes_nothing():
    verification = signed()
    earlier = ticket()
    Verification.objects.update(due_at=timezone.now(), claimed_at=None)
    mailbox.send_code(str(verification.pk))

    for forged in (earlier, "0" * 32, "", verification.ticket_digest or "x", str(verification.pk)):
        assert returning.returned(ticket=forged) is False

    assert Signature.objects.count() == 1


def test_returned_reminder_erases_the_entry(time_machine):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    verification = signed(PRIVATE)
    time_machine.shift(timedelta(hours=24))
    reminder.send(str(verification.pk))
    assert len(mail.outbox) == 2

    assert returning.returned(ticket=ticket(0)) is False
    assert returning.returned(ticket=ticket(1)) is True

    assert not Signature.objects.exists()


# Invitations -----------------------------------------------------------------------------------


@pytest.fixture
def invited():
    letter = make_letter(organiser_line="The Lantern Society")
    row = ["Ada Otterbourne", "ada@gmail.com", "Orrery", "Engineer"]
    started(letter, make_moderator("alice", letter, "owner"), row)
    invitation.send(str(Invited.objects.get().pk))
    return Invited.objects.get()


def test_returned_invitation_counts_as_undeliverable_once(invited):
    assert returning.returned(ticket=ticket()) is True
    assert returning.returned(ticket=ticket()) is False

    source = Import.objects.get()
    assert (source.sent, source.undeliverable) == (0, 1)
    assert not Invited.objects.exists()
    assert InvitedMailbox.objects.get().written_on is not None


def test_invitation_that_was_answered_is_not_counted_anew(invited):
    invitation.use_up(invited)

    assert returning.returned(ticket=ticket()) is False

    source = Import.objects.get()
    assert (source.sent, source.undeliverable) == (1, 0)


# Updates ---------------------------------------------------------------------------------------


def mail_update(letter):
    update = make_update(letter)
    mailing = Mailing.objects.create(
        update=update, state="scheduled", send_at=timezone.now(), subject=update.title
    )
    delivering.send_some(mailing.pk)
    delivering.send_some(mailing.pk)


def test_subscription_ends_after_three_mailings_in_a_row_that_came_back():
    letter = make_letter()
    make_subscription(letter, "w@gmail.com")

    for came_back in (1, 2):
        mail_update(letter)
        assert returning.returned(ticket=ticket()) is True
        assert returning.returned(ticket=ticket()) is False
        assert Subscription.objects.get().refusals == came_back
    mail_update(letter)
    returning.returned(ticket=ticket())

    assert not Subscription.objects.exists()


def test_mailing_that_stays_away_lets_earlier_returns_be_forgotten():
    letter = make_letter()
    make_subscription(letter, "w@gmail.com")
    mail_update(letter)
    returning.returned(ticket=ticket())
    mail_update(letter)
    assert Subscription.objects.get().refusals == 1, "It is not known yet what became of this one."

    mail_update(letter)

    assert Subscription.objects.get().refusals == 0


def test_ticket_of_a_subscription_survives_a_batch(settings):
    settings.BATCH_MINIMUM = 1
    letter = make_letter()
    make_subscription(letter, "w@gmail.com")
    mail_update(letter)
    batches.start_tally(letter)
    batches.publish_batch_now(letter=letter, now=timezone.now())

    assert returning.returned(ticket=ticket()) is True
    assert Subscription.objects.get().refusals == 1


# How messages arrive ---------------------------------------------------------------------------


def piped(monkeypatch, raw, *arguments):
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(raw)))
    call_command("read_bounces", *arguments)


def test_message_that_is_too_long_is_taken_from_the_mail_server_all_the_same(monkeypatch):
    long = BytesIO(b"From: a person\n\n" + b"Hello\n" * 200_000)
    monkeypatch.setattr("sys.stdin", TextIOWrapper(long))

    call_command("read_bounces")

    assert long.tell() == len(long.getvalue()) > 1_000_000


def test_message_from_standard_input_is_read(monkeypatch):
    signed()

    piped(monkeypatch, report(to=envelope()))

    assert not Signature.objects.exists()
    assert numbers() == {"sent": 1, "read": 1, "returned": 1}


def test_recipient_comes_from_the_mail_server(monkeypatch):
    signed()

    piped(monkeypatch, report(to="undisclosed"), "--recipient", envelope())

    assert not Signature.objects.exists()


@pytest.mark.parametrize("kind", IGNORED)
def test_message_that_is_ignored_erases_nothing(monkeypatch, kind):
    verification = signed()
    known = "0123456789abcdef0123456789abcdef"
    Verification.objects.filter(pk=verification.pk).update(
        ticket_digest=crypto.digest("ticket", known)
    )

    piped(monkeypatch, IGNORED[kind])

    assert Signature.objects.count() == 1


def test_database_out_of_reach_asks_the_mail_server_to_come_back(monkeypatch, capsys):
    def fail(**anything):
        raise OperationalError(f"about {PRIVATE}")

    monkeypatch.setattr(returning, "returned", fail)

    with pytest.raises(SystemExit) as ended:
        piped(monkeypatch, report())

    assert ended.value.code == 75
    assert "otterbourne" not in capsys.readouterr().err


@pytest.fixture
def maildir(tmp_path, settings):
    for part in ("new", "cur", "tmp"):
        (tmp_path / "returned" / part).mkdir(parents=True)
    settings.BOUNCE_MAILDIR = str(tmp_path / "returned")
    return tmp_path / "returned"


def test_folder_is_read_and_emptied_whatever_lies_there(maildir, tmp_path):
    signed()
    kept = tmp_path / "kept"
    kept.write_bytes(b"not ours")
    (maildir / "new" / "1").write_bytes(report(to=envelope()))
    (maildir / "cur" / "2:2,S").write_bytes(b"From: a person\n\nHello\n")
    (maildir / "cur" / "3").write_bytes(IGNORED["too long"])
    (maildir / "tmp" / "4").write_bytes(b"is being written")
    os.symlink(kept, maildir / "new" / "5")

    tasks.read_returned_mail()
    tasks.read_returned_mail()

    assert not Signature.objects.exists()
    assert sorted(path.name for path in maildir.glob("*/*")) == ["4", "5"]
    assert kept.read_bytes() == b"not ours"
    assert numbers()["read"] == 3


def test_folder_that_could_not_be_dealt_with_is_read_again(maildir, monkeypatch):
    signed()
    (maildir / "new" / "1").write_bytes(report(to=envelope()))

    def fail(**anything):
        raise OperationalError

    monkeypatch.setattr(returning, "returned", fail)
    with pytest.raises(OperationalError):
        tasks.read_returned_mail()
    monkeypatch.undo()
    call_command("read_bounces", "--maildir", str(maildir))

    assert not Signature.objects.exists()
    assert list(maildir.glob("*/*")) == []


def test_file_that_cannot_be_read_keeps_nobody_from_the_others(maildir, monkeypatch, caplog):
    signed()
    (maildir / "new" / "1").write_bytes(b"of another account")
    (maildir / "new" / "2").write_bytes(report(to=envelope()))
    usual = Path.open

    def refuse(path, *how):
        if path.name == "1":
            raise PermissionError(str(path))
        return usual(path, *how)

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(returning, "FILES_AT_ONCE", 1)

    tasks.read_returned_mail()

    assert not Signature.objects.exists()
    assert [path.name for path in maildir.glob("*/*")] == ["1"]
    assert caplog.messages == ["A returned mail stays where it is: PermissionError"]


def test_folder_without_an_address_of_ours_is_left_alone(maildir, settings):
    settings.BOUNCE_ADDRESS = ""
    (maildir / "new" / "1").write_bytes(b"From: a person\n\nHello\n")

    tasks.read_returned_mail()

    assert [path.name for path in maildir.glob("*/*")] == ["1"]


def test_without_a_folder_nothing_is_read(settings, monkeypatch):
    settings.BOUNCE_MAILDIR = ""
    monkeypatch.setattr(returning, "read_folder", lambda folder: pytest.fail("read"))

    tasks.read_returned_mail()


# Numbers -----------------------------------------------------------------------------------------


def test_numbers_of_a_day_say_what_became_of_codes(monkeypatch):
    def answer(error):
        def fail(*args, **options):
            raise error

        monkeypatch.setattr(config_mail.EmailMultiAlternatives, "send", fail)

    signed()
    answer(smtplib.SMTPServerDisconnected())
    signed()
    answer(smtplib.SMTPRecipientsRefused({"w": (550, b"")}))
    signed()

    assert numbers() == {"sent": 1, "deferred": 1, "refused": 1}


def test_numbers_show_whole_days_only_and_no_small_ones(time_machine):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    for _each in range(4):
        mail_health.count("sent")
    for _each in range(5):
        mail_health.count("returned")
    assert {tuple(day.numbers) for day in mail_health.past_days(timezone.localdate())} == {
        (None,) * 5
    }

    time_machine.shift(timedelta(days=1))
    newest, *earlier = mail_health.past_days(timezone.localdate())

    assert str(newest.day) == "2026-01-20"
    assert newest.numbers == [None, None, None, None, 5]
    assert len(earlier) == 13
