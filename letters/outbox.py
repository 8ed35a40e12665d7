"""Sending what is due: claimed by one worker, late rather than never, at most the mail in flight
twice."""

import logging
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import F
from django.utils import timezone

from config import mail
from letters.models.outbox import Outbox

logger = logging.getLogger(__name__)

Row = TypeVar("Row", bound=Outbox)


def claim(model: type[Row], pk: int, **changes: Any) -> Row | None:
    """Take the mail for this worker, in one conditional UPDATE; None where it is not due or
    another worker is at it."""
    now = timezone.now()
    claimed = model.objects.due(now).filter(pk=pk).update(claimed_at=now, sent_at=None, **changes)
    return model.objects.get(pk=pk) if claimed else None


def mark_sent(row: Outbox) -> None:
    _held(row).update(sent_at=timezone.now(), due_at=None, retry_at=None, attempts=0)


def drop(row: Outbox) -> None:
    """Nobody is to get this mail any more."""
    _held(row).update(due_at=None, retry_at=None, claimed_at=None)


def put_back(row: Outbox, error: mail.Unreachable) -> float:
    """Release the claim and leave the server alone for a while; return the seconds."""
    delay = mail.delay_after(row.attempts)
    _held(row).update(retry_at=timezone.now() + delay, claimed_at=None, attempts=F("attempts") + 1)
    logger.warning("Mail server not reached (%s), again in %d s", error, delay.total_seconds())
    return delay.total_seconds()


def unsent(model: type[Outbox], now: datetime, limit: int) -> list[int]:
    """Numbers of mails that are due and unclaimed, the oldest first."""
    rows = model.objects.due(now).order_by("due_at").values_list("pk", flat=True)
    return list(rows[:limit])


def _held(row: Outbox) -> Any:
    """The row, as long as the claim on it is this worker's."""
    return type(row).objects.filter(pk=row.pk, claimed_at=row.claimed_at)
