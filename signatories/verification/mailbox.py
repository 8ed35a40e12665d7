"""The mailbox proof: a typed code, or the button in the mail to a private address.

A work mailbox belongs to the employer, so it gets exactly one kind of mail, always the same
and without a link. The row is the outbox: whatever happens to queue, worker or mail server,
a periodic sweep finds again what is due.
"""

import logging
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from config import crypto, keys, mail
from letters.actions import audit
from signatories import addresses, statistics
from signatories.models import Fate, Verification

logger = logging.getLogger(__name__)

CODE_DIGITS = 8
LONGEST_DELAY = timedelta(minutes=15)


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
    repeats the mail in flight and loses none.
    """
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    button = crypto.new_token()
    verification = _claim(verification_id, code, button)
    if verification is None:
        return None
    try:
        address = addresses.decrypt(bytes(verification.address), verification.key_name)
        _mail(verification, str(address), code, button)
    except (keys.KeyLost, crypto.Unreadable):
        erase_unreadable(verification)
        return None
    except mail.Refused:
        erase(verification, Fate.REFUSED)
        return None
    except mail.Unreachable as error:
        return _put_back(verification, error)
    Verification.objects.filter(pk=verification.pk, claimed_at=verification.claimed_at).update(
        sent_at=timezone.now(), due_at=None, retry_at=None, attempts=0
    )
    return None


def _claim(verification_id: str, code: str, button: str) -> Verification | None:
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
            tries=0,
        )
    )
    return Verification.objects.get(pk=verification_id) if claimed else None


def _mail(verification: Verification, to: str, code: str, button: str) -> None:
    context: dict[str, object] = {
        "code": f"{code[:4]} {code[4:]}",
        "minutes": settings.CODE_MINUTES,
    }
    if verification.is_private:
        context["button_url"] = settings.SITE_URL + reverse("signer:confirm", args=[button])
        mail.send("signatories/mail/code_private", to, context)
    else:
        mail.send("signatories/mail/code_work", to, context)


def _put_back(verification: Verification, error: mail.Unreachable) -> float:
    """Release the claim, and have nobody try again for a while."""
    delay = delay_after(verification.attempts)
    Verification.objects.filter(pk=verification.pk, claimed_at=verification.claimed_at).update(
        retry_at=timezone.now() + delay, claimed_at=None, attempts=F("attempts") + 1
    )
    logger.warning("Mail server not reached (%s), again in %d s", error, delay.total_seconds())
    return delay.total_seconds()


def delay_after(attempts: int) -> timedelta:
    """Exponentially longer with each attempt, with jitter, up to a quarter of an hour."""
    # A server can be away for days; no timedelta holds two to the power of all attempts.
    doublings = min(attempts, 10)
    delay = min(timedelta(seconds=5 * 2**doublings), LONGEST_DELAY)
    return delay * (0.5 + secrets.randbelow(1000) / 1000)


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
