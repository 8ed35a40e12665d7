from django.db import models
from django.utils.translation import gettext_lazy as _

from letters.models.constraints import one_of
from letters.models.letter import Demand, Letter, Outcome, Recipient


class Response(models.Model):
    """What one recipient answered to one demand."""

    recipient = models.ForeignKey(Recipient, models.CASCADE, related_name="responses")
    demand = models.ForeignKey(Demand, models.PROTECT, related_name="responses")
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    responded_on = models.DateField(_("responded on"))
    statement = models.TextField(_("statement"), blank=True)
    source = models.URLField(_("source"), blank=True, max_length=500)

    class Meta:
        verbose_name = _("response")
        verbose_name_plural = _("responses")
        constraints = [
            one_of("outcome", Outcome),
            models.UniqueConstraint(
                fields=["recipient", "demand"],
                name="one_response_per_recipient_and_demand",
                violation_error_message=_("This recipient's response to the demand is recorded."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient}: {self.get_outcome_display()}"


class Kind(models.TextChoices):
    NEWS = "news", _("news")
    PRESS = "press", _("press")


class Update(models.Model):
    """News from the organisers, or press coverage."""

    letter = models.ForeignKey(Letter, models.CASCADE, related_name="updates")
    kind = models.CharField(_("kind"), max_length=5, choices=Kind, default=Kind.NEWS)
    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("text"), blank=True)
    source = models.URLField(_("source"), blank=True, max_length=500)
    published_on = models.DateField(_("published on"))

    class Meta:
        verbose_name = _("update")
        verbose_name_plural = _("updates")
        ordering = ["-published_on", "-pk"]
        constraints = [one_of("kind", Kind)]

    def __str__(self) -> str:
        return self.title
