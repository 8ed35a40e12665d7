"""What a mail server's refusal is about: the mailbox, or something that may pass.

Whoever is refused because there is no such mailbox gets no further mail. A block list on which our
own server stands, a filter, a full mailbox or a domain out of reach say nothing of the kind, and no
entry is erased for them (RFC 3463, sections 3.2 and 3.3).
"""

import re

ENHANCED = re.compile(r"\W*([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
# Without an enhanced code: what servers say of a mailbox that is not there (RFC 5321, 4.2.3).
NO_SUCH_MAILBOX = (550, 551, 553)
# About the sender's address, which is ours.
OF_THE_SENDER = ("7", "8")
NO_DETAIL = ("5", "0", "0")


def enhanced_code(text: str) -> tuple[str, str, str] | None:
    """The code with which an answer begins, such as 5.1.1 in its three parts."""
    found = ENHANCED.match(text)
    return (found[1], found[2], found[3]) if found else None


def says_no_such_mailbox(text: str) -> bool:
    """Whether an answer says so by its enhanced code: 5.1.x."""
    code = enhanced_code(text)
    return code is not None and code[:2] == ("5", "1") and code[2] not in OF_THE_SENDER


def is_for_good(code: int, text: str) -> bool:
    """Whether an answer says that there is no such mailbox, or none any more (5.2.1)."""
    if not 500 <= code < 600:
        return False
    enhanced = enhanced_code(text)
    if enhanced in (None, NO_DETAIL):
        return code in NO_SUCH_MAILBOX
    return says_no_such_mailbox(text) or enhanced == ("5", "2", "1")
