"""Limits on what one network, mailbox or letter may ask for.

The limits are readable strings in `settings.RATE_LIMITS` ("60/h", "60/10m"). Counters live in the
cache only, under keyed digests. A cache that does not answer limits nothing: a signer
is never turned away because Redis is down.
"""

import ipaddress
import logging
import re
import secrets
import time
from datetime import UTC, datetime
from functools import lru_cache
from math import ceil

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError

from config import outage
from config.crypto import digest, mac

SECONDS = {"m": 60, "h": 60 * 60, "d": 24 * 60 * 60}

logger = logging.getLogger(__name__)


class LimitReached(Exception):
    """More was asked for than the limit allows. `seconds` says when to come back."""

    def __init__(self, seconds: int) -> None:
        super().__init__("Too many attempts.")
        self.seconds = seconds

    @property
    def minutes(self) -> int:
        return in_minutes(self.seconds)


def in_minutes(seconds: int) -> int:
    """As people are told: begun minutes count as whole ones."""
    return ceil(seconds / 60)


def check(limit: str, key: str) -> None:
    """Count one attempt by `key`; raise `LimitReached` when it is one too many."""
    if outage.is_on():
        return
    number, period = settings.RATE_LIMITS[limit].split("/")
    seconds = int(period[:-1] or 1) * SECONDS[period[-1]]
    window, gone = divmod(int(datetime.now(UTC).timestamp()), seconds)
    cache_key = f"limit:{digest('limit', limit, key, str(window))}"
    began = time.monotonic()
    try:
        cache.add(cache_key, 0, timeout=seconds)
        count = cache.incr(cache_key)
    except (RedisError, OSError, ValueError) as error:
        outage.note(began)
        logger.warning("Limit %s not counted: %s", limit, type(error).__name__)
        return
    if count > int(number):
        raise LimitReached(seconds - gone)


def is_within(limit: str, key: str) -> bool:
    """Like `check`, as a question."""
    try:
        check(limit, key)
    except LimitReached:
        return False
    return True


def network(request: HttpRequest) -> str:
    """A digest of the visitor's network (IPv4 /24, IPv6 /56) under a key that lives a day.

    The key is drawn at random and kept in the cache only; after a day nobody can compute
    the digest again. Where the cache is down, the key lives in this process.
    """
    return mac(_key_of_the_day(), network_prefix(visitor_address(request))).hex()


def visitor_address(request: HttpRequest) -> str:
    """The address as the outermost trusted proxy saw it (`settings.TRUSTED_PROXIES`)."""
    header = request.headers.get("X-Forwarded-For", "")
    forwarded = header.split(",") if header else []
    if settings.TRUSTED_PROXIES and len(forwarded) >= settings.TRUSTED_PROXIES:
        return forwarded[-settings.TRUSTED_PROXIES].strip()
    return request.META.get("REMOTE_ADDR", "")


# An address as some proxies write it: in brackets, with a port, or with both.
WITH_PORT = re.compile(r"\[([0-9a-fA-F:.]+)\](?::\d{1,5})?|(\d+(?:\.\d+){3}):\d{1,5}")


def network_prefix(address: str) -> str:
    found = WITH_PORT.fullmatch(address)
    try:
        parsed = ipaddress.ip_address((found[1] or found[2]) if found else address)
    except ValueError:
        _say_once_that_visitors_are_unknown()
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    bits = 24 if parsed.version == 4 else 56
    return str(ipaddress.ip_network(f"{parsed}/{bits}", strict=False))


@lru_cache(maxsize=1)
def _say_once_that_visitors_are_unknown() -> None:
    logger.warning(
        "Visitors arrive without an address that can be read, and share their limits. Look at "
        "TRUSTED_PROXIES, and at what your proxies write into X-Forwarded-For."
    )


_process_key = secrets.token_bytes(32)


def _key_of_the_day() -> bytes:
    name = f"network-key:{datetime.now(UTC).date().isoformat()}"
    if outage.is_on():
        return _process_key
    began = time.monotonic()
    try:
        key = cache.get_or_set(name, lambda: secrets.token_bytes(32), timeout=SECONDS["d"])
    except (RedisError, OSError):
        outage.note(began)
        return _process_key
    return key or _process_key
