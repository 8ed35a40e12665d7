"""When a form was served, signed by us and carried by the form itself: there is no session.

A machine sends a form back at once, and a form nobody asked for carries no stamp. It is a low
hurdle, since whoever waits passes it with every stamp for a day; what lies behind it counts and
asks for work.
"""

import math
import time

from django.conf import settings
from django.core import signing

SALT = "when a form was served"


class TooSoon(Exception):
    """The form was served a moment ago. Its stamp stays good: a second press passes."""


class NoStamp(Exception):
    """The stamp is missing, too old, forged, or another form's."""


def stamp(form: str) -> str:
    """The stamp of a form that is served now."""
    return signing.Signer(salt=SALT).sign(f"{form} {time.time_ns()}")


def again(value: str, form: str) -> str:
    """The stamp of a form that comes back to be looked at: the one it had, if that is good."""
    return value if _age(value, form) <= settings.DEFENCES.longest_fill_seconds else stamp(form)


def check(value: str, form: str) -> None:
    """Raise `NoStamp` or `TooSoon`, where a stamp is asked for at all."""
    if not settings.DEFENCES.minimum_fill_seconds:
        return
    age = _age(value, form)
    if age > settings.DEFENCES.longest_fill_seconds:
        raise NoStamp
    if age < settings.DEFENCES.minimum_fill_seconds:
        raise TooSoon


def _age(value: str, form: str) -> float:
    """The seconds since we stamped this form; endless, where we did not."""
    try:
        stamped, _blank, moment = signing.Signer(salt=SALT).unsign(value).rpartition(" ")
    except signing.BadSignature:
        return math.inf
    return (time.time_ns() - int(moment)) / 10**9 if stamped == form else math.inf
