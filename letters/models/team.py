from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from letters.models.constraints import one_of


class User(AbstractUser):
    """An organiser, moderator or host. Signatories have no account."""

    is_demonstration = models.BooleanField(_("demonstration"), default=False, editable=False)

    REQUIRED_FIELDS = []

    class Meta(AbstractUser.Meta):
        constraints = [
            # An account may have one for notices, encrypted: `AccountMail`. This one is in clear.
            models.CheckConstraint(
                condition=Q(email=""),
                name="accounts_have_no_address_in_clear",
                violation_error_message=_("Leave the mail address empty."),
            )
        ]


class Role(models.TextChoices):
    OWNER = "owner", _("owner")
    EDITOR = "editor", _("editor")
    MODERATOR = "moderator", _("moderator")
    PRESS = "press", _("press: reads along")


class Membership(models.Model):
    """What somebody may do for one letter."""

    letter = models.ForeignKey("letters.Letter", models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=12, choices=Role)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            one_of("role", Role),
            models.UniqueConstraint(
                fields=["letter", "user"],
                name="one_membership_per_letter_and_user",
                violation_error_message=_("This person is a member of the letter already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"
