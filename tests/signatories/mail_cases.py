"""Rows of mail that break one constraint each."""

from datetime import UTC, date, datetime

from signatories.models import MailDay, Verification
from tests.constraints import Case
from tests.factories import make_letter, make_signature

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)


def waiting(**fields):
    """An unconfirmed entry of a private mailbox that may be reminded."""
    return Verification(
        **{
            "purpose": "sign",
            "signature": make_signature(make_letter(), state="unconfirmed"),
            "address": b"ciphertext",
            "key_name": "2026-01-20.named",
            "is_private": True,
            "page_digest": "a" * 64,
            "remind_at": NOW,
            "erase_after": NOW,
            **fields,
        }
    )


def reminded():
    return waiting(remind_at=None, reminder_digest="b" * 64, mailbox_digest="c" * 64)


def mail_day(**fields):
    return MailDay(**{"day": date(2026, 1, 20), "kind": "sent", "number": 3, **fields})


def second_mail_day():
    mail_day().save(force_insert=True)
    return mail_day(kind="returned")


FOR_SIGNERS = "reminders_go_to_private_mailboxes_of_signers"

MAIL_CASES = [
    Case(FOR_SIGNERS, waiting, {"is_private": False}),
    Case(FOR_SIGNERS, reminded, {"is_private": False}),
    Case(FOR_SIGNERS, waiting, {"purpose": "find", "signature": None}),
    Case("reminders_leave_once", reminded, {"remind_at": NOW}),
    Case("reminders_leave_once", reminded, {"mailbox_digest": None}),
    Case("reminders_leave_once", reminded, {"reminder_digest": None}),
    Case("mailday_kind_is_known", mail_day, {"kind": "eaten"}),
    Case("mails_of_a_day_are_counted_once", second_mail_day, {"kind": "sent"}),
]
