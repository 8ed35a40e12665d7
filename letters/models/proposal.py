"""Names that people typed and the directory does not know."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from letters.models.constraints import one_of
from letters.models.letter import Letter
from letters.models.organisation import LONGEST_KEY, Organisation


class ProposalState(models.TextChoices):
    OPEN = "open", _("open")
    ACCEPTED = "accepted", _("accepted as an organisation")
    MERGED = "merged", _("another spelling of an organisation")
    REFUSED = "refused", _("refused, stays free text")


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def undecided(self) -> "ProposalQuerySet":
        return self.filter(state=ProposalState.OPEN)

    def about_entries_only(self) -> "ProposalQuerySet":
        """Open and refused ones: without an entry that says the name they are about nothing."""
        return self.filter(state__in=[ProposalState.OPEN, ProposalState.REFUSED])


class Proposal(models.Model):
    """An organisation that somebody named and the directory does not know.

    `name` is the spelling that came first, `number` how many entries have come with it, and
    `letters` those under which they stand. Nothing leads from here to an entry but the text.
    """

    name = models.CharField(_("name"), max_length=120)
    key = models.CharField(_("key"), max_length=LONGEST_KEY, unique=True, editable=False)
    number = models.PositiveIntegerField(_("entries"), default=1)
    letters = models.ManyToManyField(Letter, related_name="+", verbose_name=_("letters"))
    state = models.CharField(
        _("state"), max_length=8, choices=ProposalState, default=ProposalState.OPEN
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="proposals"
    )

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposed organisation")
        verbose_name_plural = _("proposed organisations")
        ordering = ["-number", "key"]
        constraints = [
            one_of("state", ProposalState),
            models.CheckConstraint(
                condition=Q(
                    state__in=[ProposalState.ACCEPTED, ProposalState.MERGED],
                    organisation__isnull=False,
                )
                | Q(
                    state__in=[ProposalState.OPEN, ProposalState.REFUSED],
                    organisation__isnull=True,
                ),
                name="proposals_lead_to_an_organisation_once_taken_up",
            ),
            models.CheckConstraint(condition=~Q(key=""), name="proposals_have_a_key"),
            models.CheckConstraint(condition=Q(number__gte=1), name="proposals_count_somebody"),
        ]

    def __str__(self) -> str:
        return self.name
