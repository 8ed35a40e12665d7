"""What speaks against an entry, or asks for a second look: never a decision by itself."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from letters.models.constraints import one_of
from signatories.models.choices import State


class FlagKind(models.TextChoices):
    """Why a moderator should look twice."""

    # The words, compared after the confirmation.
    SAME_NAME = "same_name", _("same name")
    SIMILAR_NAME = "similar_name", _("similar name")
    WELL_KNOWN = "well_known", _("well-known name")
    RECIPIENT = "recipient", _("name of a recipient")
    JOKE = "joke", _("joke")
    ABUSE = "abuse", _("abuse")
    SCRIPTS = "scripts", _("unusual letters")
    TITLE = "title", _("title names somebody else")
    # The mailbox and the way, known at the confirmation.
    OTHER_EMPLOYER = "other_employer", _("another employer")
    DISPOSABLE = "disposable", _("throw-away mailbox")
    BURST = "burst", _("burst")
    # What somebody said afterwards.
    REPORTED = "reported", _("reported")
    OBJECTION = "objection", _("objection")


class Complaint(models.TextChoices):
    """What a reader can say of a line. Kept as codes: words of strangers would be about others."""

    ME = "me", _("This is me: take my line away")
    NOT_REAL = "not_real", _("This is not a real person")
    NAME_USED = "name_used", _("Somebody used my name: I did not sign")


REOPENING = (FlagKind.REPORTED, FlagKind.OBJECTION)


class FlagQuerySet(models.QuerySet["Flag"]):
    def reopening(self) -> "FlagQuerySet":
        """Those that ask for a decision about an entry that was decided."""
        return self.filter(kind__in=REOPENING)

    def about_decided(self) -> "FlagQuerySet":
        """Questions about entries that were decided: few, where signatures may be a million."""
        return self.reopening().exclude(signature__state=State.IN_REVIEW)


class Flag(models.Model):
    """One reason to look twice at one entry. `signatories.flags` says it in words.

    `detail` is what the words name (a listed name, a word, a code), `other` the entry whose name
    is alike. Both stay empty on an anonymous entry. Keys are drawn at random: in order they would
    tell in which order entries came.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    signature = models.ForeignKey("signatories.Signature", models.CASCADE, related_name="flags")
    kind = models.CharField(_("kind"), max_length=14, choices=FlagKind)
    detail = models.CharField(max_length=120, blank=True)
    other = models.ForeignKey(
        "signatories.Signature", models.CASCADE, null=True, blank=True, related_name="+"
    )

    objects = FlagQuerySet.as_manager()

    class Meta:
        verbose_name = _("flag")
        verbose_name_plural = _("flags")
        indexes = [
            models.Index(
                fields=["signature"], condition=Q(kind__in=REOPENING), name="flag_reopening"
            )
        ]
        constraints = [
            one_of("kind", FlagKind),
            models.UniqueConstraint(
                fields=["signature", "kind"], name="an_entry_has_one_flag_of_a_kind"
            ),
            models.CheckConstraint(
                condition=Q(other__isnull=True)
                | Q(kind__in=[FlagKind.SAME_NAME, FlagKind.SIMILAR_NAME]),
                name="only_names_are_like_another_entry",
            ),
        ]

    def __str__(self) -> str:
        return self.kind

    @property
    def complaints(self) -> list[str]:
        """The codes of what readers reported."""
        return self.detail.split(",") if self.kind == FlagKind.REPORTED and self.detail else []
