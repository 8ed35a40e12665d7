"""What belongs to accounts: links that open one once, and where somebody is signed in."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from letters.models.constraints import one_of
from letters.models.team import Role, User


class OneTimeLinkQuerySet(models.QuerySet):
    def open(self, now: datetime) -> Self:
        return self.filter(expires_at__gt=now)

    def expired(self, now: datetime) -> Self:
        return self.filter(expires_at__lte=now)


class OneTimeLink(models.Model):
    """A link that works once. The row is deleted when it is used or taken back."""

    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    made_by = models.ForeignKey(
        User, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("made by")
    )
    expires_at = models.DateTimeField(_("expires"))

    objects = OneTimeLinkQuerySet.as_manager()

    class Meta:
        abstract = True


class Invitation(OneTimeLink):
    """Lets whoever holds its link make one account. `made_by` is empty for the installation."""

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["expires_at"]

    def __str__(self) -> str:
        return str(self.pk)


class TeamInvitationQuerySet(OneTimeLinkQuerySet):
    def open(self, now: datetime) -> Self:
        """Those whose maker could still make them: who leaves a team leaves no way back in."""
        owns = Q(made_by__memberships__letter=F("letter"), made_by__memberships__role=Role.OWNER)
        makers = self.filter(Q(made_by__is_superuser=True) | owns, made_by__is_active=True)
        return super().open(now).filter(pk__in=makers.values("pk"))


class TeamInvitation(OneTimeLink):
    """Lets whoever holds its link, and has an account, join a letter's team in one role."""

    letter = models.ForeignKey("letters.Letter", models.CASCADE, related_name="team_invitations")
    role = models.CharField(_("role"), max_length=12, choices=Role)

    objects = TeamInvitationQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("invitation to a team")
        verbose_name_plural = _("invitations to teams")
        ordering = ["expires_at"]
        constraints = [one_of("role", Role)]

    def __str__(self) -> str:
        return f"{self.letter_id}: {self.role}"


class Recovery(OneTimeLink):
    """Lets whoever holds its link give an account a new password or passkey."""

    user = models.OneToOneField(User, models.CASCADE, related_name="recovery")

    class Meta:
        verbose_name = _("recovery")
        verbose_name_plural = _("recoveries")
        constraints = [
            models.CheckConstraint(
                condition=Q(made_by__isnull=True) | ~Q(made_by=F("user")),
                name="nobody_recovers_themself",
                violation_error_message=_("Somebody else has to give you the link."),
            )
        ]

    def __str__(self) -> str:
        return str(self.user)


class AccountSession(models.Model):
    """Where somebody is signed in, told by the kind of browser and the day; no address."""

    session = models.OneToOneField("sessions.Session", models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="account_sessions")
    browser = models.CharField(_("browser"), max_length=40, blank=True)
    began_on = models.DateField(_("began on"))

    class Meta:
        verbose_name = _("session of an account")
        verbose_name_plural = _("sessions of accounts")
        ordering = ["-began_on", "browser", "pk"]

    def __str__(self) -> str:
        return self.browser
