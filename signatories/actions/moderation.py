"""What moderators decide."""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config import crypto
from config.celery import enqueue_once
from config.deadlocks import tried_again
from letters.actions import NotAllowed, audit
from letters.models import User
from letters.permissions import moderated_by
from signatories import decisions, flags, tasks
from signatories.actions import prominence, reporting
from signatories.actions.confirming import approve_name
from signatories.models import FlagKind, Method, Reading, Reason, Signature, State
from signatories.verification import vouch
from signatories.verification.shown import How

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
    "was_approved",
    "objection",
    "objected_on",
    "set_aside_on",
    "was_decided",
    "kept_despite",
    "kept_on",
    "has_stood",
    "risk",
]
KEPT_FIELDS = ["objection", "reason", "note", "kept_despite", "kept_on", "risk"]

READ_LENGTH = 16
CHANGED = gettext_lazy("This entry, or what was said of it, has changed meanwhile. Read it again.")
NEEDING_PROOF = (FlagKind.WELL_KNOWN, FlagKind.RECIPIENT)
ON_ITS_WAY = (State.APPROVED, State.PUBLISHED)
REJECTABLE = (State.IN_REVIEW, State.APPROVED, State.PUBLISHED)


def can_be_approved(signature: Signature) -> bool:
    """Undecided or rejected, unless sealing has settled it."""
    is_undecided = signature.state in (State.IN_REVIEW, State.REJECTED)
    return is_undecided and not signature.is_settled


def needs_proof(signature: Signature) -> bool:
    """Whether it bears a name that strangers like to sign with. A mailbox proves no such name."""
    is_shown = signature.method == Method.SHOWN
    return not is_shown and any(flag.kind in NEEDING_PROOF for flag in signature.flags.all())


def as_read(signature: Signature) -> str:
    """What a moderator reads of an entry, for a comparison later: a digest that tells nothing.

    What was flagged, reported or objected belongs to it: answered by a colleague, or come since,
    it makes another entry. Of an anonymous one the state and the kinds of its flags alone, because
    nothing in it was written.
    """
    written = [] if signature.is_anonymous else _written(signature)
    read = [str(signature.pk), signature.known_state, *written, *_flagged(signature)]
    return crypto.digest("read", *read)[:READ_LENGTH]


def _written(signature: Signature) -> list[str]:
    said = (signature.organisation_id, signature.organisation_text, signature.tenure)
    written = (signature.name, signature.title, *said, signature.method)
    return [str(one or "") for one in written]


def _flagged(signature: Signature) -> list[str]:
    kept = sorted((flag.kind, flag.detail) for flag in signature.flags.all())
    if signature.is_anonymous:
        return [kind for kind, _detail in kept]
    return [part for flag in kept for part in flag]


@tried_again
@transaction.atomic
def approve(
    *, signature: Signature, actor: User, proof: str = "", seen: str = "", read: str = ""
) -> Signature:
    """Let an entry in review, or a rejected one, onto the roll.

    A named line stands there at once, an anonymous one with the next batch. A well-known name
    needs a `proof`, one of `How`, which the audit trail keeps. Raises `NotAllowed`, also without
    it, for a moderator of another letter, and if the entry is not in the state in which its
    moderator has `seen` it, or is not as they `read` it (`as_read`).
    """
    signature = for_decision(signature, actor, seen, read)
    if signature.known_state in ON_ITS_WAY:
        return _keep(signature, actor)
    if not can_be_approved(signature):
        raise NotAllowed(_("This entry can no longer be approved."))
    is_proved = needs_proof(signature)
    if is_proved and proof not in How.values:
        raise NotAllowed(_("A well-known name needs a proof: say on its page what you were shown."))
    decisions.note(signature)
    signature.rejected_on = signature.objected_on = None
    signature.set_aside_on = None
    signature.reason = signature.note = ""
    signature.was_approved = False
    answer_flags(signature)
    Reading.objects.filter(signature=signature).delete()
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
        verb="signature.approved",
        actor=actor,
        letter=signature.letter,
        target=_target(signature),
        reason=proof if is_proved else "",
    )
    return signature


