"""What the pages of the queue show of an entry: its line, what speaks against it, who reads it."""

import math
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from letters.admin import person
from letters.models import User
from signatories import flags, roll
from signatories.actions import moderation
from signatories.admin import ways, words
from signatories.admin.steps import Step, step_of
from signatories.models import REOPENING, Flag, FlagKind, Signature, State


@dataclass(frozen=True)
class Told:
    """A reason to look twice, in words, with the entry it names where the moderator may see it."""

    words: str
    url: str
    weight: int


@dataclass(frozen=True)
class Row:
    """One entry in the list."""

    entry: Signature
    line: roll.Line
    step: Step
    told: list[Told]
    how_verified: Any
    waiting: str
    looked_at: str
    needs_proof: bool
    can_approve: bool
    can_keep: bool
    can_reject: bool
    is_in_review: bool
    url: str
    decide_url: str
    reading_url: str
    read: str
    checkbox: Any


def row(request: HttpRequest, entry: Signature, checkbox: Any = "") -> Row:
    return Row(
        entry=entry,
        line=roll.line(entry),
        step=step_of(entry.risk),
        told=told(request, entry),
        how_verified=words.how_verified(entry),
        waiting=waiting(entry),
        looked_at=looked_at(entry, person(request)),
        needs_proof=moderation.needs_proof(entry),
        can_approve=moderation.can_be_approved(entry),
        can_keep=has_question(entry),
        can_reject=entry.known_state in moderation.REJECTABLE,
        is_in_review=entry.known_state == State.IN_REVIEW,
        url=ways.entry_url(request, entry),
        decide_url=ways.decide_url(request, entry),
        reading_url=reading_url(entry),
        read=moderation.as_read(entry),
        checkbox=checkbox,
    )


def has_question(entry: Signature) -> bool:
    """Whether somebody asked about a decision, which can stand as it is. Sealing ends objections,
    and no reports: those are answered under a sealed letter as well."""
    if entry.known_state == State.IN_REVIEW:
        return False
    return any(flag.kind in REOPENING for flag in entry.flags.all())


def reading_url(entry: Signature) -> str:
    """Where to say that one looks at an entry; nowhere, if there is nothing to decide about it."""
    is_to_decide = entry.known_state == State.IN_REVIEW or has_question(entry)
    return ways.reading_url(entry) if is_to_decide else ""


def told(request: HttpRequest, entry: Signature) -> list[Told]:
    """What weighs most comes first."""
    found = [
        Told(flags.in_words(flag), _url(request, entry, flag), _weight(flag))
        for flag in entry.flags.all()
    ]
    return sorted(found, key=lambda one: -one.weight)


def _weight(flag: Flag) -> int:
    return flags.MEANINGS[FlagKind(flag.kind)].weight


SEEN_BY_MODERATORS = (State.IN_REVIEW, State.APPROVED, State.PUBLISHED, State.REJECTED)


def _url(request: HttpRequest, entry: Signature, flag: Flag) -> str:
    other = flag.other
    if other is None or other.letter_id != entry.letter_id:
        return ""
    is_seen = other.known_state in SEEN_BY_MODERATORS and not other.is_anonymous
    return ways.entry_url(request, other) if is_seen else ""


def waiting(entry: Signature) -> str:
    """Whole days, for what waits."""
    if entry.known_state != State.IN_REVIEW or entry.confirmed_on is None:
        return ""
    days = (timezone.localdate() - entry.confirmed_on).days
    return ngettext("%d day", "%d days", days) % days if days else gettext("since today")


def looked_at(entry: Signature, moderator: User) -> str:
    """Who else has the entry open, and for how long at most; in minutes, which are the same in
    every time zone."""
    reading = getattr(entry, "reading", None)
    now = timezone.now()
    if reading is None or reading.moderator_id == moderator.pk or reading.until <= now:
        return ""
    minutes = math.ceil((reading.until - now).total_seconds() / 60)
    return ngettext(
        "%(who)s is looking at this entry, for %(minutes)d more minute at most.",
        "%(who)s is looking at this entry, for %(minutes)d more minutes at most.",
        minutes,
    ) % {"who": reading.moderator, "minutes": minutes}
