"""What somebody asked about an entry that was decided, for whoever decides it now."""

from dataclasses import dataclass
from datetime import date

from letters.models import AuditEntry, User
from signatories import flags
from signatories.models import REOPENING, Flag, FlagKind, Signature, State


@dataclass(frozen=True)
class Asked:
    """`rejected_by` is the account whose rejection is objected to, as far as the trail says."""

    complaints: list[str]
    is_objected_to: bool
    words: str
    objected_on: date | None
    rejected_by: str
    is_own_rejection: bool


def asked_about(entry: Signature, reader: User) -> Asked | None:
    """Nothing, where nobody asked. `reader` is the moderator who looks at the entry."""
    asked = {flag.kind: flag for flag in entry.flags.all() if flag.kind in REOPENING}
    if not asked:
        return None
    by = _rejected_by(entry) if FlagKind.OBJECTION in asked else None
    return Asked(
        complaints=_complaints(asked.get(FlagKind.REPORTED)),
        is_objected_to=FlagKind.OBJECTION in asked,
        words=entry.objection,
        objected_on=entry.objected_on,
        rejected_by=by.username if by else "",
        is_own_rejection=by == reader,
    )


def _complaints(flag: Flag | None) -> list[str]:
    return flags.complaints_in_words(flag) if flag else []


def _rejected_by(entry: Signature) -> User | None:
    """Found by the day as well, for which the trail has an index. An anonymous entry that has
    been through a batch bears another number since: of it the trail knows nobody."""
    if entry.known_state != State.REJECTED or entry.rejected_on is None:
        return None
    trail = AuditEntry.objects.filter(letter=entry.letter_id, recorded_on=entry.rejected_on)
    found = trail.filter(verb="signature.rejected", target=f"signature:{entry.pk}")
    last = found.select_related("actor").order_by("-pk").first()
    return last.actor if last else None
