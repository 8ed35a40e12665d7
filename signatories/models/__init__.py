from signatories.models.signature import (
    Appearance,
    Method,
    Reason,
    RoleBucket,
    Signature,
    State,
    Tenure,
)
from signatories.models.tally import Departure, Fate, Tally
from signatories.models.verification import (
    LetterKey,
    Purpose,
    Subscription,
    UsedAddress,
    Verification,
)
from signatories.models.vouch import Vouch

__all__ = [
    "Appearance",
    "Departure",
    "Fate",
    "LetterKey",
    "Method",
    "Purpose",
    "Reason",
    "RoleBucket",
    "Signature",
    "State",
    "Subscription",
    "Tally",
    "Tenure",
    "UsedAddress",
    "Verification",
    "Vouch",
]
