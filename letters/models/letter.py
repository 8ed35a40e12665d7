import hashlib
import json
from datetime import date, datetime
from functools import cached_property

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from letters.markdown import around_demands
from letters.models.constraints import one_of
from letters.models.organisation import Organisation
from letters.models.switch import SiteSwitch

SMALLEST_GROUP = 3


class Status(models.TextChoices):
    DRAFT = "draft", _("draft")
    PUBLISHED = "published", _("published")
    CLOSED = "closed", _("closed")
    SEALED = "sealed", _("sealed")


class Visibility(models.TextChoices):
    PUBLIC = "public", _("public: listed, for everybody")
    UNLISTED = "unlisted", _("unlisted: for everybody who has the link")
    INTERNAL = "internal", _("internal: for members of its organisations")


class Eligibility(models.TextChoices):
    ANYBODY = "anybody", _("anybody")
    ORGANISATIONS = "organisations", _("people of its organisations")


class Reach(models.TextChoices):
    """Whose people count as those of a letter's organisations."""

    ONLY = "only", _("members of these organisations")
    BELOW = "below", _("and of their subsidiaries")
    FAMILY = "family", _("and of their subsidiaries and parents")


class ReviewPolicy(models.TextChoices):
    BEFORE = "before", _("a moderator reads each entry before it is published")
    AFTER = "after", _("entries are published once a check finds nothing, and read afterwards")


class Outcome(models.TextChoices):
    NONE = "none", _("No response")
    DECLINED = "declined", _("Declined")
    PARTLY = "partly", _("Partly met")
    MET = "met", _("Met in full")


def _is_paused() -> Q:
    site = SiteSwitch.objects.filter(signing_paused_on__isnull=False)
    return Q(signing_paused_on__isnull=False) | Q(models.Exists(site))


class LetterQuerySet(models.QuerySet["Letter"]):
    def for_everybody(self) -> "LetterQuerySet":
        """Letters that anybody with the address may read; others do not exist for the public."""
        return self.appeared().filter(visibility__in=[Visibility.PUBLIC, Visibility.UNLISTED])

    def appeared(self) -> "LetterQuerySet":
        """Letters that are no drafts any more, and were not taken down."""
        ended = [Status.PUBLISHED, Status.CLOSED, Status.SEALED]
        return self.filter(status__in=ended, taken_down_on__isnull=True)

    def taken_down(self) -> "LetterQuerySet":
        """Letters whose address says that they are gone: not those that never were for all."""
        visible = [Visibility.PUBLIC, Visibility.UNLISTED]
        return self.filter(taken_down_on__isnull=False, visibility__in=visible)

    def reaching(self, organisation: Organisation) -> "LetterQuerySet":
        """Letters among whose organisations, with what belongs to them, this one is."""
        admitted = Q(organisations=organisation)
        admitted |= Q(
            organisations__in=organisation.ancestors(), reach__in=[Reach.BELOW, Reach.FAMILY]
        )
        admitted |= Q(organisations__in=organisation.descendants(), reach=Reach.FAMILY)
        return self.filter(admitted).distinct()

    def admitting(self, organisation: Organisation) -> "LetterQuerySet":
        """Internal letters that members of this organisation may read."""
        return self.reaching(organisation).appeared().filter(visibility=Visibility.INTERNAL)

    def listed(self) -> "LetterQuerySet":
        return self.for_everybody().filter(visibility=Visibility.PUBLIC)

    def paused(self) -> "LetterQuerySet":
        """Letters that take no new entries for now, by their team or by the host."""
        return self.filter(_is_paused())

    def with_pause(self) -> "LetterQuerySet":
        """Each letter with the answer (`pauses`) whether it is `paused`, for many in one query."""
        return self.annotate(pauses=_is_paused())

    def due_to_be_public(self, today: date) -> "LetterQuerySet":
        """Internal letters whose signatories were told that they become public by today."""
        return self.filter(public_on__lte=today)

    def sealed(self) -> "LetterQuerySet":
        return self.filter(status=Status.SEALED)

    def past_closing(self, now: datetime) -> "LetterQuerySet":
        """Published letters whose closing time has come."""
        return self.filter(status=Status.PUBLISHED, closes_at__lte=now)

    def closed_before(self, day: date) -> "LetterQuerySet":
        """Letters that are closed, not sealed, and closed on `day` or earlier."""
        return self.filter(status=Status.CLOSED, closed_on__lte=day)

    def not_sealed(self) -> "LetterQuerySet":
        return self.exclude(status=Status.SEALED)


