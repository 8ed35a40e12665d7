"""News and press coverage of a letter."""

from dataclasses import asdict, dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from letters.actions import NotAllowed, Overtaken, _locked, audit
from letters.models import Letter, Status, Update, User
from letters.permissions import edited_by


@dataclass(frozen=True)
class Told:
    """What an update says. The body is Markdown."""

    kind: str
    title: str
    body: str
    source: str
    published_on: date

    @classmethod
    def by(cls, update: Update) -> "Told":
        return cls(update.kind, update.title, update.body, update.source, update.published_on)


@transaction.atomic
def post(*, letter: Letter, told: Told, actor: User) -> Update:
    """Put an update on the letter's page. The same one again is the one that stands there.

    A sealed letter takes updates too: recipients may answer later. Raises `NotAllowed`, or
    `ValidationError` for what does not fit.
    """
    letter = _locked(letter, actor, edited_by)
    if letter.status == Status.DRAFT:
        raise NotAllowed(_("Publish the letter first; then there can be news about it."))
    _refuse_days_to_come(told)
    same = letter.updates.filter(**asdict(told)).first()
    if same:
        return same
    update = Update(letter=letter, **asdict(told))
    update.full_clean()
    update.save()
    audit(verb="letter.update_posted", actor=actor, letter=letter, target=f"update:{update.pk}")
    return update


@transaction.atomic
def edit(*, update: Update, told: Told, revision: int, actor: User) -> Update:
    """Say something else instead. The same again changes nothing.

    `revision` is the one that was read; raises `Overtaken` where another one stands by now, and
    `NotAllowed`, or `ValidationError` for what does not fit.
    """
    letter = _locked(update.letter, actor, edited_by)
    found = Update.objects.select_for_update().filter(pk=update.pk, letter=letter).first()
    if found is None:
        raise NotAllowed(_("Somebody has deleted this update."))
    if Told.by(found) == told:
        return found
    if found.revision != revision:
        raise Overtaken(_("Somebody has edited this update meanwhile."))
    _refuse_days_to_come(told)
    for name, value in asdict(told).items():
        setattr(found, name, value)
    found.revision += 1
    found.edited_on = timezone.localdate()
    found.full_clean()
    found.save()
    audit(verb="letter.update_edited", actor=actor, letter=letter, target=f"update:{found.pk}")
    return found


@transaction.atomic
def delete(*, update: Update, actor: User) -> None:
    """Take an update off the page, and end its mailing with it. Twice is once. Raises
    `NotAllowed`."""
    letter = _locked(update.letter, actor, edited_by)
    pk = update.pk
    if Update.objects.filter(pk=pk, letter=letter).exists():
        Update.objects.filter(pk=pk).delete()
        audit(verb="letter.update_deleted", actor=actor, letter=letter, target=f"update:{pk}")


def _refuse_days_to_come(told: Told) -> None:
    if told.published_on > timezone.localdate():
        raise NotAllowed(_("This day has not come yet."))
