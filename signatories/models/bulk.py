"""Decisions about many entries at once: what was previewed, and what became of each."""

import uuid
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from letters.models import Letter
from letters.models.constraints import one_of
from signatories.models.choices import Reason
from signatories.models.verification import CLAIM_LEASE


class Decision(models.TextChoices):
    APPROVE = "approve", _("approve")
    REJECT = "reject", _("reject")
    SET_ASIDE = "set_aside", _("set aside")
    RESTORE = "restore", _("take rejections back")


class BulkState(models.TextChoices):
    PREVIEWED = "previewed", _("not decided: a preview")
    WAITING = "waiting", _("about to begin")
    RUNNING = "running", _("under way")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("cancelled")
    UNDOING = "undoing", _("being taken back")
    UNDONE = "undone", _("taken back")


SELECTED = {"selected": "yes"}  # In the place of a rule: what somebody ticked in the list.
DECIDING = (BulkState.WAITING, BulkState.RUNNING)
AT_WORK = (*DECIDING, BulkState.UNDOING)
UNDOABLE = (BulkState.DONE, BulkState.CANCELLED)


class BulkOutcome(models.TextChoices):
    """What became of one entry. The empty text stands for: nothing yet."""

    DONE = "done", _("decided as previewed")
    DECIDED = "decided", _("somebody had decided it meanwhile")
    CHANGED = "changed", _("it had changed since the preview")
    SINGLY = "singly", _("names of well-known people and of recipients are approved one by one")
    REFUSED = "refused", _("it could not be decided so any more")
    TAKEN_BACK = "taken_back", _("taken back")
    AGAIN = "again", _("left alone: somebody has decided it anew since")


AFTERWARDS = (BulkOutcome.TAKEN_BACK, BulkOutcome.AGAIN)
GONE = "gone"  # In the figures: erased or moved by a batch, so that no row is left to say so.
LOST = "lost"  # The same, for what was to be taken back.


class BulkQuerySet(models.QuerySet["BulkDecision"]):
    def by_rule(self) -> "BulkQuerySet":
        return self.exclude(decision=Decision.RESTORE)

    def of_rejections(self) -> "BulkQuerySet":
        """Those by which owners take somebody's rejections back."""
        return self.filter(decision=Decision.RESTORE)

    def in_state(self, *states: str) -> "BulkQuerySet":
        return self.filter(state__in=states)

    def previewed(self) -> "BulkQuerySet":
        return self.filter(state=BulkState.PREVIEWED)

    def begun(self) -> "BulkQuerySet":
        return self.exclude(state=BulkState.PREVIEWED)

    def at_work(self) -> "BulkQuerySet":
        return self.filter(state__in=AT_WORK)

    def ended(self) -> "BulkQuerySet":
        return self.begun().exclude(state__in=AT_WORK)

    def to_go_on(self, now: datetime) -> "BulkQuerySet":
        """Those that no living worker is at."""
        return self.at_work().filter(
            Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - CLAIM_LEASE)
        )

    def expired(self, today: date) -> "BulkQuerySet":
        previews = Q(
            state=BulkState.PREVIEWED,
            made_on__lt=today - timedelta(days=settings.BULK_PREVIEW_DAYS),
        )
        ended = ~Q(state__in=AT_WORK) & Q(made_on__lte=today - timedelta(days=settings.BULK_DAYS))
        return self.filter(previews | ended)


