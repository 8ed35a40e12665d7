"""What readers report about a line by name.

A report asks moderators to look again and does nothing else, however many come: else whoever
reported enough lines could take names off the roll. Nothing about the reader is kept.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from config.deadlocks import tried_again
from letters.actions import NotAllowed, audit
from letters.models import Letter
from signatories import flags
from signatories.models import Complaint, Flag, FlagKind, Signature


@tried_again
@transaction.atomic
def report(*, letter: Letter, place: str, complaint: str) -> None:
    """Ask the letter's moderators about the line at that place on its roll. Twice is once.

    Nothing is said of a line that has left, was reported before, or that moderators let stand
    lately in spite of the same complaint: the public must not learn which of them it is. Raises
    `NotAllowed` for an unknown complaint only.
    """
    if complaint not in Complaint.values:
        raise NotAllowed
    signature = _line_at(letter, place)
    if signature is None or _was_kept_lately(signature, complaint):
        return
    flag, _is_new = Flag.objects.get_or_create(signature=signature, kind=FlagKind.REPORTED)
    if complaint not in flag.complaints:
        _add(signature, flag, complaint)


def _line_at(letter: Letter, place: str) -> Signature | None:
    """The line under a lock. Behind an anonymous one there is nothing that could be false."""
    names = letter.signatures.on_roll().named().at(place)
    return names.select_for_update(of=("self",)).select_related("letter").first()


def _was_kept_lately(signature: Signature, complaint: str) -> bool:
    """Each complaint reaches the moderators once in a while and no more often: who would flood
    them has three for each line, and who has another reason than the last reader is heard."""
    return complaint in _shielded_from(signature)


def _shielded_from(signature: Signature) -> list[str]:
    shield = timedelta(days=settings.REPORT_SHIELD_DAYS)
    if signature.kept_on is None or signature.kept_on + shield <= timezone.localdate():
        return []
    return signature.kept_despite.split(",")


def _add(signature: Signature, flag: Flag, complaint: str) -> None:
    flag.detail = _in_order({*flag.complaints, complaint})
    flag.save(update_fields=["detail"])
    flags.weigh(signature)
    signature.save(update_fields=["risk"])
    audit(
        verb="signature.reported",
        actor=None,
        letter=signature.letter,
        target=f"signature:{signature.pk}",
        reason=complaint,
    )


def note_answer(signature: Signature) -> None:
    """Note what was reported of a line, once moderators have answered it; the caller saves it. Of a
    line that was rejected as well: it may come back after an objection.

    All of it lapses together, on the day of the first: a later complaint must not prolong the
    silence about an earlier one.
    """
    flag = signature.flags.filter(kind=FlagKind.REPORTED).first()
    if flag is None or not flag.complaints or signature.is_anonymous:
        return
    shielded = _shielded_from(signature)
    signature.kept_despite = _in_order({*shielded, *flag.complaints})
    signature.kept_on = signature.kept_on if shielded else timezone.localdate()


def _in_order(complaints: set[str]) -> str:
    return ",".join(one for one in Complaint.values if one in complaints)
