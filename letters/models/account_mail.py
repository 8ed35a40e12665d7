from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from letters.models.outbox import Outbox, OutboxQuerySet


class AccountMailQuerySet(OutboxQuerySet):
    def confirmed(self) -> Self:
        return self.filter(confirmed_on__isnull=False, user__is_active=True)

    def unconfirmed(self) -> Self:
        return self.filter(confirmed_on__isnull=True)

    def expired(self, now: datetime) -> Self:
        """Addresses that nobody confirmed in time, and those of accounts that were closed."""
        return self.filter(Q(erase_after__lte=now) | Q(user__is_active=False))


class AccountMail(Outbox):
    """Where an account's notices go. It opens nothing: neither a log-in nor a lost account.

    Encrypted under `FIELD_KEYS`. Two accounts may have the same address, and neither learns of
    it. Until it is confirmed, the row is the outbox of the code.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="account_mail"
    )
    address = models.BinaryField()
    code_digest = models.CharField(max_length=64, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    erase_after = models.DateTimeField(null=True, blank=True)
    confirmed_on = models.DateField(null=True, blank=True)

    objects = AccountMailQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_on__isnull=True, erase_after__isnull=False)
                | Q(
                    confirmed_on__isnull=False,
                    erase_after__isnull=True,
                    code_digest="",
                    due_at__isnull=True,
                    sent_at__isnull=True,
                ),
                name="account_mail_is_confirmed_or_goes",
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | ~Q(code_digest=""),
                name="account_codes_sent_have_a_digest",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_on is not None

    def has_live_code(self, minutes: int) -> bool:
        """Counted from sending, or from the claim if a crash hid whether it was sent."""
        began = self.sent_at or self.claimed_at
        if began is None or not self.code_digest:
            return False
        return timezone.now() < began + timedelta(minutes=minutes)
