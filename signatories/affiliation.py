"""What somebody claims about their work, and what their address proves of it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from letters.models import Organisation
from signatories.addresses import Address
from signatories.models import Method, Signature, Tenure


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
    owned = Organisation.objects.owning(address.domain)
    return owned.organisation if owned else None


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
    if proven != signature.organisation:
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
        return [
            _(
                "Your address is at %(proven)s and would prove that. Your line names "
                "%(claimed)s instead and will say “not verified”."
            )
            % {"proven": proven, "claimed": claimed}
        ]
    return [
        _(
            "Your line will say “not verified”. An address at %(claimed)s’s own mail domain "
            "would verify it; weigh that against your employer reading the mailbox."
        )
        % {"claimed": claimed}
    ]
