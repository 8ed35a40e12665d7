"""After Redis has kept somebody waiting, nobody asks it for some seconds.

A server that is gone refuses at once, which costs nothing; one that hangs would cost every
signer the sum of all time-outs.
"""

import time

PATIENCE_SECONDS = 0.4
PAUSE_SECONDS = 5

_silent_until = 0.0


def is_on() -> bool:
    return time.monotonic() < _silent_until


def note(began: float) -> None:
    """Begin a pause if the failed call that `began` then (`time.monotonic`) took its time."""
    global _silent_until
    now = time.monotonic()
    if now - began > PATIENCE_SECONDS:
        _silent_until = now + PAUSE_SECONDS


def end() -> None:
    global _silent_until
    _silent_until = 0.0
