"""Sending one mail, and the folder that stands in for a mail server in development."""

import os
import secrets
import smtplib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone

LONGEST_DELAY = timedelta(minutes=15)


class Refused(Exception):
    """The mail server refuses this mailbox for good (SMTP 5xx)."""


class Unreachable(Exception):
    """The mail server cannot be reached or asks to come back later."""


class Deferred(Unreachable):
    """The mail server was reached and asks to come back later for this one mailbox (SMTP 4xx)."""


def send(
    folder: str,
    to: str,
    context: dict[str, object],
    *,
    sender: str = "",
    headers: Mapping[str, str] | None = None,
) -> None:
    """Send the mail in the template folder `folder` to one address, from `MAIL_FROM` unless another
    sender is named.

    Raises `Refused` or `Unreachable`, of which `Deferred` is one; none carries the address.
    """
    message = EmailMultiAlternatives(
        subject=subject(folder, context),
        body=render_to_string(f"{folder}/body.txt", context),
        from_email=sender or settings.MAIL_FROM,
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
    try:
        message.send()
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as error:
        # No chained exception: the original names the mailbox.
        raise _kind_of(error)(type(error).__name__) from None
    except (smtplib.SMTPException, OSError) as error:
        raise Unreachable(type(error).__name__) from None


def subject(folder: str, context: dict[str, object] | None = None) -> str:
    """The subject of the mail in the template folder, in one line, the same for everybody."""
    return " ".join(render_to_string(f"{folder}/subject.txt", context).split())


def delay_after(attempts: int) -> timedelta:
    """How long to leave a server alone that was out of reach so often: exponentially longer,
    with jitter, up to a quarter of an hour."""
    # A server can be away for days; no timedelta holds two to the power of all attempts.
    delay = min(timedelta(seconds=5 * 2 ** min(attempts, 10)), LONGEST_DELAY)
    return delay * (0.5 + secrets.randbelow(1000) / 1000)


def _kind_of(error: smtplib.SMTPException) -> type[Refused | Unreachable]:
    """Whether it is about the recipient; trouble with our own login or message is not."""
    if not isinstance(error, smtplib.SMTPRecipientsRefused):
        return Unreachable
    is_final = all(500 <= code < 600 for code, _ in error.recipients.values())
    return Refused if is_final else Deferred


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
