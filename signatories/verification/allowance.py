"""How many codes leave: for a mailbox, for a mailbox under one letter, for a mail domain.

Over any of them no code is due, and the page is the same as ever: it must not tell what others
did with an address, nor how busy an organisation's mailboxes are. None of this depends on
whether an address has signed.
"""

from config import ratelimit
from letters.mail_domains import is_at_provider, owned_part
from letters.models import Letter
from signatories.addresses import Address


def has_one_left(address: Address, letter: Letter | None) -> bool:
    """Whether the mailbox may get another code now; it is counted then.

    The narrow limits come first: what one letter refuses takes nothing from the others, and who
    asks again and again for one mailbox uses up nothing of its colleagues'.
    """
    mailbox = address.mailbox()
    if letter and not ratelimit.is_within("sign:mailbox", f"{letter.pk} {mailbox}"):
        return False
    if not ratelimit.is_within("code:mailbox", mailbox):
        return False
    return is_at_provider(address.domain) or _domain_has_one_left(address)


def _domain_has_one_left(address: Address) -> bool:
    return ratelimit.is_within("code:domain", owned_part(address.domain))
