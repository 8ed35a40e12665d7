"""Waiting for other processes: look often, give up at a deadline, never sleep for luck."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

# Long enough for a slow machine that runs something else as well; nothing waits for its end.
PATIENCE = 90


def wait_for(
    look: Callable[[], Found],
    what: str,
    seconds: float = PATIENCE,
    explain: Callable[[], str] = str,
) -> Found:
    """Return the first true answer of `look`; fail, naming `what`, if none comes in time."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain for {what}\n{explain()}"
        time.sleep(0.05)
    return found
