import uuid
from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from letters.models import Letter, Organisation


class VouchQuerySet(models.QuerySet["Vouch"]):
    def open(self, today: date) -> "VouchQuerySet":
        return self.filter(expires_on__gte=today)

    def expired(self, today: date) -> "VouchQuerySet":
        return self.filter(expires_on__lt=today)


class Vouch(models.Model):
    """A link that somebody gave to a colleague and that nobody has used yet.

    It leads to its giver, by the digest under which that entry is managed, so that it can be
    taken back and that a giver who is gone vouches for nobody. The row is deleted when it is
    used: nothing then says who vouched for whom.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    letter = models.ForeignKey(Letter, models.CASCADE, related_name="vouches")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    link_digest = models.CharField(max_length=64, unique=True)
    voucher_digest = models.CharField(max_length=64, db_index=True)
    expires_on = models.DateField()

    objects = VouchQuerySet.as_manager()

    class Meta:
        verbose_name = _("vouch")
        verbose_name_plural = _("vouches")
        constraints = [
            models.CheckConstraint(
                condition=~Q(link_digest="") & ~Q(voucher_digest=""),
                name="vouches_have_digests",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
