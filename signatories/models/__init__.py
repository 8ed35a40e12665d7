from signatories.models.choices import (
    NAMELESS,
    Appearance,
    Method,
    Reason,
    RoleBucket,
    State,
    Tenure,
)
from signatories.models.mailing import Delivery, Mailing, MailingState, WhyPaused
from signatories.models.signature import Signature
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
    "NAMELESS",
    "Appearance",
    "Delivery",
    "Departure",
    "Fate",
    "LetterKey",
    "Mailing",
    "MailingState",
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
    "WhyPaused",
]
