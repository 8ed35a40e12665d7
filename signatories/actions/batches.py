"""Batches: how anonymous signatures come and go, and how the counts follow."""

import secrets
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from config.deadlocks import tried_again
from letters.actions import audit
from letters.models import AuditEntry, Letter
from signatories import decisions, growth, roll, statistics
from signatories.actions import confirming, regrouping
from signatories.checks.names import kept
from signatories.models import NAMELESS, Appearance, Signature, State, Tally
from signatories.models.selecting import SignatureQuerySet
from signatories.verification import vouch

BATCH_SIZE = 500
LONGEST_INTERVAL = timedelta(hours=36)
NO_LINE = {"roll_key": "", "shown_organisation": None, "shown_tenure": "", "shown_role": ""}
OFF_ROLL = {"published_on": None, **NO_LINE}


def next_batch_after(now: datetime) -> datetime:
    """When the next batch moves: by default at a random minute of the next day, and never
    later than `LONGEST_INTERVAL` from now."""
    if settings.BATCH_INTERVAL != "daily":
        return now + timedelta(seconds=int(settings.BATCH_INTERVAL))
    tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    drawn = tomorrow + timedelta(minutes=secrets.randbelow(24 * 60))
    return min(drawn, now + LONGEST_INTERVAL)


def start_tally(letter: Letter) -> Tally:
    """The letter's tally, created if it has none yet."""
    now = timezone.now()
    tally, _created = Tally.objects.get_or_create(
        letter=letter,
        defaults={"counted_on": now.date(), "next_batch_at": next_batch_after(now)},
    )
    return tally


@tried_again
def publish_batch(*, letter: Letter, now: datetime) -> int | None:
    """Move the letter's anonymous signatures, if a batch is due; return how many came, those not
    counted who stood before.

    None means that no batch was due, or that another worker is moving it. In one transaction:
    withdrawn and rejected lines leave; those that wait are deleted and inserted again in
    random order, under new random keys, the lines at places drawn by lot; names take the places of
    anonymous lines, or wait for a moderator; entries follow their organisation where it was merged;
    lines are carried over to a newer text; what each line may show is decided anew; and the counts
    that include anonymous signatures follow.

    While fewer than `BATCH_MINIMUM` of a kind wait, and none of them too long, they stay where
    they are, shuffled, and no number tells of them. The two kinds are anonymous lines, and those
    who are counted without one.
    """
    start_tally(letter)
    with transaction.atomic():
        claimed = Tally.objects.filter(letter=letter, next_batch_at__lte=now).update(
            next_batch_at=next_batch_after(now)
        )
        if not claimed:
            return None
        return _move(letter, now, is_last=False)


@transaction.atomic
def publish_last_batch(*, letter: Letter, now: datetime) -> int:
    """Move all that waits, however little it is and whatever the clock says."""
    start_tally(letter)
    Tally.objects.select_for_update().get(letter=letter)
    return _move(letter, now, is_last=True)


@transaction.atomic
def publish_batch_now(*, letter: Letter, now: datetime) -> int:
    """Like `publish_batch`, whatever the clock says."""
    start_tally(letter)
    Tally.objects.select_for_update().get(letter=letter)
    return _move(letter, now, is_last=False)


def _move(letter: Letter, now: datetime, *, is_last: bool) -> int:
    _let_leave(letter)
    _keep_from_the_public(letter)
    return_doubtful_names(letter)
    _swap(letter)
    regrouping.follow_merges(letter)
    arrived = sum(_move_those(letter, appearance, now, is_last) for appearance in NAMELESS)
    statistics.decide_what_shows(letter)
    if arrived:
        audit(verb="letter.batch_published", actor=None, letter=letter, number=arrived)
    _count(letter, now)
    return arrived


def _keep_from_the_public(letter: Letter) -> None:
    """Once a letter is public, count those who gave an anonymous line to colleagues only."""
    lines = letter.signatures.hidden_from_public().appearing(Appearance.ANONYMOUS)
    lines.update(appearance=Appearance.COUNTED, role="", **NO_LINE)


def _move_those(letter: Letter, appearance: str, now: datetime, is_last: bool) -> int:
    """Move the signatures without a name that appear in one way; return how many came, as
    `_let_arrive` counts them."""
    approved = letter.signatures.appearing(appearance).approved()
    waiting, standing = approved.waiting_for_batch(), approved.standing()
    told = statistics.told_by_elimination(letter, approved)
    waits = not is_last and _wait_for_company(waiting.exclude(told), now)
    arriving = waiting.none() if waits else waiting.exclude(told)
    arrived = 0
    if statistics.holds_back(letter, appearance, arriving.by_mailbox().count()):
        _step_back(standing)
    else:
        _step_back(standing.filter(statistics.told_by_elimination(letter, standing | arriving)))
        arrived = 0 if waits else _let_arrive(letter, arriving, approved.to_be_carried_over())
    _let_wait(letter, appearance)
    return arrived


def _wait_for_company(lines: SignatureQuerySet, now: datetime) -> bool:
    """Whether those that wait are too few to hide among each other, and can wait on."""
    # Lines that cost nobody a mailbox are no company for those that did.
    lines = lines.by_mailbox() if lines.by_mailbox().exists() else lines
    waiting = lines.aggregate(number=Count("pk"), since=Min("confirmed_on"))
    if not waiting["number"] or waiting["number"] >= settings.BATCH_MINIMUM:
        return False
    longest = timedelta(days=settings.BATCH_MAXIMUM_WAIT_DAYS)
    return bool(waiting["since"] > now.date() - longest)


def _let_leave(letter: Letter) -> None:
    leaving = letter.signatures.leaving_with_batch()
    leaving.rejected().update(has_stood=True, **OFF_ROLL)
    leaving.withdrawn().delete()