@tried_again
@transaction.atomic
def reject(
    *,
    signature: Signature,
    actor: User,
    reason: str,
    note: str = "",
    seen: str = "",
    read: str = "",
) -> Signature:
    """Take an entry out, with a reason code. It is kept 30 days for an objection.

    A named line leaves the roll at once, an anonymous one with the next batch. Its signer reads
    the `note`, which is about what somebody wrote: of an anonymous entry none is kept. Raises
    `NotAllowed`, also for a moderator of another letter or an unknown reason, and if the entry
    is not as its moderator has `seen` and `read` it.
    """
    if reason not in dict(Reason.for_moderators()):
        raise NotAllowed(_("Choose a reason."))
    signature = for_decision(signature, actor, seen, read)
    if signature.state == State.REJECTED:
        return _reject_again(signature, actor, reason, note)
    if signature.state == State.WITHDRAWN:
        # It leaves with the next batch, as it would now. The trail has what was wished.
        _note_rejection(signature, actor, reason)
        return signature
    if signature.state not in REJECTABLE:
        raise NotAllowed(_("This entry can no longer be rejected."))
    decisions.note(signature)
    prominence.end(signature)
    signature.was_approved = signature.state != State.IN_REVIEW
    signature.state = State.REJECTED
    signature.rejected_on = timezone.localdate()
    signature.set_aside_on = None
    signature.reason = reason
    answer_flags(signature)
    Reading.objects.filter(signature=signature).delete()
    if not signature.is_anonymous:
        signature.note = note
        signature.published_on = None
        signature.roll_key = ""
    signature.save(update_fields=ON_ROLL_FIELDS)
    vouch.take_back_all(signature.manage_digest)
    _note_rejection(signature, actor, reason)
    enqueue_once(tasks.purge_pages, signature.letter_id)
    return signature


def _note_rejection(signature: Signature, actor: User, reason: str) -> None:
    audit(
        verb="signature.rejected",
        actor=actor,
        letter=signature.letter,
        target=_target(signature),
        reason=reason,
    )
    enqueue_once(tasks.look_at_rejections, signature.letter_id, actor.pk)


@tried_again
@transaction.atomic
def set_aside(*, signature: Signature, actor: User, seen: str = "") -> Signature:
    """Leave an entry in review for later, out of the way of the others. Raises `NotAllowed`."""
    return _move_aside(signature, actor, seen, timezone.localdate(), "signature.set_aside")


@tried_again
@transaction.atomic
def take_up(*, signature: Signature, actor: User, seen: str = "") -> Signature:
    """Put an entry that was set aside among the others again. Raises `NotAllowed`."""
    return _move_aside(signature, actor, seen, None, "signature.taken_up")


def _move_aside(
    signature: Signature, actor: User, seen: str, day: date | None, verb: str
) -> Signature:
    signature = for_decision(signature, actor, seen)
    if signature.state != State.IN_REVIEW:
        raise NotAllowed(_("This entry has been decided."))
    if bool(signature.set_aside_on) == bool(day):
        return signature
    signature.set_aside_on = day
    signature.save(update_fields=["set_aside_on"])
    Reading.objects.filter(signature=signature).delete()
    audit(verb=verb, actor=actor, letter=signature.letter, target=_target(signature))
    return signature


def _reject_again(signature: Signature, actor: User, reason: str, note: str) -> Signature:
    """After an objection, the reason of whoever looked again counts; its signer reads it."""
    if signature.flags.reopening().exists():
        signature.reason = reason
        if not signature.is_anonymous:
            signature.note = note or signature.note
    return _keep(signature, actor)


def _keep(signature: Signature, actor: User) -> Signature:
    """Let a decision stand that somebody asked about: the question is answered."""
    if signature.flags.reopening().exists():
        answer_flags(signature)
        signature.save(update_fields=KEPT_FIELDS)
        Reading.objects.filter(signature=signature).delete()
        audit(
            verb="signature.kept", actor=actor, letter=signature.letter, target=_target(signature)
        )
    return signature


def answer_flags(signature: Signature) -> None:
    """What asked for a decision is answered by it, and not asked again at once, whichever way it
    was decided. Under an anonymous entry nothing stays: what was known when its signer came must
    not follow it onto the roll."""
    reporting.note_answer(signature)
    answered = signature.flags.all() if signature.is_anonymous else signature.flags.reopening()
    answered.delete()
    signature.objection = ""
    flags.weigh(signature)


def for_decision(signature: Signature, actor: User, seen: str = "", read: str = "") -> Signature:
    """The entry under a lock, fetched through what this moderator may decide.

    Two who look at the same entry never both decide it: the second finds another state than the
    one that they have seen, or the question answered that they have read. Nor does anybody decide
    words that were put in place of those they have read, or answer a report that came since.
    """
    found = (
        Signature.objects.for_moderators()
        .select_for_update(of=("self",))
        .select_related("letter", "organisation")
        .filter(pk=signature.pk, letter__in=moderated_by(actor))
        .first()
    )
    if found is None:
        raise NotAllowed(_("This entry is no longer here, or is not yours to decide."))
    if seen and seen != found.known_state:
        raise NotAllowed(_("This entry has been decided meanwhile. Nothing was changed."))
    if read and read != as_read(found):
        raise NotAllowed(str(CHANGED))
    return found


def _target(signature: Signature) -> str:
    """What the audit trail calls an entry. Anonymous rows get new ids with their batch."""
    return f"signature:{signature.pk}"
