"""Names that a team would like to show first, and what their signatories say to that."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from letters.models.constraints import one_of

if TYPE_CHECKING:
    from signatories.models.signature import Signature


class Answer(models.TextChoices):
    """What somebody says who was asked. A team is told of `AGREED` only."""

    ASKED = "asked", _("not answered")
    AGREED = "agreed", _("agreed")
    DECLINED = "declined", _("declined")


class ProminenceQuerySet(models.QuerySet["Prominence"]):
    def of(self, signature: "Signature") -> "ProminenceQuerySet":
        return self.filter(signature=signature)

    def in_order(self) -> "ProminenceQuerySet":
        return self.order_by("position", "pk")

    def agreed(self) -> "ProminenceQuerySet":
        return self.filter(answer=Answer.AGREED)


class Prominence(models.Model):
    """A team asks to show one name first, and its signatory answers on their own page.

    The row goes when the name leaves the roll, for whatever reason: consent was given for the line
    as it stood. `position` orders the rows of one letter.
    """

    signature = models.OneToOneField(
        "signatories.Signature", models.CASCADE, primary_key=True, related_name="prominence"
    )
    position = models.PositiveSmallIntegerField(_("position"))
    asked_on = models.DateField(_("asked on"))
    answer = models.CharField(
        _("answer"), max_length=8, choices=Answer, default=Answer.ASKED, db_default=Answer.ASKED
    )

    objects = ProminenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("prominent signatory")
        verbose_name_plural = _("prominent signatories")
        constraints = [
            one_of("answer", Answer),
            models.CheckConstraint(condition=Q(position__gte=1), name="positions_count_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.answer}"

    @property
    def has_agreed(self) -> bool:
        return self.answer == Answer.AGREED
