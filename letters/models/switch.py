from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class SiteSwitchQuerySet(models.QuerySet["SiteSwitch"]):
    def signing_paused_on(self) -> date | None:
        """Since when no letter of the installation takes new entries; None while they do."""
        return self.values_list("signing_paused_on", flat=True).first()


class SiteSwitch(models.Model):
    """What hosts switch for the whole installation: one row, made when it is first needed."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    signing_paused_on = models.DateField(_("signing paused on"), null=True, blank=True)

    objects = SiteSwitchQuerySet.as_manager()

    class Meta:
        verbose_name = _("switch of the site")
        verbose_name_plural = _("switches of the site")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="the_site_has_one_row_of_switches"),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)
