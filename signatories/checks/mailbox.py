"""What a mailbox says against an entry. Asked once, at the confirmation, while the address can
be read; what is found names no address."""

from disposable_email_domains import blocklist

from letters.mail_domains import itself_and_above
from letters.models import Organisation
from signatories.addresses import Address
from signatories.affiliation import proven_by
from signatories.checks.finding import LONGEST_DETAIL, Finding
from signatories.models import FlagKind, Method, Signature, Tenure

# Ways by which the claimed organisation itself has said so.
SETTLED = (Method.MAILBOX, Method.LOGIN)


def found_at(address: Address, signature: Signature, *, is_burst: bool) -> list[Finding]:
    """The flags that the mailbox and the way of the entry give reason for.

    Nothing here depends on whether the address has signed. An anonymous entry gets the kind of a
    flag and nothing beside it.
    """
    found = []
    if is_disposable(address.domain):
        found.append(Finding(FlagKind.DISPOSABLE))
    employer = other_employer(address, signature)
    if employer:
        found.append(Finding(FlagKind.OTHER_EMPLOYER, employer.name[:LONGEST_DETAIL]))
    if is_burst:
        found.append(Finding(FlagKind.BURST))
    return found


def is_disposable(domain: str) -> bool:
    """Whether a provider gives mailboxes there to everybody, for some minutes."""
    return not blocklist.isdisjoint(itself_and_above(domain))


def other_employer(address: Address, signature: Signature) -> Organisation | None:
    """The organisation whose mailbox it is, where a name says to work at another one now.

    Whoever says to have left has another employer by now, and nothing in that is odd.
    """
    says_so = signature.organisation or signature.organisation_text
    if signature.is_anonymous or not says_so or signature.method in SETTLED:
        return None
    proven = proven_by(address)
    if proven is None or signature.tenure == Tenure.FORMER:
        return None
    proven = proven.standing
    said = signature.organisation
    return None if said and is_related(proven, said.standing) else proven


def is_related(one: Organisation, other: Organisation) -> bool:
    """Whether they are one organisation, or one belongs to the other."""
    return one == other or one in other.ancestors() or other in one.ancestors()
