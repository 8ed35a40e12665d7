"""Showing some names first: the team asks and orders, the signatory alone consents.

The trail holds what the team does. What a signatory answers is not in it, and no page of the team
tells a no from no answer yet: whoever declines has nothing to explain.
"""

from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from config import crypto
from config.celery import enqueue
from config.deadlocks import tried_again
from letters.actions import NotAllowed, audit
from letters.models import Letter, User
from letters.permissions import edited_by, names_read_by
from signatories import tasks
from signatories.actions.confirming import Gone
from signatories.models import Answer, Prominence, Signature
from signatories.models.prominence import ProminenceQuerySet
from signatories.models.selecting import SignatureQuerySet

MOST = 30  # A second roll above the roll would say nothing.


def chosen_by(user: User) -> QuerySet[Letter]:
    """The letters for which this person may ask people: whoever edits them, and reads the names."""
    return edited_by(user).filter(pk__in=names_read_by(user).values("pk"))


def of_letter(letter: Letter) -> ProminenceQuerySet:
    """Everybody who was asked and whose name stands on the roll, in the team's order."""
    names = letter.signatures.can_stand_out()
    return Prominence.objects.filter(signature__in=names).in_order()


# What a team does -------------------------------------------------------------------------


@tried_again
@transaction.atomic
def ask(*, letter: Letter, entry: UUID, actor: User) -> Prominence:
    """Ask somebody on the roll whether their name may stand first. Twice is once.

    The question stands on that person's own page; nobody is written to. Raises `NotAllowed`.
    """
    letter = _locked(letter, actor)
    signature = _on_roll(letter, entry)
    asked = Prominence.objects.of(signature).first()
    if asked:
        return asked
    if letter.is_sealed:
        raise NotAllowed(_("The letter is sealed: nobody is asked any more."))
    rows = Prominence.objects.filter(signature__letter=letter)
    if rows.count() >= MOST:
        raise NotAllowed(_("At most %(number)d people can be asked.") % {"number": MOST})
    last = rows.aggregate(position=Max("position"))["position"] or 0
    asked = Prominence.objects.create(
        signature=signature, position=last + 1, asked_on=timezone.localdate()
    )
    _audit("signature.asked_to_stand_out", letter, entry, actor)
    return asked


@tried_again
@transaction.atomic
def move(*, letter: Letter, entry: UUID, place: int, actor: User) -> None:
    """Put somebody at a place among those asked, counted from one. Raises `NotAllowed`."""
    letter = _locked(letter, actor)
    rows = list(of_letter(letter).select_for_update(of=("self",)))
    moved = next((row for row in rows if row.pk == entry), None)
    if moved is None:
        raise NotAllowed(_("This name is no longer among those you asked."))
    before = [row.pk for row in rows]
    rows.remove(moved)
    rows.insert(min(max(place, 1), len(rows) + 1) - 1, moved)
    if [row.pk for row in rows] == before:
        return
    for position, row in enumerate(rows, start=1):
        row.position = position
    Prominence.objects.bulk_update(rows, ["position"])
    audit(verb="letter.prominent_ordered", actor=actor, letter=letter)
    _follow_up(letter)


@tried_again
@transaction.atomic
def take_away(*, letter: Letter, entry: UUID, actor: User) -> None:
    """Ask no longer, and show the name first no longer. Twice is once. Raises `NotAllowed`."""
    letter = _locked(letter, actor)
    rows = Prominence.objects.filter(signature__letter=letter, pk=entry)
    deleted, _by_model = rows.delete()
    if deleted:
        _audit("signature.taken_from_top", letter, entry, actor)
        _follow_up(letter)


# What a signatory says --------------------------------------------------------------------


@tried_again
@transaction.atomic
def answer(*, token: str, agrees: bool) -> None:
    """Let one's name stand first, or not, or not any more: at once. Twice is once.

    Raises `Gone`, and `NotAllowed` where nobody asks, or the name does not stand on the roll.
    """
    digests = crypto.digests("manage", token)
    signature = Signature.objects.select_for_update(of=("self",)).filter(manage_digest__in=digests)
    found = signature.select_related("letter").first()
    if found is None:
        raise Gone
    rows = Prominence.objects.of(found).filter(signature__in=Signature.objects.can_stand_out())
    said = Answer.AGREED if agrees else Answer.DECLINED
    if not rows.exists():
        raise NotAllowed(_("Nobody asks this any more."))
    if rows.exclude(answer=said).update(answer=said):
        _follow_up(found.letter)


def end(signature: Signature) -> None:
    """The line leaves the roll or the search engines, or says something else: whoever asked and
    whoever agreed did so for the line as it stood."""
    Prominence.objects.of(signature).delete()


def end_of(signatures: SignatureQuerySet) -> None:
    """As `end`, for several; also where other people than before read a letter from now on."""
    Prominence.objects.filter(signature__in=signatures).delete()


# ------------------------------------------------------------------------------------------


def _locked(letter: Letter, actor: User) -> Letter:
    # Not a full lock: rows of those who sign meanwhile refer to the letter and must not wait.
    locked = Letter.objects.select_for_update(no_key=True)
    found = locked.filter(pk=letter.pk, pk__in=chosen_by(actor).values("pk")).first()
    if found is None:
        raise NotAllowed(_("This letter is not yours to change."))
    return found


def _on_roll(letter: Letter, entry: UUID) -> Signature:
    names = letter.signatures.can_stand_out().select_for_update(of=("self",))
    found = names.filter(pk=entry).first()
    if found is None:
        raise NotAllowed(_("This name does not stand on the roll any more, or cannot be asked."))
    return found


def _audit(verb: str, letter: Letter, entry: UUID, actor: User) -> None:
    audit(verb=verb, actor=actor, letter=letter, target=f"signature:{entry}")


def _follow_up(letter: Letter) -> None:
    enqueue(tasks.purge_pages, letter.pk)
