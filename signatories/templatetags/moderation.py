from dataclasses import dataclass
from typing import Any

from django import template
from django.db.models import Count, Min, Q
from django.utils import timezone

from letters.models import Letter, Status, User
from letters.permissions import moderated_by
from signatories.admin import steps
from signatories.admin.asking import Asked, asked_about
from signatories.models import Signature, State

register = template.Library()


@dataclass(frozen=True)
class Queue:
    """What waits under one letter: how many, of them how many of each step (number, words, code);
    how many were decided and are asked about; how many are set aside; since how many days."""

    letter: Letter
    number: int
    steps: list[tuple[int, Any, str]]
    asked: int
    aside: int
    days: int | None


@register.simple_tag
def asked(entry: Signature, reader: User) -> Asked | None:
    """What somebody asked about the entry, for the moderator who looks at it."""
    return asked_about(entry, reader)


@register.simple_tag
def letters_in_review(user: User) -> list[Queue]:
    """The letters that `user` moderates, each with what is to be decided there."""
    letters = moderated_by(user).exclude(status=Status.DRAFT).order_by("title")
    waiting = Signature.objects.for_moderators().to_decide().filter(letter__in=letters.order_by())
    in_review, here = Q(state=State.IN_REVIEW), Q(set_aside_on__isnull=True)
    counted = (
        waiting.order_by()
        .values("letter")
        .annotate(
            number=Count("pk", filter=here),
            asked=Count("pk", filter=~in_review),
            aside=Count("pk", filter=~here),
            since=Min("confirmed_on", filter=in_review & here),
            **steps.counts(here),
        )
    )
    found: dict[int, dict[str, Any]] = {row["letter"]: dict(row) for row in counted}
    return [_queue(letter, found.get(letter.pk, {})) for letter in letters]


def _queue(letter: Letter, row: dict[str, Any]) -> Queue:
    since = row.get("since")
    return Queue(
        letter=letter,
        number=row.get("number", 0),
        steps=[(row[one.code], one.words, one.code) for one in steps.STEPS if row.get(one.code)],
        asked=row.get("asked", 0),
        aside=row.get("aside", 0),
        days=(timezone.localdate() - since).days if since else None,
    )
