"""Erasing by the table of durations: in batches, repeatable, and last of all the keys."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.db.models import QuerySet

from config import keys
from letters.accounts import mailbox as account_mailbox
from letters.actions import audit, noticing
from letters.models import AccountMail, Invitation, Letter, Recovery, TeamInvitation
from signatories import addresses, statistics
from signatories.actions import directory, importing, sealing
from signatories.models import (
    BulkDecision,
    Fate,
    Import,
    InvitedMailbox,
    Reading,
    Signature,
    State,
    Verification,
    Vouch,
)
from signatories.verification import mailbox

BATCH_SIZE = 500

Rows = (
    QuerySet[Signature]
    | QuerySet[Verification]
    | QuerySet[Vouch]
    | QuerySet[Reading]
    | QuerySet[Import]
    | QuerySet[BulkDecision]
    | QuerySet[InvitedMailbox]
    | QuerySet[Invitation]
    | QuerySet[TeamInvitation]
    | QuerySet[Recovery]
    | QuerySet[AccountMail]
)


def expired(now: datetime) -> dict[str, Rows]:
    """What the table of durations says must be gone by `now`, under names for the operator."""
    today = now.date()
    return {
        "unconfirmed entries": Verification.objects.expired(now),
        "duplicates": Signature.objects.duplicates().filter(
            confirmed_on__lte=today - timedelta(days=settings.DUPLICATE_DAYS)
        ),
        "rejected entries": Signature.objects.rejected_before(
            today - timedelta(days=settings.REJECTED_DAYS)
        ).filter(published_on__isnull=True),
        "links to vouch": Vouch.objects.expired(today),
        "marks of who looks at an entry": Reading.objects.expired(now),
        "decisions about many entries": BulkDecision.objects.expired(today),
        "imports": Import.objects.expired(now),
        "mailboxes that were invited": InvitedMailbox.objects.expired(today),
        "invitations": Invitation.objects.expired(now),
        "invitations to teams": TeamInvitation.objects.expired(now),
        "links to accounts": Recovery.objects.expired(now),
        "addresses of accounts": AccountMail.objects.expired(now),
    }


def due(now: datetime) -> dict[str, int]:
    """How much of what must be gone by `now`, for an operator who wants to know beforehand."""
    return {
        "letters would be closed": Letter.objects.past_closing(now).count(),
        "letters would be sealed": sealing.due_for_sealing(now).count(),
        **{f"{what} would be erased": rows.count() for what, rows in expired(now).items()},
        "news of teams would be erased": noticing.number_to_forget(now=now),
        "proposed names of organisations would be erased": len(directory.empty_proposals()),
        "keys of the day would be destroyed": len(keys.expired_day_keys(now)),
    }


def erase_all(*, now: datetime) -> Iterator[tuple[str, int]]:
    """Do everything that the table of durations asks for, yielding (what, how many) on the way:
    end letters, erase rows, and destroy keys last of all."""
    for what, _letter in sealing.end_letters(now=now):
        yield f"letters {what}", 1
    for what, number in erase_expired(now=now):
        yield f"{what} erased", number
    destroyed = turn_keys(now=now)
    if destroyed:
        yield "keys destroyed", len(destroyed)


def erase_expired(*, now: datetime) -> Iterator[tuple[str, int]]:
    """Erase all of it, yielding (what, how many) after every batch."""
    for what, rows in expired(now).items():
        while number := _erase_batch(rows):
            yield what, number
    number = erase_without_key()
    if number:
        yield "entries whose key of the day is lost", number
    number = directory.erase_empty_proposals()
    if number:
        yield "proposed names of organisations", number
    number = noticing.forget(now=now)
    if number:
        yield "news of teams", number
    SessionStore.clear_expired()


@transaction.atomic
def _erase_batch(rows: Rows) -> int:
    # Under a lock that looks at the state once more: a moderator may be approving one of them.
    batch = list(rows.select_for_update(of=("self",)).order_by("pk")[:BATCH_SIZE])
    for row in batch:
        if isinstance(row, Verification):
            mailbox.erase(row, Fate.EXPIRED)
        if isinstance(row, Import):
            importing.erase(row)
        links = Vouch | Reading | Invitation | TeamInvitation | Recovery
        if isinstance(row, links | InvitedMailbox | AccountMail | BulkDecision):
            row.delete()
    signatures = [row for row in batch if isinstance(row, Signature)]
    # An anonymous duplicate was in no number, and its end must be in none.
    counted = (
        s
        for s in signatures
        if s.replaces is None and not (s.is_anonymous and s.state == State.DUPLICATE)
    )
    fates = Counter((s.letter_id, s.state, s.appearance, s.reason) for s in counted)
    Signature.objects.filter(pk__in=[signature.pk for signature in signatures]).delete()
    for (letter_id, _state, appearance, reason), number in fates.items():
        fate = Fate.REJECTED if reason else Fate.DUPLICATE
        statistics.depart(letter_id, fate, appearance, reason, number)
    return len(batch)


def erase_without_key() -> int:
    """Erase unconfirmed entries and imports whose key of the day is gone: nobody can write to
    them."""
    number = 0
    names = {
        *Verification.objects.order_by().values_list("key_name", flat=True).distinct(),
        *Import.objects.order_by().values_list("key_name", flat=True).distinct(),
    }
    for name in sorted(names):
        if not keys.exists("day", name):
            for source in Import.objects.filter(key_name=name):
                importing.erase(source)
                number += 1
            for verification in Verification.objects.filter(key_name=name).iterator():
                mailbox.erase(verification, Fate.EXPIRED)
                number += 1
            audit(verb="keys.day_key_lost", actor=None, target=name)
    return number


def turn_keys(*, now: datetime) -> list[str]:
    """Create today's keys and destroy those whose hours are over; return the destroyed ones.

    The letters' keys and the addresses of accounts are encrypted anew under the newest of
    `FIELD_KEYS`; what a crash left of the keys of sealed letters goes.
    """
    addresses.rewrap_letter_keys()
    account_mailbox.renew_addresses()
    for kind in settings.KEY_HOURS:
        keys.read_or_create("day", keys.day_key_name(kind, now.date()))
    destroyed = keys.expired_day_keys(now)
    for name in destroyed:
        keys.destroy("day", name)
    return destroyed + sealing.destroy_keys_of_sealed_letters()
