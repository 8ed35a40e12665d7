"""What somebody claims about their work, and what their address proves of it."""

from dataclasses import dataclass

from django.db.models import Case, Q, When
from django.utils.translation import gettext as _

from letters.models import Letter, Organisation
from letters.models.organisation import HeadcountBand
from signatories.addresses import Address
from signatories.models import Method, Signature, Tenure

# A browser filters what it was sent; this many names are some ten kilobytes.
LONGEST_LIST = 500
HEADCOUNT_ORDER = [band.value for band in reversed(HeadcountBand) if band.value]


@dataclass(frozen=True)
class Affiliation:
    """Where somebody works or worked, as far as we know, and by which method we know it."""

    organisation: Organisation | None = None
    organisation_text: str = ""
    tenure: str = ""
    method: str = Method.NONE

    @property
    def is_verified(self) -> bool:
        return self.method != Method.NONE

    @property
    def is_claimed(self) -> bool:
        return bool(self.organisation or self.organisation_text)


def assess(address: Address, claimed: str, tenure: str) -> Affiliation:
    """Weigh a claim against an address.

    An address on an organisation's domain proves that one organisation, and current tenure.
    It proves nothing else, and any other address proves nothing.
    """
    if not claimed:
        return Affiliation()
    organisation = Organisation.objects.named(claimed)
    proven = proven_by(address)
    if organisation and organisation == proven and tenure == Tenure.CURRENT:
        return Affiliation(organisation, "", tenure, Method.MAILBOX)
    return Affiliation(organisation, "" if organisation else claimed, tenure)


def proven_by(address: Address) -> Organisation | None:
    """The organisation on whose domain the mailbox is."""
    return Organisation.objects.proven_by(address.domain)


def proves(address: Address, signature: Signature) -> bool:
    """Whether the mailbox is at the organisation that an entry says, or that it is called now."""
    organisation = signature.organisation
    return organisation is not None and proven_by(address) == organisation.standing


def why_never_freed(signature: Signature) -> str:
    """What keeps any address from being freed by withdrawing this signature. The same for a
    duplicate, or whoever reads the mailbox could learn from it whether it had signed."""
    if signature.letter.is_sealed:
        return _("The letter is sealed: no address can sign it any more.")
    if signature.is_refused:
        return _("This entry was not published: its address cannot sign this letter again.")
    if signature.vouches_given:
        return _("You gave a link to a colleague: your address cannot sign this letter again.")
    return ""


def why_not_freed(signature: Signature, address: Address) -> str:
    """What keeps an address from being freed by withdrawing this anonymous signature.

    It must be worth what the withdrawn signature was: a mailbox of the same organisation for
    one that rested on such a mailbox, one that proves nothing for any other. Else a mailbox
    could sign twice for its organisation at the price of an address that costs nothing.
    """
    proven = proven_by(address)
    if signature.method != Method.MAILBOX:
        is_equal = proven is None
        refusal = _("This address is at %(organisation)s. You did not sign with one of those.")
        return "" if is_equal else refusal % {"organisation": proven}
    if not proves(address, signature):
        refusal = _("This address is not at %(organisation)s, for which you signed.")
        return refusal % {"organisation": signature.organisation}
    return ""


def advice(address: Address, affiliation: Affiliation) -> list[str]:
    """What would make an unverified claim a verified one, in sentences."""
    if affiliation.is_verified or not affiliation.is_claimed:
        return []
    claimed = affiliation.organisation or affiliation.organisation_text
    proven = proven_by(address)
    if proven and proven == affiliation.organisation:
        return [
            _(
                "An address at %(organisation)s proves that you work there now, not that you "
                "used to. Your line will say “not verified”."
            )
            % {"organisation": proven}
        ]
    if proven:
        return _advice_to_another_employer(affiliation, proven)
    return [
        _(
            "Your line will say “not verified”. An address at %(claimed)s’s own mail domain "
            "would verify it; weigh that against your employer reading the mailbox."
        )
        % {"claimed": claimed}
    ]


def _advice_to_another_employer(affiliation: Affiliation, proven: Organisation) -> list[str]:
    names = {
        "proven": proven,
        "claimed": affiliation.organisation or affiliation.organisation_text,
    }
    said = _(
        "Your address is at %(proven)s and would prove that. Your line names "
        "%(claimed)s instead and will say “not verified”."
    )
    if affiliation.tenure == Tenure.FORMER:
        return [said % names]
    told = _("The moderators are told that your address is at %(proven)s.")
    return [said % names, told % names]


def offered_names(letter: Letter) -> list[str]:
    """Names for the form's list of suggestions: all of them, or the likeliest where the
    directory is long. Never by who has signed: the list would tell of it.

    Those whom the letter is for and to come first, then those with most people.
    """
    organisations = Organisation.objects.listed()
    concerned = Q(letters=letter) | Q(pk__in=letter.recipients.values("organisation"))
    by_headcount = Case(
        *(When(headcount_band=band, then=place) for place, band in enumerate(HEADCOUNT_ORDER)),
        default=len(HEADCOUNT_ORDER),
    )
    first = organisations.filter(concerned).order_by().values_list("name", flat=True).distinct()
    others = organisations.order_by(by_headcount, "name").values_list("name", flat=True)
    likeliest = dict.fromkeys([*first[:LONGEST_LIST], *others[:LONGEST_LIST]])
    return sorted(list(likeliest)[:LONGEST_LIST], key=str.casefold)
