"""Deciding many entries at once: what was previewed, and nothing else.

The preview notes the entries. Confirming it has a worker take them in batches, each in a
transaction of its own and through the verbs of `moderation`, so that a crash repeats a batch or
finds it done. The rows are locked in the order of their keys, whoever comes first.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from config import crypto
from config.celery import enqueue
from config.deadlocks import tried_again
from letters.actions import NotAllowed, audit
from letters.models import Letter, User
from letters.permissions import moderated_by
from signatories import tasks
from signatories.actions import moderation, restoring
from signatories.bulk_rule import SET_ASIDE, Rule
from signatories.models import (
    BulkDecision,
    BulkEntry,
    BulkOutcome,
    BulkState,
    Decision,
    FlagKind,
    Reason,
    Signature,
    State,
)
from signatories.models.bulk import AT_WORK, DECIDING, GONE, LOST, SELECTED, UNDOABLE

BATCH = 100
WRITTEN_AT_ONCE = 1000
MOST = 25_000  # The page waits while a preview is written.
PREVIEWED = (
    "pk",
    "state",
    "set_aside_on",
    "name",
    "title",
    "organisation_id",
    "organisation_text",
    "tenure",
    "method",
)
DECIDED_SINGLY = {FlagKind.WELL_KNOWN, FlagKind.RECIPIENT}


# For moderators -------------------------------------------------------------------------------


@tried_again
@transaction.atomic
def preview(
    *, letter: Letter, rule: Rule, decision: str, actor: User, reason: str = "", note: str = ""
) -> BulkDecision:
    """Note the entries that a rule means now, at most `MOST`. Nothing is decided by it.

    Raises `NotAllowed`.
    """
    _moderated(letter, actor)
    if decision == Decision.REJECT and reason not in dict(Reason.for_moderators()):
        raise NotAllowed(_("Choose a reason."))
    is_rejection = decision == Decision.REJECT
    bulk = BulkDecision(
        letter=letter,
        moderator=actor,
        decision=decision,
        reason=reason if is_rejection else "",
        note=note if is_rejection else "",
        rule=rule.as_json(),
        made_on=timezone.localdate(),
    )
    bulk.full_clean()
    bulk.save()
    # Their keys are drawn at random: this is the order of nothing.
    found = rule.entries(letter).order_by("pk").prefetch_related("flags").only(*PREVIEWED)[:MOST]
    entries = [
        BulkEntry(bulk=bulk, signature_id=one.pk, digest=_digest(one))
        for one in found.iterator(WRITTEN_AT_ONCE)
    ]
    return note_entries(bulk, entries)


@tried_again
@transaction.atomic
def note_selection(
    *,
    decided: Iterable[Signature],
    was_aside: bool,
    decision: str,
    actor: User,
    reason: str = "",
    note: str = "",
) -> list[BulkDecision]:
    """Note what somebody decided of a list, of each letter by itself: so that it is found again
    and taken back like what a rule decides, set aside if it `was_aside`. Otherwise nobody finds an
    anonymous entry among it."""
    by_letter: dict[int, list[Signature]] = {}
    for signature in decided:
        by_letter.setdefault(signature.letter_id, []).append(signature)
    return [
        _note_selection(
            BulkDecision(
                letter_id=letter,
                moderator=actor,
                decision=decision,
                reason=reason,
                note=note,
                rule={**SELECTED, **({"state": SET_ASIDE} if was_aside else {})},
                state=BulkState.DONE,
                made_on=timezone.localdate(),
            ),
            signatures,
        )
        for letter, signatures in by_letter.items()
    ]


def _note_selection(bulk: BulkDecision, signatures: list[Signature]) -> BulkDecision:
    recorded = restoring.last_decisions_by(bulk.moderator, signatures)
    here = Signature.objects.filter(pk__in=recorded).values_list("pk", flat=True)
    bulk.figures = {BulkOutcome.DONE: len(here)}
    bulk.full_clean()
    bulk.save(force_insert=True)
    entries = [
        BulkEntry(bulk=bulk, signature_id=pk, outcome=BulkOutcome.DONE, recorded=recorded[pk])
        for pk in here
    ]
    return note_entries(bulk, entries)


def note_entries(bulk: BulkDecision, entries: list[BulkEntry]) -> BulkDecision:
    BulkEntry.objects.bulk_create(entries, batch_size=WRITTEN_AT_ONCE)
    bulk.total = len(entries)
    bulk.save(update_fields=["total"])
    return bulk


@transaction.atomic
def start(*, bulk: BulkDecision, actor: User) -> None:
    """Decide what was previewed. Twice is once. Raises `NotAllowed`."""
    _moderated(bulk.letter, actor)
    if bulk.moderator_id != actor.pk:
        raise NotAllowed(_("Only whoever made this preview can confirm it."))
    if _move(bulk, [BulkState.PREVIEWED], BulkState.WAITING):
        _audit("bulk.started", bulk, actor, bulk.total)
        enqueue(tasks.go_on_with_bulk, str(bulk.pk))


@transaction.atomic
def cancel(*, bulk: BulkDecision, actor: User) -> None:
    """Decide no further entry; what was decided stands. Twice is once. Raises `NotAllowed`."""
    _moderated(bulk.letter, actor)
    if _move(bulk, DECIDING, BulkState.CANCELLED):
        bulk.refresh_from_db(fields=["figures"])
        _audit("bulk.cancelled", bulk, actor, bulk.handled)


@transaction.atomic
def undo(*, bulk: BulkDecision, actor: User) -> None:
    """Take back everything that it decided and nobody has decided anew. Twice is once.

    Raises `NotAllowed`.
    """
    letter = _moderated(bulk.letter, actor)
    _refuse_what_stands(bulk, letter)
    if _move(bulk, UNDOABLE, BulkState.UNDOING, undone_by=actor):
        _audit("bulk.undone", bulk, actor, bulk.to_take_back)
        enqueue(tasks.go_on_with_bulk, str(bulk.pk))


@tried_again
@transaction.atomic
def undo_one(*, entry: BulkEntry, actor: User) -> None:
    """Take back what it decided about one entry. Raises `NotAllowed`, with `restoring.DecidedAgain`
    for what somebody has decided anew."""
    bulk = BulkDecision.objects.select_for_update(of=("self",)).get(pk=entry.bulk_id)
    _refuse_what_stands(bulk, _moderated(bulk.letter, actor))
    found = bulk.entries.done().select_related("signature").filter(pk=entry.pk).first()
    if found is None or bulk.state not in UNDOABLE:
        raise NotAllowed(_("There is nothing to take back."))
    _restore(found, bulk, actor)
    BulkEntry.objects.filter(pk=found.pk).update(outcome=BulkOutcome.TAKEN_BACK)
    _count(bulk, [BulkOutcome.TAKEN_BACK])


def _refuse_what_stands(bulk: BulkDecision, letter: Letter) -> None:
    if letter.is_sealed and not bulk.is_selection:
        raise NotAllowed(_("The letter is sealed: decisions stand."))
    if bulk.decision == Decision.RESTORE:
        raise NotAllowed(_("There is nothing to take back."))


def _moderated(letter: Letter, actor: User) -> Letter:
    found = moderated_by(actor).filter(pk=letter.pk).first()
    if found is None:
        raise NotAllowed(_("This letter is not yours to moderate."))
    return found


def _move(bulk: BulkDecision, before: Iterable[str], state: str, **changes: Any) -> bool:
    """A conditional UPDATE: of two who press at once, one changes something."""
    same = BulkDecision.objects.in_state(*before).filter(pk=bulk.pk)
    return bool(same.update(state=state, claimed_at=None, **changes))


def _audit(verb: str, bulk: BulkDecision, actor: User | None, number: int) -> None:
    audit(
        verb=verb,
        actor=actor,
        letter=bulk.letter,
        target=f"bulk:{bulk.pk}",
        reason=bulk.decision,
        number=max(number, 1),
    )


def _digest(signature: Signature) -> str:
    """What a moderator saw of an entry, for a comparison later. Not its name: a digest of it."""
    return crypto.digest("bulk", *_seen(signature))


def _is_as_previewed(entry: BulkEntry) -> bool:
    return crypto.matches(entry.digest, "bulk", *_seen(entry.signature))


def _seen(signature: Signature) -> list[str]:
    flags = sorted(f"{flag.kind} {flag.detail}" for flag in signature.flags.all())
    return [*(str(getattr(signature, field) or "") for field in PREVIEWED), *flags]


# For workers ----------------------------------------------------------------------------------


def unattended(now: datetime) -> list[str]:
    """Ids of those in the middle that nobody is at."""
    return [str(pk) for pk in BulkDecision.objects.to_go_on(now).values_list("pk", flat=True)]


@tried_again
@transaction.atomic
def go_on(*, bulk_id: str) -> bool:
    """Take the next batch; return whether to come back.

    The UPDATE keeps a second worker, and whoever cancels, waiting for the end of the batch. The
    lock on the letter keeps out who seals it, and another rule for the same letter.
    """
    bulk = _claimed(bulk_id)
    if bulk is None:
        return False
    Letter.objects.select_for_update(no_key=True).get(pk=bulk.letter_id)
    if not _may_go_on(bulk):
        if _move(bulk, DECIDING, BulkState.CANCELLED):
            _audit("bulk.cancelled", bulk, None, bulk.handled)
        _move(bulk, [BulkState.UNDOING], BulkState.DONE)
        return False
    treat = _take_back if bulk.is_undoing else _decide
    left = bulk.entries.done() if bulk.is_undoing else bulk.entries.undecided()
    entries = _locked_batch(left)
    outcomes = [treat(entry, bulk) for entry in entries]
    BulkEntry.objects.bulk_update(entries, ["outcome", "recorded"])
    _count(bulk, outcomes)
    # Not by how many there were: some of them may have been withdrawn in this moment.
    is_more = left.exists()
    if not is_more:
        _end(bulk)
    return is_more


def _claimed(bulk_id: str) -> BulkDecision | None:
    now, same = timezone.now(), BulkDecision.objects.filter(pk=bulk_id)
    begun = same.in_state(*DECIDING).update(state=BulkState.RUNNING, claimed_at=now)
    if not begun and not same.in_state(BulkState.UNDOING).update(claimed_at=now):
        return None
    return same.select_related("letter", "moderator", "undone_by").get()


def _actor(bulk: BulkDecision) -> User:
    """In whose name it is decided, or taken back."""
    return (bulk.undone_by if bulk.is_undoing else None) or bulk.moderator


def _may_go_on(bulk: BulkDecision) -> bool:
    return moderated_by(_actor(bulk)).filter(pk=bulk.letter_id).exists()


def _locked_batch(left: QuerySet[BulkEntry]) -> list[BulkEntry]:
    """The next entries, with their signatures as they are under the lock."""
    entries = list(left.order_by("signature_id")[:BATCH])
    keys = [entry.signature_id for entry in entries]
    locked = Signature.objects.select_for_update(of=("self",)).select_related("letter")
    rows = locked.prefetch_related("flags").order_by("pk").in_bulk(keys)
    here = [entry for entry in entries if entry.signature_id in rows]
    for entry in here:
        entry.signature = rows[entry.signature_id]
    return here


def _decide(entry: BulkEntry, bulk: BulkDecision) -> str:
    if bulk.decision == Decision.RESTORE:
        return _restore_rejected(entry, bulk)
    entry.outcome = _obstacle(entry, bulk) or _decided(entry, bulk)
    return entry.outcome


def _obstacle(entry: BulkEntry, bulk: BulkDecision) -> str:
    signature = entry.signature
    if signature.state != State.IN_REVIEW:
        return BulkOutcome.DECIDED
    if signature.needs_check or not _is_as_previewed(entry):
        return BulkOutcome.CHANGED
    kinds = {flag.kind for flag in signature.flags.all()}
    if bulk.decision == Decision.APPROVE and kinds & DECIDED_SINGLY:
        return BulkOutcome.SINGLY
    return ""


def _decided(entry: BulkEntry, bulk: BulkDecision) -> str:
    actor = bulk.moderator
    try:
        with transaction.atomic():
            if bulk.decision == Decision.APPROVE:
                moderation.approve(signature=entry.signature, actor=actor)
            elif bulk.decision == Decision.REJECT:
                moderation.reject(
                    signature=entry.signature, actor=actor, reason=bulk.reason, note=bulk.note
                )
            else:
                moderation.set_aside(signature=entry.signature, actor=actor)
    except NotAllowed:
        return BulkOutcome.REFUSED
    entry.recorded = restoring.last_decision(entry.signature)
    return BulkOutcome.DONE


def _restore_rejected(entry: BulkEntry, bulk: BulkDecision) -> str:
    entry.outcome = _put_back(
        lambda: restoring.undo_removal(
            signature=entry.signature, recorded=entry.recorded, actor=bulk.moderator
        )
    )
    return entry.outcome


def _take_back(entry: BulkEntry, bulk: BulkDecision) -> str:
    outcome = _put_back(lambda: _restore(entry, bulk, _actor(bulk)))
    entry.outcome = BulkOutcome.TAKEN_BACK if outcome == BulkOutcome.DONE else BulkOutcome.AGAIN
    return entry.outcome


def _put_back(restore: Callable[[], None]) -> str:
    try:
        with transaction.atomic():
            restore()
    except restoring.DecidedAgain:
        return BulkOutcome.DECIDED
    except NotAllowed:
        return BulkOutcome.REFUSED
    return BulkOutcome.DONE


def _restore(entry: BulkEntry, bulk: BulkDecision, actor: User) -> None:
    """A rule that meant what was set aside puts it there again."""
    restoring.restore(
        signature=entry.signature,
        recorded=entry.recorded,
        actor=actor,
        aside=bulk.rule.get("state") == SET_ASIDE,
    )


def _count(bulk: BulkDecision, outcomes: Iterable[str]) -> None:
    """Under the lock of the row: nobody else counts meanwhile."""
    bulk.figures = dict(Counter(bulk.figures) + Counter(outcomes))
    bulk.save(update_fields=["figures"])


def _end(bulk: BulkDecision) -> None:
    """Say what is left of those that are no longer here: they were withdrawn, or a batch moved
    them."""
    missing = bulk.to_handle - bulk.handled
    _count(bulk, [LOST if bulk.is_undoing else GONE] * missing)
    ended = BulkState.UNDONE if bulk.is_undoing else BulkState.DONE
    _move(bulk, AT_WORK, ended)
