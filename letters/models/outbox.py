"""Rows that are mails: what is due stays due until the mail server has taken it."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q

# A worker that claimed a mail and fell silent this long ago is believed dead.
CLAIM_LEASE = timedelta(minutes=3)


class OutboxQuerySet(models.QuerySet):
    def due(self, now: datetime) -> Self:
        """Mails to be sent now that no living worker has claimed."""
        return self.filter(due_at__lte=now).filter(
            Q(retry_at__isnull=True) | Q(retry_at__lte=now),
            Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - CLAIM_LEASE),
        )

    def unsent(self) -> Self:
        return self.filter(due_at__isnull=False)


class Outbox(models.Model):
    """A mail is due while `due_at` is set. A worker claims it (`claimed_at`), and once the mail
    server has taken it, `sent_at` is set and `due_at` emptied. Where the server is out of reach,
    nobody tries again before `retry_at`."""

    due_at = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        abstract = True
