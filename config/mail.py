"""Sending one mail, and the folder that stands in for a mail server in development."""

import os
import secrets
import smtplib
import socket
import ssl
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path

from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone

from config import refusals

LONGEST_DELAY = timedelta(minutes=15)
# A mailbox that is put off: after a minute, twice as long each time up to some hours.
FIRST_DEFERMENT = timedelta(minutes=1)
LONGEST_DEFERMENT = timedelta(hours=6)


class Refused(Exception):
    """The mail server refuses this mailbox for good (SMTP 5xx)."""


class Unknown(Refused):
    """The mail server says in so many words that there is no such mailbox (5.1.x)."""


class TurnedAway(Refused):
    """A refusal that is not about the mailbox: a block list on which our server stands, a filter,
    a full mailbox (`config.refusals`). Another time the same mail may pass."""


class Unreachable(Exception):
    """The mail server cannot be reached or asks to come back later."""


class Deferred(Unreachable):
    """The mail server was reached and asks to come back later for this one mailbox (SMTP 4xx)."""


class Silent(Unreachable):
    """The mail server fell silent: nobody knows whether it has taken the mail."""


def send(
    folder: str,
    to: str,
    context: dict[str, object],
    *,
    sender: str = "",
    headers: Mapping[str, str] | None = None,
    ticket: str = "",
) -> None:
    """Send the mail in the template folder `folder` to one address, from `MAIL_FROM` unless another
    sender is named. `ticket` is what a returned mail will be known by (`new_ticket`).

    Raises `Refused`, of which `Unknown` and `TurnedAway` are two, or `Unreachable`, of which
    `Deferred` and `Silent` are two; none carries the address.
    """
    author = sender or settings.MAIL_FROM
    message = EmailMultiAlternatives(
        subject=subject(folder, context),
        body=render_to_string(f"{folder}/body.txt", context),
        from_email=author,
        to=[to],
        headers={
            # Django would put the machine's name here.
            "Message-ID": f"<{secrets.token_hex(16)}@{_sender_domain()}>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            **(headers or {}),
        },
    )
    message.attach_alternative(render_to_string(f"{folder}/body.html", context), "text/html")
    _mark(message, author, ticket)
    try:
        message.send()
    except (AnymailError, smtplib.SMTPException, OSError) as error:
        # No chained exception: the original names the mailbox.
        raise _kind_of(error)(type(error).__name__) from None
    if settings.MAIL_PROVIDER and not _is_taken(message):
        raise Unreachable("NotTaken")


def new_ticket() -> str:
    """What one mail will be known by if it comes back: 128 random bits, in lower case because
    some servers write everything so. None where nobody would read what comes back."""
    return secrets.token_hex(16) if settings.BOUNCE_ADDRESS or settings.MAIL_PROVIDER else ""


def _is_taken(message: EmailMultiAlternatives) -> bool:
    """Whether the provider says so. Some refuse with an answer that looks like success."""
    status = getattr(message, "anymail_status", None)
    return bool(status and status.status and status.status & {"sent", "queued"})


def _mark(message: EmailMultiAlternatives, author: str, ticket: str) -> None:
    """Let the ticket travel where a returned mail brings it back: with a provider beside the
    message, else in the sender that only mail servers see."""
    if not ticket:
        return
    if settings.MAIL_PROVIDER:
        message.metadata = {"ticket": ticket}  # type: ignore[attr-defined]
        return
    local, _at, domain = settings.BOUNCE_ADDRESS.partition("@")
    message.from_email = f"{local}+{ticket}@{domain}"
    message.extra_headers["From"] = author


def subject(folder: str, context: dict[str, object] | None = None) -> str:
    """The subject of the mail in the template folder, in one line, the same for everybody."""
    return " ".join(render_to_string(f"{folder}/subject.txt", context).split())


def delay_after(attempts: int) -> timedelta:
    """How long to leave a server alone that was out of reach so often: exponentially longer,
    with jitter, up to a quarter of an hour."""
    # A server can be away for days; no timedelta holds two to the power of all attempts.
    delay = min(timedelta(seconds=5 * 2 ** min(attempts, 10)), LONGEST_DELAY)
    return delay * (0.5 + secrets.randbelow(1000) / 1000)


def deferment_after(attempts: int) -> timedelta:
    """How long to wait before one mailbox is asked again that was put off so often."""
    return min(FIRST_DEFERMENT * 2 ** min(attempts, 10), LONGEST_DEFERMENT)


# What certainly happened before a mail could be taken.
NEVER_REACHED = (
    ConnectionRefusedError,
    socket.gaierror,
    ssl.SSLCertVerificationError,
    smtplib.SMTPNotSupportedError,
)


def _kind_of(error: Exception) -> type[Refused | Unreachable]:
    """Whether it is about the recipient; trouble with our own login or message is not."""
    if isinstance(error, AnymailRecipientsRefused):
        return Refused
    if isinstance(error, AnymailError):
        return Unreachable if getattr(error, "status_code", None) else Silent
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _kind_of_refusal(list(error.recipients.values()))
    if isinstance(error, (smtplib.SMTPResponseException, *NEVER_REACHED)):
        return Unreachable
    return Silent


def _kind_of_refusal(answers: list[tuple[int, bytes | str]]) -> type[Refused | Unreachable]:
    read = [(code, _as_text(said)) for code, said in answers]
    if not all(500 <= code < 600 for code, _text in read):
        return Deferred
    if all(refusals.says_no_such_mailbox(text) for _code, text in read):
        return Unknown
    return Refused if all(refusals.is_for_good(*answer) for answer in read) else TurnedAway


def _as_text(said: bytes | str) -> str:
    return said.decode("ascii", "replace") if isinstance(said, bytes) else said


def _sender_domain() -> str:
    return parseaddr(settings.MAIL_FROM)[1].rpartition("@")[2] or settings.SITE_HOST


class FolderBackend(BaseEmailBackend):
    """Writes every mail as one `.eml` file into `settings.MAIL_DIR`, for development."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.MAIL_DIR)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            stamp = timezone.now().strftime("%Y%m%d-%H%M%S-%f")
            name = f"{stamp}-{secrets.token_hex(4)}"
            draft = folder / f".{name}"
            draft.write_bytes(message.message().as_bytes())
            os.replace(draft, folder / f"{name}.eml")
        return len(email_messages)
