"""Batches: how anonymous signatures come and go, and how the counts follow."""

import secrets
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from letters.actions import audit
from letters.models import Letter
from signatories import roll, statistics
from signatories.models import Appearance, Signature, State, Tally, UsedAddress

BATCH_SIZE = 500
OFF_ROLL = {
    "published_on": None,
    "roll_key": "",
    "shown_organisation": None,
    "shown_tenure": "",
    "shown_role": "",
}


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
    tally, _created = Tally.objects.get_or_create(
        letter=letter,
        defaults={"counted_on": now.date(), "next_batch_at": next_batch_after(now)},
    )
    return tally


def publish_batch(*, letter: Letter, now: datetime) -> int | None:
    """Move the letter's anonymous lines, if a batch is due; return how many lines came.

    None means that no batch was due, or that another worker is moving it. In one transaction:
    withdrawn and rejected lines leave; those that wait are deleted and inserted again in
    random order, under new random keys and at places drawn by lot (or, where all of them
    together are too few to hide among, wait on); what each line may show is decided anew;
    and the counts that include anonymous signatures follow.
    """
    start_tally(letter)
    with transaction.atomic():
        claimed = Tally.objects.filter(letter=letter, next_batch_at__lte=now).update(
            next_batch_at=next_batch_after(now)
        )
        if not claimed:
            return None
        _let_leave(letter)
        if statistics.holds_back_anonymous(letter):
            arrived = _step_back(letter)
        else:
            arrived = _let_arrive(letter)
        statistics.decide_what_shows(letter)
        _count(letter, now)
        if arrived:
            audit(verb="letter.batch_published", actor=None, letter=letter, number=arrived)
    return arrived


def _let_leave(letter: Letter) -> None:
    leaving = letter.signatures.leaving_with_batch()
    leaving.rejected().update(**OFF_ROLL)
    leaving.withdrawn().delete()


def _step_back(letter: Letter) -> int:
    """Take all anonymous lines off the roll until there are enough of them again."""
    letter.signatures.on_roll().anonymous().approved().update(state=State.APPROVED, **OFF_ROLL)
    return 0


def _let_arrive(letter: Letter) -> int:
    arriving = list(letter.signatures.waiting_for_batch().select_for_update(of=("self",)))
    if not arriving:
        return 0
    _delete(letter.signatures.all(), arriving)
    SystemRandom().shuffle(arriving)
    places = roll.places_by_lot(_names_on_roll(letter), len(arriving))
    today = timezone.localdate()
    for signature, place in zip(arriving, places, strict=True):
        signature.pk = Signature._meta.pk.get_default()
        signature.state = State.PUBLISHED
        signature.roll_key = place
        # From now on no day is finer than that of the batch.
        signature.published_on = signature.confirmed_on = signature.submitted_on = today
    Signature.objects.bulk_create(arriving, batch_size=BATCH_SIZE)
    _shuffle_used_addresses(letter)
    return len(arriving)


def _shuffle_used_addresses(letter: Letter) -> None:
    """Insert the digests again in random order: theirs would tell the order of confirmations."""
    used = list(letter.used_addresses.select_for_update())
    SystemRandom().shuffle(used)
    _delete(letter.used_addresses.all(), used)
    UsedAddress.objects.bulk_create(
        (UsedAddress(letter=letter, digest=row.digest) for row in used), batch_size=BATCH_SIZE
    )


def _delete(rows: QuerySet[Any], several: list[Any]) -> None:
    """Delete several of the rows; a query has places for some hundreds on every database."""
    for start in range(0, len(several), BATCH_SIZE):
        rows.filter(pk__in=[row.pk for row in several[start : start + BATCH_SIZE]]).delete()


def _names_on_roll(letter: Letter) -> list[str]:
    """Sort keys of named lines to draw places from; some thousands are as good as all."""
    named = letter.signatures.on_roll().named().order_by("?")
    return list(named.values_list("roll_key", flat=True)[:5000])


def _count(letter: Letter, now: datetime) -> None:
    statistics.fold_departures(letter)
    Tally.objects.filter(letter=letter).update(
        anonymous=letter.signatures.on_roll().anonymous().count(),
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
