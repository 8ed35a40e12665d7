"""Forgetting public pages early, where an HTTP cache stands in front of the application."""

import urllib.request

from django.conf import settings

TIMEOUT_SECONDS = 5

# Straight to the cache, whatever proxy the environment names for the world outside.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def purge(path: str) -> None:
    """Ask the cache at `settings.CACHE_PURGE_URL` to drop every page whose path begins so.

    Sends `PURGE <path>`, as Varnish, nginx and others understand it; docs/operations.md shows a
    rule for it. Does nothing where no cache is named. Raises OSError where it does not answer.
    """
    if settings.CACHE_PURGE_URL:
        url = settings.CACHE_PURGE_URL.rstrip("/") + path
        request = urllib.request.Request(url, method="PURGE")  # noqa: S310 - checked at start
        _opener.open(request, timeout=TIMEOUT_SECONDS).close()
