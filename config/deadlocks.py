"""Trying again what PostgreSQL ended because of others, and letting others write on SQLite.

Two who lock the same rows in another order wait for each other; after a second PostgreSQL ends
one of them (SQLSTATE 40P01), whose transaction has then done nothing. The same becomes, at its end,
of one that has written about a row which somebody else deleted meanwhile (23503). Nobody should see
that.
"""

import functools
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import DatabaseError, IntegrityError, OperationalError, connection

ENDED = ("40P01", "23503")
TRIES = 4

Verb = TypeVar("Verb", bound=Callable[..., Any])


def tried_again(verb: Verb) -> Verb:
    """Repeat a whole, atomic verb that lost a deadlock, or a row. Inside another transaction
    nothing can be repeated, and the error is raised."""

    @functools.wraps(verb)
    def trying(*args: Any, **kwargs: Any) -> Any:
        for _try in range(TRIES - 1):
            try:
                return verb(*args, **kwargs)
            except (OperationalError, IntegrityError) as error:
                if connection.in_atomic_block or not _was_ended_by_others(error):
                    raise
        return verb(*args, **kwargs)

    return trying  # type: ignore[return-value]


def let_others_write() -> None:
    """Between the batches of long work: SQLite has one writer at a time, and those who wait look
    only ten times a second whether it is their turn. People sign, and stop this work."""
    if connection.vendor == "sqlite":
        time.sleep(0.15)


def _was_ended_by_others(error: DatabaseError) -> bool:
    return getattr(error.__cause__, "sqlstate", "") in ENDED
