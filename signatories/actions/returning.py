"""What follows from a mail that came back: for whom it was is known by its ticket alone.

Whoever does not know the ticket, 128 random bits that stand in that one mail, changes nothing.
Nothing is answered either, so nobody learns from it what there is.
"""

import logging
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.db import transaction

from config import crypto
from config import returned as failures
from signatories import mail_health
from signatories.actions import subscribing
from signatories.actions.delivering import REFUSALS_TO_ERASE
from signatories.models import Fate, Invited, MailKind, Subscription, Verification
from signatories.verification import invitation, mailbox

FILES_AT_ONCE = 500

logger = logging.getLogger(__name__)


def read_message(raw: bytes, recipient: str = "") -> bool:
    """Act on one message as it came in; return whether a mail of ours has failed for good."""
    ticket = failures.ticket_of_failure(raw, recipient)
    mail_health.count(MailKind.READ)
    return bool(ticket) and returned(ticket=ticket)


def take_events(tickets: list[str]) -> None:
    """Act on what a provider has told: the tickets of mails that failed for good."""
    mail_health.count(MailKind.READ)
    for ticket in tickets:
        returned(ticket=ticket)


def read_folder(folder: Path) -> int:
    """Read what lies in a Maildir, and delete each message once it is dealt with, whatever it is.

    Wherever this stops, it begins again with what is left: twice is once. One that cannot be read
    or deleted keeps nobody from the others. Returns how many were dealt with.
    """
    if not settings.BOUNCE_ADDRESS:  # Nothing in it could be ours, so nothing is ours to delete.
        return 0
    found = [path for part in ("new", "cur") for path in sorted((folder / part).glob("[!.]*"))]
    mails = [path for path in found if path.is_file() and not path.is_symlink()]
    return sum(islice(filter(None, map(_take, mails)), FILES_AT_ONCE))


def _take(path: Path) -> bool:
    """Act on one file and delete it; return whether that could be done."""
    try:
        with path.open("rb") as file:
            raw = file.read(failures.LONGEST + 1)
        read_message(raw)
        path.unlink()
    except FileNotFoundError:  # Another worker reads the same folder.
        return False
    except OSError as error:
        logger.warning("A returned mail stays where it is: %s", type(error).__name__)
        return False
    return True


@transaction.atomic
def returned(*, ticket: str) -> bool:
    """Do what a mail server's refusal would have done; return whether the ticket was ours.

    An unconfirmed entry is erased; a confirmed one is out of reach, because its ticket went with
    its address. An invitation counts as undeliverable. A subscription ends after several mailings
    in a row that came back. Twice is once.
    """
    digests = crypto.digests("ticket", ticket)
    is_ours = _verification(digests) or _invitation(digests) or _subscription(digests)
    if is_ours:
        mail_health.count(MailKind.RETURNED)
    return is_ours


def _verification(digests: list[str]) -> bool:
    found = Verification.objects.select_related("signature").filter(ticket_digest__in=digests)
    verification = found.first()
    if verification:
        mailbox.erase(verification, Fate.REFUSED)
    return verification is not None


def _invitation(digests: list[str]) -> bool:
    found = Invited.objects.select_related("source__letter").filter(ticket_digest__in=digests)
    invited = found.first()
    return invited is not None and invitation.take_back_returned(invited)


def _subscription(digests: list[str]) -> bool:
    found = Subscription.objects.select_related("letter").filter(ticket_digest__in=digests)
    subscription = found.first()
    if subscription is None:
        return False
    subscribing.wait_for_batch(subscription.letter)
    row = Subscription.objects.filter(
        letter=subscription.letter, digest=subscription.digest, ticket_digest__in=digests
    )
    refusals = subscription.refusals + 1
    if not row.update(refusals=refusals, ticket_digest=None):
        return False
    if refusals >= REFUSALS_TO_ERASE:
        subscribing.erase(subscription.letter, [subscription.digest])
    return True
