"""Batches: how anonymous signatures come and go, and how the counts follow."""

import secrets
from datetime import datetime, timedelta
from random import SystemRandom

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from letters.actions import audit
from letters.models import Letter
from signatories import roll, statistics
from signatories.models import Appearance, Signature, State, Tally

BATCH_SIZE = 500


def next_batch_after(now: datetime) -> datetime:
    """When the next batch moves: by default at a random minute of the next day, and never
    later than `BATCH_MAXIMUM_WAIT_HOURS` from now."""
    if settings.BATCH_INTERVAL != "daily":
        return now + timedelta(seconds=int(settings.BATCH_INTERVAL))
    tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    drawn = tomorrow + timedelta(minutes=secrets.randbelow(24 * 60))
    return min(drawn, now + timedelta(hours=settings.BATCH_MAXIMUM_WAIT_HOURS))


def start_tally(letter: Letter) -> Tally:
    """The letter's tally, created if it has none yet."""
    now = timezone.now()
    try:
        with transaction.atomic():
            return Tally.objects.create(
                letter=letter, counted_on=now.date(), next_batch_at=next_batch_after(now)
            )
    except IntegrityError:
        return Tally.objects.get(letter=letter)


def publish_batch(*, letter: Letter, now: datetime) -> int | None:
    """Move the letter's anonymous lines, if a batch is due; return how many lines came.

    None means that no batch was due, or that another worker is moving it. In one transaction:
    withdrawn and rejected lines leave; those that wait are deleted and inserted again in
    random order, under new random keys and at places drawn by lot; what each line may show
    is decided anew; and the counts that include anonymous signatures follow.
    """
    start_tally(letter)
    with transaction.atomic():
        claimed = Tally.objects.filter(letter=letter, next_batch_at__lte=now).update(
            next_batch_at=next_batch_after(now)
        )
        if not claimed:
            return None
        _let_leave(letter)
        arrived = _let_arrive(letter)
        statistics.decide_what_shows(letter)
        _count(letter, now)
        if arrived:
            audit(verb="letter.batch_published", actor=None, letter=letter, number=arrived)
    return arrived


def _let_leave(letter: Letter) -> None:
    leaving = letter.signatures.leaving_with_batch()
    leaving.filter(state=State.REJECTED).update(
        published_on=None, roll_key="", shown_organisation=None, shown_tenure="", shown_role=""
    )
    leaving.filter(state=State.WITHDRAWN).delete()


def _let_arrive(letter: Letter) -> int:
    arriving = list(letter.signatures.waiting_for_batch().select_for_update(of=("self",)))
    if not arriving:
        return 0
    SystemRandom().shuffle(arriving)
    letter.signatures.filter(pk__in=[signature.pk for signature in arriving]).delete()
    places = roll.places_by_lot(_names_on_roll(letter), len(arriving))
    for signature, place in zip(arriving, places, strict=True):
        signature.pk = Signature._meta.pk.get_default()
        signature.state = State.PUBLISHED
        signature.published_on = timezone.localdate()
        signature.roll_key = place
    Signature.objects.bulk_create(arriving, batch_size=BATCH_SIZE)
    return len(arriving)


def _names_on_roll(letter: Letter) -> list[str]:
    """Sort keys of named lines to draw places from; some thousands are as good as all."""
    named = letter.signatures.on_roll().named().order_by("?")
    return list(named.values_list("roll_key", flat=True)[:5000])


def _count(letter: Letter, now: datetime) -> None:
    anonymous = letter.signatures.on_roll().anonymous().count()
    hidden = statistics.hides_anonymous_count(letter, anonymous)
    statistics.fold_departures(letter)
    Tally.objects.filter(letter=letter).update(
        anonymous=0 if hidden else anonymous,
        anonymous_by_organisation=statistics.count_by_organisation(letter, Appearance.ANONYMOUS),
        figures=statistics.count_figures(letter),
        counted_on=now.date(),
        last_batch_on=now.date(),
    )


def refresh_count(*, letter: Letter) -> None:
    """Bring the named half of the letter's numbers up to date."""
    start_tally(letter)
    named = letter.signatures.on_roll().named().count()
    Tally.objects.filter(letter=letter).update(
        named=named,
        named_by_organisation=statistics.count_by_organisation(letter, Appearance.NAMED),
        counted_on=timezone.localdate(),
    )
