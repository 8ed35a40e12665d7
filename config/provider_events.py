"""What a mail provider posts about mail that it could not deliver, read with Anymail.

Only whoever knows the secret is heard. Of an event only the ticket is used, which travelled beside
the message; never the address in it. Opens and clicks are not tracked, and would be ignored.
"""

import re
from typing import Any

from anymail.exceptions import AnymailConfigurationError
from anymail.signals import EventType, RejectReason
from anymail.webhooks.base import AnymailBaseWebhookView
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest

READERS: dict[str, type[AnymailBaseWebhookView]] = {
    "mailgun": MailgunTrackingWebhookView,
    "postmark": PostmarkTrackingWebhookView,
}
TICKET = re.compile(r"[0-9a-f]{32}")


class NotUnderstood(Exception):
    """Whoever posted this does not know the secret, or it is no event of the provider's."""


def are_taken_from(provider: str) -> bool:
    """Whether this provider sends our mail, and may tell us what came of it."""
    is_ours = provider == settings.MAIL_PROVIDER and provider in READERS
    return is_ours and bool(settings.ANYMAIL.get("WEBHOOK_SECRET"))


def tickets_of_failures(request: HttpRequest) -> list[str]:
    """The tickets of mails that failed for good. Raises `NotUnderstood`, without a word of it."""
    reader = READERS[settings.MAIL_PROVIDER]()
    try:
        reader.run_validators(request)
        events = reader.parse_events(request)
        return [str(event.metadata["ticket"]) for event in events if _is_failure(event)]
    except (
        SuspiciousOperation,
        AnymailConfigurationError,
        ValueError,
        LookupError,
        AttributeError,
        TypeError,
    ):
        raise NotUnderstood from None


def _is_failure(event: Any) -> bool:
    """A mailbox that is not there. What a filter or a full mailbox has turned away may come
    through another time; so it is left to the erasure that comes anyway."""
    is_final = (event.event_type, event.reject_reason) in FINAL
    is_soft = event.esp_event.get("Type") == "SoftBounce"  # Anymail does not tell them apart.
    ticket = event.metadata.get("ticket")
    return is_final and not is_soft and bool(TICKET.fullmatch(str(ticket)))


FINAL = {
    (EventType.BOUNCED, RejectReason.BOUNCED),
    (EventType.BOUNCED, RejectReason.INVALID),
    (EventType.REJECTED, RejectReason.INVALID),
}
