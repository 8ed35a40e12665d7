"""What somebody took out, as the trail tells it: rejections, and approvals that were taken back.

A name whose approval is taken back leaves the roll at once, as if it were rejected.
"""

from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Q, QuerySet

from letters.models import AuditEntry
from signatories.actions.taking_back import OFF_ROLL, TAKEN_BACK

REJECTED = "signature.rejected"
KEPT = "signature.kept"
MOVED = ("signature.set_aside", "signature.taken_up")
DECISIONS = (REJECTED, KEPT, *MOVED, TAKEN_BACK, "signature.approved")
TAKEN_OFF = Q(verb=TAKEN_BACK, reason=OFF_ROLL)
REMOVED = Q(verb=REJECTED) | TAKEN_OFF


@dataclass(frozen=True)
class Removal:
    """It has the last word about an entry. `recorded` is the number of the newest decision in the
    trail; `left_roll`, that its actor had taken the approval back, by which the line left."""

    recorded: int
    actor: int | None
    day: date
    left_roll: bool


def after(removal: Removal | None, decision: AuditEntry) -> Removal | None:
    """The removal that is in place after one more decision; None where something else is.

    To reject what one has taken off the roll is one removal in two steps, and to let one's own
    rejection stand after an objection is to reject once more. Setting aside decides nothing.
    """
    is_own = removal is not None and removal.actor == decision.actor_id
    if decision.verb == TAKEN_BACK and decision.reason == OFF_ROLL:
        return Removal(decision.pk, decision.actor_id, decision.recorded_on, True)
    if decision.verb == REJECTED:
        left_roll = is_own and removal is not None and removal.left_roll
        return Removal(decision.pk, decision.actor_id, decision.recorded_on, left_roll)
    if removal and (decision.verb in MOVED or (is_own and _leaves_it_out(removal, decision))):
        return replace(removal, recorded=decision.pk)
    return None


def _leaves_it_out(removal: Removal, decision: AuditEntry) -> bool:
    """Whether the decision of whoever took an entry out leaves it out: what they rejected after
    they had taken the approval back is off the roll still when they take the rejection back."""
    return decision.verb == KEPT or (decision.verb == TAKEN_BACK and removal.left_roll)


def in_place(decisions: QuerySet[AuditEntry]) -> dict[str, Removal]:
    """By target, the removals that have the last word, of all these decisions."""
    last: dict[str, Removal | None] = {}
    asked = decisions.filter(verb__in=DECISIONS).order_by("pk")
    for decision in asked.iterator():
        last[decision.target] = after(last.get(decision.target), decision)
    return {target: removal for target, removal in last.items() if removal}
