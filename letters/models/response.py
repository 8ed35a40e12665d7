from django.db import models
from django.db.models import Q
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from letters.markdown import as_html
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
    """News from the organisers, or press coverage.

    `revision` counts how often it was edited, so that of two editors none overwrites the other.
    """

    letter = models.ForeignKey(Letter, models.CASCADE, related_name="updates")
    kind = models.CharField(_("kind"), max_length=5, choices=Kind, default=Kind.NEWS)
    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("text"), blank=True)
    source = models.URLField(_("source"), blank=True, max_length=500)
    published_on = models.DateField(_("published on"))
    revision = models.PositiveIntegerField(default=0, db_default=0)
    edited_on = models.DateField(_("edited on"), null=True, blank=True)

    class Meta:
        verbose_name = _("update")
        verbose_name_plural = _("updates")
        ordering = ["-published_on", "-pk"]
        constraints = [
            one_of("kind", Kind),
            models.CheckConstraint(condition=~Q(title=""), name="updates_have_a_title"),
            models.CheckConstraint(
                condition=~Q(kind=Kind.PRESS) | ~Q(source=""),
                name="press_coverage_has_a_source",
                violation_error_message=_("Say where the coverage can be read."),
            ),
            models.CheckConstraint(
                condition=Q(revision=0, edited_on__isnull=True)
                | Q(revision__gt=0, edited_on__isnull=False),
                name="updates_edited_on_agrees_with_revision",
            ),
        ]
        indexes = [models.Index(fields=["letter", "-published_on", "-id"], name="letter_updates")]

    def __str__(self) -> str:
        return self.title

    @property
    def body_html(self) -> SafeString:
        return as_html(self.body)

    @property
    def is_press(self) -> bool:
        return self.kind == Kind.PRESS
