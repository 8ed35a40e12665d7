from collections.abc import Sequence

from django.db import models
from django.utils.translation import gettext_lazy as _

from letters.models import Letter
from letters.models.constraints import one_of
from signatories.models.choices import Appearance, Reason


class Tally(models.Model):
    """The public numbers of a letter, counted by a batched job and never per page view.

    `named`, `undecided` and the other `named_…` fields follow the roll within seconds.
    Everything that includes anonymous signatures (`anonymous`, `counted`, the other
    `anonymous_…` fields, `figures`, `refused`) moves with a batch only. `counted` are those
    without name and line, `undecided` the names that show no line. The `…_by_organisation`
    fields map organisation ids, as strings, to the number of verified signatures shown for them;
    the `…_by_version` fields map numbers of versions to the signatures that are bound to them,
    with or without a line.
    """

    letter = models.OneToOneField(Letter, models.CASCADE, related_name="tally")
    named = models.PositiveIntegerField(default=0)
    anonymous = models.PositiveIntegerField(default=0)
    counted = models.PositiveIntegerField(default=0, db_default=0)
    undecided = models.PositiveIntegerField(default=0, db_default=0)
    named_by_organisation = models.JSONField(default=dict)
    anonymous_by_organisation = models.JSONField(default=dict)
    named_by_version = models.JSONField(default=dict, db_default={})
    anonymous_by_version = models.JSONField(default=dict, db_default={})
    figures = models.JSONField(default=dict)
    refused = models.PositiveIntegerField(default=0, db_default=0)
    counted_on = models.DateField()
    last_batch_on = models.DateField(null=True, blank=True)
    next_batch_at = models.DateTimeField()

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")
        indexes = [models.Index(fields=["next_batch_at"], name="tally_batches")]

    def __str__(self) -> str:
        return str(self.total)

    @property
    def total(self) -> int:
        return self.on_roll + self.without_line

    @property
    def on_roll(self) -> int:
        """How many lines the roll has."""
        return self.named + self.anonymous

    @property
    def without_line(self) -> int:
        """Those who are counted and appear on no line."""
        return self.counted + self.undecided


class DayCount(models.Model):
    """How many signatures of a letter came on one day, stored with its tally.

    `named` are those that came that day and stand, and follows the roll within seconds. `others`
    are those without a name who came with a batch of that day, and never falls: it would tell of
    which day the one was who left.
    """

    letter = models.ForeignKey(Letter, models.CASCADE, related_name="day_counts")
    day = models.DateField()
    named = models.PositiveIntegerField(default=0)
    others = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("count of a day")
        verbose_name_plural = _("counts of days")
        constraints = [
            models.UniqueConstraint(fields=["letter", "day"], name="days_are_counted_once"),
            models.CheckConstraint(
                condition=models.Q(named__gte=1) | models.Q(others__gte=1),
                name="counted_days_have_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.named + self.others}"


class Fate(models.TextChoices):
    EXPIRED = "expired", _("not confirmed in time")
    REFUSED = "refused", _("refused by the owner of the mailbox, or by its server")
    DUPLICATE = "duplicate", _("the address had signed already")
    WITHDRAWN = "withdrawn", _("withdrawn")
    REJECTED = "rejected", _("rejected, and erased after 30 days")


class DepartureQuerySet(models.QuerySet["Departure"]):
    def named(self) -> "DepartureQuerySet":
        return self.filter(appearance=Appearance.NAMED)

    def not_appearing(self, appearances: Sequence[str]) -> "DepartureQuerySet":
        return self.exclude(appearance__in=appearances)


class Departure(models.Model):
    """How many signatures that are gone met which fate; nothing about any one of them.

    Verbs add a row of one; the counting job folds them, so that no row is hot.
    """

    letter = models.ForeignKey(Letter, models.CASCADE, related_name="departures")
    fate = models.CharField(max_length=10, choices=Fate)
    appearance = models.CharField(max_length=10, choices=Appearance)
    reason = models.CharField(max_length=20, choices=Reason, blank=True)
    number = models.PositiveIntegerField(default=1)

    objects = DepartureQuerySet.as_manager()

    class Meta:
        verbose_name = _("departure")
        verbose_name_plural = _("departures")
        constraints = [
            one_of("fate", Fate),
            one_of("appearance", Appearance),
            models.CheckConstraint(
                condition=models.Q(reason="") | models.Q(reason__in=Reason.values),
                name="departure_reason_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(number__gte=1), name="departures_count_somebody"
            ),
            models.CheckConstraint(
                condition=models.Q(fate=Fate.REJECTED) | models.Q(reason=""),
                name="only_rejections_have_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fate}: {self.number}"


class DecisionDays(models.Model):
    """How many names were decided so many days after they were confirmed; nothing about any one.

    Verbs add a row of one; the counting job folds them, so that no row is hot.
    """

    letter = models.ForeignKey(Letter, models.CASCADE, related_name="decision_days")
    days = models.PositiveIntegerField()
    number = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("days to a decision")
        verbose_name_plural = _("days to decisions")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(number__gte=1), name="decision_days_count_somebody"
            )
        ]

    def __str__(self) -> str:
        return f"{self.days}: {self.number}"
