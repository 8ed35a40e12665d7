"""Entering: a mailbox proves that somebody belongs to an organisation, and nothing else stays."""

from django.db import transaction

from letters.models import Organisation
from signatories import addresses, affiliation
from signatories.actions.confirming import use_up
from signatories.models import Verification


@transaction.atomic
def enter(*, verification: Verification) -> Organisation | None:
    """The organisation that the proven mailbox belongs to, or None. Nothing is remembered here.

    Raises `confirming.Gone`.
    """
    address = addresses.decrypt(bytes(verification.address), verification.key_name)
    use_up(verification)
    return affiliation.proven_by(address)
