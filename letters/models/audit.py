from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """Who did what: ids and codes only, never a name or an address of a signatory.

    Dated by day; append-only (a trigger refuses changes).
    """

    letter = models.ForeignKey(
        "letters.Letter", models.SET_NULL, null=True, blank=True, related_name="audit_entries"
    )
    verb = models.CharField(_("verb"), max_length=60)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    target = models.CharField(_("target"), max_length=80, blank=True)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    number = models.PositiveIntegerField(_("number"), default=1)
    recorded_on = models.DateField(_("recorded on"))

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["letter", "verb"], name="audit_of_letter"),
            # By day first: the newest of a quiet letter would else be looked for among all others'.
            models.Index(fields=["letter", "-recorded_on", "-id"], name="audit_trail"),
            models.Index(
                fields=["letter", "actor", "-recorded_on", "-id"], name="audit_trail_of_person"
            ),
            # What was decided about one entry, and last of all.
            models.Index(fields=["target", "-id"], name="audit_of_target"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(number__gte=1), name="audit_entries_count_something"
            )
        ]

    def __str__(self) -> str:
        return self.verb
