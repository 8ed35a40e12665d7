import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from letters.models import Letter
from letters.models.constraints import one_of
from signatories.models.signature import Signature

# A worker that claimed a code and fell silent this long ago is believed dead.
CLAIM_LEASE = timedelta(minutes=3)
# Whoever is reminded has at least so long to answer before the entry is erased.
TIME_TO_ANSWER = timedelta(hours=12)


class Purpose(models.TextChoices):
    SIGN = "sign", _("confirm a signature")
    FIND = "find", _("find a signature again")
    FREE = "free", _("withdraw an anonymous signature and free its address")
    UPDATES = "updates", _("receive the updates of a letter")
    ENTER = "enter", _("read the letters for members of an organisation")


class VerificationQuerySet(models.QuerySet["Verification"]):
    def due(self, now: datetime) -> "VerificationQuerySet":
        """Codes to be sent now that no living worker has claimed."""
        return self.filter(due_at__lte=now).filter(
            Q(retry_at__isnull=True) | Q(retry_at__lte=now),
            Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - CLAIM_LEASE),
        )

    def of(self, letter: Letter) -> "VerificationQuerySet":
        return self.filter(Q(letter=letter) | Q(signature__letter=letter))

    def unsent(self) -> "VerificationQuerySet":
        return self.filter(due_at__isnull=False)

    def put_off(self, now: datetime) -> "VerificationQuerySet":
        """Codes that are due later only: their mailboxes' servers have put them off."""
        return self.filter(due_at__gt=now)

    def expired(self, now: datetime) -> "VerificationQuerySet":
        return self.filter(erase_after__lte=now)

    def to_be_reminded(self, now: datetime) -> "VerificationQuerySet":
        """Those whose reminder is due: it leads to a letter that is there, no code is on its way,
        and there is time left to answer."""
        readable = Letter.objects.appeared().not_sealed()
        return self.filter(
            remind_at__lte=now,
            due_at__isnull=True,
            erase_after__gt=now + TIME_TO_ANSWER / 2,
            signature__in=Signature.objects.filter(letter__in=readable),
        )

    def reminded(self) -> "VerificationQuerySet":
        return self.filter(reminder_digest__isnull=False)


