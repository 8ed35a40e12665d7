"""Messages as they come back, written in the manner of several mail servers."""

TICKET = "0123456789abcdef0123456789abcdef"
BOUNCE = "bounce@letters.example.org"
TO = f"bounce+{TICKET}@letters.example.org"

FAILED = """\
Final-Recipient: rfc822; nobody@orrery.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 No such mailbox
"""


def report(
    recipients=FAILED,
    *,
    to=TO,
    top="",
    words="The message could not be delivered.",
    content_type='multipart/report; report-type=delivery-status; boundary="line"',
    about_the_mail="Reporting-MTA: dns; mx.orrery.example\n",
    returned="From: Codes <codes@letters.example.org>\nTo: nobody@orrery.example\n",
):
    """A report of RFC 3464 in bytes."""
    return f"""\
{top}From: MAILER-DAEMON@mx.orrery.example (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: {content_type}

--line
Content-Type: text/plain; charset=utf-8

{words}
--line
Content-Type: message/delivery-status

{about_the_mail}
{recipients}
--line
Content-Type: message/rfc822-headers

{returned}
--line--
""".encode()


POSTFIX = report(
    """\
Final-Recipient: rfc822; nobody@orrery.example
Original-Recipient: rfc822;nobody@orrery.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.orrery.example
Diagnostic-Code: smtp; 550 5.1.1 <nobody@orrery.example>: Recipient address
    rejected: User unknown
""",
    top=f"Return-Path: <>\nX-Original-To: {TO}\nDelivered-To: letters@localhost\n",
    about_the_mail=(
        "Reporting-MTA: dns; mail.letters.example.org\nX-Postfix-Queue-ID: 4F1\n"
        "X-Postfix-Sender: rfc822; bounce@letters.example.org\n"
        "Arrival-Date: Tue, 20 Jan 2026 12:00:00 +0000 (UTC)\n"
    ),
)
EXCHANGE = report(
    """\
Final-Recipient: rfc822;nobody@orrery.example
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found
X-Display-Name: nobody@orrery.example
""",
    to=f'"{TO.upper()}" <{TO.upper()}>',
    content_type='multipart/report; report-type=delivery-status;\n\tboundary="line"',
    about_the_mail="Reporting-MTA: dns;AM0PR.eurprd.example\nReceived-From-MTA: dns;edge\n",
)
GMAIL = report(
    """\
Final-Recipient: rfc822; nobody@gmail.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; gmail-smtp-in.l.google.com. (2001:db8::1b, the server for the
 domain gmail.com.)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.
Last-Attempt-Date: Tue, 20 Jan 2026 04:00:00 -0800 (PST)
""",
    content_type='multipart/report; boundary="line"; report-type=delivery-status',
)
FORWARDED = report(
    """\
Original-Recipient: rfc822;w.otterbourne@gmail.com
Final-Recipient: rfc822; old@former.example
Action: failed (undeliverable)
Status: 5.1.2 (no such domain)
"""
)
EXIM = """\
Final-Recipient: rfc822;nobody@orrery.example
Action: failed
Status: 5.0.0
Remote-MTA: dns; mx.orrery.example
Diagnostic-Code: smtp; 550 5.1.1 No such mailbox
"""
MULTILINGUAL = report(words="Die Nachricht konnte nicht zugestellt werden. 配信できませんでした。")

FAILURES = {
    "postfix": POSTFIX,
    "exchange": EXCHANGE,
    "gmail": GMAIL,
    "forwarded": FORWARDED,
    "multilingual": MULTILINGUAL,
    "exim": report(EXIM),
    "exim, without an enhanced code": report(EXIM.replace("550 5.1.1", "550-")),
    "mailbox switched off": report(FAILED.replace("5.1.1", "5.2.1")),
    "lines end as on the wire": POSTFIX.replace(b"\n", b"\r\n"),
}

IGNORED = {
    "delayed": report(FAILED.replace("failed", "delayed").replace("5.1.1", "4.4.1")),
    "failed for now": report(FAILED.replace("Status: 5.1.1", "Status: 4.2.2")),
    "mailbox full": report(FAILED.replace("5.1.1", "5.2.2")),
    "too long under way": report(FAILED.replace("5.1.1", "5.4.7")),
    "turned away by a filter": report(FAILED.replace("5.1.1", "5.7.1")),
    "a system in trouble": report(FAILED.replace("5.1.1", "5.3.0")),
    "exim, turned away": report(EXIM.replace("550 5.1.1", "554 5.7.1")),
    "exim, without an answer": report(EXIM.replace("Diagnostic-Code", "X-Diagnostic-Code")),
    "delivered": report(FAILED.replace("failed", "delivered").replace("5.1.1", "2.0.0")),
    "relayed": report(FAILED.replace("failed", "relayed").replace("5.1.1", "5.0.0")),
    "one of two arrived": report(
        FAILED + "\nFinal-Recipient: rfc822; b@orrery.example\nAction: relayed\nStatus: 2.0.0\n"
    ),
    "no status": report(FAILED.replace("Status: 5.1.1\n", "")),
    "status in words": report(FAILED.replace("Status: 5.1.1", "Status: 5 five")),
    "no recipient": report(FAILED.replace("Final-Recipient", "X-Recipient")),
    "no block about recipients": report(""),
    "too many recipients": report("\n".join([FAILED] * 11)),
    "another address": report(to="codes@letters.example.org"),
    "another domain": report(to=TO.replace("letters.", "letters2.")),
    "longer domain": report(to=TO + ".evil.example"),
    "longer name": report(to="x-" + TO),
    "broken ticket": report(to=TO.replace("0123", "012g")),
    "two tickets": report(to=f"{TO}, {TO.replace('0123', '3210')}"),
    "receipt": report(
        content_type='multipart/report; report-type=disposition-notification; boundary="line"'
    ),
    "complaint": report(
        content_type='multipart/report; report-type=feedback-report; boundary="line"'
    ),
    "no report": report(content_type='multipart/mixed; boundary="line"'),
    "no parts": report(content_type="multipart/report; report-type=delivery-status"),
    "person": (
        f"From: nobody@orrery.example\nTo: {TO}\nSubject: Re: Your code\n\n"
        "Action: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822; me\n"
    ).encode(),
    "answering machine": (
        f"From: nobody@orrery.example\nTo: {TO}\nAuto-Submitted: auto-replied\n"
        "Subject: Out of office\n\nI am away.\n"
    ).encode(),
    "cut off": POSTFIX[: POSTFIX.index(b"Action")],
    "empty": b"",
    "too long": report(words="x" * 300_000),
    "nested without end": b"Content-Type: multipart/mixed; boundary=a\n\n--a\n" * 5000,
}
