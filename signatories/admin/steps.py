"""How much speaks against an entry, in three steps that a person can tell apart."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from signatories.flags import LOOK_CLOSELY
from signatories.models.selecting import SignatureQuerySet


@dataclass(frozen=True)
class Step:
    code: str
    words: Any
    entries: Q


CLEAR = Step("clear", _("nothing speaks against it"), Q(risk=0))
TWICE = Step("twice", _("look twice"), Q(risk__gt=0, risk__lt=LOOK_CLOSELY))
AGAINST = Step("against", _("speaks against it"), Q(risk__gte=LOOK_CLOSELY))
STEPS = (CLEAR, TWICE, AGAINST)


def step_of(risk: int) -> Step:
    if risk >= LOOK_CLOSELY:
        return AGAINST
    return TWICE if risk else CLEAR


def counts(among: Q | None = None) -> dict[str, Count]:
    """To annotate or aggregate with: how many entries of each step, of all or of some."""
    return {step.code: Count("pk", filter=step.entries & (among or Q())) for step in STEPS}


def numbers(entries: SignatureQuerySet) -> dict[str, int]:
    return entries.order_by().aggregate(**counts())
