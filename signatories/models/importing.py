import uuid
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from letters.models import Letter
from letters.models.constraints import one_of
from signatories.models.verification import CLAIM_LEASE


class ImportState(models.TextChoices):
    MAPPING = "mapping", _("columns are to be chosen")
    READING = "reading", _("is being read")
    READY = "ready", _("read; nobody has been written to")
    SENDING = "sending", _("invitations are leaving")
    PAUSED = "paused", _("paused")
    DONE = "done", _("all invitations have left")
    CANCELLED = "cancelled", _("cancelled")


ENDED = (ImportState.DONE, ImportState.CANCELLED)


class Fault(models.TextChoices):
    """What is wrong with a row. The last two leave a word out and invite all the same."""

    NO_ADDRESS = "no_address", _("no mail address")
    BAD_ADDRESS = "bad_address", _("not a mail address")
    ROLE_ADDRESS = "role_address", _("the address of an office, not of a person")
    WORK_MAILBOX = "work_mailbox", _("a mailbox at work, or at a domain of one’s own")
    NO_NAME = "no_name", _("no name")
    BAD_NAME = "bad_name", _("this cannot stand as a name")
    LONG_NAME = "long_name", _("the name is longer than 120 characters")
    REPEATED = "repeated", _("the same mailbox stands further up")
    INVITED = "invited", _("this mailbox was invited lately")
    TITLE = "title", _("the title cannot stand on a line, and was left out")
    ORGANISATION = "organisation", _("the organisation cannot stand on a line, and was left out")


NOTES = (Fault.TITLE, Fault.ORGANISATION)


class ImportQuerySet(models.QuerySet["Import"]):
    def to_be_read(self, now: datetime) -> "ImportQuerySet":
        """Those in mid-reading that no living worker is at."""
        return self.filter(state=ImportState.READING).filter(
            Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - CLAIM_LEASE)
        )

    def in_state(self, *states: str) -> "ImportQuerySet":
        return self.filter(state__in=states)

    def unfinished(self) -> "ImportQuerySet":
        return self.exclude(state__in=ENDED)

    def expired(self, now: datetime) -> "ImportQuerySet":
        return self.filter(erase_after__lte=now)


