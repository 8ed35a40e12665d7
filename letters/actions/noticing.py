"""Telling a team what happened: each occasion once, and each person what they may know."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from config import crypto
from letters.models import (
    AuditEntry,
    Letter,
    Notice,
    NoticeChoice,
    NoticeKind,
    Occasion,
    Role,
    User,
)
from letters.permissions import kinds_told, notices_read_by

LINK = "notices"


# What happened ------------------------------------------------------------------------------


@transaction.atomic
def announce(
    *,
    letter: Letter,
    kind: str,
    day: date,
    due_at: datetime,
    step: int = 0,
    figures: dict[str, int] | None = None,
    but: User | None = None,
) -> Occasion | None:
    """Note an occasion and tell all who may know of it, `but` one; None if it was told already.

    Mails leave at `due_at`, to those who want them.
    """
    occasion = note(letter=letter, kind=kind, day=day, step=step, figures=figures)
    if occasion is None:
        return None
    told = []
    for user in audience(letter, kind):
        if user != but:
            wants = _wants_mail(user, letter, kind)
            told.append(Notice(occasion=occasion, user=user, due_at=due_at if wants else None))
    # The digest repeats what the pages say, so that it is for mailboxes only.
    if kind == NoticeKind.DIGEST:
        told = [notice for notice in told if notice.due_at]
    Notice.objects.bulk_create(told)
    return occasion


@transaction.atomic
def note(
    *,
    letter: Letter,
    kind: str,
    day: date,
    step: int = 0,
    figures: dict[str, int] | None = None,
) -> Occasion | None:
    """Note an occasion of which nobody is told; None if it was noted already.

    Of many who note the same one, the unique constraints let one do so.
    """
    keys = {"letter": letter, "kind": kind, "step": step}
    rest = {"day": day, "figures": figures or {}}
    if kind != NoticeKind.GOAL:  # A step to a goal is told once on whatever day.
        keys["day"] = rest.pop("day")
    occasion, created = Occasion.objects.get_or_create(**keys, defaults=rest)
    return occasion if created else None


def announce_act(entry: AuditEntry, *, kind: str) -> None:
    """Tell of something that a person did, once for each entry in the trail; not that person."""
    assert entry.letter is not None
    announce(
        letter=entry.letter,
        kind=kind,
        day=entry.recorded_on,
        step=entry.pk,
        due_at=timezone.now(),
        but=entry.actor,
    )


def next_mailing(now: datetime) -> datetime:
    """The hour of the day at which news about signatures leave, the same for all letters.

    A mail that left when something happened would tell the time of it.
    """
    hour = _hour_of(now)
    return hour if now <= hour else hour + timedelta(days=1)


def is_after_the_hour(now: datetime) -> bool:
    """Whether today's mails may leave; where nothing ran at the hour they leave late."""
    return now >= _hour_of(now)


def _hour_of(now: datetime) -> datetime:
    return now.replace(hour=settings.NOTICE_HOUR, minute=0, second=0, microsecond=0)


def audience(letter: Letter, kind: str) -> list[User]:
    """Whom a kind of news about a letter concerns: its team, and hosts who asked for it; all
    hosts, where a letter waits for them."""
    if kind == NoticeKind.APPROVAL:
        return list(User.objects.filter(is_active=True, is_superuser=True))
    asked = Q(
        is_superuser=True,
        notice_choices__letter=letter,
        notice_choices__kind=kind,
        notice_choices__is_on=True,
    )
    people = User.objects.filter(Q(memberships__letter=letter) | asked, is_active=True)
    return [user for user in people.distinct() if kind in kinds_told(user, letter)]


# What somebody wants ------------------------------------------------------------------------


def is_wanted(user: User, letter: Letter | None, kind: str) -> bool:
    """Whether somebody wants mails of this kind; by default what asks for something to be done
    or happens seldom, for whoever is on the team and not only reading along."""
    choice = NoticeChoice.objects.filter(user=user, letter=letter, kind=kind).first()
    return choice.is_on if choice else is_on_at_first(user, letter, kind)


