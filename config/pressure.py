"""How many forms came in during the last minutes, by letter and for the whole site.

The numbers live in the cache only and for minutes only; nothing in them is about anybody. A
cache that does not answer counts nothing: then there is no pressure, and nobody is kept waiting.
"""

import logging
import time

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from config import outage
from config.crypto import digest

logger = logging.getLogger(__name__)

SITE = "site"


def count(*keys: str) -> list[int]:
    """Count one form for each of `keys`; return how many came for each by now, with this one."""
    if outage.is_on():
        return [0 for _key in keys]
    seconds, window, _share = _now()
    began = time.monotonic()
    try:
        for name in [_name(key, window) for key in keys]:
            cache.add(name, 0, timeout=2 * seconds)
            cache.incr(name)
    except (RedisError, OSError, ValueError) as error:
        outage.note(began)
        logger.warning("Pressure not counted: %s", type(error).__name__)
        return [0 for _key in keys]
    return numbers(*keys)


def numbers(*keys: str) -> list[int]:
    """How many forms came for each of `keys` in the last minutes (`pressure_minutes`), about.

    Of the window before this one counts the part that is not over yet, as if its forms had come
    evenly: so the number neither begins at nothing with each window nor counts twice.
    """
    if outage.is_on():
        return [0 for _key in keys]
    _seconds, window, share = _now()
    names = [(_name(key, window), _name(key, window - 1)) for key in keys]
    began = time.monotonic()
    try:
        found = cache.get_many([name for pair in names for name in pair])
    except (RedisError, OSError) as error:
        outage.note(began)
        logger.warning("Pressure not read: %s", type(error).__name__)
        return [0 for _key in keys]
    return [found.get(now, 0) + int(found.get(before, 0) * (1 - share)) for now, before in names]


def is_first(what: str) -> bool:
    """Whether this was not asked in the last minutes: so that of thousands one does what one
    does once. False where nobody can tell."""
    if outage.is_on():
        return False
    began = time.monotonic()
    seconds, _window, _share = _now()
    try:
        return bool(cache.add(f"pressure:{digest('pressure', what)}", 1, timeout=2 * seconds))
    except (RedisError, OSError):
        outage.note(began)
        return False


def _now() -> tuple[int, int, float]:
    """The length of a window in seconds, the number of this one, and how much of it is over."""
    seconds = settings.DEFENCES.pressure_minutes * 60
    window, rest = divmod(time.time(), seconds)
    return seconds, int(window), rest / seconds


def _name(key: str, window: int) -> str:
    return f"pressure:{digest('pressure', key, str(window))}"
