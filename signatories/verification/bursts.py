"""Whether an entry comes with many others: from one network, or from one mail domain.

Nothing is refused here. The entry is marked, and a moderator looks before it appears.
"""

from config import ratelimit
from letters.mail_domains import is_at_provider, owned_part
from letters.models import Letter
from signatories import affiliation
from signatories.addresses import Address


def is_one_of_many(letter: Letter, address: Address, network: str) -> bool:
    """Whether many entries for this letter came from the network within the hour, or from the
    mail domain within the day. Counts this one. `network` is a digest that lives a day.

    The domain of a listed organisation or of a mail provider is no reason: many come from there.
    Whoever owns another one can make as many mailboxes as they like.
    """
    is_within = ratelimit.is_within("burst:network", f"{letter.slug} {network}")
    if is_at_provider(address.domain) or affiliation.proven_by(address):
        return not is_within
    domain = f"{letter.slug} {owned_part(address.domain)}"
    return not (ratelimit.is_within("burst:domain", domain) and is_within)