def is_on_at_first(user: User, letter: Letter | None, kind: str) -> bool:
    if letter is None:
        return user.is_superuser
    working = letter.memberships.exclude(role=Role.PRESS).filter(user=user)
    return kind != NoticeKind.DIGEST and working.exists()


def _wants_mail(user: User, letter: Letter, kind: str) -> bool:
    has_address = hasattr(user, "account_mail") and user.account_mail.is_confirmed
    return has_address and is_wanted(user, about(kind, letter), kind)


def about(kind: str, letter: Letter) -> Letter | None:
    """What a choice of this kind is about: hosts choose for all letters that wait, together."""
    return None if kind == NoticeKind.APPROVAL else letter


@transaction.atomic
def choose(*, user: User, letter: Letter | None, wanted: Iterable[str]) -> None:
    """Have mails about the letter sent of the `wanted` kinds and of no others. Twice is once.

    Kinds of which this person is not told are left out. `letter` is None for a host's choice.
    """
    wanted = set(wanted)
    for kind in kinds_told(user, letter):
        choice = choice_of(user, letter, kind)
        if choice.is_on != (kind in wanted):
            NoticeChoice.objects.filter(pk=choice.pk).update(is_on=kind in wanted)


def choice_of(user: User, letter: Letter | None, kind: str) -> NoticeChoice:
    """The stored choice; what is so by default is stored where nothing was chosen yet."""
    token = link_tokens(user.pk, letter.pk if letter else None, kind)[0]
    choice, _created = NoticeChoice.objects.get_or_create(
        user=user,
        letter=letter,
        kind=kind,
        defaults={
            "is_on": is_on_at_first(user, letter, kind),
            "token_digest": crypto.digest(LINK, token),
        },
    )
    return choice


# The link in a mail -------------------------------------------------------------------------


def link_tokens(user_id: int, letter_id: int | None, kind: str) -> list[str]:
    """The secret of the link that switches a kind of mail off: computed, and stored nowhere."""
    return crypto.derived_tokens(LINK, str(user_id), str(letter_id or ""), kind)


def link_token(choice: NoticeChoice) -> str:
    """The secret behind the stored digest; a new one where the key it was made under is gone."""
    tokens = link_tokens(choice.user_id, choice.letter_id, choice.kind)
    known = next((t for t in tokens if crypto.matches(choice.token_digest, LINK, t)), None)
    if known:
        return known
    NoticeChoice.objects.filter(pk=choice.pk).update(token_digest=crypto.digest(LINK, tokens[0]))
    return tokens[0]


def choice_behind(token: str) -> NoticeChoice | None:
    return NoticeChoice.objects.filter(token_digest__in=crypto.digests(LINK, token)).first()


def switch_off(*, token: str) -> None:
    """Send no more mails of the kind behind the link. Twice is once."""
    digests = crypto.digests(LINK, token)
    NoticeChoice.objects.filter(token_digest__in=digests).update(is_on=False)


# Reading and forgetting ---------------------------------------------------------------------


def mark_read(*, user: User) -> None:
    """Note that somebody has seen their news. Twice is once."""
    notices_read_by(user).unread().update(seen_on=timezone.localdate())


def forget(*, now: datetime) -> int:
    """Erase news of long ago, and what is left of people who are no longer on the team."""
    return sum(rows.delete()[0] for rows in _to_forget(now))


def number_to_forget(*, now: datetime) -> int:
    return sum(rows.count() for rows in _to_forget(now))


def _to_forget(now: datetime) -> list[QuerySet]:
    """Steps to a goal stay noted, so that none is told again."""
    oldest = now.date() - timedelta(days=settings.NOTICE_DAYS)
    old = Notice.objects.filter(occasion__day__lt=oldest)
    return [
        Notice.objects.of_strangers() | old,
        NoticeChoice.objects.of_strangers(),
        Occasion.objects.exclude(kind=NoticeKind.GOAL).filter(day__lt=oldest),
    ]
