"""What moderators decide."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config.celery import enqueue
from config.deadlocks import tried_again
from letters.actions import NotAllowed, audit
from letters.models import User
from letters.permissions import moderated_by
from signatories import tasks
from signatories.actions.confirming import approve_name
from signatories.models import Reason, Signature, State
from signatories.verification import vouch

ON_ROLL_FIELDS = [
    "state",
    "confirmed_on",
    "published_on",
    "roll_key",
    "shown_organisation",
    "shown_tenure",
    "rejected_on",
    "reason",
]

REJECTABLE = (State.IN_REVIEW, State.APPROVED, State.PUBLISHED)


def can_be_approved(signature: Signature) -> bool:
    """Sealing ends all review."""
    is_undecided = signature.state in (State.IN_REVIEW, State.REJECTED)
    return is_undecided and not signature.letter.is_sealed


@tried_again
@transaction.atomic
def approve(*, signature: Signature, actor: User) -> Signature:
    """Let an entry in review, or a rejected one, onto the roll.

    A named line stands there at once, an anonymous one with the next batch. Raises
    `NotAllowed`, also for a moderator of another letter.
    """
    signature = for_decision(signature, actor)
    if signature.state in (State.APPROVED, State.PUBLISHED):
        return signature
    if not can_be_approved(signature):
        raise NotAllowed(_("This entry can no longer be approved."))
    signature.rejected_on = None
    signature.reason = ""
    if not signature.is_anonymous:
        approve_name(signature)
    elif signature.is_standing:
        # Rejected since the last batch: the line has not left yet and stays.
        signature.state = State.PUBLISHED
    else:
        signature.state = State.APPROVED
        # The wait for company begins now, whenever its signer came.
        signature.confirmed_on = timezone.localdate()
    signature.save(update_fields=ON_ROLL_FIELDS)
    audit(
        verb="signature.approved", actor=actor, letter=signature.letter, target=_target(signature)
    )
    return signature


@tried_again
@transaction.atomic
def reject(*, signature: Signature, actor: User, reason: str) -> Signature:
    """Take an entry out, with a reason code. It is kept 30 days for an objection.

    A named line leaves the roll at once, an anonymous one with the next batch. Raises
    `NotAllowed`, also for a moderator of another letter or an unknown reason.
    """
    if reason not in dict(Reason.for_moderators()):
        raise NotAllowed(_("Choose a reason."))
    signature = for_decision(signature, actor)
    if signature.state == State.REJECTED:
        return signature
    if signature.state not in REJECTABLE:
        raise NotAllowed(_("This entry can no longer be rejected."))
    signature.state = State.REJECTED
    signature.rejected_on = timezone.localdate()
    signature.reason = reason
    if not signature.is_anonymous:
        signature.published_on = None
        signature.roll_key = ""
    signature.save(update_fields=ON_ROLL_FIELDS)
    vouch.take_back_all(signature.manage_digest)
    audit(
        verb="signature.rejected",
        actor=actor,
        letter=signature.letter,
        target=_target(signature),
        reason=reason,
    )
    enqueue(tasks.purge_pages, signature.letter_id)
    return signature


def for_decision(signature: Signature, actor: User) -> Signature:
    """The entry under a lock, fetched through what this moderator may decide."""
    found = (
        Signature.objects.for_moderators()
        .select_for_update(of=("self",))
        .select_related("letter", "organisation")
        .filter(pk=signature.pk, letter__in=moderated_by(actor))
        .first()
    )
    if found is None:
        raise NotAllowed(_("This entry is no longer here, or is not yours to decide."))
    return found


def _target(signature: Signature) -> str:
    """What the audit trail calls an entry. Anonymous rows get new ids with their batch."""
    return f"signature:{signature.pk}"
