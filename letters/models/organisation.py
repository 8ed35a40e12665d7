import itertools
import re
import unicodedata

from django.db import models
from django.db.models import F, Q
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from letters.mail_domains import have_one_owner, itself_and_above, proves_nothing
from letters.models.constraints import one_of

LEGAL_FORMS = {
    "inc",
    "llc",
    "ltd",
    "limited",
    "corp",
    "corporation",
    "gmbh",
    "co",
    "plc",
    "ag",
    "sa",
}
LONGEST_KEY = 200


def alias_key(name: str) -> str:
    """What spellings of one organisation have in common: "Google, Inc." and "GOOGLE" → "google".

    At most `LONGEST_KEY` characters: one sign of some scripts comes apart into as many as 18.
    """
    plain = unicodedata.normalize("NFKD", name).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    words = " ".join(re.findall(r"[^\W_]+", plain))[:LONGEST_KEY].split()
    while len(words) > 1 and words[-1] in LEGAL_FORMS:
        words.pop()
    return " ".join(words)


class HeadcountBand(models.TextChoices):
    UNKNOWN = "", _("not known")
    TINY = "1-49", _("1 to 49")
    SMALL = "50-249", _("50 to 249")
    MIDDLE = "250-999", _("250 to 999")
    LARGE = "1000-9999", _("1,000 to 9,999")
    HUGE = "10000+", _("10,000 or more")

    @property
    def at_least(self) -> int | None:
        """The fewest people an organisation of this band has, or None where nobody knows."""
        return int(self.value.split("-")[0].rstrip("+")) if self.value else None


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def listed(self) -> "OrganisationQuerySet":
        """Those that people may name: neither withdrawn nor merged into another."""
        return self.filter(merged_into__isnull=True, withdrawn_on__isnull=True)

    def merged_away(self) -> "OrganisationQuerySet":
        return self.filter(merged_into__isnull=False)

    def named(self, name: str) -> "Organisation | None":
        """The organisation that goes by this name or one of its spellings."""
        return self.listed().filter(aliases__key=alias_key(name)).first()

    def free_slug(self, name: str) -> str:
        """An address for a new organisation that no other one has."""
        wish = slugify(name)[:70].strip("-_") or "organisation"
        alike = self.filter(slug__startswith=wish).count()
        numbered = (f"{wish}-{number}" for number in itertools.count(alike + 1))
        wishes = itertools.chain([wish], numbered)
        return next(slug for slug in wishes if not self.filter(slug=slug).exists())

    def owning(self, domain: str) -> "OrganisationDomain | None":
        """The entry of exactly this mail domain: whose mailboxes these are, proof or not."""
        return (
            OrganisationDomain.objects.select_related("organisation").filter(domain=domain).first()
        )

    def proven_by(self, domain: str) -> "Organisation | None":
        """The organisation that a mailbox at this domain proves.

        Subdomains prove nothing unless the entry says so: firms hand mailboxes below their
        domain to customers. Of several entries above a domain the nearest decides.
        """
        found = None if proves_nothing(domain) else self.nearest_entry(domain)
        if found is None or not found.proves(domain) or found.organisation.is_withdrawn:
            return None
        return found.organisation

    def nearest_entry(self, domain: str) -> "OrganisationDomain | None":
        """The entry of this mail domain, or of the nearest one that it stands below."""
        entries = OrganisationDomain.objects.select_related("organisation")
        above = entries.filter(domain__in=itself_and_above(domain))
        return max(above, key=lambda entry: len(entry.domain), default=None)


class Organisation(models.Model):
    name = models.CharField(_("name"), max_length=200, unique=True)
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    headcount_band = models.CharField(
        _("headcount"), max_length=10, choices=HeadcountBand, blank=True, default=""
    )
    is_demonstration = models.BooleanField(_("invented"), default=False)
    # A duplicate that was merged stays, so that what still says it is found: cookies of members,
    # and anonymous lines, which change with a batch only.
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", editable=False
    )
    withdrawn_on = models.DateField(_("withdrawn on"), null=True, blank=True, editable=False)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = ["name"]
        constraints = [
            one_of("headcount_band", HeadcountBand),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("pk")),
                name="organisations_are_not_their_own_parent",
                violation_error_message=_("An organisation cannot belong to itself."),
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("pk")),
                name="organisations_are_not_merged_into_themselves",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_on is not None

    @property
    def standing(self) -> "Organisation":
        """The organisation itself, or the one it was merged into."""
        return self.merged_into or self

    def ancestors(self) -> "list[Organisation]":
        """Parent, its parent and so on; a circle ends where it closes."""
        found: list[Organisation] = []
        above = self.parent
        while above is not None and above != self and above not in found:
            found.append(above)
            above = above.parent
        return found

    def descendants(self) -> "list[Organisation]":
        """Subsidiaries, theirs and so on, without the organisation itself."""
        found: list[Organisation] = []
        level = [self]
        while level:
            below = Organisation.objects.filter(parent__in=level).exclude(pk=self.pk)
            level = [one for one in below if one not in found]
            found += level
        return found


class OrganisationAlias(models.Model):
    """One spelling. The canonical name has an alias of its own, so one look-up finds all."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="aliases")
    name = models.CharField(_("name"), max_length=200)
    key = models.CharField(_("key"), max_length=LONGEST_KEY, unique=True, editable=False)

    class Meta:
        verbose_name = _("spelling")
        verbose_name_plural = _("spellings")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        self.key = alias_key(self.name)
        super().save(*args, **kwargs)  # type: ignore[arg-type]


class OrganisationDomain(models.Model):
    """A mail domain that proves one organisation.

    It does so letter for letter; with `includes_subdomains` whatever stands below it as well.
    Where customers, students or alumni have mailboxes too (not `is_staff_only`) it proves
    nothing, and the entry only tells whose domain it is. `catch_all_suspected` warns moderators:
    any invented address there would receive its code.

    `mailbox_domain` names the domain whose mailboxes these are where one organisation
    has several domains for the same mailbox (alice@fb.com is alice@meta.com).
    """

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="domains")
    domain = models.CharField(_("domain"), max_length=253, unique=True)
    mailbox_domain = models.CharField(
        _("mailbox domain"),
        max_length=253,
        help_text=_("The same as the domain, unless both lead to the same mailboxes."),
    )
    includes_subdomains = models.BooleanField(_("with subdomains"), default=False, db_default=False)
    is_staff_only = models.BooleanField(
        _("staff only"),
        default=True,
        db_default=True,
        help_text=_("Not where customers, students or alumni have mailboxes: it proves nothing."),
    )
    catch_all_suspected = models.BooleanField(
        _("takes any address, we suspect"), default=False, db_default=False
    )

    class Meta:
        verbose_name = _("mail domain")
        verbose_name_plural = _("mail domains")
        constraints = [
            models.CheckConstraint(
                condition=~Q(domain="") & ~Q(mailbox_domain=""),
                name="organisation_domains_are_not_empty",
            )
        ]

    def __str__(self) -> str:
        return self.domain

    def proves(self, domain: str) -> bool:
        """Whether a mailbox at `domain` proves the organisation by this entry."""
        is_covered = domain == self.domain or (
            self.includes_subdomains
            and domain.endswith(f".{self.domain}")
            and have_one_owner(self.domain, domain)
        )
        return is_covered and self.is_staff_only
