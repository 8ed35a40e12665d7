"""What moderators decide."""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config.celery import enqueue
from config.deadlocks import tried_again
from letters.actions import NotAllowed, audit
from letters.models import User
from letters.permissions import moderated_by
from signatories import decisions, flags, tasks
from signatories.actions import prominence
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
    "note",
    "set_aside_on",
    "was_decided",
    "risk",
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
        return _keep(signature, actor)
    if not can_be_approved(signature):
        raise NotAllowed(_("This entry can no longer be approved."))
    decisions.note(signature)
    signature.rejected_on = None
    signature.set_aside_on = None
    signature.reason = signature.note = ""
    answer_flags(signature)
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
def reject(*, signature: Signature, actor: User, reason: str, note: str = "") -> Signature:
    """Take an entry out, with a reason code. It is kept 30 days for an objection.

    A named line leaves the roll at once, an anonymous one with the next batch. Its signer reads
    the `note`, which is about what somebody wrote: of an anonymous entry none is kept. Raises
    `NotAllowed`, also for a moderator of another letter or an unknown reason.
    """
    if reason not in dict(Reason.for_moderators()):
        raise NotAllowed(_("Choose a reason."))
    signature = for_decision(signature, actor)
    if signature.state == State.REJECTED:
        return _keep(signature, actor)
    if signature.state not in REJECTABLE:
        raise NotAllowed(_("This entry can no longer be rejected."))
    decisions.note(signature)
    prominence.end(signature)
    signature.state = State.REJECTED
    signature.rejected_on = timezone.localdate()
    signature.set_aside_on = None
    signature.reason = reason
    answer_flags(signature)
    if not signature.is_anonymous:
        signature.note = note
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


@tried_again
@transaction.atomic
def set_aside(*, signature: Signature, actor: User) -> Signature:
    """Leave an entry in review for later, out of the way of the others. Raises `NotAllowed`."""
    return _move_aside(signature, actor, timezone.localdate(), "signature.set_aside")


@tried_again
@transaction.atomic
def take_up(*, signature: Signature, actor: User) -> Signature:
    """Put an entry that was set aside among the others again. Raises `NotAllowed`."""
    return _move_aside(signature, actor, None, "signature.taken_up")


def _move_aside(signature: Signature, actor: User, day: date | None, verb: str) -> Signature:
    signature = for_decision(signature, actor)
    if signature.state != State.IN_REVIEW:
        raise NotAllowed(_("This entry has been decided."))
    if bool(signature.set_aside_on) == bool(day):
        return signature
    signature.set_aside_on = day
    signature.save(update_fields=["set_aside_on"])
    audit(verb=verb, actor=actor, letter=signature.letter, target=_target(signature))
    return signature


def _keep(signature: Signature, actor: User) -> Signature:
    """Let a decision stand that somebody asked about: the question is answered."""
    if signature.flags.reopening().exists():
        answer_flags(signature)
        signature.save(update_fields=["risk"])
        audit(
            verb="signature.kept", actor=actor, letter=signature.letter, target=_target(signature)
        )
    return signature


def answer_flags(signature: Signature) -> None:
    """What asked for a decision is answered by it. Under an anonymous entry nothing stays: what
    was known when its signer came must not follow it onto the roll."""
    answered = signature.flags.all() if signature.is_anonymous else signature.flags.reopening()
    answered.delete()
    signature.risk = flags.risk_of(signature.flags.values_list("kind", flat=True))


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
