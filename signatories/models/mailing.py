import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from letters.models import Letter, Update
from letters.models.constraints import one_of

# A worker that claimed a mailing or a delivery and fell silent this long ago is believed dead.
MAILING_LEASE = timedelta(minutes=3)


class MailingState(models.TextChoices):
    SCHEDULED = "scheduled", _("scheduled")
    SENDING = "sending", _("being sent")
    PAUSED = "paused", _("paused")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("cancelled")


class WhyPaused(models.TextChoices):
    TEAM = "team", _("A team member has paused it.")
    TAKEN_DOWN = "taken_down", _("The letter was taken down.")
    REFUSED = (
        "refused",
        _(
            "Twenty mailboxes in a row refused the message. Probably their providers do not "
            "accept mail from our server at the moment. Nobody was skipped: ask the host to look "
            "into it, then go on."
        ),
    )
    KEY_LOST = (
        "key_lost",
        _(
            "The key that reads the addresses is not at hand. Nobody was skipped: tell the host, "
            "then go on."
        ),
    )


RUNNING = (MailingState.SENDING, MailingState.PAUSED)
ENDED = (MailingState.DONE, MailingState.CANCELLED)


class MailingQuerySet(models.QuerySet["Mailing"]):
    def of(self, letter: Letter) -> "MailingQuerySet":
        return self.filter(update__letter=letter)

    def running(self) -> "MailingQuerySet":
        return self.filter(state__in=RUNNING)

    def sending(self) -> "MailingQuerySet":
        return self.filter(state=MailingState.SENDING)

    def paused(self) -> "MailingQuerySet":
        return self.filter(state=MailingState.PAUSED)

    def scheduled(self) -> "MailingQuerySet":
        return self.filter(state=MailingState.SCHEDULED)

    def filled(self) -> "MailingQuerySet":
        """Those whose subscribers are all noted."""
        return self.filter(filled_at__isnull=False)

    def may_be_sent(self) -> "MailingQuerySet":
        """Those whose letter can be read, so that what the mail leads to is there.

        Without a join: once PostgreSQL has waited for somebody else's change, it asks again what a
        conditional UPDATE wants of the row itself, and not what stands in a sub-query.
        """
        readable = Letter.objects.appeared().not_sealed()
        return self.filter(update__in=Update.objects.filter(letter__in=readable))

    def due_to_start(self, now: datetime) -> "MailingQuerySet":
        return self.scheduled().filter(send_at__lte=now).may_be_sent()

    def to_go_on(self, now: datetime) -> "MailingQuerySet":
        """Mailings that are being sent, which no living worker has claimed and nothing holds."""
        return self.sending().filter(
            Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - MAILING_LEASE),
            Q(not_before__isnull=True) | Q(not_before__lte=now),
        )


class Mailing(models.Model):
    """One update on its way to those who subscribed to its letter.

    Before anybody decides to mail an update there is no row. With that decision the text is frozen:
    what an owner has read is what everybody gets, whatever becomes of the update. The row says how
    many, never who. The subscribers are noted as deliveries first, in the order of their digests;
    `filled_to` says how far that is. A worker holds the mailing by `claimed_at`, and nobody sends
    before `not_before`.
    """

    update = models.OneToOneField(Update, models.CASCADE, related_name="mailing")
    state = models.CharField(max_length=9, choices=MailingState)
    why_paused = models.CharField(max_length=10, choices=WhyPaused, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    send_at = models.DateTimeField(_("send at"))
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    subject = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    source = models.URLField(max_length=500, blank=True)
    total = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    refused_in_a_row = models.PositiveSmallIntegerField(default=0)
    filled_to = models.CharField(max_length=64, blank=True)
    filled_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    objects = MailingQuerySet.as_manager()

    class Meta:
        verbose_name = _("mailing")
        verbose_name_plural = _("mailings")
        indexes = [models.Index(fields=["state", "not_before"], name="mailing_outbox")]
        constraints = [
            one_of("state", MailingState),
            models.CheckConstraint(
                condition=Q(state=MailingState.PAUSED, why_paused__in=WhyPaused.values)
                | ~Q(state=MailingState.PAUSED) & Q(why_paused=""),
                name="mailings_are_paused_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(state=MailingState.SCHEDULED, started_at__isnull=True)
                | ~Q(state=MailingState.SCHEDULED) & Q(started_at__isnull=False),
                name="mailings_started_at_agrees_with_state",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ENDED, ended_at__isnull=False)
                | ~Q(state__in=ENDED) & Q(ended_at__isnull=True),
                name="mailings_ended_at_agrees_with_state",
            ),
            models.CheckConstraint(condition=~Q(subject=""), name="mailings_say_something"),
            models.CheckConstraint(
                condition=Q(started_at__isnull=False) | Q(total=0, filled_at__isnull=True),
                name="mailings_are_filled_after_they_start",
            ),
            models.CheckConstraint(
                condition=Q(filled_at__isnull=True) | Q(filled_to=""),
                name="mailings_that_are_filled_name_no_subscriber",
            ),
            models.CheckConstraint(
                condition=Q(filled_at__isnull=False) | Q(sent=0, failed=0),
                name="nothing_is_sent_before_all_are_noted",
            ),
            models.CheckConstraint(
                condition=Q(total__gte=F("sent") + F("failed")),
                name="no_more_are_sent_than_there_are",
            ),
            models.CheckConstraint(
                condition=Q(claimed_at__isnull=True) | Q(state=MailingState.SENDING),
                name="workers_hold_what_is_being_sent",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_scheduled(self) -> bool:
        return self.state == MailingState.SCHEDULED

    @property
    def is_sending(self) -> bool:
        return self.state == MailingState.SENDING

    @property
    def is_paused(self) -> bool:
        return self.state == MailingState.PAUSED

    @property
    def is_running(self) -> bool:
        return self.state in RUNNING

    @property
    def is_over(self) -> bool:
        return self.state in ENDED


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def to_be_sent(self) -> "DeliveryQuerySet":
        """Those that were not refused; of the others the end of the mailing decides."""
        return self.filter(was_refused=False)

    def untried(self) -> "DeliveryQuerySet":
        return self.filter(retry_at__isnull=True)

    def refused(self) -> "DeliveryQuerySet":
        return self.filter(was_refused=True)

    def owed(self, now: datetime) -> "DeliveryQuerySet":
        """Those that can be sent now."""
        return self.to_be_sent().filter(
            Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - MAILING_LEASE),
            Q(retry_at__isnull=True) | Q(retry_at__lte=now),
        )

    def to(self, letter: Letter, digests: list[str]) -> "DeliveryQuerySet":
        return self.filter(mailing__update__letter=letter, digest__in=digests)


class Delivery(models.Model):
    """One subscriber who is still owed a mailing. Deleted once the mail server has the message,
    so that nothing tells who got what.

    It names the subscription by its digest and not by its key: each batch writes subscriptions
    anew under other keys, and a key would lead nowhere, or take the delivery along.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mailing = models.ForeignKey(Mailing, models.CASCADE, related_name="deliveries")
    digest = models.CharField(max_length=64)
    claimed_at = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    was_refused = models.BooleanField(default=False)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(
                fields=["mailing", "digest"], name="one_delivery_per_mailing_and_mailbox"
            ),
            models.CheckConstraint(condition=~Q(digest=""), name="deliveries_lead_somewhere"),
            models.CheckConstraint(
                condition=Q(was_refused=False) | Q(claimed_at__isnull=True),
                name="refused_deliveries_are_not_being_sent",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
