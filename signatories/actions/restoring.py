"""Putting an entry back to where it was before one known decision about it."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from letters.actions import NotAllowed
from letters.models import AuditEntry, User
from letters.permissions import moderated_by
from signatories.actions import removals, taking_back
from signatories.models import Signature, State


class DecidedAgain(NotAllowed):
    """Somebody has decided the entry anew since: that stands."""


def last_decision(signature: Signature) -> int | None:
    """The number of the audit entry of the newest decision about an entry."""
    decisions = _decisions(signature).filter(verb__in=removals.DECISIONS)
    return decisions.order_by("-pk").values_list("pk", flat=True).first()


def last_decisions_by(actor: User, signatures: Iterable[Signature]) -> dict[UUID, int]:
    """The same of many, by their keys, where this person made it."""
    keys = {f"signature:{one.pk}": one.pk for one in signatures}
    own = AuditEntry.objects.filter(target__in=keys, actor=actor, verb__in=removals.DECISIONS)
    newest = own.order_by().values_list("target").annotate(Max("pk"))
    return {keys[target]: number for target, number in newest}


def _decisions(signature: Signature) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(target=f"signature:{signature.pk}")


def restore(
    *, signature: Signature, recorded: int | None, actor: User, aside: bool = False
) -> None:
    """Put an entry back to where it was before the decision `recorded`; inside a transaction.

    What was in review is in review again, set `aside` if it was. What a rejection took off the
    roll comes back by the rules of approving: a name at once, an anonymous line with the batch.
    An anonymous entry can be fetched back only as long as it waits for its batch. Raises
    `DecidedAgain`, and `NotAllowed`.
    """
    taking_back.put_back(_entry_of(signature, actor, recorded), actor, aside=aside)


def undo_removal(*, signature: Signature, recorded: int | None, actor: User) -> None:
    """The same for all that its remover did about an entry: a name whose approval they took back
    first stands on the roll again, if it says what it said there."""
    entry = _entry_of(signature, actor, recorded)
    removal = removals.in_place(_decisions(entry)).get(f"signature:{entry.pk}")
    left_roll = removal is not None and removal.left_roll
    taking_back.put_back(entry, actor, to_roll=left_roll and entry.has_stood)


def _entry_of(signature: Signature, actor: User, recorded: int | None) -> Signature:
    """The entry under a lock: also an approved one that waits for its batch, which moderators do
    not see otherwise. This one they decided themselves."""
    entries = Signature.objects.select_for_update(of=("self",)).select_related("letter")
    found = entries.filter(pk=signature.pk, letter__in=moderated_by(actor)).first()
    # A line that was withdrawn keeps its row until the batch that takes it away.
    if found is None or found.state == State.WITHDRAWN:
        raise NotAllowed(_("This entry is no longer here, or is not yours to decide."))
    if found.is_settled:
        raise NotAllowed(_("The letter is sealed: decisions stand."))
    if recorded is None or last_decision(found) != recorded:
        raise DecidedAgain(_("Somebody has decided this entry anew since."))
    return found
