"""The trial: the crowd comes, the application works, two moderators decide, the judge counts."""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import time_machine

from config import crypto
from letters.models import Letter
from signatories import tasks
from signatories.models import Verification
from tests.mix.crowd import Crowd, Visitor
from tests.mix.visits import Visit, deliver

BEGIN = datetime(2026, 1, 27, 6, tzinfo=UTC)
WORKER = 0.5  # minutes after which the worker has done what somebody asked for
AFTERWARDS = 6 * 60  # minutes after the last visitor in which what waits is still decided
LONGEST_WAIT = 30 * 60  # seconds after which nobody comes back to send a form again


@dataclass
class Record:
    """What became of one visitor. Times are minutes after the letter appeared."""

    visit: Visit
    signature_id: UUID | None = None
    confirmed_at: float | None = None
    on_roll_at: float | None = None


@dataclass
class Trial:
    letter: Letter
    crowd: Crowd
    work: Callable[[float], None]  # what moderators do at this minute
    now: float = 0
    records: list[Record] = field(default_factory=list)
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self) -> None:
        for visitor in self.crowd.visitors:
            self._at(visitor.at, lambda visitor=visitor: self._comes(visitor))
        for minute in range(0, int(self.crowd.end) + AFTERWARDS, 60):
            self._at(minute, self._hour)
        while self._events:
            self.now, _number, happens = heapq.heappop(self._events)
            with time_machine.travel(BEGIN + timedelta(minutes=self.now), tick=False):
                happens()

    def _at(self, minute: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (minute, next(self._numbers), happens))

    def _comes(self, visitor: Visitor) -> None:
        record = Record(Visit(visitor, self.letter.slug))
        self.records.append(record)
        record.visit.open()
        self._at(self.now + visitor.fill_seconds / 60, lambda: self._sends(record))

    def _sends(self, record: Record) -> None:
        again = record.visit.send()
        if again is not None and again <= LONGEST_WAIT:
            self._at(self.now + (again + 1) / 60, lambda: self._sends(record))
        elif record.visit.outcome == "sent" and record.visit.visitor.reads_mail:
            record.signature_id = _entry_behind(record.visit.code_page)
            self._at(self.now + WORKER, deliver)
            self._at(self.now + 2, lambda: self._types(record))

    def _types(self, record: Record) -> None:
        record.visit.type_code()
        if record.visit.outcome == "confirmed":
            record.confirmed_at = self.now
            self._at(self.now + WORKER, self._check)

    def _check(self) -> None:
        tasks.sweep_checks()
        self._look_at_roll()

    def _hour(self) -> None:
        self._check()
        self.work(self.now)
        self._look_at_roll()

    def _look_at_roll(self) -> None:
        waiting = {
            record.signature_id: record
            for record in self.records
            if record.confirmed_at is not None and record.on_roll_at is None
        }
        for key in self.letter.signatures.on_roll().filter(pk__in=waiting).values_list("pk"):
            waiting[key[0]].on_roll_at = self.now

    def outcomes(self) -> dict[str, Counter[str]]:
        """How far the visitors of each kind came."""
        found: dict[str, Counter[str]] = {}
        for record in self.records:
            kind = record.visit.visitor.kind
            found.setdefault(kind, Counter())[record.visit.outcome] += 1
        return found


def _entry_behind(code_page: str) -> UUID | None:
    """The entry that waits behind the page of a browser, for the judge alone."""
    token = code_page.rstrip("/").rpartition("/")[2]
    found = Verification.objects.filter(page_digest__in=crypto.digests("page", token))
    return found.values_list("signature", flat=True).first()