class BulkDecision(models.Model):
    """One decision about many entries of one letter, from the preview to the end.

    `rule` says which entries were meant, and goes with the row, because it may hold a name. The
    entries themselves are noted when the preview is made, and no other is ever touched.
    `figures` counts outcomes. Dated by day: anonymous entries are among them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    letter = models.ForeignKey(Letter, models.CASCADE, related_name="bulk_decisions")
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="bulk_decisions"
    )
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decision = models.CharField(_("decision"), max_length=9, choices=Decision)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    rule = models.JSONField(default=dict, blank=True)
    state = models.CharField(
        _("state"), max_length=9, choices=BulkState, default=BulkState.PREVIEWED
    )
    total = models.PositiveIntegerField(default=0)
    figures = models.JSONField(default=dict, blank=True)
    made_on = models.DateField(_("made on"))
    claimed_at = models.DateTimeField(null=True, blank=True)

    objects = BulkQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision about many entries")
        verbose_name_plural = _("decisions about many entries")
        indexes = [models.Index(fields=["letter", "-made_on"], name="bulk_of_letter")]
        constraints = [
            one_of("decision", Decision),
            one_of("state", BulkState),
            models.CheckConstraint(
                condition=Q(decision=Decision.REJECT, reason__in=Reason.values)
                | ~Q(decision=Decision.REJECT) & Q(reason="", note=""),
                name="rejections_of_many_give_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(claimed_at__isnull=True)
                | Q(state__in=[BulkState.RUNNING, BulkState.UNDOING]),
                name="workers_hold_what_is_being_decided",
            ),
            models.CheckConstraint(
                condition=~Q(decision=Decision.RESTORE)
                | ~Q(state__in=[BulkState.PREVIEWED, BulkState.UNDOING, BulkState.UNDONE]),
                name="what_was_taken_back_is_not_taken_back",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_selection(self) -> bool:
        """Whether its entries were ticked in the list, not meant by a rule."""
        return SELECTED.items() <= self.rule.items()

    @property
    def is_previewed(self) -> bool:
        return self.state == BulkState.PREVIEWED

    @property
    def is_deciding(self) -> bool:
        return self.state in DECIDING

    @property
    def is_undoing(self) -> bool:
        return self.state == BulkState.UNDOING

    @property
    def is_at_work(self) -> bool:
        return self.state in AT_WORK

    @property
    def done(self) -> int:
        """How many entries it decided."""
        return int(self.figures.get(BulkOutcome.DONE, 0))

    @property
    def taken_back(self) -> int:
        return int(self.figures.get(BulkOutcome.TAKEN_BACK, 0))

    @property
    def to_take_back(self) -> int:
        """How many of them nothing has been taken back of yet."""
        return self.done - sum(int(self.figures.get(one, 0)) for one in (*AFTERWARDS, LOST))

    @property
    def can_be_undone(self) -> bool:
        return (
            self.state in UNDOABLE and self.decision != Decision.RESTORE and self.to_take_back > 0
        )

    @property
    def handled(self) -> int:
        """How far it is, of `to_handle`."""
        if self.state in (BulkState.UNDOING, BulkState.UNDONE):
            return self.done - self.to_take_back
        return sum(n for what, n in self.figures.items() if what not in (*AFTERWARDS, LOST))

    @property
    def to_handle(self) -> int:
        is_going_back = self.state in (BulkState.UNDOING, BulkState.UNDONE)
        return self.done if is_going_back else self.total


class BulkEntryQuerySet(models.QuerySet["BulkEntry"]):
    def undecided(self) -> "BulkEntryQuerySet":
        return self.filter(outcome="")

    def done(self) -> "BulkEntryQuerySet":
        return self.filter(outcome=BulkOutcome.DONE)


class BulkEntry(models.Model):
    """One entry that a preview showed. It goes with the entry, and so with a batch.

    Its key is drawn at random, and entries are taken in the order of theirs, so that nothing here
    tells who came when. `digest` is that of what the preview showed, `recorded` the number of the
    audit entry that this decision left.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    bulk = models.ForeignKey(BulkDecision, models.CASCADE, related_name="entries")
    signature = models.ForeignKey("signatories.Signature", models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(max_length=10, choices=BulkOutcome, blank=True)
    recorded = models.PositiveBigIntegerField(null=True, blank=True)

    objects = BulkEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry of a decision about many")
        verbose_name_plural = _("entries of decisions about many")
        indexes = [models.Index(fields=["bulk", "outcome", "signature"], name="bulk_outbox")]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="") | Q(outcome__in=BulkOutcome.values),
                name="bulk_outcome_is_known",
            ),
            models.UniqueConstraint(
                fields=["bulk", "signature"], name="an_entry_is_decided_once_by_a_rule"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
