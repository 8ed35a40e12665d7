"""Ways to verify, one module each, and what they have in common.

A way says where it is offered, begins, and finishes with a `Proof` or with an exception of its
own that says, without anybody's data, why there is none. `signatories.actions.confirming` makes
the proof a signature; whatever the way, it uses up the same digest of the same address.
"""

from dataclasses import dataclass

from letters.models import Organisation
from signatories.addresses import Address


@dataclass(frozen=True)
class Proof:
    """Somebody has this address, and works for this organisation now; `method` found it out."""

    address: Address
    organisation: Organisation
    method: str
