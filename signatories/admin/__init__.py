"""The moderators' and organisers' room. Django finds it by this name."""

from signatories.admin.directory import KeptOrganisationAdmin, ProposalAdmin
from signatories.admin.letters import LetterWithDoorsAdmin
from signatories.admin.mail import MailAdmin
from signatories.admin.queue import SignatureAdmin
from signatories.admin.switch import SiteSwitchAdmin

__all__ = [
    "KeptOrganisationAdmin",
    "LetterWithDoorsAdmin",
    "MailAdmin",
    "ProposalAdmin",
    "SignatureAdmin",
    "SiteSwitchAdmin",
]
