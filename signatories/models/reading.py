"""Who looks at which entry right now, so that two moderators do not do the same work."""

import uuid
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from letters.models import User


class ReadingQuerySet(models.QuerySet["Reading"]):
    def running(self, now: datetime) -> "ReadingQuerySet":
        return self.filter(until__gt=now)

    def expired(self, now: datetime) -> "ReadingQuerySet":
        return self.filter(until__lte=now)

    def by_others(self, moderator: User) -> "ReadingQuerySet":
        return self.exclude(moderator=moderator)


class Reading(models.Model):
    """A moderator has this entry open, for some minutes.

    It hinders nobody: whoever decides all the same does. Its time is the moderator's, and tells
    nothing about when the entry came. Keys are drawn at random, like those of flags.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    signature = models.OneToOneField(
        "signatories.Signature", models.CASCADE, related_name="reading"
    )
    moderator = models.ForeignKey(User, models.CASCADE, related_name="+")
    until = models.DateTimeField()

    objects = ReadingQuerySet.as_manager()

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")

    def __str__(self) -> str:
        return str(self.pk)