class Verification(models.Model):
    """What is needed until a mailbox is proven, and nothing else. Deleted at confirmation.

    The row is the outbox: a code is due while `due_at` is set; a worker claims it
    (`claimed_at`), and once the mail server has taken it, `sent_at` is set and `due_at`
    emptied. Where the mail server is out of reach, nobody tries again before `retry_at`; where it
    puts this one mailbox off, `due_at` moves to when it is asked again.
    The address is encrypted under `FIELD_KEYS` and the key of the day `key_name`.

    Where a reminder is due, `remind_at` says when. Whoever sends it empties that and sets the
    digest of its button beforehand, so that a crash loses it and nothing repeats it;
    `mailbox_digest`, under the key of the day, keeps the mailbox from getting a second one.
    `ticket_digest` is that of the ticket by which a returned mail finds its entry.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=7, choices=Purpose)
    signature = models.OneToOneField(
        Signature, models.CASCADE, null=True, blank=True, related_name="verification"
    )
    # To free an address or to receive updates: the letter it is about, and to free one,
    # the manage digest of the entry that is withdrawn.
    letter = models.ForeignKey(Letter, models.CASCADE, null=True, blank=True, related_name="+")
    entry_digest = models.CharField(max_length=64, blank=True, db_default="")
    # To sign on a colleague's word: the digest of the link that is used up with this.
    vouch_digest = models.CharField(max_length=64, blank=True, db_default="")
    address = models.BinaryField()
    key_name = models.CharField(max_length=40)
    is_private = models.BooleanField()
    page_digest = models.CharField(max_length=64, unique=True)
    button_digest = models.CharField(max_length=64, unique=True, null=True, blank=True)
    reminder_digest = models.CharField(max_length=64, unique=True, null=True, blank=True)
    mailbox_digest = models.CharField(max_length=64, unique=True, null=True, blank=True)
    ticket_digest = models.CharField(max_length=64, unique=True, null=True, blank=True)
    code_digest = models.CharField(max_length=64, blank=True)
    # Of the login that somebody has begun, if any; its answer empties it.
    login_digest = models.CharField(max_length=64, blank=True, db_default="")
    # Whether it came with many others from one network or mail domain. Which is never stored.
    is_burst = models.BooleanField(default=False, db_default=False)
    tries = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    remind_at = models.DateTimeField(null=True, blank=True)
    erase_after = models.DateTimeField()

    objects = VerificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")
        indexes = [
            models.Index(fields=["due_at"], name="verification_outbox"),
            models.Index(fields=["erase_after"], name="verification_erasure"),
            models.Index(
                fields=["remind_at"],
                condition=Q(remind_at__isnull=False),
                name="verification_reminders",
            ),
        ]
        constraints = [
            one_of("purpose", Purpose),
            models.CheckConstraint(
                condition=Q(purpose=Purpose.SIGN, signature__isnull=False)
                | ~Q(purpose=Purpose.SIGN) & Q(signature__isnull=True),
                name="verifications_to_sign_have_a_signature",
            ),
            models.CheckConstraint(
                condition=Q(
                    purpose__in=[Purpose.SIGN, Purpose.FIND, Purpose.ENTER], letter__isnull=True
                )
                | Q(purpose__in=[Purpose.FREE, Purpose.UPDATES], letter__isnull=False),
                name="verifications_to_free_or_subscribe_have_a_letter",
            ),
            models.CheckConstraint(
                condition=Q(purpose=Purpose.FREE) & ~Q(entry_digest="")
                | ~Q(purpose=Purpose.FREE) & Q(entry_digest=""),
                name="only_verifications_to_free_lead_to_an_entry",
            ),
            models.CheckConstraint(
                condition=Q(vouch_digest="") | Q(purpose=Purpose.SIGN),
                name="only_verifications_to_sign_use_up_a_vouch",
            ),
            models.CheckConstraint(
                condition=Q(is_burst=False) | Q(purpose=Purpose.SIGN),
                name="only_those_who_sign_come_in_a_burst",
            ),
            models.CheckConstraint(
                condition=~Q(key_name=""), name="addresses_are_under_a_key_of_the_day"
            ),
            models.CheckConstraint(
                condition=Q(is_private=True) | Q(button_digest__isnull=True),
                name="work_mailboxes_get_no_button",
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | ~Q(code_digest=""),
                name="sent_codes_have_a_digest",
            ),
            models.CheckConstraint(
                condition=Q(is_private=True, purpose=Purpose.SIGN)
                | Q(remind_at__isnull=True, reminder_digest__isnull=True),
                name="reminders_go_to_private_mailboxes_of_signers",
            ),
            models.CheckConstraint(
                condition=Q(reminder_digest__isnull=True, mailbox_digest__isnull=True)
                | Q(
                    reminder_digest__isnull=False,
                    mailbox_digest__isnull=False,
                    remind_at__isnull=True,
                ),
                name="reminders_leave_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def code_is_valid_until(self, minutes: int) -> datetime | None:
        """The end of the code's life, counted from sending (or from the claim, if a crash
        hid whether it was sent); None while no code was made."""
        began = self.sent_at or self.claimed_at
        return began + timedelta(minutes=minutes) if began and self.code_digest else None

    def has_live_code(self, minutes: int) -> bool:
        until = self.code_is_valid_until(minutes)
        return until is not None and timezone.now() < until


class LetterKey(models.Model):
    """The key under which a letter digests addresses, wrapped by a key in `KEYS_DIR`."""

    letter = models.OneToOneField(Letter, models.CASCADE, related_name="key")
    wrapped = models.BinaryField()

    def __str__(self) -> str:
        return str(self.letter_id)


class UsedAddress(models.Model):
    """An address has signed this letter. No join to a signature, and no time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    letter = models.ForeignKey(Letter, models.CASCADE, related_name="used_addresses")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["letter", "digest"], name="one_confirmed_address_one_signature"
            ),
            models.CheckConstraint(condition=~Q(digest=""), name="used_addresses_are_digests"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Subscription(models.Model):
    """Somebody wants the updates of a letter. No join to a signature, and no time.

    The address is encrypted under `FIELD_KEYS` and the letter's key in `KEYS_DIR`, which
    sealing destroys; `digest` keeps the mailbox from being written to twice. `link_digest` is
    that of the capability in every update, to end the subscription; `refusals` says how many
    mailings in a row the mailbox has refused or sent back; by `ticket_digest` the newest of them
    finds its way here.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    letter = models.ForeignKey(Letter, models.CASCADE, related_name="subscriptions")
    address = models.BinaryField()
    digest = models.CharField(max_length=64)
    token_digest = models.CharField(max_length=64, unique=True)
    link_digest = models.CharField(max_length=64, unique=True, null=True, blank=True)
    refusals = models.PositiveSmallIntegerField(default=0, db_default=0)
    ticket_digest = models.CharField(max_length=64, unique=True, null=True, blank=True)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = [
            models.UniqueConstraint(
                fields=["letter", "digest"], name="one_subscription_per_mailbox"
            ),
            models.CheckConstraint(
                condition=~Q(digest="") & ~Q(token_digest=""),
                name="subscriptions_have_digests",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
