"""What has happened around a letter, day by day: its updates, and what recipients answered."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from letters.models import Letter, Outcome, Recipient, Response, Update

ANSWER, UPDATE = 0, 1
LONGEST_KEY = 40

# When, what of the two, and which: nothing else stands at the same place.
Place = tuple[date, int, int]


@dataclass(frozen=True)
class Answer:
    """One outcome, and the numbers of the demands of one version that met it."""

    outcome: Outcome
    version: int
    demands: tuple[int, ...]


@dataclass(frozen=True)
class Entry:
    """An update; or all that one recipient answered on one day."""

    day: date
    update: Update | None = None
    recipient: Recipient | None = None
    responses: tuple[Response, ...] = ()

    @property
    def place(self) -> Place:
        if self.update:
            return self.day, UPDATE, self.update.pk
        assert self.recipient is not None
        return self.day, ANSWER, self.recipient.pk

    @property
    def key(self) -> str:
        day, what, pk = self.place
        return f"{day.isoformat()}.{what}.{pk}"

    @property
    def who(self) -> str:
        assert self.recipient is not None
        return self.recipient.who

    @property
    def answers(self) -> list["Answer"]:
        """What was answered to which demands, by outcome and by version of the text."""
        numbers: dict[tuple[str, int], list[int]] = defaultdict(list)
        for response in self.responses:
            demand = response.demand
            numbers[response.outcome, demand.version.number].append(demand.number)
        return [
            Answer(Outcome(outcome), version, tuple(demands))
            for (outcome, version), demands in numbers.items()
        ]

    @property
    def sayings(self) -> list[tuple[str, str]]:
        """What was said and where, each statement once however many demands it answers."""
        said = [(one.statement, one.source) for one in self.responses]
        return [one for one in dict.fromkeys(said) if any(one)]


@dataclass(frozen=True)
class Page:
    entries: list[Entry]
    next_after: str


def page(letter: Letter, *, after: str, size: int) -> Page:
    """The entries after the one with this key, the newest first."""
    place = _place_in(after)
    # Each of the two kinds alone may fill the page and the entry that tells of a next one.
    found = [*_updates(letter, place, size + 1), *_answers(letter, place, size + 1)]
    found.sort(key=lambda entry: entry.place, reverse=True)
    shown = found[:size]
    return Page(shown, shown[-1].key if len(found) > size else "")


def whole(letter: Letter) -> Page:
    """Everything on one page."""
    answers = Response.objects.filter(recipient__letter=letter)
    return page(letter, after="", size=letter.updates.count() + answers.count())


def _place_in(key: str) -> Place | None:
    """The place that a key names; None for what is no key, which begins anew."""
    parts = key[:LONGEST_KEY].split(".")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 19 for part in parts[1:]):
        return None
    try:
        return date.fromisoformat(parts[0]), int(parts[1]), int(parts[2])
    except ValueError:
        return None


def _after(place: Place | None, what: int, day: str, pk: str) -> Q:
    """Rows of one kind that stand behind the place, further down the page."""
    if place is None:
        return Q()
    place_day, place_what, place_pk = place
    behind = Q(**{f"{day}__lt": place_day})
    if what < place_what:
        return behind | Q(**{day: place_day})
    if what == place_what:
        return behind | Q(**{day: place_day, f"{pk}__lt": place_pk})
    return behind


def _updates(letter: Letter, place: Place | None, number: int) -> list[Entry]:
    rows = letter.updates.filter(_after(place, UPDATE, "published_on", "pk"))
    return [
        Entry(update.published_on, update=update)
        for update in rows.order_by("-published_on", "-pk")[:number]
    ]


def _answers(letter: Letter, place: Place | None, number: int) -> list[Entry]:
    answered = Response.objects.filter(recipient__letter=letter).exclude(outcome=Outcome.NONE)
    behind = answered.filter(_after(place, ANSWER, "responded_on", "recipient_id"))
    heads = list(
        behind.order_by("-responded_on", "-recipient_id")
        .values_list("responded_on", "recipient_id")
        .distinct()[:number]
    )
    if not heads:
        return []
    days = {day for day, _pk in heads}
    rows = answered.filter(responded_on__in=days, recipient__in={pk for _day, pk in heads})
    groups: dict[tuple[date, int], list[Response]] = defaultdict(list)
    for row in rows.select_related("recipient__organisation", "demand__version").order_by(
        "demand__number", "pk"
    ):
        groups[row.responded_on, row.recipient_id].append(row)
    return [
        Entry(day, recipient=groups[day, pk][0].recipient, responses=tuple(groups[day, pk]))
        for day, pk in heads
    ]
