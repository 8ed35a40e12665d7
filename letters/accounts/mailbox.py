"""The verbs about the address of an account, to which notices go and nothing else.

None of them leaves an entry in the audit trail, which is for good: that somebody has, had or
changed an address is their own matter, and is gone with the address.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from config import crypto, ratelimit
from config.celery import enqueue
from letters import tasks
from letters.accounts.codes import CODE, address_of
from letters.actions import NotAllowed
from letters.addresses import Address
from letters.models import AccountMail, User


class WrongCode(NotAllowed):
    """The code does not match."""


class CodeIsOver(NotAllowed):
    """There is no code that would be accepted now."""

    def __init__(self) -> None:
        super().__init__(_("This code counts no more. Have another one sent."))


@transaction.atomic
def give_address(*, user: User, address: Address) -> None:
    """Make a code due that will prove the address; an earlier address is forgotten at once.

    The confirmed one once more changes nothing. Nothing looks whether another account has it,
    and a mailbox that had its codes for today gets none without anybody being told. Raises
    `NotAllowed` for a mailbox at work: it belongs to the employer, who would read along.
    """
    if not address.is_private:
        raise NotAllowed(_("Take an address at a public mail provider."))
    present = AccountMail.objects.select_for_update().filter(user=user).first()
    if present and present.is_confirmed and address_of(present) == address:
        return
    now = timezone.now()
    row, _created = AccountMail.objects.update_or_create(
        user=user,
        defaults={
            "address": crypto.encrypt(str(address).encode()),
            "code_digest": "",
            "tries": 0,
            "erase_after": now + timedelta(hours=settings.UNCONFIRMED_ANONYMOUS_HOURS),
            "confirmed_on": None,
            **_code_due(address, now),
        },
    )
    enqueue(tasks.send_account_code, row.pk)


@transaction.atomic
def send_again(*, user: User) -> None:
    """Make another code due, at most once a minute; it ends the earlier one when it is sent.

    Raises `NotAllowed` where it was asked for too soon, or nothing is to be confirmed.
    """
    row = AccountMail.objects.unconfirmed().select_for_update().filter(user=user).first()
    address = address_of(row) if row else None
    if row is None or address is None:
        raise CodeIsOver
    if not ratelimit.is_within("code:page", f"account:{user.pk}"):
        raise NotAllowed(_("Wait a minute before you ask for another code."))
    if row.due_at is None:
        AccountMail.objects.filter(pk=row.pk).update(**_code_due(address, timezone.now()))
        enqueue(tasks.send_account_code, row.pk)


def _code_due(address: Address, now: datetime) -> dict[str, object]:
    is_within = ratelimit.is_within("mail:mailbox", address.mailbox())
    fields = {"retry_at": None, "claimed_at": None, "sent_at": None, "attempts": 0}
    return {"due_at": now if is_within else None, **fields}


def confirm(*, user: User, code: str) -> None:
    """Keep the address for good if `code` is the newest one sent to it. Twice is once.

    The try is counted before the comparison, so that parallel guesses count too. Raises
    `CodeIsOver` or `WrongCode`.
    """
    counted = AccountMail.objects.unconfirmed().filter(user=user, tries__lt=settings.CODE_TRIES)
    was_counted = counted.update(tries=F("tries") + 1)
    row = AccountMail.objects.filter(user=user).first()
    if row and row.is_confirmed:
        return
    if row is None or not was_counted or not row.has_live_code(settings.CODE_MINUTES):
        raise CodeIsOver
    if not crypto.matches(row.code_digest, CODE, str(row.pk), code):
        raise WrongCode(_("This is not the code that was sent last. Look once more."))
    # Conditional: the address may have been changed, or another code sent, in between.
    AccountMail.objects.unconfirmed().filter(pk=row.pk, code_digest=row.code_digest).update(
        confirmed_on=timezone.localdate(),
        code_digest="",
        tries=0,
        erase_after=None,
        due_at=None,
        retry_at=None,
        claimed_at=None,
        sent_at=None,
    )


def forget_address(*, user: User) -> None:
    """Erase the address. Twice is once."""
    AccountMail.objects.filter(user=user).delete()


def renew_addresses() -> None:
    """Encrypt what older ones of `FIELD_KEYS` encrypted under the newest, so that they can go."""
    for row in AccountMail.objects.all():
        before = bytes(row.address)
        try:
            renewed = crypto.renew(before)
        except crypto.Unreadable:
            continue
        AccountMail.objects.filter(pk=row.pk, address=before).update(address=renewed)
