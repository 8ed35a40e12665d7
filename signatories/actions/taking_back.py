"""Taking a decision back: the entry is where it was before, as far as the promises allow."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config.celery import enqueue_once
from config.deadlocks import tried_again
from letters.actions import NotAllowed, audit
from letters.models import User
from letters.permissions import moderated_by
from signatories import flags, tasks
from signatories.actions import prominence
from signatories.actions.confirming import approve_name
from signatories.actions.moderation import ON_ROLL_FIELDS, for_decision
from signatories.checks.names import kept
from signatories.models import FlagKind, Signature, State

TAKEN_BACK = "signature.taken_back"
OFF_ROLL = "off_roll"  # The reason in the trail, where a line left the roll by it.


def can_be_taken_back(signature: Signature) -> bool:
    """Rejected, or approved: by name at any time, without a name until a batch has taken it.

    Beyond that nothing leads from a decision to an anonymous line, here as for everybody else.
    """
    if signature.is_settled:
        return False
    is_approved = signature.state in (State.APPROVED, State.PUBLISHED)
    is_on_its_way = signature.state == State.APPROVED and not signature.is_standing
    return signature.state == State.REJECTED or (
        is_on_its_way if signature.is_anonymous else is_approved
    )


@tried_again
@transaction.atomic
def take_back(*, signature: Signature, actor: User, seen: str = "") -> Signature:
    """Put an entry back to where it was before the decision about it.

    A name that was approved leaves the roll at once and waits again. What a rejection took off
    the roll stands there again by the rules of approving. Flags that were answered stay answered.
    Raises `NotAllowed`, also for a moderator of another letter, and if the entry is not as its
    moderator has `seen` it.
    """
    signature = _locked(signature, actor, seen)
    if signature.state == State.IN_REVIEW:
        return signature
    if not can_be_taken_back(signature):
        raise NotAllowed(_("This decision can no longer be taken back."))
    put_back(signature, actor)
    return signature


def put_back(entry: Signature, actor: User, *, aside: bool = False, to_roll: bool = False) -> None:
    """Put a locked entry back, set `aside` if it was, or `to_roll` if it stood there before what
    its state tells; inside a transaction."""
    leaves_roll = entry.state == State.PUBLISHED
    was_on_roll = entry.was_approved or entry.is_standing
    entry.has_stood = entry.has_stood or leaves_roll
    if entry.state == State.REJECTED:
        entry.kept_despite, entry.kept_on = "", None  # Readers may ask again.
    if to_roll or (entry.state == State.REJECTED and was_on_roll):
        _back_to_the_roll(entry)
    else:
        _back_to_review(entry, aside)
    entry.rejected_on = entry.objected_on = None
    entry.reason = entry.note = entry.objection = ""
    entry.was_approved = False
    entry.flags.filter(kind=FlagKind.OBJECTION).delete()
    flags.weigh(entry)
    entry.save(update_fields=[*ON_ROLL_FIELDS, "name_key"])
    target = f"signature:{entry.pk}"
    audit(
        verb=TAKEN_BACK,
        actor=actor,
        letter=entry.letter,
        target=target,
        reason=OFF_ROLL if leaves_roll else "",
    )
    if leaves_roll:
        # As much harm as a rejection, where somebody does it to half a roll.
        enqueue_once(tasks.look_at_rejections, entry.letter_id, actor.pk)
    enqueue_once(tasks.refresh_count, entry.letter_id)
    enqueue_once(tasks.purge_pages, entry.letter_id)


def _back_to_the_roll(entry: Signature) -> None:
    entry.set_aside_on = None
    if not entry.is_anonymous:
        approve_name(entry)
    elif entry.is_standing:
        entry.state = State.PUBLISHED  # Rejected since the last batch: the line has not left yet.
    else:
        entry.state = State.APPROVED
        entry.confirmed_on = timezone.localdate()


def _back_to_review(entry: Signature, aside: bool) -> None:
    entry.state = State.IN_REVIEW
    entry.set_aside_on = timezone.localdate() if aside else None
    entry.published_on = None
    entry.roll_key = ""
    entry.shown_organisation, entry.shown_tenure = None, ""
    if not entry.is_anonymous:
        # Not as new: it waits for a moderator, whatever a check finds.
        entry.name_key = entry.name_key or kept(entry.name)
    prominence.end(entry)


def on_its_way(pk: UUID, moderator: User) -> Signature | None:
    """An anonymous entry that was approved and waits for its batch, out of every list.

    Whoever approved it knows its key; a batch draws a new one.
    """
    entries = Signature.objects.waiting_for_batch().select_related("letter", "organisation")
    return entries.filter(pk=pk, letter__in=moderated_by(moderator)).first()


def _locked(signature: Signature, actor: User, seen: str) -> Signature:
    waiting = on_its_way(signature.pk, actor)
    if waiting is None or (seen and seen != waiting.state):
        return for_decision(signature, actor, seen)
    entries = Signature.objects.waiting_for_batch().select_for_update(of=("self",))
    found = entries.select_related("letter", "organisation").filter(pk=waiting.pk).first()
    if found is None:  # A batch was quicker.
        raise NotAllowed(_("This decision can no longer be taken back."))
    return found
