"""Answering an invitation: signing by name, or never being asked again."""

from django.db import transaction

from config.deadlocks import tried_again
from letters.actions import NotAllowed
from signatories.actions import confirming, signing
from signatories.actions.signing import Entry
from signatories.affiliation import Affiliation
from signatories.models import Invited
from signatories.verification import invitation


@tried_again
@transaction.atomic
def accept(*, invited: Invited, token: str, entry: Entry, affiliation: Affiliation) -> str:
    """Sign with the mailbox that the link proves; return the capability to manage the entry.

    The way is that of any entry: unconfirmed, then confirmed in the same moment. Whether the
    mailbox has signed already changes nothing that anybody sees. Raises `InvitationGone`, or
    `NotAllowed` where the letter takes no such entry any more, or `keys.KeyLost`.
    """
    refusal = invitation.why_not(invited.source.letter)
    if refusal:
        raise NotAllowed(refusal)
    address = invitation.person_of(invited).address
    invitation.use_up(invited)
    verification = signing.sign_with_proof(
        letter=invited.source.letter, entry=entry, address=address, affiliation=affiliation
    )
    return confirming.confirm(verification=verification, secrets=(token,))


@transaction.atomic
def refuse(*, invited: Invited) -> None:
    """Erase the person, and write to the mailbox about this letter never again: a digest
    remembers it until the letter is sealed. Raises `InvitationGone`."""
    invitation.use_up(invited)
    invitation.note_written(invited, refuses=True)
