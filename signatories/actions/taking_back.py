"""Taking a decision back: the entry waits again, as far as the promises allow."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from config.celery import enqueue
from config.deadlocks import tried_again
from letters.actions import NotAllowed, audit
from letters.models import User
from letters.permissions import moderated_by
from signatories import tasks
from signatories.actions.moderation import for_decision
from signatories.models import Signature, State

FIELDS = [
    "state",
    "published_on",
    "roll_key",
    "shown_organisation",
    "shown_tenure",
    "rejected_on",
    "reason",
    "note",
]


def can_be_taken_back(signature: Signature) -> bool:
    """Rejected, or approved: by name at any time, without a name until a batch has taken it.

    Beyond that nothing leads from a decision to an anonymous line, here as for everybody else.
    """
    if signature.letter.is_sealed:
        return False
    is_approved = signature.state in (State.APPROVED, State.PUBLISHED)
    is_on_its_way = signature.state == State.APPROVED and not signature.is_standing
    return signature.state == State.REJECTED or (
        is_on_its_way if signature.is_anonymous else is_approved
    )


@tried_again
@transaction.atomic
def take_back(*, signature: Signature, actor: User) -> Signature:
    """Let an entry wait for a decision again; what it was flagged with stays answered.

    A name leaves the roll at once. An anonymous line that was rejected and still stands simply
    stays. Raises `NotAllowed`, also for a moderator of another letter.
    """
    signature = _locked(signature, actor)
    if signature.state == State.IN_REVIEW:
        return signature
    if not can_be_taken_back(signature):
        raise NotAllowed(_("This decision can no longer be taken back."))
    if signature.is_anonymous and signature.is_standing:
        signature.state = State.PUBLISHED
    else:
        signature.state = State.IN_REVIEW
        signature.published_on = None
        signature.roll_key = ""
        signature.shown_organisation = None
        signature.shown_tenure = ""
    signature.rejected_on = None
    signature.reason = signature.note = ""
    signature.save(update_fields=FIELDS)
    target = f"signature:{signature.pk}"
    audit(verb="signature.taken_back", actor=actor, letter=signature.letter, target=target)
    enqueue(tasks.refresh_count, signature.letter_id)
    enqueue(tasks.purge_pages, signature.letter_id)
    return signature


def on_its_way(pk: UUID, moderator: User) -> Signature | None:
    """An anonymous entry that was approved and waits for its batch, out of every list.

    Whoever approved it knows its key; a batch draws a new one.
    """
    entries = Signature.objects.waiting_for_batch().select_related("letter", "organisation")
    return entries.filter(pk=pk, letter__in=moderated_by(moderator)).first()


def _locked(signature: Signature, actor: User) -> Signature:
    waiting = on_its_way(signature.pk, actor)
    if waiting is None:
        return for_decision(signature, actor)
    entries = Signature.objects.waiting_for_batch().select_for_update(of=("self",))
    found = entries.select_related("letter", "organisation").filter(pk=waiting.pk).first()
    if found is None:  # A batch was quicker.
        raise NotAllowed(_("This decision can no longer be taken back."))
    return found
