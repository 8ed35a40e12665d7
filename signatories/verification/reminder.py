"""The one reminder that a private mailbox gets before an entry by name is erased.

It carries a button and no code: a code would be dead before anybody reads it, and the button
leads to the entry as long as that is kept. The button of the first mail goes on working. The row
is the outbox here too, but what a reminder must never do is come twice. So the row is marked
before the mail leaves, and freed again only where it certainly has not left.
"""

import logging
import math
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from config import crypto, keys, mail
from letters.models import Letter
from signatories import addresses, mail_health
from signatories.addresses import Address
from signatories.models import Fate, MailKind, Verification
from signatories.verification import mailbox

logger = logging.getLogger(__name__)

FOLDER = "signatories/mail/reminder"


def due(now: datetime, limit: int) -> list[str]:
    """Ids of entries whose reminder is due, the oldest first; none once it is switched off."""
    if not settings.REMINDER_HOURS:
        return []
    rows = Verification.objects.to_be_reminded(now).order_by("remind_at")
    return [str(pk) for pk in rows.values_list("pk", flat=True)[:limit]]


def send(verification_id: str) -> None:
    """Send the reminder, if it is due still. A crash loses the one in flight and repeats none."""
    button, ticket = crypto.new_token(), mail.new_ticket()
    verification = Verification.objects.filter(pk=verification_id).first()
    if verification is None:
        logger.info("Verification %s is gone", verification_id)
        return
    try:
        address = addresses.decrypt(bytes(verification.address), verification.key_name)
        if not _claim(verification, address, button, ticket):
            return
        mail.send(FOLDER, str(address), _context(verification, button), ticket=ticket)
    except (keys.KeyLost, crypto.Unreadable):
        mailbox.erase_unreadable(verification)
    except mail.Unknown:
        mailbox.erase(verification, Fate.REFUSED)
        mail_health.count(MailKind.REFUSED)
    except mail.Refused:
        # The first mail arrived, and its button works still.
        mail_health.count(MailKind.REFUSED)
        logger.warning("A mail server has refused a reminder; the entry stays")
    except mail.Silent as error:
        # It may have arrived. Rather none than two.
        logger.warning("A reminder may be lost: %s", error)
    except mail.Deferred:
        _put_back(verification, button, mail.deferment_after(verification.attempts))
        logger.warning("A mail server has put a reminder off")
    except mail.Unreachable as error:
        delay = mail.delay_after(verification.attempts)
        _put_back(verification, button, delay)
        logger.warning("Mail server not reached (%s), again in %d s", error, delay.total_seconds())
    else:
        mail_health.count(MailKind.REMINDED)


def _context(verification: Verification, button: str) -> dict[str, object]:
    """With the hours that are left: fewer where the code was asked for again, or mail stood
    still."""
    left = verification.erase_after - timezone.now()
    return {
        "button_url": settings.SITE_URL + reverse("signer:confirm", args=[button]),
        "hours": math.ceil(left / timedelta(hours=1)),
    }


@transaction.atomic
def _claim(verification: Verification, address: Address, button: str, ticket: str) -> bool:
    """Mark the row in one conditional UPDATE; False where another worker or mailbox was first."""
    letter = verification.signature.letter if verification.signature else None
    if letter is None or not address.is_private:
        # The list of mail providers has become shorter: this counts as a work mailbox now.
        _settle(verification)
        return False
    # Of several entries of one mailbox, others wait here until they see that one was reminded.
    Letter.objects.select_for_update(no_key=True).filter(pk=letter.pk).first()
    if _has_been_reminded(letter, address):
        _settle(verification)
        return False
    own = Verification.objects.to_be_reminded(timezone.now()).filter(pk=verification.pk)
    return bool(
        own.update(
            remind_at=None,
            reminder_digest=crypto.digest("button", button),
            mailbox_digest=addresses.reminded_digest(letter, address, verification.key_name),
            ticket_digest=mailbox.ticket_digest(ticket),
        )
    )


def _settle(verification: Verification) -> None:
    Verification.objects.filter(pk=verification.pk).update(remind_at=None)


def _has_been_reminded(letter: Letter, address: Address) -> bool:
    """Whether another entry of this mailbox under the letter has got its reminder."""
    reminded = Verification.objects.of(letter).reminded()
    for key_name in reminded.order_by().values_list("key_name", flat=True).distinct():
        if keys.exists("day", key_name):
            digest = addresses.reminded_digest(letter, address, key_name)
            if reminded.filter(mailbox_digest=digest).exists():
                return True
    return False


def _put_back(verification: Verification, button: str, delay: timedelta) -> None:
    """It has certainly not left: free the row, and come back after a while."""
    own = Verification.objects.filter(
        pk=verification.pk, reminder_digest=crypto.digest("button", button)
    )
    own.update(
        remind_at=timezone.now() + delay,
        reminder_digest=None,
        mailbox_digest=None,
        ticket_digest=None,
        attempts=F("attempts") + 1,
    )
    mail_health.count(MailKind.DEFERRED)