def return_doubtful_names(letter: Letter) -> None:
    """Have a moderator read the names that nobody has read, and whose anonymous entry a moderator
    has rejected, or has not decided: what was turned away must not come back by adding a name."""
    lines = letter.signatures.anonymous()
    doubtful = lines.in_review() | lines.rejected()
    names = letter.signatures.to_be_swapped().select_for_update(of=("self",))
    for name in names.filter(replaces__in=doubtful.values("manage_digest")):
        if not _was_read(name):
            name.state = State.IN_REVIEW
            # Not as new: it waits for a moderator, whatever a check finds.
            name.name_key = name.name_key or kept(name.name)
            name.save(update_fields=["state", "name_key"])


def _was_read(name: Signature) -> bool:
    """Whether a moderator has approved it. Names keep their ids, so the trail knows."""
    decisions_about = AuditEntry.objects.filter(letter=name.letter_id, verb="signature.approved")
    return decisions_about.filter(target=f"signature:{name.pk}").exists()


def _swap(letter: Letter) -> None:
    """Let names take the place of the anonymous lines whose signers gave them."""
    for signature in letter.signatures.to_be_swapped().select_for_update(of=("self",)):
        replaced = letter.signatures.anonymous().filter(manage_digest=signature.replaces)
        given = replaced.values_list("vouches_given", flat=True).first() or 0
        signature.vouches_given = max(signature.vouches_given, given)
        vouch.take_back_all(signature.replaces)
        replaced.delete()
        confirming.put_on_roll(signature)
        signature.save()


def _step_back(standing: SignatureQuerySet) -> None:
    """Take them off the roll, or out of the count, until they are enough again."""
    standing.update(state=State.APPROVED, has_stood=True, **OFF_ROLL)


def _let_wait(letter: Letter, appearance: str) -> None:
    """Shuffle what waits: the order in which it was written would tell who came when."""
    rows = letter.signatures.waiting_for_batch().appearing(appearance)
    waiting = list(rows.select_for_update(of=("self",)))
    if waiting:
        _insert_anew(letter, waiting)


def _let_arrive(letter: Letter, waiting: SignatureQuerySet, carried_over: SignatureQuerySet) -> int:
    """Put them on the roll, or into the count; return how many of them came for the first time.

    Whoever stood before is not counted as coming again, and the mark that says so goes: on the
    roll those who came back are like those who came.
    """
    arriving = list(waiting.select_for_update(of=("self",)))
    came = sum(not signature.has_stood for signature in arriving)
    carried = list(carried_over.select_for_update(of=("self",)))
    places = roll.places_by_lot(_names_on_roll(letter), len(arriving))
    today = timezone.localdate()
    for signature, place in zip(arriving, places, strict=True):
        signature.state, signature.has_stood = State.PUBLISHED, False
        signature.roll_key = place if signature.has_line else ""
        # From now on no day is finer than that of the batch.
        signature.published_on = signature.confirmed_on = signature.submitted_on = today
    if arriving or carried:
        _insert_anew(letter, [*arriving, *carried])
    return came


def _insert_anew(letter: Letter, signatures: list[Signature]) -> None:
    """Delete the rows and insert them again in random order under new random keys.

    What else was written when their signers came is inserted again as well. A line that its
    signer carries over is bound to the newer text from then on.
    """
    _delete(letter.signatures.all(), signatures)
    SystemRandom().shuffle(signatures)
    for signature in signatures:
        signature.pk = Signature._meta.pk.get_default()
        signature.version = signature.carried_to or signature.version
        signature.carried_to = None
    Signature.objects.bulk_create(signatures, batch_size=BATCH_SIZE)
    _shuffle(letter.used_addresses.all())
    _shuffle(letter.subscriptions.all())


def _shuffle(rows: QuerySet[Any]) -> None:
    """Insert rows again in random order: theirs would tell the order in which people came."""
    shuffled = list(rows.select_for_update())
    SystemRandom().shuffle(shuffled)
    _delete(rows, shuffled)
    for row in shuffled:
        row.pk = row._meta.pk.get_default()
    rows.bulk_create(shuffled, batch_size=BATCH_SIZE)


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
    decisions.fold(letter)
    Tally.objects.filter(letter=letter).update(
        # A name that took the place of an anonymous line moves with it from number to number.
        **_named_numbers(letter),
        anonymous=letter.signatures.on_roll().anonymous().count(),
        counted=letter.signatures.standing().appearing(Appearance.COUNTED).count(),
        anonymous_by_organisation=statistics.count_by_organisation(letter, Appearance.ANONYMOUS),
        anonymous_by_version=statistics.count_by_version(letter.signatures.standing().anonymous()),
        figures=statistics.count_figures(letter),
        refused=statistics.count_refused(letter),
        counted_on=now.date(),
        last_batch_on=now.date(),
    )
    growth.refresh_days(letter)


def refresh_count(*, letter: Letter) -> None:
    """Bring the named half of the letter's numbers up to date."""
    start_tally(letter)
    with transaction.atomic():
        # What is counted before a batch must not be written after it.
        Tally.objects.select_for_update().get(letter=letter)
        Tally.objects.filter(letter=letter).update(
            **_named_numbers(letter), counted_on=timezone.localdate()
        )
        growth.refresh_days(letter)


def _named_numbers(letter: Letter) -> dict[str, Any]:
    names = letter.signatures.named()
    return {
        "named": names.on_roll().count(),
        "undecided": names.undecided().count(),
        "named_by_organisation": statistics.count_by_organisation(letter, Appearance.NAMED),
        "named_by_version": statistics.count_by_version(names.standing()),
    }
