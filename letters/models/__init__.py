from letters.models.account import AccountSession, Invitation, Recovery, TeamInvitation
from letters.models.account_mail import AccountMail
from letters.models.audit import AuditEntry
from letters.models.draft import Draft, HeldBack
from letters.models.letter import (
    Demand,
    Eligibility,
    Letter,
    LetterVersion,
    Outcome,
    Reach,
    Recipient,
    ReviewPolicy,
    Status,
    Visibility,
    text_digest,
)
from letters.models.listed import ListedWord, WordList
from letters.models.notice import Notice, NoticeChoice, NoticeKind, Occasion
from letters.models.organisation import Organisation, OrganisationAlias, OrganisationDomain
from letters.models.proposal import Proposal, ProposalState
from letters.models.response import Kind, Response, Update
from letters.models.switch import SiteSwitch
from letters.models.team import Membership, Role, User

__all__ = [
    "AccountMail",
    "AccountSession",
    "AuditEntry",
    "Demand",
    "Draft",
    "Eligibility",
    "HeldBack",
    "Invitation",
    "Kind",
    "Letter",
    "LetterVersion",
    "ListedWord",
    "Membership",
    "Notice",
    "NoticeChoice",
    "NoticeKind",
    "Occasion",
    "Organisation",
    "OrganisationAlias",
    "OrganisationDomain",
    "Outcome",
    "Proposal",
    "ProposalState",
    "Reach",
    "Recipient",
    "Recovery",
    "Response",
    "ReviewPolicy",
    "Role",
    "SiteSwitch",
    "Status",
    "TeamInvitation",
    "Update",
    "User",
    "Visibility",
    "WordList",
    "text_digest",
]
