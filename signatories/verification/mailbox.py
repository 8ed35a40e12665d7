"""The mailbox proof: a typed code, or the button in the mail to a private address.

A work mailbox belongs to the employer, so it gets exactly one kind of mail, always the same
and without a link. The row is the outbox: whatever happens to queue, worker or mail server,
a periodic sweep finds again what is due.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from config import crypto, keys, mail
from letters.actions import audit
from signatories import addresses, mail_health, statistics
from signatories.models import Fate, MailKind, Purpose, Verification
from signatories.models.verification import TIME_TO_ANSWER

logger = logging.getLogger(__name__)


class WrongCode(Exception):
    """The code does not match; `tries_left` more are accepted."""

    def __init__(self, tries_left: int) -> None:
        super().__init__("Wrong code.")
        self.tries_left = tries_left


class CodeExpired(Exception):
    """There is no code that would be accepted now."""


# Sending -------------------------------------------------------------------------------------


def send_code(verification_id: str) -> float | None:
    """Send the code of one verification, if it is still due and nobody else is at it.

    Returns the seconds after which to try again, or None. A crash between claim and mark
    repeats the mail in flight and loses none. Only what says that there is no such mailbox erases
    the entry.
    """
    code = crypto.new_code()
    button = crypto.new_token()
    ticket = mail.new_ticket()
    verification = _claim(verification_id, code, button, ticket)
    if verification is None:
        return None
    try:
        address = addresses.decrypt(bytes(verification.address), verification.key_name)
        _mail(verification, str(address), code, button, ticket)
    except (keys.KeyLost, crypto.Unreadable):
        erase_unreadable(verification)
        return None
    except mail.TurnedAway:
        mail_health.count(MailKind.REFUSED)
        _put_off(verification, "turned a code away, though not because of the mailbox")
        return None
    except mail.Refused:
        erase(verification, Fate.REFUSED)
        mail_health.count(MailKind.REFUSED)
        return None
    except mail.Deferred:
        mail_health.count(MailKind.DEFERRED)
        _put_off(verification, "put a code off")
        return None
    except mail.Unreachable as error:
        mail_health.count(MailKind.DEFERRED)
        return _put_back(verification, error)
    _mark(verification, timezone.now())
    mail_health.count(MailKind.SENT)
    return None


def ticket_digest(ticket: str) -> str | None:
    """What is stored of the ticket by which a returned mail finds its row; nothing of none."""
    return crypto.digest("ticket", ticket) if ticket else None


def _mark(verification: Verification, now: datetime) -> None:
    Verification.objects.filter(pk=verification.pk, claimed_at=verification.claimed_at).update(
        sent_at=now,
        due_at=None,
        retry_at=None,
        attempts=0,
        remind_at=_remind_at(verification, now),
    )


def is_to_be_reminded(verification: Verification) -> bool:
    """Whether a reminder may follow: to private mailboxes only, and only who signs by name.

    Whoever signs anonymously gets no second mail that somebody might find, and the entry is gone
    after a day anyway.
    """
    signature = verification.signature if verification.purpose == Purpose.SIGN else None
    if not (settings.REMINDER_HOURS and signature and verification.is_private):
        return False
    return not (signature.is_anonymous or signature.replaces)


def _remind_at(verification: Verification, sent_at: datetime) -> datetime | None:
    """When to remind of this code: once. A reminder also leaves half a day to act on it."""
    if verification.reminder_digest or not is_to_be_reminded(verification):
        return None
    moment = sent_at + timedelta(hours=settings.REMINDER_HOURS)
    return moment if moment + TIME_TO_ANSWER <= verification.erase_after else None


def _claim(verification_id: str, code: str, button: str, ticket: str) -> Verification | None:
    """Take the verification for this worker and set its new code, in one conditional UPDATE."""
    now = timezone.now()
    found = Verification.objects.filter(pk=verification_id).first()
    if found is None:
        logger.info("Verification %s is gone", verification_id)
        return None
    claimed = (
        Verification.objects.due(now)
        .filter(pk=verification_id)
        .update(
            claimed_at=now,
            sent_at=None,
            code_digest=crypto.digest("code", verification_id, code),
            button_digest=crypto.digest("button", button) if found.is_private else None,
            ticket_digest=ticket_digest(ticket),
            tries=0,
        )
    )
    return Verification.objects.get(pk=verification_id) if claimed else None


def _mail(verification: Verification, to: str, code: str, button: str, ticket: str) -> None:
    context: dict[str, object] = {
        "code": f"{code[:4]} {code[4:]}",
        "minutes": settings.CODE_MINUTES,
    }
    if verification.is_private:
        # In every mail of the kind: it does not say what is confirmed.
        context["reminder_hours"] = settings.REMINDER_HOURS
        context["button_url"] = settings.SITE_URL + reverse("signer:confirm", args=[button])
        mail.send("signatories/mail/code_private", to, context, ticket=ticket)
    else:
        mail.send("mail/code", to, context, ticket=ticket)


def _put_back(verification: Verification, error: mail.Unreachable) -> float:
    """Release the claim and leave the server alone for a while."""
    delay = mail.delay_after(verification.attempts)
    Verification.objects.filter(pk=verification.pk, claimed_at=verification.claimed_at).update(
        retry_at=timezone.now() + delay, claimed_at=None, attempts=F("attempts") + 1
    )
    logger.warning("Mail server not reached (%s), again in %d s", error, delay.total_seconds())
    return delay.total_seconds()


def _put_off(verification: Verification, what: str) -> None:
    """Release the claim; this one mailbox is asked again later and later. Until then its code is
    not due, so that nobody takes the mail server for broken."""
    until = timezone.now() + mail.deferment_after(verification.attempts)
    Verification.objects.filter(pk=verification.pk, claimed_at=verification.claimed_at).update(
        due_at=until, retry_at=None, claimed_at=None, attempts=F("attempts") + 1
    )
    logger.warning("A mail server has %s", what)


def unsent(now: datetime, limit: int) -> list[str]:
    """Ids of codes that are due and unclaimed, the oldest first."""
    rows = Verification.objects.due(now).order_by("due_at").values_list("pk", flat=True)
    return [str(pk) for pk in rows[:limit]]


# Checking ---------------------------------------------------------------------------------------


def check_code(verification: Verification, code: str) -> None:
    """Raise `CodeExpired` or `WrongCode` unless `code` is the newest one sent.

    The try is counted before the comparison, so that parallel guesses count too.
    """
    counted = Verification.objects.filter(pk=verification.pk, tries__lt=settings.CODE_TRIES).update(
        tries=F("tries") + 1
    )
    verification.refresh_from_db()
    if not counted or not verification.has_live_code(settings.CODE_MINUTES):
        raise CodeExpired
    if not crypto.matches(verification.code_digest, "code", str(verification.pk), code):
        raise WrongCode(settings.CODE_TRIES - verification.tries)


# Erasing ----------------------------------------------------------------------------------------


@transaction.atomic
def erase(verification: Verification, fate: str) -> None:
    """Erase an unconfirmed entry with its address. A confirmed one is out of reach here."""
    deleted, _by_model = Verification.objects.filter(pk=verification.pk).delete()
    signature = verification.signature
    if deleted and signature:
        signature.delete()
        statistics.depart_from(signature, fate)


@transaction.atomic
def erase_unreadable(verification: Verification) -> None:
    """Erase an entry whose address nobody can read any more, and leave word for the operator."""
    erase(verification, Fate.EXPIRED)
    audit(verb="keys.day_key_lost", actor=None, target=verification.key_name)
    logger.error(
        "The key of the day %s is lost; an unconfirmed entry was erased", verification.key_name
    )