class Letter(models.Model):
    slug = models.SlugField(_("address"), max_length=80, unique=True)
    title = models.CharField(_("title"), max_length=200)
    summary = models.CharField(_("summary"), max_length=300, blank=True)
    addressed_to = models.CharField(_("addressed to"), max_length=200, blank=True)
    organiser_line = models.CharField(
        _("organiser line"), max_length=200, blank=True, help_text=_("May stay empty.")
    )
    language = models.CharField(_("language"), max_length=10, default="en")
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    visibility = models.CharField(
        _("visibility"), max_length=10, choices=Visibility, default=Visibility.PUBLIC
    )
    organisations = models.ManyToManyField(
        Organisation,
        blank=True,
        related_name="letters",
        verbose_name=_("organisations"),
        help_text=_("Whose members an internal letter is for."),
    )
    eligibility = models.CharField(
        _("who may sign"),
        max_length=13,
        choices=Eligibility,
        default=Eligibility.ANYBODY,
        db_default=Eligibility.ANYBODY,
    )
    public_on = models.DateField(
        _("becomes public on"),
        null=True,
        blank=True,
        help_text=_("Asked of the signatories of an internal letter, each of whom decides again."),
    )
    taken_down_on = models.DateField(_("taken down on"), null=True, blank=True)
    # A host looks at a letter before it appears for the first time, where the installation asks so.
    submitted_on = models.DateField(_("submitted to the host on"), null=True, blank=True)
    host_note = models.CharField(_("note of the host"), max_length=500, blank=True, db_default="")
    was_internal = models.BooleanField(_("was internal at first"), default=False, db_default=False)
    reach = models.CharField(
        _("reach"), max_length=6, choices=Reach, default=Reach.ONLY, db_default=Reach.ONLY
    )
    review_policy = models.CharField(
        _("review policy"), max_length=10, choices=ReviewPolicy, default=ReviewPolicy.BEFORE
    )
    allows_named = models.BooleanField(_("allows signing by name"), default=True)
    allows_anonymous = models.BooleanField(_("allows signing anonymously"), default=True)
    allows_pledged = models.BooleanField(_("allows pledges"), default=False)
    accepts_unverified = models.BooleanField(_("accepts unverified affiliations"), default=True)
    allows_unverified_anonymous = models.BooleanField(
        _("allows “Anonymous, not verified”"), default=False, db_default=False
    )
    allows_vouching = models.BooleanField(
        _("lets signatories vouch for colleagues"), default=False, db_default=False
    )
    allows_login = models.BooleanField(
        _("allows proof by work login"),
        default=True,
        db_default=True,
        help_text=_("For people who sign by name, where the host has set up a provider."),
    )
    minimum_group_size = models.PositiveSmallIntegerField(_("minimum group size"), default=5)
    roll_in_search = models.BooleanField(
        _("search engines may list the roll"), default=True, db_default=True
    )
    roll_for_people = models.BooleanField(
        _("keeps the roll for people to read"), default=False, db_default=False
    )
    pledge_thresholds = models.JSONField(_("pledge thresholds"), default=list, blank=True)
    goal = models.PositiveIntegerField(_("goal"), null=True, blank=True)
    opens_at = models.DateTimeField(_("opens at"), null=True, blank=True)
    closes_at = models.DateTimeField(_("closes at"), null=True, blank=True)
    published_on = models.DateField(_("published on"), null=True, blank=True)
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    sealed_on = models.DateField(_("sealed on"), null=True, blank=True)
    # Against floods (`letters.actions.pausing`). A pause is no end: what was begun goes on.
    signing_paused_on = models.DateField(_("signing paused on"), null=True, blank=True)
    asks_for_check = models.BooleanField(
        _("always asks browsers for the check"), default=False, db_default=False
    )
    current_version = models.ForeignKey(
        "letters.LetterVersion", models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = LetterQuerySet.as_manager()
    pauses: bool  # On rows that were read `with_pause`.

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        ordering = ["-published_on", "slug"]
        constraints = [
            one_of("status", Status),
            one_of("visibility", Visibility),
            one_of("eligibility", Eligibility),
            one_of("reach", Reach),
            one_of("review_policy", ReviewPolicy),
            models.CheckConstraint(
                condition=Q(allows_named=True) | Q(allows_anonymous=True) | Q(allows_pledged=True),
                name="letters_can_be_signed_somehow",
                violation_error_message=_("Allow at least one way to appear."),
            ),
            models.CheckConstraint(
                condition=Q(taken_down_on__isnull=True) | ~Q(status=Status.DRAFT),
                name="only_letters_that_appeared_are_taken_down",
            ),
            models.CheckConstraint(
                condition=Q(signing_paused_on__isnull=True) | ~Q(status=Status.DRAFT),
                name="drafts_are_not_paused",
            ),
            models.CheckConstraint(
                condition=Q(submitted_on__isnull=True) | Q(status=Status.DRAFT),
                name="only_drafts_wait_for_the_host",
            ),
            models.CheckConstraint(
                condition=Q(public_on__isnull=True)
                | Q(visibility=Visibility.INTERNAL, status__in=[Status.PUBLISHED, Status.CLOSED]),
                name="only_internal_letters_become_public",
                violation_error_message=_("Only a published internal letter can become public."),
            ),
            models.CheckConstraint(
                condition=Q(minimum_group_size__gte=SMALLEST_GROUP),
                name="letters_protect_small_groups",
                violation_error_message=_("A group of fewer than three protects nobody."),
            ),
            models.CheckConstraint(
                condition=Q(closes_at__isnull=True)
                | Q(opens_at__isnull=True)
                | Q(closes_at__gt=models.F("opens_at")),
                name="letters_close_after_they_open",
                violation_error_message=_("The letter closes before it opens."),
            ),
            models.CheckConstraint(
                condition=Q(status=Status.DRAFT, published_on__isnull=True)
                | (
                    ~Q(status=Status.DRAFT)
                    & Q(published_on__isnull=False, current_version__isnull=False)
                ),
                name="letters_out_of_draft_have_a_text_and_a_day",
                violation_error_message=_("A published letter has a text and a day."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=[Status.DRAFT, Status.PUBLISHED], closed_on__isnull=True)
                | Q(status__in=[Status.CLOSED, Status.SEALED], closed_on__isnull=False),
                name="letters_closed_on_agrees_with_status",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.SEALED, sealed_on__isnull=False)
                | (~Q(status=Status.SEALED) & Q(sealed_on__isnull=True)),
                name="letters_sealed_on_agrees_with_status",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("public:letter", args=[self.slug])

    @property
    def is_open(self) -> bool:
        """Whether new entries are accepted now."""
        now = timezone.now()
        return (
            self.status == Status.PUBLISHED
            and self.taken_down_on is None
            and (self.opens_at is None or self.opens_at <= now)
            and (self.closes_at is None or now < self.closes_at)
        )

    @property
    def opens_later(self) -> bool:
        """Whether the letter can be read, and its first entry is yet to be accepted."""
        return (
            self.status == Status.PUBLISHED
            and self.taken_down_on is None
            and self.opens_at is not None
            and self.opens_at > timezone.now()
        )

    @property
    def is_internal(self) -> bool:
        return self.visibility == Visibility.INTERNAL

    @property
    def is_for_search(self) -> bool:
        """Whether search engines may list pages of the letter: an unlisted one is found by its
        link alone."""
        return self.visibility == Visibility.PUBLIC

    @property
    def is_roll_for_search(self) -> bool:
        """Whether search engines may list pages with names of the roll."""
        return self.is_for_search and not self.is_roll_kept_apart

    @property
    def is_roll_kept_apart(self) -> bool:
        """Whether its team wants the names on the pages of the roll only, and these unlisted."""
        return self.roll_for_people or not self.roll_in_search

    @property
    def allows_counted(self) -> bool:
        """Whether one may be counted without a line: only those who began inside know why."""
        return self.is_internal or self.was_internal

    @property
    def is_for_organisations(self) -> bool:
        """Whether only people of its organisations may sign."""
        return self.is_internal or self.eligibility == Eligibility.ORGANISATIONS

    def reaches(self, organisation: Organisation) -> bool:
        """Whether people of this organisation are among those of the letter's."""
        return Letter.objects.filter(pk=self.pk).reaching(organisation).exists()

    @property
    def is_closed(self) -> bool:
        return self.status == Status.CLOSED

    @property
    def is_sealed(self) -> bool:
        return self.status == Status.SEALED

    @property
    def reviews_before(self) -> bool:
        return self.review_policy == ReviewPolicy.BEFORE


class LetterVersion(models.Model):
    """The text and demands as they stood. Signatures are bound to one; it never changes."""

    letter = models.ForeignKey(Letter, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    title = models.CharField(_("title"), max_length=200)
    text = models.TextField(_("text"), help_text=_("Markdown"))
    sha256 = models.CharField("SHA-256", max_length=64)
    published_on = models.DateField(_("published on"))

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        ordering = ["letter", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["letter", "number"], name="versions_are_numbered_once_per_letter"
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="versions_have_a_sha256"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="versions_count_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.number})"

    @property
    def canonical(self) -> bytes:
        """The bytes whose SHA-256 is `sha256`."""
        demands = [(demand.lead, demand.text) for demand in self.demands.all()]
        return canonical_text(self.title, self.text, demands)

    @property
    def opening_html(self) -> str:
        return around_demands(self.text)[0]

    @property
    def closing_html(self) -> str:
        return around_demands(self.text)[1]


class Demand(models.Model):
    version = models.ForeignKey(LetterVersion, models.CASCADE, related_name="demands")
    number = models.PositiveSmallIntegerField(_("number"))
    lead = models.CharField(_("lead"), max_length=100, blank=True)
    text = models.CharField(_("text"), max_length=500)

    class Meta:
        verbose_name = _("demand")
        verbose_name_plural = _("demands")
        ordering = ["version", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "number"], name="demands_are_numbered_once_per_version"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="demands_say_something"),
        ]

    def __str__(self) -> str:
        return f"{self.lead} {self.text}".strip()


class Recipient(models.Model):
    letter = models.ForeignKey(Letter, models.CASCADE, related_name="recipients")
    position = models.PositiveSmallIntegerField(_("position"))
    name = models.CharField(_("name"), max_length=200)
    role = models.CharField(_("role"), max_length=200, blank=True)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        ordering = ["letter", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["letter", "position"], name="recipients_have_a_place_each"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="recipients_have_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def organisation_name(self) -> str:
        return self.organisation.name if self.organisation else ""

    @property
    def who(self) -> str:
        """Name and organisation; an office alone could be that of several organisations."""
        return ", ".join(part for part in (self.name, self.organisation_name) if part)

    @cached_property
    def status(self) -> Outcome:
        """All responses in one word: the same for every demand, or partly met."""
        outcomes = {response.outcome for response in self.responses.all()} - {Outcome.NONE}
        if not outcomes:
            return Outcome.NONE
        return Outcome(outcomes.pop()) if len(outcomes) == 1 else Outcome.PARTLY

    def get_status_display(self) -> str:
        return str(self.status.label)


def canonical_text(title: str, text: str, demands: list[tuple[str, str]]) -> bytes:
    """What a signature is bound to, in the one form that digests are taken of.

    UTF-8 JSON with the members title, text and demands (a list of [lead, text]), keys sorted,
    no white space between them, non-ASCII left as it is.
    """
    content = {"title": title, "text": text, "demands": [list(demand) for demand in demands]}
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def text_digest(title: str, text: str, demands: list[tuple[str, str]]) -> str:
    """SHA-256, in hexadecimal, of the canonical text."""
    return hashlib.sha256(canonical_text(title, text, demands)).hexdigest()
