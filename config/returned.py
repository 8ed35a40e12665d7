"""Reading a message that may say that a mail could not be delivered (RFC 3464).

What arrives here was written by anybody. The reader is strict: a report of the standard form,
about a mailbox that is not there and nothing else in it, addressed to one ticket of ours.
Everything else is ignored: delays, what a filter turned away, automatic answers, people, and
whatever is broken or too long. Nothing of a message is kept or logged.
"""

import re
from email import message_from_bytes
from email.message import Message

from django.conf import settings

from config import refusals

LONGEST = 256 * 1024
# More parts than any report has. The library reads nested ones by recursion.
MOST_PARTS = 40
# The library reads a Content-Type in a time that grows with the square of its length: one that
# filled the whole message would keep a worker busy for minutes.
CONTENT_TYPE = re.compile(rb"content-type:[^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*", re.IGNORECASE)
LONGEST_CONTENT_TYPE = 2000
# In a report each begins a block about one more recipient.
BLANK_LINE = re.compile(rb"(?:\r\n|\r(?!\n)|\n)(?=[\r\n])")
MOST_BLANK_LINES = 2000
# Where mail servers write to whom they deliver.
TO = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
# Of the other server's answer: its reply code and what stands behind it.
ANSWER = re.compile(r"smtp;\s*(\d{3})[ -](.*)", re.IGNORECASE | re.DOTALL)
MOST_RECIPIENTS = 10


def ticket_of_failure(raw: bytes, recipient: str = "") -> str:
    """The ticket of the mail that failed for good; nothing where the message does not say so.

    `recipient` is to whom the mail server delivered the message, if it said so.
    """
    if len(raw) > LONGEST or not _is_readable(raw):
        return ""
    try:
        message = message_from_bytes(raw)
        return _ticket(message, recipient) if _is_failure(message) else ""
    except Exception:
        # The library answers broken messages with errors of a dozen kinds.
        return ""


def _is_readable(raw: bytes) -> bool:
    """Whether the library gets through it in moments."""
    types = CONTENT_TYPE.findall(raw)
    blank_lines = len(BLANK_LINE.findall(raw))
    is_simple = len(types) <= MOST_PARTS and blank_lines <= MOST_BLANK_LINES
    return is_simple and all(len(one) <= LONGEST_CONTENT_TYPE for one in types)


def _ticket(message: Message, recipient: str) -> str:
    """The one ticket to which the message is addressed."""
    places = [recipient] if recipient else [str(message.get(name, "")) for name in TO]
    local, _at, domain = (re.escape(part) for part in settings.BOUNCE_ADDRESS.partition("@"))
    ours = re.compile(rf"(?<![\w.+-]){local}\+([0-9a-f]{{32}})@{domain}(?![\w.-])")
    found = {ticket for place in places for ticket in ours.findall(place.lower())}
    return found.pop() if local and len(found) == 1 else ""


def _is_failure(message: Message) -> bool:
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return False
    if str(message.get_param("report-type", "")).lower() != "delivery-status":
        return False
    reports = [
        part
        for part in message.get_payload()
        if isinstance(part, Message) and part.get_content_type() == "message/delivery-status"
    ]
    return len(reports) == 1 and _all_failed(reports[0])


def _all_failed(report: Message) -> bool:
    """Whether every recipient of the report failed for good. The first block is about the mail."""
    blocks = report.get_payload()
    if not isinstance(blocks, list):
        return False
    recipients = [block for block in blocks if isinstance(block, Message) and block["Action"]]
    return 0 < len(recipients) <= MOST_RECIPIENTS and all(map(_failed_for_good, recipients))


def _failed_for_good(recipient: Message) -> bool:
    action = str(recipient["Action"]).split("(")[0].strip().lower()
    return bool(recipient["Final-Recipient"]) and action == "failed" and _is_nobody(recipient)


def _is_nobody(recipient: Message) -> bool:
    """Whether there is no such mailbox. What a filter turned away, or a full mailbox, is left to
    the erasure that comes anyway. Some servers write 5.0.0 and leave the rest to the answer that
    they got."""
    status = str(recipient["Status"]).strip()
    if refusals.enhanced_code(status) != refusals.NO_DETAIL:
        return refusals.is_for_good(500, status)
    answer = ANSWER.match(str(recipient["Diagnostic-Code"]).strip())
    return answer is not None and refusals.is_for_good(int(answer[1]), answer[2])
