"""The address for notices: proven by a code, private, encrypted, and good for nothing else."""

import re
import smtplib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from config import crypto
from letters import tasks
from letters.accounts import actions, mailbox
from letters.accounts.codes import address_of, send_code
from letters.accounts.credentials import Password
from letters.actions import NotAllowed
from letters.addresses import Address
from letters.models import AccountMail, AuditEntry
from letters.models.outbox import CLAIM_LEASE
from signatories.actions import erasing
from tests.factories import make_user

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)
PRIVATE = Address("heron", "gmail.com")
OTHER = Address("egret", "gmail.com")
CODE_MAIL = """\
Your code:

    {code}

It is valid for 30 minutes from the sending of this message.
If you have several such messages, only the newest code counts.

If you did not ask for this, ignore it.
"""


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def alice():
    return make_user("alice")


def fail_with(monkeypatch, error):
    def send_messages(backend, messages):
        raise error

    monkeypatch.setattr(EmailBackend, "send_messages", send_messages)


def row():
    return AccountMail.objects.get()


def sent_code():
    return re.search(r"\b(\d{4}) (\d{4})\b", mail.outbox[-1].body).expand(r"\1\2")


def give(user, address=PRIVATE):
    """The code that was sent to the address."""
    mailbox.give_address(user=user, address=address)
    send_code(AccountMail.objects.get(user=user).pk)
    return sent_code()


def wrong(code):
    return str((int(code) + 1) % 10**8).zfill(8)


def test_give_address_keeps_it_encrypted_and_sends_the_neutral_mail(alice, settings):
    code = give(alice)

    [message] = mail.outbox
    assert (message.subject, message.to) == ("Your code", ["heron@gmail.com"])
    assert message.body == CODE_MAIL.format(code=f"{code[:4]} {code[4:]}")
    whole = message.message().as_string()
    assert not re.search(r"alice|\bletters?\b(?!-)|http:", whole, re.IGNORECASE)
    stored = row()
    assert b"heron" not in bytes(stored.address)
    assert Fernet(settings.FIELD_KEYS[0]).extract_timestamp(bytes(stored.address)) == 0
    assert (address_of(stored), stored.is_confirmed) == (PRIVATE, False)
    assert code not in str(AccountMail.objects.values().get())
    assert alice.email == ""


def test_confirm_keeps_the_address_and_nothing_of_the_code(alice):
    code = give(alice)

    for _twice in range(2):
        mailbox.confirm(user=alice, code=code)

    stored = row()
    assert (stored.confirmed_on, stored.erase_after, stored.code_digest) == (NOON.date(), None, "")
    assert (stored.sent_at, stored.claimed_at) == (None, None)
    assert not AuditEntry.objects.exists()


def test_confirm_takes_the_newest_code_only_five_tries_and_thirty_minutes(alice, time_machine):
    first = give(alice)
    second = give(alice)
    for _try in range(4):
        with pytest.raises(mailbox.WrongCode):
            mailbox.confirm(user=alice, code=wrong(second))
    with pytest.raises(mailbox.WrongCode):
        mailbox.confirm(user=alice, code=first)
    with pytest.raises(mailbox.CodeIsOver):
        mailbox.confirm(user=alice, code=second)
    third = give(alice)
    time_machine.move_to(NOON + timedelta(minutes=30), tick=False)
    with pytest.raises(mailbox.CodeIsOver):
        mailbox.confirm(user=alice, code=third)

    assert not row().is_confirmed


def test_code_of_one_account_confirms_no_other(alice):
    code = give(alice)
    bob = make_user("bob")
    give(bob)

    with pytest.raises(mailbox.WrongCode):
        mailbox.confirm(user=bob, code=code)

    assert not AccountMail.objects.confirmed().exists()


def test_give_address_at_work_is_refused(alice):
    with pytest.raises(NotAllowed):
        mailbox.give_address(user=alice, address=Address("w.otterbourne", "google.example"))

    assert not AccountMail.objects.exists()


def test_another_address_is_forgotten_at_once_and_the_same_one_changes_nothing(alice):
    mailbox.confirm(user=alice, code=give(alice))

    mailbox.give_address(user=alice, address=PRIVATE)
    assert row().is_confirmed
    mailbox.give_address(user=alice, address=OTHER)

    assert (address_of(row()), row().is_confirmed) == (OTHER, False)


def test_address_of_another_account_is_taken_as_any_other(alice):
    mailbox.confirm(user=alice, code=give(alice))
    bob = make_user("bob")

    mailbox.confirm(user=bob, code=give(bob))

    assert AccountMail.objects.confirmed().count() == 2


