"""Whether mail arrives: counted by day and kind, of the whole installation and of no letter.

Only days that are over are shown, and small numbers are not: who looks at a page again and again
would otherwise see in what minute a code left.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db.models import F, Max
from django.utils import timezone

from signatories.models import MailDay, MailKind
from signatories.outbox import FEW

DAYS_SHOWN = 14
SHOWN = (
    MailKind.SENT,
    MailKind.DEFERRED,
    MailKind.REFUSED,
    MailKind.REMINDED,
    MailKind.RETURNED,
)


def count(kind: MailKind) -> None:
    """One more of this kind today."""
    today = MailDay.objects.filter(day=timezone.localdate(), kind=kind)
    if not today.update(number=F("number") + 1):
        MailDay.objects.get_or_create(day=timezone.localdate(), kind=kind)
        today.update(number=F("number") + 1)


@dataclass(frozen=True)
class Day:
    """A day that is over, with the numbers in the order of `SHOWN`; None for fewer than `FEW`."""

    day: date
    numbers: list[int | None]


def past_days(today: date) -> list[Day]:
    """The last days but today, the newest first."""
    first = today - timedelta(days=DAYS_SHOWN)
    rows = MailDay.objects.filter(day__gte=first)
    known = {(row.day, row.kind): row.number for row in rows}
    days = [today - timedelta(days=ago) for ago in range(1, DAYS_SHOWN + 1)]
    return [Day(day, [_shown(known.get((day, kind), 0)) for kind in SHOWN]) for day in days]


def _shown(number: int) -> int | None:
    return number if number >= FEW else None


@dataclass(frozen=True)
class Returns:
    """How we hear of mail that comes back, and on what day we last did."""

    by_mail: bool
    from_folder: bool
    by_provider: bool
    last_on: date | None

    @property
    def are_read(self) -> bool:
        return self.by_mail or self.by_provider


def returns() -> Returns:
    last = MailDay.objects.filter(kind=MailKind.READ).aggregate(last=Max("day"))["last"]
    by_mail = bool(settings.BOUNCE_ADDRESS) and not settings.MAIL_PROVIDER
    return Returns(
        by_mail=by_mail,
        from_folder=by_mail and bool(settings.BOUNCE_MAILDIR),
        by_provider=bool(settings.ANYMAIL.get("WEBHOOK_SECRET")),
        last_on=last,
    )
