"""What the judge counts at the end: he alone knows who everybody is."""

from collections import Counter
from dataclasses import dataclass
from statistics import median, quantiles

from signatories.models import Signature, State
from tests.mix.desk import Moderator
from tests.mix.trial import Record, Trial

KINDS = ("genuine", "bot", "joker", "impersonator", "double", "flood")


@dataclass(frozen=True)
class Verdict:
    """Of each kind: how many came, and what became of them; minutes that genuine people waited
    from their code to the roll; clicks and keys of the moderators."""

    came: Counter[str]
    turned_away: Counter[str]
    confirmed: Counter[str]
    on_roll: Counter[str]
    rejected: Counter[str]
    waiting: Counter[str]
    waits: list[float]
    decided: int
    clicks: int
    hours: float

    @property
    def clicks_per_hundred(self) -> float:
        return 100 * self.clicks / max(1, self.decided)

    def share_on_roll(self, kind: str) -> float:
        return self.on_roll[kind] / max(1, self.came[kind])


def judge(trial: Trial, moderators: list[Moderator]) -> Verdict:
    states = dict(Signature.objects.filter(letter=trial.letter).values_list("pk", "state"))
    counters = {name: Counter[str]() for name in ("on_roll", "rejected", "waiting")}
    came: Counter[str] = Counter()
    turned_away: Counter[str] = Counter()
    confirmed: Counter[str] = Counter()
    for record in trial.records:
        kind = record.visit.visitor.kind
        came[kind] += 1
        if record.visit.outcome == "turned away":
            turned_away[kind] += 1
        if record.confirmed_at is not None:
            confirmed[kind] += 1
            counters[_where(record, states)][kind] += 1
    waits = [
        record.on_roll_at - record.confirmed_at
        for record in trial.records
        if record.visit.visitor.is_genuine
        and record.on_roll_at is not None
        and record.confirmed_at is not None
    ]
    return Verdict(
        came=came,
        turned_away=turned_away,
        confirmed=confirmed,
        waits=sorted(waits),
        decided=sum(one.decided for one in moderators),
        clicks=sum(one.clicks for one in moderators),
        hours=sum(one.seconds for one in moderators) / 3600,
        **counters,
    )


def _where(record: Record, states: dict) -> str:
    """Of anonymous entries no row leads back to anybody: whoever is not refused will come."""
    state = states.get(record.signature_id)
    if record.visit.visitor.appearance == "anonymous":
        return "waiting" if state == State.IN_REVIEW else "on_roll"
    if state in (State.PUBLISHED, State.APPROVED):
        return "on_roll"
    return "rejected" if state in (State.REJECTED, State.DUPLICATE) else "waiting"


def table(verdict: Verdict) -> str:
    """The verdict as it is printed."""
    head = f"{'':14}{'came':>8}{'turned away':>13}{'confirmed':>11}{'on roll':>9}"
    rows = [f"{head}{'rejected':>10}{'waiting':>9}"]
    for kind in KINDS:
        rows.append(
            f"{kind:14}{verdict.came[kind]:8}{verdict.turned_away[kind]:13}"
            f"{verdict.confirmed[kind]:11}{verdict.on_roll[kind]:9}"
            f"{verdict.rejected[kind]:10}{verdict.waiting[kind]:9}"
        )
    if len(verdict.waits) > 1:
        ninety = quantiles(verdict.waits, n=10)[-1]
        rows.append(
            f"Genuine names waited {median(verdict.waits):.0f} minutes in the median, "
            f"nine of ten less than {ninety:.0f}, at most {verdict.waits[-1]:.0f}."
        )
    rows.append(
        f"{verdict.decided} decisions, {verdict.clicks_per_hundred:.0f} clicks or keys per hundred, "
        f"{verdict.hours:.1f} hours of work."
    )
    return "\n".join(rows)