def test_mailbox_that_had_its_codes_gets_none_and_nobody_is_told(alice, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "mail:mailbox": "1/d"}
    give(make_user("bob"))
    before = len(mail.outbox)

    mailbox.give_address(user=alice, address=PRIVATE)
    send_code(AccountMail.objects.get(user=alice).pk)

    assert len(mail.outbox) == before
    assert AccountMail.objects.get(user=alice).due_at is None


def test_send_again_sends_another_code_once_a_minute(alice):
    first = give(alice)

    mailbox.send_again(user=alice)
    send_code(row().pk)
    with pytest.raises(NotAllowed):
        mailbox.send_again(user=alice)

    assert len(mail.outbox) == 2
    mailbox.confirm(user=alice, code=sent_code())
    assert sent_code() != first
    with pytest.raises(mailbox.CodeIsOver):
        mailbox.send_again(user=alice)


def test_forget_address_erases_it(alice):
    give(alice)

    for _twice in range(2):
        mailbox.forget_address(user=alice)

    assert not AccountMail.objects.exists()


# The outbox -----------------------------------------------------------------------------------


def test_send_code_twice_sends_one_mail(alice):
    give(alice)

    assert send_code(row().pk) is None

    assert len(mail.outbox) == 1
    assert send_code(row().pk + 1) is None


def test_code_whose_worker_died_is_sent_after_the_lease(alice, time_machine, monkeypatch):
    mailbox.give_address(user=alice, address=PRIVATE)
    fail_with(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        send_code(row().pk)
    monkeypatch.undo()
    tasks.sweep_mail()
    assert mail.outbox == []
    time_machine.move_to(NOON + CLAIM_LEASE + timedelta(seconds=1), tick=False)

    tasks.sweep_mail()
    send_code(row().pk)

    mailbox.confirm(user=alice, code=sent_code())
    assert row().is_confirmed


def test_code_waits_for_a_server_that_is_away(alice, time_machine, monkeypatch):
    mailbox.give_address(user=alice, address=PRIVATE)
    fail_with(monkeypatch, smtplib.SMTPServerDisconnected("heron@gmail.com"))

    seconds = send_code(row().pk)

    assert 2.5 <= seconds <= 7.5
    assert (row().attempts, row().claimed_at) == (1, None)
    monkeypatch.undo()
    assert send_code(row().pk) is None
    assert mail.outbox == []
    time_machine.move_to(NOON + timedelta(seconds=8), tick=False)
    send_code(row().pk)
    assert len(mail.outbox) == 1


def test_mailbox_that_its_server_refuses_is_forgotten(alice, monkeypatch):
    mailbox.give_address(user=alice, address=PRIVATE)
    refusal = smtplib.SMTPRecipientsRefused({"heron@gmail.com": (550, b"No such mailbox")})
    fail_with(monkeypatch, refusal)

    assert send_code(row().pk) is None

    assert not AccountMail.objects.exists()


def test_address_that_no_key_reads_is_forgotten(alice, settings):
    mailbox.give_address(user=alice, address=PRIVATE)
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]

    assert send_code(row().pk) is None

    assert not AccountMail.objects.exists()


# The end ----------------------------------------------------------------------------------------


def test_erase_expired_takes_what_nobody_confirmed_within_a_day(alice):
    give(alice)
    bob = make_user("bob")
    mailbox.confirm(user=bob, code=give(bob))

    list(erasing.erase_expired(now=NOON + timedelta(hours=23, minutes=59)))
    assert AccountMail.objects.count() == 2
    found = list(erasing.erase_expired(now=NOON + timedelta(hours=24)))

    assert ("addresses of accounts", 1) in found
    assert row().user == bob


def test_erase_expired_takes_the_address_of_a_closed_account(alice):
    mailbox.confirm(user=alice, code=give(alice))
    alice.is_active = False
    alice.save()

    list(erasing.erase_expired(now=timezone.now()))

    assert not AccountMail.objects.exists()


def test_recover_forgets_the_address(alice):
    mailbox.confirm(user=alice, code=give(alice))
    token = actions.offer_recovery(user=alice, actor=None)

    actions.recover(token=token, credential=Password("three small stones"))

    assert not AccountMail.objects.exists()


def test_turn_keys_encrypts_the_address_under_the_newest_key(alice, settings):
    mailbox.confirm(user=alice, code=give(alice))
    old, new = settings.FIELD_KEYS, Fernet.generate_key().decode()
    settings.FIELD_KEYS = [new, *old]

    erasing.turn_keys(now=timezone.now())

    settings.FIELD_KEYS = [new]
    assert address_of(row()) == PRIVATE
    settings.FIELD_KEYS = old
    with pytest.raises(crypto.Unreadable):
        crypto.decrypt(bytes(row().address))
