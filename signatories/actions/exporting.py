"""Taking along what everybody may read: the roll and the numbers, or the whole letter."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from letters.actions import NotAllowed, audit
from letters.models import Letter, User
from letters.permissions import names_read_by, owned_by, read_by

# Files without a line of the roll in them.
NUMBERS = ("statistics.csv", "statistics.xlsx", "statistics.json")


@transaction.atomic
def export(*, letter: Letter, file: str, actor: User) -> Letter:
    """Let somebody of the team have the file of that name; the trail has it once a day.

    A letter that nobody can read, because it is a draft or was taken down, has no files. The roll
    of an internal one is for those of the team who read its names anyway. Raises `NotAllowed`.
    """
    found = read_by(actor).filter(pk=letter.pk).first()
    if found is None:
        raise NotAllowed(_("You are not on the team of this letter."))
    _check_readable(found)
    if not may_take(letter=found, file=file, actor=actor):
        raise NotAllowed(_("Only owners and moderators take the roll of an internal letter along."))
    _record(found, file, actor)
    return found


@transaction.atomic
def archive(*, letter: Letter, actor: User | None) -> Letter:
    """Let an owner, or with None the installation itself, have the letter as a folder.

    Only where nobody can sign any more: a copy that goes on asking for signatures would lie.
    Raises `NotAllowed`.
    """
    letters = Letter.objects.all() if actor is None else owned_by(actor)
    found = letters.filter(pk=letter.pk).select_related("current_version", "tally").first()
    if found is None:
        raise NotAllowed(_("Only its owners can archive a letter."))
    _check_readable(found)
    if not (found.is_closed or found.is_sealed):
        raise NotAllowed(_("Close the letter first: an archive is of what does not change."))
    _record(found, "archive.zip", actor)
    return found


def may_take(*, letter: Letter, file: str, actor: User) -> bool:
    """Whether the file of that name shows nobody's name to somebody who could not read it."""
    holds_names = file not in NUMBERS
    return not holds_names or names_read_by(actor).filter(pk=letter.pk).exists()


def _check_readable(letter: Letter) -> None:
    if not Letter.objects.appeared().filter(pk=letter.pk).exists():
        raise NotAllowed(_("There is nothing to download while nobody can read the letter."))


def _record(letter: Letter, file: str, actor: User | None) -> None:
    today = timezone.localdate()
    entries = letter.audit_entries.filter(
        verb="letter.exported", target=file, actor=actor, recorded_on=today
    )
    if not entries.exists():
        audit(verb="letter.exported", actor=actor, letter=letter, target=file)
