from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from letters.models.constraints import one_of
from letters.models.letter import Letter

LONGEST_DRAFT = 60_000

# What a draft says of its time where none is chosen.
UNPLANNED = {"publish_at": None, "planned_by": None, "planned_revision": None}


class HeldBack(models.TextChoices):
    """Why a draft did not appear, or will not appear, at the time that was chosen for it."""

    NOT = "", _("it was not held back")
    SAVED = "saved", _("The text was saved again, so the chosen time was dropped.")
    OVERTAKEN = "overtaken", _("Another version was published first, so the time was dropped.")
    UNAPPROVED = "unapproved", _("The host had not decided by the chosen time.")
    INCOMPLETE = "incomplete", _("Something needed was missing when the chosen time came.")
    NOT_OWNER = "not_owner", _("Whoever chose the time was no owner any more when it came.")
    NO_FACTOR = "no_factor", _("Whoever chose the time had no second factor when it came.")
    SEALED = "sealed", _("The letter was sealed before the chosen time.")


class DraftQuerySet(models.QuerySet["Draft"]):
    def planned(self) -> "DraftQuerySet":
        """Drafts for whose publication somebody has chosen a time."""
        return self.filter(publish_at__isnull=False)

    def due(self, now: datetime) -> "DraftQuerySet":
        """Drafts whose time has come."""
        return self.filter(publish_at__lte=now)

    def telling(self) -> "DraftQuerySet":
        """Drafts of whose time the team should know: one was chosen, or was not kept."""
        return self.filter(Q(publish_at__isnull=False) | ~Q(held_back=HeldBack.NOT))


class Draft(models.Model):
    """What the team writes and nobody else reads, until it is published as a version.

    Nothing typed is refused here: what a letter needs is asked for when it is published.
    `revision` counts how often it was saved, so that of two editors none overwrites the other.
    An owner may choose a time at which it appears; saving it again drops that time, so that what
    appears is the revision that was read.
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
    publish_at = models.DateTimeField(_("appears at"), null=True, blank=True)
    # The owner who chose the time, or the host who approved it: in whose name it is published.
    planned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    planned_revision = models.PositiveIntegerField(null=True, blank=True)
    held_back = models.CharField(
        _("held back"), max_length=10, choices=HeldBack, blank=True, default="", db_default=""
    )

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [
            one_of("held_back", HeldBack),
            models.CheckConstraint(
                condition=Q(
                    publish_at__isnull=True, planned_by__isnull=True, planned_revision__isnull=True
                )
                | Q(
                    publish_at__isnull=False,
                    planned_by__isnull=False,
                    planned_revision__isnull=False,
                    planned_revision=F("revision"),
                ),
                name="drafts_appear_as_they_were_read_or_not_by_themselves",
                violation_error_message=_("A chosen time is for one revision of the draft."),
            ),
            models.CheckConstraint(
                condition=Q(publish_at__isnull=True) | Q(held_back=HeldBack.NOT),
                name="drafts_are_planned_or_held_back",
            ),
        ]

    def __str__(self) -> str:
        return self.title
