"""How the signatures of a letter grew: by day for a chart, by week for a table.

Names are counted while they stand, on the day on which they came. Signatures without a name are
counted on the day of the batch with which they came, and stay there when they leave: were the
column of that day to fall, it would tell that one of those few who came then has left. How many
left since is one number for all days, which moves with a batch. Whoever steps back for want of
company and comes again came once.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Sum

from letters.models import Letter
from signatories.models import DayCount, Tally

# What the audit trail says of a batch: on which day how many came with it.
BATCH_PUBLISHED = "letter.batch_published"

SHORTEST_CHART = 14  # days
LONGEST_CHART = 60
LONGEST_TABLE = 26  # weeks
HEIGHT = 150
STEPS = (1, 2, 5)
BATCH_SIZE = 500


@dataclass(frozen=True)
class Day:
    day: date
    named: int
    others: int

    @property
    def number(self) -> int:
        return self.named + self.others


@dataclass(frozen=True)
class Week:
    """`total` is how many there are at its end."""

    begins_on: date
    named: int
    others: int
    total: int


@dataclass(frozen=True)
class Column:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    """Geometry in a box of 100 by 150, and the words beside it."""

    columns: list[Column]
    lines: list[tuple[float, int]]
    labels: list[date]
    busiest: Day
    latest: Day
    is_all: bool


def count_days(letter: Letter) -> dict[date, Day]:
    """The numbers of every day, counted anew from the rows and from the trail of batches.

    The trail is append-only, so that what it says of a day stays as it is, whoever leaves.
    """
    standing = letter.signatures.standing().named().order_by().values_list("published_on")
    named = dict(standing.annotate(number=Count("*")))
    batches = letter.audit_entries.filter(verb=BATCH_PUBLISHED).order_by()
    others = dict(batches.values_list("recorded_on").annotate(arrived=Sum("number")))
    return {
        day: Day(day, named.get(day, 0), others.get(day, 0))
        for day in sorted(named.keys() | others.keys())
    }


def refresh_days(letter: Letter) -> None:
    """Store what `count_days` says, under the lock of the letter's tally; only what changed."""
    days, stored = count_days(letter), {one.day: one for one in by_day(letter)}
    letter.day_counts.filter(day__in=[day for day in stored if day not in days]).delete()
    changed = [one for day, one in days.items() if stored.get(day) != one]
    DayCount.objects.bulk_create(
        [
            DayCount(letter=letter, day=one.day, named=one.named, others=one.others)
            for one in changed
        ],
        batch_size=BATCH_SIZE,
        update_conflicts=True,
        unique_fields=["letter", "day"],
        update_fields=["named", "others"],
    )


def by_day(letter: Letter) -> list[Day]:
    """Every day on which signatures came, in order, as it was last stored."""
    rows = letter.day_counts.order_by("day").values_list("day", "named", "others")
    return [Day(*row) for row in rows]


def gone_since(days: list[Day], tally: Tally) -> int:
    """How many of those without a name who came by batch do not stand now, whenever they came:
    they left, or stepped back and wait."""
    arrived = sum(one.others for one in days)
    return max(0, arrived - tally.anonymous - tally.counted)


def in_last_week(days: list[Day], today: date) -> int:
    return sum(one.number for one in days if today - one.day < timedelta(days=7))


def chart(days: list[Day]) -> Chart | None:
    """The last weeks as columns, two of them at least; None where nothing came yet."""
    if not days:
        return None
    last = days[-1].day
    shortest, longest = (last - timedelta(days=n - 1) for n in (SHORTEST_CHART, LONGEST_CHART))
    first = max(min(days[0].day, shortest), longest)
    by_date = {one.day: one for one in days}
    shown = [
        by_date.get(day, Day(day, 0, 0))
        for day in (first + timedelta(days=n) for n in range((last - first).days + 1))
    ]
    top = _round_up(max(one.number for one in shown))
    place = 100 / len(shown)
    columns = [
        Column(
            x=round(n * place + place * 0.25, 2),
            y=round(HEIGHT - HEIGHT * one.number / top, 2),
            width=round(place * 0.5, 2),
            height=round(HEIGHT * one.number / top, 2),
        )
        for n, one in enumerate(shown)
    ]
    return Chart(
        columns=columns,
        lines=[(HEIGHT - HEIGHT * part / 3, round(top * part / 3)) for part in (3, 2, 1, 0)],
        labels=[shown[n].day for n in _spread(len(shown))],
        busiest=max(shown, key=lambda one: one.number),
        latest=shown[-1],
        is_all=first <= days[0].day,
    )


def _round_up(number: int) -> int:
    """To a number that three steps divide into round ones."""
    step = 1
    while True:
        for factor in STEPS:
            if 3 * step * factor >= number:
                return 3 * step * factor
        step *= 10


def _spread(length: int) -> list[int]:
    """The places of at most five labels."""
    most = min(5, length)
    return [round(n * (length - 1) / (most - 1)) for n in range(most)] if most > 1 else [0]


def by_week(days: list[Day]) -> list[Week]:
    """Weeks from Monday, the newest first; the oldest ones of a long time together."""
    sums: dict[date, list[int]] = {}
    for one in days:
        monday = one.day - timedelta(days=one.day.weekday())
        week = sums.setdefault(monday, [0, 0])
        week[0] += one.named
        week[1] += one.others
    weeks, total = [], 0
    for monday in sorted(sums):
        named, others = sums[monday]
        total += named + others
        weeks.append(Week(monday, named, others, total))
    return weeks[::-1][:LONGEST_TABLE]
