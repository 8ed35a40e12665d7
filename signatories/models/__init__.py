from signatories.models.bulk import (
    BulkDecision,
    BulkEntry,
    BulkOutcome,
    BulkState,
    Decision,
)
from signatories.models.choices import (
    NAMELESS,
    Appearance,
    Method,
    Reason,
    RoleBucket,
    State,
    Tenure,
)
from signatories.models.flag import REOPENING, Complaint, Flag, FlagKind
from signatories.models.importing import (
    ENDED,
    NOTES,
    Fault,
    Import,
    ImportFault,
    ImportPart,
    ImportState,
    Invited,
    InvitedMailbox,
)
from signatories.models.mail_day import MailDay, MailKind
from signatories.models.mailing import Delivery, Mailing, MailingState, WhyPaused
from signatories.models.prominence import Answer, Prominence
from signatories.models.reading import Reading
from signatories.models.signature import Signature
from signatories.models.tally import DayCount, DecisionDays, Departure, Fate, Tally
from signatories.models.verification import (
    LetterKey,
    Purpose,
    Subscription,
    UsedAddress,
    Verification,
)
from signatories.models.vouch import Vouch

__all__ = [
    "ENDED",
    "NAMELESS",
    "NOTES",
    "REOPENING",
    "Answer",
    "Appearance",
    "BulkDecision",
    "BulkEntry",
    "BulkOutcome",
    "BulkState",
    "Complaint",
    "DayCount",
    "Decision",
    "DecisionDays",
    "Delivery",
    "Departure",
    "Fate",
    "Fault",
    "Flag",
    "FlagKind",
    "Import",
    "ImportFault",
    "ImportPart",
    "ImportState",
    "Invited",
    "InvitedMailbox",
    "LetterKey",
    "MailDay",
    "MailKind",
    "Mailing",
    "MailingState",
    "Method",
    "Prominence",
    "Purpose",
    "Reading",
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
