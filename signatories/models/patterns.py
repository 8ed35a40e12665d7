"""Whether a field reads like words that somebody typed, in any case of the letters."""

from django.db import models
from django.db.models import F, Func, Value


class Reads(Func):
    """Whether a text reads like a pattern of LIKE, in which `!` takes the meaning from a sign."""

    template = "(UPPER(%(expressions)s) ESCAPE '!')"
    arg_joiner = ") LIKE UPPER("
    output_field = models.BooleanField()


def reads(field: str, pattern: str) -> Reads:
    """Whether the field reads like plain words in which `*` stands for anything."""
    for sign in "!%_":
        pattern = pattern.replace(sign, f"!{sign}")
    return Reads(F(field), Value(pattern.replace("*", "%")))


def has(field: str, words: str) -> Reads:
    """Whether these words stand in the field, with whatever is around them."""
    return reads(field, "*" + words.replace("*", "") + "*")
