"""In which order entries stand before a moderator, and which comes after which.

Least risk first, because genuine people should wait least; then what waits longest. Decided
entries stand as on the roll, so that no order tells when an anonymous line came.
"""

from typing import Any

from django.db.models import Case, F, Q, When

from signatories.models import Signature, State
from signatories.models.selecting import SignatureQuerySet

WAITS_SINCE = Case(When(state=State.IN_REVIEW, then=F("confirmed_on")))


def queue_order(*, most_first: bool = False) -> tuple[Any, ...]:
    return ("-risk" if most_first else "risk", WAITS_SINCE.asc(nulls_last=True), "roll_key", "id")


def after(entry: Signature, *, most_first: bool = False) -> Q:
    """What stands behind `entry` in that order, as a condition."""
    further = Q(risk__lt=entry.risk) if most_first else Q(risk__gt=entry.risk)
    return further | Q(risk=entry.risk) & _after_in_step(entry)


def _after_in_step(entry: Signature) -> Q:
    in_review = Q(state=State.IN_REVIEW)
    if entry.known_state != State.IN_REVIEW:
        same_place = Q(roll_key=entry.roll_key, pk__gt=entry.pk)
        return ~in_review & (Q(roll_key__gt=entry.roll_key) | same_place)
    younger = Q(confirmed_on__gt=entry.confirmed_on)
    same_day = Q(confirmed_on=entry.confirmed_on, pk__gt=entry.pk)
    return ~in_review | in_review & (younger | same_day)


def next_of(
    waiting: SignatureQuerySet, entry: Signature, *, most_first: bool = False
) -> Signature | None:
    """The entry behind this one, from the end of the queue back to its beginning."""
    behind = waiting.filter(after(entry, most_first=most_first))
    return behind.first() or waiting.exclude(pk=entry.pk).first()


def previous_of(
    waiting: SignatureQuerySet, entry: Signature, *, most_first: bool = False
) -> Signature | None:
    """The entry before this one; none before the first."""
    before = waiting.exclude(pk=entry.pk).exclude(after(entry, most_first=most_first))
    return before.last()
