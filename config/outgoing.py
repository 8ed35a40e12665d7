"""By whom mail leaves, and how we hear of what comes back: read from the environment.

Usually that is a mail server (SMTP). A host can take a provider's interface over HTTPS instead;
then Anymail speaks with it, and opens and clicks are not tracked. Only providers that can be told
so with each message are on the list.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from environ import Env

PREFIX = "anymail+"
MAILGUN_URLS = {"": "https://api.mailgun.net/v3", "eu": "https://api.eu.mailgun.net/v3"}
BOUNCE_ADDRESS = r"[a-z0-9._-]{1,24}@[a-z0-9-]+(\.[a-z0-9-]+)+"
SECRET = r"[^:\s]+:[^:\s]{20,}"  # noqa: S105 - the shape of one
BY_NONE: dict[str, Any] = {"MAIL_PROVIDER": "", "ANYMAIL": {}}
KEPT_OFF = {"track_opens": False, "track_clicks": False}


def settings_of(env: Env, *, is_development: bool) -> dict[str, Any]:
    """Django’s settings for `EMAIL_URL`, Anymail’s, and `MAIL_PROVIDER`, empty with a server."""
    url = env.str("EMAIL_URL", default="")
    if url.startswith(PREFIX):
        secret = env.str("MAIL_EVENTS_SECRET", default="")
        return _by_provider(urlsplit(url), secret, env.str("MAIL_EVENTS_KEY", default=""))
    if not url and is_development:
        return {"EMAIL_BACKEND": "config.mail.FolderBackend", **BY_NONE}
    return {**env.email_url("EMAIL_URL", default="smtp://127.0.0.1:25"), **BY_NONE}


def _by_provider(parts: SplitResult, secret: str, signing_key: str) -> dict[str, Any]:
    provider = parts.scheme.removeprefix(PREFIX)
    options = {
        **OPTIONS.get(provider, lambda parts: {})(parts),
        "WEBHOOK_SECRET": secret,
        "MAILGUN_WEBHOOK_SIGNING_KEY": signing_key,
    }
    return {
        "EMAIL_BACKEND": f"anymail.backends.{provider}.EmailBackend",
        "MAIL_PROVIDER": provider,
        "ANYMAIL": {
            **{name: value for name, value in options.items() if value},
            "SEND_DEFAULTS": KEPT_OFF,
            "REQUESTS_TIMEOUT": 20,
        },
    }


def _postmark(parts: SplitResult) -> dict[str, Any]:
    return {"POSTMARK_SERVER_TOKEN": _key(parts)}


def _mailgun(parts: SplitResult) -> dict[str, Any]:
    region = parse_qs(parts.query).get("region", [""])[0]
    return {
        "MAILGUN_API_KEY": _key(parts),
        "MAILGUN_SENDER_DOMAIN": parts.hostname or "",
        "MAILGUN_API_URL": MAILGUN_URLS.get(region, MAILGUN_URLS[""]),
    }


def _key(parts: SplitResult) -> str:
    return unquote(parts.username or "")


OPTIONS = {"postmark": _postmark, "mailgun": _mailgun}
KEYS = {"postmark": "POSTMARK_SERVER_TOKEN", "mailgun": "MAILGUN_API_KEY"}


def complaints(
    mail: Mapping[str, Any], bounce_address: str, reminder_hours: int
) -> dict[str, bool]:
    """What is wrong with the variables: sentence → whether it is so."""
    provider, options = mail["MAIL_PROVIDER"], mail["ANYMAIL"]
    secret = options.get("WEBHOOK_SECRET", "")
    is_signed = "MAILGUN_WEBHOOK_SIGNING_KEY" in options
    return {
        "EMAIL_URL names a provider that is not known": bool(provider) and provider not in OPTIONS,
        "EMAIL_URL needs the provider's key: anymail+postmark://KEY@": provider in OPTIONS
        and KEYS[provider] not in options,
        "MAIL_EVENTS_SECRET must read like name:password, with 20 characters or more in the "
        "password": bool(secret) and not re.fullmatch(SECRET, secret),
        "MAIL_EVENTS_SECRET and MAIL_EVENTS_KEY need each other with Mailgun": (
            provider == "mailgun" and bool(secret) != is_signed
        ),
        "BOUNCE_ADDRESS must be a plain address like bounce@letters.example.org": not re.fullmatch(
            f"({BOUNCE_ADDRESS})?", bounce_address
        ),
        "REMINDER_HOURS must be a number from 0 to 48": reminder_hours not in range(49),
    }
