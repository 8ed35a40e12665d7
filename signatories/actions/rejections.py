"""When somebody rejects very much: noticing it, telling the owners, and taking it back."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from config.celery import enqueue
from config.deadlocks import tried_again
from letters.actions import NotAllowed, audit
from letters.actions.noticing import announce, audience
from letters.models import AuditEntry, Letter, NoticeKind, Occasion, User
from letters.permissions import owned_by
from signatories import tasks
from signatories.actions import bulk, removals
from signatories.actions.removals import KEPT, REMOVED, TAKEN_OFF, Removal
from signatories.actions.taking_back import OFF_ROLL
from signatories.models import BulkDecision, BulkEntry, BulkState, Decision, Reason

# What counts beside it: setting aside and taking up decide nothing, and can be done for ever.
DECIDED = ("signature.approved", KEPT)
LARGE_SHARE = 2  # At least one half of what somebody decided in a day.
OF_ROLL = 10  # More than a tenth of the lines.
MUCH_OF_ANY_ROLL = 5  # Times `MASS_REJECTION`: however long the roll is.


# Noticing -------------------------------------------------------------------------------------


def look(*, letter: Letter, now: datetime) -> list[Occasion]:
    """Tell of everybody who took very much out today, unless it was told before; or yesterday,
    because whoever did it just before midnight, or while no worker ran, would not be noticed."""
    days = (now.date() - timedelta(days=1), now.date())
    removed = letter.audit_entries.filter(REMOVED, recorded_on__in=days, actor__isnull=False)
    rows = removed.order_by().values_list("actor", "recorded_on").annotate(Count("pk"))
    busy = [(actor, day) for actor, day, number in rows if number > settings.MASS_REJECTION]
    found = (look_at(letter=letter, person=one, now=now, day=day) for one, day in busy)
    return [occasion for occasion in found if occasion]


def look_at(
    *, letter: Letter, person: int, now: datetime, day: date | None = None
) -> Occasion | None:
    """Tell the owners at once if this person rejected very much today, or on that `day`, or took it
    off the roll by taking approvals back: once for each day.

    Not the person, unless there is nobody else who could be told.
    """
    day = day or now.date()
    done = letter.audit_entries.filter(actor=person, recorded_on=day)
    removed = _entries_of(done.filter(REMOVED))
    if removed <= settings.MASS_REJECTION:
        return None
    decided = _entries_of(done.filter(REMOVED | Q(verb__in=DECIDED)))
    if removed * LARGE_SHARE < decided and not _is_much_of_roll(letter, day):
        return None
    owners = audience(letter, NoticeKind.REJECTION)
    others = [one for one in owners if one.pk != person]
    taken_off = _entries_of(done.filter(TAKEN_OFF))
    return announce(
        letter=letter,
        kind=NoticeKind.REJECTION,
        day=day,
        step=person,
        figures={"rejected": removed - taken_off} | ({"taken_off": taken_off} if taken_off else {}),
        due_at=now,
        but=User.objects.get(pk=person) if others else None,
    )


def _entries_of(decisions: QuerySet[AuditEntry]) -> int:
    """How many entries were decided: each once, however often somebody decides it."""
    return decisions.order_by().values("target").distinct().count()


def _is_much_of_roll(letter: Letter, day: date) -> bool:
    """Whether more than a tenth of the lines that stood that morning were taken off the roll, or
    so many that no number of approvals hides them."""
    taken_off = letter.signatures.rejected().filter(rejected_on=day, was_approved=True).count()
    taken_off += _entries_of(letter.audit_entries.filter(TAKEN_OFF, recorded_on=day))
    if taken_off > MUCH_OF_ANY_ROLL * settings.MASS_REJECTION:
        return True
    standing = letter.signatures.standing().not_rejected().count()
    return taken_off * OF_ROLL > standing + taken_off


# What the owners see --------------------------------------------------------------------------


@dataclass(frozen=True)
class Day:
    """What one person took out on one day, and how many of it can still be taken back."""

    person: User
    day: date
    number: int
    reasons: list[tuple[str, int]]
    in_place: int


def by_person_and_day(letter: Letter) -> list[Day]:
    """What was taken out on the days for which rejected entries are kept, the newest first."""
    since = first_day()
    removed = letter.audit_entries.filter(REMOVED, recorded_on__gte=since, actor__isnull=False)
    by_reason = removed.order_by("-recorded_on", "actor__username", "reason")
    rows = list(by_reason.values_list("recorded_on", "actor", "reason").annotate(Count("pk")))
    entries = removed.order_by().values_list("recorded_on", "actor")
    numbers = {
        (day, actor): number
        for day, actor, number in entries.annotate(Count("target", distinct=True))
    }
    people = User.objects.in_bulk({actor for _day, actor, _reason, _number in rows})
    standing = Counter((one.day, one.actor) for one in _in_place(letter, since).values())
    days: dict[tuple[date, int], list[tuple[str, int]]] = {}
    for day, actor, reason, number in rows:
        days.setdefault((day, actor), []).append((_in_words(reason), number))
    return [
        Day(
            people[actor],
            day,
            numbers[day, actor],
            reasons,
            standing[day, actor],
        )
        for (day, actor), reasons in days.items()
    ]


def _in_words(reason: str) -> str:
    if reason == OFF_ROLL:
        return _("approval taken back")
    return str(dict(Reason.choices).get(reason, reason))


def first_day() -> date:
    """Since when rejected entries are still here."""
    return timezone.localdate() - timedelta(days=settings.REJECTED_DAYS)


def number_in_place(letter: Letter, person: User, since: date) -> int:
    """How many entries this person has taken out since that day that are out still."""
    return sum(one.actor == person.pk for one in _in_place(letter, since).values())


# Taking back ----------------------------------------------------------------------------------


def _in_place(letter: Letter, since: date) -> dict[UUID, Removal]:
    """The removals that have the last word, by the entries that they took out and that can come
    back. Where somebody has decided anew, a removal has no say any more."""
    removed = removals.in_place(letter.audit_entries.filter(recorded_on__gte=since))
    by_key = {UUID(target.removeprefix("signature:")): one for target, one in removed.items()}
    out = _rejected(letter) | _taken_off(letter, by_key)
    return {key: one for key, one in by_key.items() if key in out}


def _rejected(letter: Letter) -> set[UUID]:
    """Those that can come back: under a sealed letter what stood on the roll when it was sealed."""
    rejected = letter.signatures.rejected()
    if letter.is_sealed:
        return {one.pk for one in rejected.select_related("letter") if not one.is_settled}
    return set(rejected.values_list("pk", flat=True))


def _taken_off(letter: Letter, by_key: dict[UUID, Removal]) -> set[UUID]:
    """Those that left the roll and wait in review, as they were written there."""
    keys = [key for key, one in by_key.items() if one.left_roll]
    waiting = letter.signatures.in_review().filter(pk__in=keys, has_stood=True)
    return set(waiting.values_list("pk", flat=True))


@tried_again
@transaction.atomic
def take_back_all(*, letter: Letter, person: User, since: date, actor: User) -> BulkDecision | None:
    """Have every removal by this person since that day taken back, as far as it is still in
    place: each entry is again what it was before. None where there is none. Raises `NotAllowed`.
    """
    if not owned_by(actor).filter(pk=letter.pk).exists():
        raise NotAllowed(_("Only owners of the letter take back what others rejected."))
    # A second press waits here, and finds the work begun.
    Letter.objects.select_for_update(no_key=True).get(pk=letter.pk)
    if letter.bulk_decisions.of_rejections().at_work().exists():
        raise NotAllowed(_("Rejections are being taken back already. Wait until that is done."))
    in_place = _in_place(letter, since).items()
    meant = {key: one.recorded for key, one in in_place if one.actor == person.pk}
    if not meant:
        return None
    work = BulkDecision.objects.create(
        letter=letter,
        moderator=actor,
        decision=Decision.RESTORE,
        state=BulkState.WAITING,
        rule={"person": person.pk, "since": since.isoformat()},
        made_on=timezone.localdate(),
    )
    entries = [
        BulkEntry(bulk=work, signature_id=key, recorded=number) for key, number in meant.items()
    ]
    bulk.note_entries(work, entries)
    audit(
        verb="rejections.taken_back",
        actor=actor,
        letter=letter,
        target=f"user:{person.pk}",
        number=len(meant),
    )
    enqueue(tasks.go_on_with_bulk, str(work.pk))
    return work
