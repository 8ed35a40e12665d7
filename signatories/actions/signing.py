"""Signing: from a filled-in form to a code that is due."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config import crypto, ratelimit
from config.celery import enqueue
from letters.actions import NotAllowed
from letters.models import Letter
from signatories import addresses, tasks
from signatories.addresses import Address
from signatories.affiliation import Affiliation
from signatories.models import Appearance, Purpose, Signature, Verification


@dataclass(frozen=True)
class Entry:
    """What somebody wrote to appear with."""

    appearance: str
    name: str = ""
    title: str = ""
    role: str = ""


@transaction.atomic
def sign(*, letter: Letter, entry: Entry, address: Address, affiliation: Affiliation) -> str:
    """Store an unconfirmed signature and make its code due; return the browser's token.

    Nothing here depends on whether the address has signed already.
    """
    if not letter.is_open:
        raise NotAllowed(_("This letter does not accept signatures now."))
    signature = _unconfirmed(letter, entry, affiliation)
    # The INSERT enforces the constraints; asking for each of them beforehand took 60 queries.
    signature.full_clean(validate_constraints=False)
    signature.save(force_insert=True)
    return _await_proof(
        purpose=Purpose.SIGN,
        address=address,
        appearance=entry.appearance,
        keep=_time_to_confirm(entry.appearance),
        signature=signature,
    )


@transaction.atomic
def ask_for_link(*, address: Address) -> str:
    """Make a code due that will open the named signatures of a mailbox; return the token."""
    return _await_proof(
        purpose=Purpose.FIND,
        address=address,
        appearance=Appearance.NAMED,
        keep=timedelta(hours=settings.UNCONFIRMED_ANONYMOUS_HOURS),
    )


def _unconfirmed(letter: Letter, entry: Entry, affiliation: Affiliation) -> Signature:
    assert letter.current_version is not None  # A constraint: open letters have a text.
    signature = Signature(
        letter=letter,
        version=letter.current_version,
        appearance=entry.appearance,
        organisation=affiliation.organisation,
        tenure=affiliation.tenure,
        method=affiliation.method,
        submitted_on=timezone.localdate(),
    )
    if entry.appearance == Appearance.ANONYMOUS:
        signature.role = entry.role
    else:
        signature.name = entry.name
        signature.title = entry.title
        signature.organisation_text = affiliation.organisation_text
    return signature


def _time_to_confirm(appearance: str) -> timedelta:
    if appearance == Appearance.ANONYMOUS:
        return timedelta(hours=settings.UNCONFIRMED_ANONYMOUS_HOURS)
    return timedelta(hours=settings.UNCONFIRMED_NAMED_HOURS)


def _await_proof(
    *,
    purpose: str,
    address: Address,
    appearance: str,
    keep: timedelta,
    signature: Signature | None = None,
) -> str:
    now = timezone.now()
    token = crypto.new_token()
    ciphertext, key_name = addresses.encrypt(address, appearance)
    verification = Verification.objects.create(
        purpose=purpose,
        signature=signature,
        address=ciphertext,
        key_name=key_name,
        is_private=address.is_private,
        page_digest=crypto.digest("page", token),
        due_at=_due_at(address, now),
        erase_after=now + keep,
    )
    if verification.due_at:
        enqueue(tasks.send_code, str(verification.pk))
    return token


def _due_at(address: Address, now: datetime) -> datetime | None:
    """Now, or never where the mailbox has had its codes for today.

    The page is the same in both cases: it must not tell what others did with an address.
    """
    return now if ratelimit.is_within("code:mailbox", address.mailbox()) else None


@transaction.atomic
def send_again(*, verification: Verification) -> bool:
    """Make another code due, at most once a minute and within the mailbox's daily number.

    Returns whether the page may say that a message is on its way; this does not depend
    on the mailbox. The new code ends the earlier one when it is sent.
    """
    if not ratelimit.is_within("code:page", str(verification.pk)):
        return False
    address = addresses.decrypt(bytes(verification.address), verification.key_name)
    due_at = _due_at(address, timezone.now())
    if due_at:
        changed = Verification.objects.filter(pk=verification.pk, due_at__isnull=True).update(
            due_at=due_at, retry_at=None, claimed_at=None, attempts=0
        )
        if changed:
            enqueue(tasks.send_code, str(verification.pk))
    return True
