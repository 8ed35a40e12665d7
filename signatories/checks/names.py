"""Whether the same name, or nearly the same, stands under the letter already."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from math import ceil, floor

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from letters.folding import LONGEST_KEY, words_of
from signatories.checks.finding import Finding
from signatories.checks.scripts import is_east_asian
from signatories.models import FlagKind

# Per cent. Another letter in a name of ten letters or more, and one too many or too few in any.
# Measured on plausible names: `python -m tests.measuring`, figures in docs/moderation.md.
SIMILAR = 90.0
SHORTEST = 8  # Shorter names are too often alike by chance.
HONORIFICS = {"dr", "prof", "professor", "mr", "mrs", "ms", "mx", "sir", "dame", "rev"}
# Degrees stand at the end. Elsewhere "Md" is short for Mohammad.
DEGREES = {"phd", "md"}


def normal(name: str) -> str:
    """The normal form of a name: folded words in the order of the alphabet, without honorifics,
    and without initials where two whole words remain."""
    words = _joined(_without_honours(words_of(name)))
    whole = [word for word in words if len(word) > 1]
    if len(whole) > 1:
        words = whole
    return " ".join(sorted(words))[:LONGEST_KEY].rstrip()


def _without_honours(words: list[str]) -> list[str]:
    """The words without honorifics and degrees, unless there are no others."""
    last = len(words)
    while last and words[last - 1] in DEGREES:
        last -= 1
    return [word for word in words[:last] if word not in HONORIFICS] or words


def _joined(words: list[str]) -> list[str]:
    """The words, East Asian ones beside each other as one: some write a space between the
    family name and the given name, some do not."""
    joined: list[str] = []
    for is_one, group in groupby(words, _is_east_asian):
        together = list(group)
        joined += ["".join(together)] if is_one else together
    return joined


def _is_east_asian(word: str) -> bool:
    return not word.isascii() and is_east_asian(word[0])


def kept(name: str) -> str:
    """The normal form as an entry keeps it. Never empty, also where a name has no letters that are
    compared: the entry would be new for ever."""
    return normal(name) or "-"


@dataclass
class Roll:
    """The names under a letter, read once: as many look-ups as one likes without a query.

    `keys` are normal forms. By their lengths, because a name of eight letters is never similar to
    one of sixteen.
    """

    same: dict[str, uuid.UUID] = field(default_factory=dict)
    by_length: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, key: str, pk: uuid.UUID) -> None:
        if key and key not in self.same:
            self.same[key] = pk
            self.by_length[len(key)].append(key)

    def found(self, key: str) -> list[Finding]:
        """The flag for a name of this normal form, if there is one."""
        if key in self.same:
            return [Finding(FlagKind.SAME_NAME, other=self.same[key])]
        alike = closest(key, near(len(key), self.by_length))
        return [Finding(FlagKind.SIMILAR_NAME, other=self.same[alike])] if alike else []


def near(length: int, by_length: Mapping[int, list[str]]) -> list[str]:
    """Names short and long enough to be as similar: the others need no comparison."""
    shortest, longest = lengths_near(length)
    return [key for other in range(shortest, longest + 1) for key in by_length.get(other, ())]


def lengths_near(length: int) -> tuple[int, int]:
    """Between which lengths a name lies that can be similar to one of this length.

    The ratio of two lengths bounds that of the names: 200 · shorter / (shorter + longer).
    """
    return ceil(length * SIMILAR / (200 - SIMILAR)), floor(length * (200 - SIMILAR) / SIMILAR)


def closest(key: str, keys: Iterable[str]) -> str:
    """The most similar of these names; nothing where none is similar enough."""
    if len(key) < SHORTEST:
        return ""
    found = [
        one
        for turned in _turned(key)
        if (one := process.extractOne(turned, keys, scorer=fuzz.ratio, score_cutoff=SIMILAR))
    ]
    return max(found, key=lambda one: one[1])[0] if found else ""


def one_slip_from(key: str, by_length: Mapping[int, list[str]]) -> str:
    """The name from which one letter keeps this one: another, one too many or too few, or two
    in each other's place. Closer than similar, because genuine names are."""
    alike = closest(key, near(len(key), by_length))
    slips = (OSA.distance(turned, alike, score_cutoff=1) for turned in _turned(key))
    return alike if alike and min(slips) <= 1 else ""


def _turned(key: str) -> Iterator[str]:
    """The words from each of them on: a slip in a first letter moves a word in the alphabet."""
    words = key.split()
    for start in range(len(words)):
        yield " ".join(words[start:] + words[:start])
