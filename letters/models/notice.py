from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from letters.models.constraints import one_of
from letters.models.letter import Letter
from letters.models.outbox import Outbox, OutboxQuerySet
from letters.models.team import Membership


class NoticeKind(models.TextChoices):
    """What a team is told of. The order is that of the page on which one chooses."""

    WAITING = "waiting", _("entries wait for a moderator")
    SURGE = "surge", _("many more people than usual sign by name")
    REJECTION = "rejection", _("somebody rejects very many entries")
    PRESSURE = "pressure", _("so many forms arrive that browsers are asked for a check")
    GOAL = "goal", _("a quarter, half, three quarters or all of the goal is reached")
    SUBMITTED = "submitted", _("somebody of the team submits the letter to the host")
    RETURNED = "returned", _("the host gives the letter back to the team")
    APPROVED = "approved", _("the host lets the letter appear")
    DIGEST = "digest", _("once a day how many have signed, if the number changed")
    APPROVAL = "approval", _("a letter waits for your approval")


class OccasionQuerySet(models.QuerySet["Occasion"]):
    def of_kind(self, kind: str) -> "OccasionQuerySet":
        return self.filter(kind=kind)


class Occasion(models.Model):
    """Something happened to a letter that a team may want to know: once, whatever runs twice.

    `figures` are numbers that stood on the letter's page; nothing here is about any one person.
    `step` tells two occasions of one kind and day apart: of a goal, how many signatures it means.
    """

    letter = models.ForeignKey(Letter, models.CASCADE, related_name="occasions")
    kind = models.CharField(max_length=9, choices=NoticeKind)
    day = models.DateField()
    step = models.PositiveBigIntegerField(default=0)
    figures = models.JSONField(default=dict, blank=True)

    objects = OccasionQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("kind", NoticeKind),
            models.UniqueConstraint(
                fields=["letter", "kind", "day", "step"], name="an_occasion_is_noted_once"
            ),
            models.UniqueConstraint(
                fields=["letter", "step"],
                condition=Q(kind=NoticeKind.GOAL),
                name="a_step_to_a_goal_is_noted_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.letter_id}, {self.day}"


def _is_on_the_team(user: str, letter: str) -> Exists:
    return Exists(Membership.objects.filter(user=OuterRef(user), letter=OuterRef(letter)))


class NoticeQuerySet(OutboxQuerySet):
    def unread(self) -> "NoticeQuerySet":
        return self.filter(seen_on__isnull=True)

    def listed(self) -> "NoticeQuerySet":
        """All but digests, which say in a mail what the pages say."""
        return self.exclude(occasion__kind=NoticeKind.DIGEST)

    def of_strangers(self) -> "NoticeQuerySet":
        """Those of people who have left the team since, or whose account was closed."""
        belongs = Q(user__is_superuser=True) | _is_on_the_team("user", "occasion__letter")
        return self.exclude(belongs & Q(user__is_active=True))


class Notice(Outbox):
    """That somebody is told of an occasion: on the page of their letters, and if `due_at` is or
    was set, by mail."""

    occasion = models.ForeignKey(Occasion, models.CASCADE, related_name="notices")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    seen_on = models.DateField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="notice_outbox")]
        constraints = [
            models.UniqueConstraint(fields=["user", "occasion"], name="one_notice_of_an_occasion"),
            models.CheckConstraint(
                condition=Q(due_at__isnull=True) | Q(sent_at__isnull=True),
                name="notices_are_due_or_sent",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class NoticeChoiceQuerySet(models.QuerySet["NoticeChoice"]):
    def of_strangers(self) -> "NoticeChoiceQuerySet":
        """Those of people who have left the team since, or are no hosts any more."""
        belongs = Q(user__is_superuser=True) | _is_on_the_team("user", "letter")
        return self.exclude(belongs & Q(user__is_active=True))


class NoticeChoice(models.Model):
    """Whether somebody wants mails of a kind about a letter; for a host, without a letter,
    whether about letters that wait for approval.

    `token_digest` is that of the link in the mails, which switches this off.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notice_choices"
    )
    letter = models.ForeignKey(
        Letter, models.CASCADE, null=True, blank=True, related_name="notice_choices"
    )
    kind = models.CharField(max_length=9, choices=NoticeKind)
    is_on = models.BooleanField()
    token_digest = models.CharField(max_length=64, unique=True)

    objects = NoticeChoiceQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("kind", NoticeKind),
            models.UniqueConstraint(
                fields=["user", "letter", "kind"], name="people_choose_once_for_a_letter"
            ),
            # NULL equals nothing in a unique constraint, itself neither.
            models.UniqueConstraint(
                fields=["user", "kind"],
                condition=Q(letter__isnull=True),
                name="hosts_choose_once",
            ),
            models.CheckConstraint(
                condition=Q(kind=NoticeKind.APPROVAL, letter__isnull=True)
                | ~Q(kind=NoticeKind.APPROVAL) & Q(letter__isnull=False),
                name="choices_are_about_a_letter_but_for_hosts",
            ),
            models.CheckConstraint(condition=~Q(token_digest=""), name="choices_have_a_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.is_on}"
