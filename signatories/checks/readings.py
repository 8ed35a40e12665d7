"""How a reader may take what was written, where letters are disguised."""

import re
from collections.abc import Iterator
from itertools import groupby

from letters.folding import key_of

POSSESSIVE = re.compile(r"['’‘ʼ`´]s\b", re.IGNORECASE)
# “T.i.m C.o.o.k”: letters one by one, with signs between them.
DOTTED = re.compile(r"(?<!\w)\w(?:[.\-_·*]\w(?!\w)){2,}")
# Signs that stand for letters: “Mu$k”, “C@@k”. One of them is read in two ways.
SIGNS = [str.maketrans("@$!|", "asii"), str.maketrans("@$!|", "osii")]
SHAPES = {"rn": "m", "vv": "w"}  # Two letters that look like one.
FEWEST_SPELT = 3
SHORTEST_SHAPE = 5
SHORTEST_TOGETHER = 7  # Letters. “Noone” is a family name, and no one.


def readings(text: str) -> list[str]:
    """What was written, folded, and other ways to read it: without a possessive, with letters for
    signs, with letters that stand apart together."""
    keys = [key_of(one) for one in dict.fromkeys(_spellings(text))]
    return list(dict.fromkeys([*keys, *map(_spelt_out, keys)]))


def shape(key: str) -> str:
    """What a folded text looks like at a glance: “Tirn” is Tim. Short ones stay as they are."""
    plain = key
    for pair, letter in SHAPES.items():
        plain = plain.replace(pair, letter)
    return plain if len(plain) >= SHORTEST_SHAPE else key


def together(key: str) -> str:
    """The shape of a folded text without its spaces; nothing where that is short."""
    joined = shape(key.replace(" ", ""))
    return joined if len(joined) >= SHORTEST_TOGETHER else ""


def _spellings(text: str) -> Iterator[str]:
    yield text
    yield POSSESSIVE.sub("", text)
    yield DOTTED.sub(lambda found: re.sub(r"[\W_]", "", found[0]), text)
    yield from (text.translate(signs) for signs in SIGNS)


def _spelt_out(key: str) -> str:
    """Letters that stand alone, three or more beside each other, as one word."""
    words: list[str] = []
    for is_single, group in groupby(key.split(), lambda word: len(word) == 1):
        some = list(group)
        words += ["".join(some)] if is_single and len(some) >= FEWEST_SPELT else some
    return " ".join(words)
