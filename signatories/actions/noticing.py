"""What happened to the signatures of a letter that its team may want to know.

Nothing here moves between batches with an anonymous signature. Numbers are the public tally's;
what is counted live are names, and the queue that moderators see live anyway, once a day at the
same hour for all letters. A letter that only people of given organisations sign gives no number
below its minimum: that would be a small number of one organisation, in a mailbox elsewhere.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db.models import Count

from letters.actions.noticing import announce, is_after_the_hour, next_mailing, note
from letters.models import Letter, NoticeKind, Occasion
from signatories import statistics
from signatories.actions import rejections

STEPS = (100, 75, 50, 25)  # percent of the goal
SURGE_FROM = 50  # names a day
SURGE_TIMES = 3  # the mean of the days before
SURGE_DAYS = 7


def notice_what_happened(*, now: datetime) -> Iterator[Occasion]:
    """Look at every letter that is on the site and not over. Twice is once."""
    for letter in Letter.objects.appeared().not_sealed():
        looks = [_goal(letter, now), _surge(letter, now)]
        if is_after_the_hour(now):
            looks += [_waiting(letter, now), _digest(letter, now)]
        yield from (occasion for occasion in looks if occasion)
        yield from rejections.look(letter=letter, now=now)


def _goal(letter: Letter, now: datetime) -> Occasion | None:
    """The highest step that is reached, unless one as high was told before."""
    total = statistics.tally_of(letter).total
    steps = ((percent, -(-(letter.goal or 0) * percent // 100)) for percent in STEPS)
    reached = next(((p, step) for p, step in steps if 0 < step <= total), None)
    if reached is None or _is_small(letter, reached[1]):
        return None
    percent, step = reached
    told = letter.occasions.of_kind(NoticeKind.GOAL)
    if told.filter(step__gte=step).exists():
        return None
    return announce(
        letter=letter,
        kind=NoticeKind.GOAL,
        day=now.date(),
        step=step,
        figures={"percent": percent, "goal": letter.goal or 0},
        due_at=next_mailing(now),
    )


def _surge(letter: Letter, now: datetime) -> Occasion | None:
    """Names only: a day on which three times as many came as on the days before."""
    today = now.date()
    if letter.occasions.of_kind(NoticeKind.SURGE).filter(day=today).exists():
        return None
    came = _names_by_day(letter, today - timedelta(days=SURGE_DAYS), today)
    number = came.pop(today, 0)
    if number < SURGE_FROM or number * SURGE_DAYS < SURGE_TIMES * sum(came.values()):
        return None
    due_at = next_mailing(now)
    return announce(letter=letter, kind=NoticeKind.SURGE, day=today, due_at=due_at)


def _names_by_day(letter: Letter, first: date, last: date) -> dict[date, int]:
    """How many names were confirmed on each day: not those whose address had signed already,
    nor those that take the place of an anonymous line with a batch."""
    names = letter.signatures.named().originals().counted()
    days = names.filter(confirmed_on__gte=first, confirmed_on__lte=last).order_by()
    return dict(days.values_list("confirmed_on").annotate(Count("pk")))


def _waiting(letter: Letter, now: datetime) -> Occasion | None:
    """Whether the queue holds something, looked at once a day: more often, the time at which a
    mail leaves would tell when an entry came."""
    today = now.date()
    if letter.occasions.of_kind(NoticeKind.WAITING).filter(day=today).exists():
        return None
    number = letter.signatures.for_moderators().to_decide().count()
    if not number:
        note(letter=letter, kind=NoticeKind.WAITING, day=today)
        return None
    figures = {} if letter.is_for_organisations else {"waiting": number}
    return announce(letter=letter, kind=NoticeKind.WAITING, day=today, figures=figures, due_at=now)


def _digest(letter: Letter, now: datetime) -> Occasion | None:
    """The public number, where it is another one than the last time."""
    today = now.date()
    digests = letter.occasions.of_kind(NoticeKind.DIGEST)
    if digests.filter(day=today).exists():
        return None
    total = statistics.tally_of(letter).total
    figures = {} if _is_small(letter, total) else {"total": total}
    last = digests.order_by("-day").first()
    before = last.figures.get("total", 0) if last else 0
    if not figures or total == before:
        note(letter=letter, kind=NoticeKind.DIGEST, day=today, figures=figures)
        return None
    if last and not letter.is_for_organisations:
        figures["more"] = total - before
    return announce(letter=letter, kind=NoticeKind.DIGEST, day=today, figures=figures, due_at=now)


def _is_small(letter: Letter, number: int) -> bool:
    return letter.is_for_organisations and number < letter.minimum_group_size