class Import(models.Model):
    """A spreadsheet with people who said that they want to sign, on its way to invitations.

    The file is kept in parts, and its heads in `head`, encrypted under `FIELD_KEYS` and the key
    of the day `key_name`; parts go as they are read. Everything is erased after `erase_after`.
    `mapping` says in which columns what stands, by their numbers.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    letter = models.ForeignKey(Letter, models.CASCADE, related_name="imports")
    state = models.CharField(max_length=9, choices=ImportState, default=ImportState.MAPPING)
    head = models.BinaryField(null=True, blank=True)
    key_name = models.CharField(max_length=40)
    mapping = models.JSONField(default=dict, blank=True)
    rows_total = models.PositiveIntegerField()
    rows_done = models.PositiveIntegerField(default=0)
    invited = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    undeliverable = models.PositiveIntegerField(default=0)
    # Names of organisations: in another spelling than the listed one, and close to a listed one.
    aliases = models.PositiveIntegerField(default=0)
    close_names = models.PositiveIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    erase_after = models.DateTimeField()

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        indexes = [models.Index(fields=["erase_after"], name="import_erasure")]
        constraints = [
            one_of("state", ImportState),
            models.UniqueConstraint(
                fields=["letter"],
                condition=~Q(state__in=["done", "cancelled"]),
                name="one_import_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state="mapping", head__isnull=False)
                | ~Q(state="mapping") & Q(head__isnull=True),
                name="heads_are_kept_until_columns_are_chosen",
            ),
            models.CheckConstraint(condition=~Q(key_name=""), name="imports_are_under_a_key"),
            models.CheckConstraint(
                condition=Q(rows_total__gte=F("rows_done"))
                & Q(rows_done__gte=F("invited"))
                & Q(invited__gte=F("sent") + F("undeliverable")),
                name="imports_count_no_row_twice",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["ready", "sending", "paused", "done"])
                | Q(rows_done=F("rows_total")),
                name="invitations_wait_until_all_is_read",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_ended(self) -> bool:
        return self.state in ENDED


class ImportPart(models.Model):
    """Some rows of an import that are not read yet, encrypted. Deleted when they are."""

    source = models.ForeignKey(Import, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    rows = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "number"], name="parts_have_a_place_each")
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ImportFault(models.Model):
    """Something is wrong with a row: its number and a code, and nothing of what stands in it."""

    source = models.ForeignKey(Import, models.CASCADE, related_name="faults")
    row = models.PositiveIntegerField()
    fault = models.CharField(max_length=12, choices=Fault)

    class Meta:
        constraints = [
            one_of("fault", Fault),
            models.UniqueConstraint(fields=["source", "row", "fault"], name="faults_are_said_once"),
        ]

    def __str__(self) -> str:
        return f"{self.row}: {self.fault}"


class InvitedQuerySet(models.QuerySet["Invited"]):
    def due(self, now: datetime) -> "InvitedQuerySet":
        """Invitations to be sent now that no living worker has claimed."""
        return self.filter(sent_at__isnull=True, source__state=ImportState.SENDING).filter(
            Q(source__erase_after__gt=now),
            Q(retry_at__isnull=True) | Q(retry_at__lte=now),
            Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - CLAIM_LEASE),
        )

    def unsent(self) -> "InvitedQuerySet":
        return self.filter(sent_at__isnull=True)

    def claimed_since(self, moment: datetime) -> "InvitedQuerySet":
        """Those that have left since then, or are about to."""
        return self.filter(claimed_at__gt=moment)


class Invited(models.Model):
    """Somebody who is invited to sign, and has not answered. Deleted when they do.

    The row is the outbox: the invitation is due while it is unsent and its import is sending.
    `content` has address, name, title and organisation as JSON, encrypted under `FIELD_KEYS` and
    the key of the day of the import. `digest` is that of the mailbox in `InvitedMailbox`,
    `ticket_digest` that of the ticket by which a returned invitation finds its way here.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey(Import, models.CASCADE, related_name="people")
    content = models.BinaryField()
    digest = models.CharField(max_length=64)
    token_digest = models.CharField(max_length=64, unique=True, null=True, blank=True)
    ticket_digest = models.CharField(max_length=64, unique=True, null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = InvitedQuerySet.as_manager()

    class Meta:
        verbose_name = _("invited person")
        verbose_name_plural = _("invited people")
        indexes = [
            models.Index(
                fields=["source", "id"],
                condition=Q(sent_at__isnull=True),
                name="invitation_outbox",
            ),
            models.Index(fields=["claimed_at"], name="invitation_throttle"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "digest"], name="one_invitation_per_mailbox_and_import"
            ),
            models.CheckConstraint(condition=~Q(digest=""), name="invited_people_have_a_digest"),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(token_digest__isnull=False),
                name="sent_invitations_have_a_link",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class InvitedMailboxQuerySet(models.QuerySet["InvitedMailbox"]):
    def reserved(self) -> "InvitedMailboxQuerySet":
        """Of those that nothing was sent to."""
        return self.filter(written_on__isnull=True)

    def refusing(self) -> "InvitedMailboxQuerySet":
        return self.filter(refuses=True)

    def written_long_ago(self, today: date) -> "InvitedMailboxQuerySet":
        longest_ago = today - timedelta(days=settings.INVITED_DAYS)
        return self.filter(written_on__lte=longest_ago)

    def expired(self, today: date) -> "InvitedMailboxQuerySet":
        """Those that may be invited again."""
        return self.written_long_ago(today).filter(refuses=False)


class InvitedMailbox(models.Model):
    """A mailbox that is invited to sign a letter, or wants no invitation to it any more.

    A digest under the letter's key, of another kind than those of signers and subscribers. No
    join to a signature; that somebody signed changes nothing here. Sealing erases it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    letter = models.ForeignKey(Letter, models.CASCADE, related_name="invited_mailboxes")
    digest = models.CharField(max_length=64)
    written_on = models.DateField(null=True, blank=True)
    refuses = models.BooleanField(default=False)

    objects = InvitedMailboxQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["letter", "digest"], name="one_invitation_per_mailbox_and_letter"
            ),
            models.CheckConstraint(condition=~Q(digest=""), name="invited_mailboxes_are_digests"),
            models.CheckConstraint(
                condition=Q(refuses=False) | Q(written_on__isnull=False),
                name="who_refuses_was_written_to",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
