from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from letters.models.letter import Letter

LONGEST_DRAFT = 60_000


class Draft(models.Model):
    """What the team writes and nobody else reads, until it is published as a version.

    Nothing typed is refused here: what a letter needs is asked for when it is published.
    `revision` counts how often it was saved, so that of two editors none overwrites the other.
    """

    letter = models.OneToOneField(Letter, models.CASCADE, related_name="draft")
    title = models.CharField(_("title"), max_length=500, blank=True)
    text = models.TextField(_("text"), blank=True, max_length=LONGEST_DRAFT)
    # One demand a line, in the form of `letters.forms`.
    demands = models.TextField(_("demands"), blank=True, max_length=LONGEST_DRAFT)
    revision = models.PositiveIntegerField(default=0)
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    saved_at = models.DateTimeField(_("saved at"))

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")

    def __str__(self) -> str:
        return self.title
