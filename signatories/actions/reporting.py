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
    if signature.kept_on is None or complaint not in signature.kept_despite.split(","):
        return False
    return signature.kept_on > timezone.localdate() - timedelta(days=settings.REPORT_SHIELD_DAYS)


def _add(signature: Signature, flag: Flag, complaint: str) -> None:
    said = {*flag.complaints, complaint}
    flag.detail = ",".join(one for one in Complaint.values if one in said)
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


def keep(signature: Signature) -> None:
    """Note what was reported of a line that moderators let stand; the caller saves it."""
    flag = signature.flags.filter(kind=FlagKind.REPORTED).first()
    if flag and flag.complaints and not signature.is_anonymous:
        signature.kept_despite, signature.kept_on = flag.detail, timezone.localdate()
