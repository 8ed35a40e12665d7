"""What happened lately, such as minutes ago for a button that is pressed twice. Kept in the cache
only."""

from django.core.cache import cache
from redis.exceptions import RedisError

from config.crypto import digest

SECONDS = 10 * 60


def note(what: str, key: str, seconds: int = SECONDS) -> None:
    """Remember it for a while, under a keyed digest; a cache that is down remembers nothing."""
    name = _name(what, key)
    try:
        cache.set(name, True, timeout=seconds)
    except (RedisError, OSError):
        return


def is_noted(what: str, key: str) -> bool:
    try:
        return bool(cache.get(_name(what, key)))
    except (RedisError, OSError):
        return False


def _name(what: str, key: str) -> str:
    return f"recent:{digest('recent', what, key)}"
