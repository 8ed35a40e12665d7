"""What one text of a letter says differently from another, word by word.

Pure functions. A `Difference` gives both texts back, letter for letter (`before`, `after`);
whether it is short and easy to read is a matter of taste, and of time: comparing is quadratic
in the worst case, so what would take too long is shown as taken out and put in as a whole.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby

from letters.actions import Text
from letters.markdown import DEMANDS_MARK

# How long two sequences may be together, and how many equal pairs they may have, before we give
# up on detail. A paragraph may have seven hundred words. The pairs are shared among all that
# changed: a hundred of them may still have two hundred words each.
LONGEST = 3_000
MOST_EQUAL_PAIRS = 40_000
# How many paragraphs in a row are tried against each other, to see which became which.
MOST_PAIRS = 2_500
# Paragraphs that share less than this are two paragraphs, and not one that was changed.
SIMILAR = 0.4
# An unchanged stretch that is shorter, in characters, needs no folding.
SHORT = 240

# Words with what joins them, white space, and everything else one by one: nothing is left out.
_TOKENS = re.compile(r"\w+(?:['’.\-]\w+)*|\s+|[^\w\s]")
_WORD = re.compile(r"\w")
_WHITE_SPACE = re.compile(r"\s+")


class Kind(StrEnum):
    SAME = "same"
    CHANGED = "changed"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True)
class Piece:
    """Some words that stand in both texts, in the earlier one only, or in the later one only."""

    kind: Kind
    text: str

    @property
    def shown(self) -> str:
        """The words; a sign where there is nothing to see."""
        if any(char.isprintable() and not char.isspace() for char in self.text):
            return self.text
        return "↵" if "\n" in self.text else "␣"


Pieces = tuple[Piece, ...]


@dataclass(frozen=True)
class Paragraph:
    """One paragraph of both texts, or of one of them. Gaps are the empty lines after it.

    A paragraph that `is_moved` stands, word for word, elsewhere in the other text.
    """

    kind: Kind
    pieces: Pieces
    gap_before: str = ""
    gap_after: str = ""
    is_moved: bool = False

    @property
    def shown(self) -> str:
        """Its words, where the two texts do not differ in them."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def is_place_of_demands(self) -> bool:
        return self.shown == DEMANDS_MARK


@dataclass(frozen=True)
class DemandChange:
    """One demand of both texts, or of one of them."""

    kind: Kind
    lead: Pieces
    text: Pieces


@dataclass(frozen=True)
class Stretch:
    """Paragraphs in a row, either all unchanged or each of them changed."""

    is_same: bool
    paragraphs: tuple[Paragraph, ...]

    @property
    def is_folded(self) -> bool:
        """Whether it is unchanged and too long to be read once more."""
        return self.is_same and sum(len(one.shown) for one in self.paragraphs) > SHORT


@dataclass(frozen=True)
class Difference:
    title: Pieces
    paragraphs: tuple[Paragraph, ...]
    demands: tuple[DemandChange, ...]

    @property
    def changes_title(self) -> bool:
        return any(piece.kind != Kind.SAME for piece in self.title)

    @property
    def changes_text(self) -> bool:
        return any(one.kind != Kind.SAME and one.pieces for one in self.paragraphs)

    @property
    def changes_demands(self) -> bool:
        return any(demand.kind != Kind.SAME for demand in self.demands)

    @property
    def is_visible(self) -> bool:
        """False where nothing but the number of empty lines differs, or nothing at all."""
        return self.changes_title or self.changes_text or self.changes_demands

    @property
    def stretches(self) -> list[Stretch]:
        shown = (paragraph for paragraph in self.paragraphs if paragraph.pieces)
        grouped = groupby(shown, lambda paragraph: paragraph.kind == Kind.SAME)
        return [Stretch(is_same, tuple(paragraphs)) for is_same, paragraphs in grouped]

    @property
    def before(self) -> Text:
        earlier = [one for one in self.paragraphs if one.kind != Kind.ADDED]
        demands = [one for one in self.demands if one.kind != Kind.ADDED]
        return Text(
            _earlier(self.title),
            "".join(_earlier(one.pieces) + one.gap_before for one in earlier),
            tuple((_earlier(one.lead), _earlier(one.text)) for one in demands),
        )

    @property
    def after(self) -> Text:
        later = [one for one in self.paragraphs if one.kind != Kind.REMOVED]
        demands = [one for one in self.demands if one.kind != Kind.REMOVED]
        return Text(
            _later(self.title),
            "".join(_later(one.pieces) + one.gap_after for one in later),
            tuple((_later(one.lead), _later(one.text)) for one in demands),
        )


def between(before: Text, after: Text) -> Difference:
    """What `after` says differently from `before`."""
    return Difference(
        title=words(before.title, after.title),
        paragraphs=tuple(_paragraphs(before.markdown, after.markdown)),
        demands=tuple(_demands(before.demands, after.demands)),
    )


# Words ------------------------------------------------------------------------------------


def words(before: str, after: str, most: int = MOST_EQUAL_PAIRS) -> Pieces:
    """Both texts in one, word by word: what is gone stands before what came in its place.

    Where they have more than `most` pairs of equal words, one replaces the other as a whole.
    """
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    found: list[Piece] = []
    removed = added = ""
    for is_same, i1, i2, j1, j2 in _matches(old, new, most):
        gone, come = "".join(old[i1:i2]), "".join(new[j1:j2])
        is_crumb = is_same and (removed or added) and not _WORD.search(gone) and i2 < len(old)
        if not is_same or is_crumb:
            # A comma between two changed words is not worth an interruption.
            removed, added = removed + gone, added + come
            continue
        found += [*_changed(removed, added), Piece(Kind.SAME, gone)]
        removed = added = ""
    return (*found, *_changed(removed, added))


def _changed(removed: str, added: str) -> Iterator[Piece]:
    if removed:
        yield Piece(Kind.REMOVED, removed)
    if added:
        yield Piece(Kind.ADDED, added)


def _earlier(pieces: Pieces) -> str:
    return "".join(piece.text for piece in pieces if piece.kind != Kind.ADDED)


def _later(pieces: Pieces) -> str:
    return "".join(piece.text for piece in pieces if piece.kind != Kind.REMOVED)


def _matches(
    old: Sequence[str], new: Sequence[str], most: int
) -> Iterator[tuple[bool, int, int, int, int]]:
    """Stretches of both sequences in order: whether they are the same, and from where to where."""
    start, ends = _common_start(old, new), _common_end(old, new)
    i2, j2 = len(old) - ends, len(new) - ends
    if start:
        yield True, 0, start, 0, start
    inner_old, inner_new = old[start:i2], new[start:j2]
    if _takes_not_too_long(inner_old, inner_new, most):
        # White space alone is no reason to find two places alike.
        matcher = SequenceMatcher(str.isspace, inner_old, inner_new, autojunk=False)
        for tag, a1, a2, b1, b2 in matcher.get_opcodes():
            yield tag == "equal", start + a1, start + a2, start + b1, start + b2
    elif inner_old or inner_new:
        yield False, start, i2, start, j2
    if ends:
        yield True, i2, len(old), j2, len(new)


def _common_start(old: Sequence[str], new: Sequence[str]) -> int:
    number = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        number += 1
    return number


def _common_end(old: Sequence[str], new: Sequence[str]) -> int:
    """How much is the same at the end of what is left after the common start."""
    start = _common_start(old, new)
    return _common_start(old[start:][::-1], new[start:][::-1])


def _takes_not_too_long(old: Sequence[str], new: Sequence[str], most: int) -> bool:
    in_new = Counter(new)
    equal_pairs = sum(in_new[word] for word in old if not word.isspace())
    return len(old) + len(new) <= LONGEST and equal_pairs <= most


# Paragraphs and demands -------------------------------------------------------------------


def split(text: str) -> list[tuple[str, str]]:
    """The paragraphs of a text, each with the empty lines after it. Joined they are the text."""
    found, start = [], 0
    for blank in _WHITE_SPACE.finditer(text):
        if blank[0].count("\n") > 1 or blank.end() == len(text):
            found.append((text[start : blank.start()], blank[0]))
            start = blank.end()
    if start < len(text):
        found.append((text[start:], ""))
    return found


def _paragraphs(before: str, after: str) -> Iterator[Paragraph]:
    old, new = split(before), split(after)
    old_bodies, new_bodies = [body for body, _gap in old], [body for body, _gap in new]
    pairs = _align(old_bodies, new_bodies)
    moved = _moved(old_bodies, new_bodies, pairs)
    most = _share(old_bodies, new_bodies, pairs)
    for i, j in pairs:
        if i is not None and j is not None:
            pieces = words(old_bodies[i], new_bodies[j], most)
            kind = Kind.SAME if old_bodies[i] == new_bodies[j] else Kind.CHANGED
            yield Paragraph(kind, pieces, gap_before=old[i][1], gap_after=new[j][1])
        elif i is not None:
            body, gap = old[i]
            pieces = _whole(Kind.REMOVED, body)
            yield Paragraph(Kind.REMOVED, pieces, gap_before=gap, is_moved=body in moved)
        elif j is not None:
            body, gap = new[j]
            pieces = _whole(Kind.ADDED, body)
            yield Paragraph(Kind.ADDED, pieces, gap_after=gap, is_moved=body in moved)


def _whole(kind: Kind, text: str) -> Pieces:
    return (Piece(kind, text),) if text else ()


def _demands(
    before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]
) -> Iterator[DemandChange]:
    old, new = [" ".join(one) for one in before], [" ".join(one) for one in after]
    pairs = _align(old, new)
    most = _share(old, new, pairs)
    for i, j in pairs:
        if i is not None and j is not None:
            kind = Kind.SAME if before[i] == after[j] else Kind.CHANGED
            lead = words(before[i][0], after[j][0], most)
            yield DemandChange(kind, lead, words(before[i][1], after[j][1], most))
        elif i is not None:
            yield DemandChange(Kind.REMOVED, *(_whole(Kind.REMOVED, one) for one in before[i]))
        elif j is not None:
            yield DemandChange(Kind.ADDED, *(_whole(Kind.ADDED, one) for one in after[j]))


Pair = tuple[int | None, int | None]


def _align(old: list[str], new: list[str]) -> list[Pair]:
    """Which became which, in order on both sides; None where one has no counterpart."""
    pairs: list[Pair] = []
    for is_same, i1, i2, j1, j2 in _matches(old, new, MOST_EQUAL_PAIRS):
        if is_same:
            pairs += zip(range(i1, i2), range(j1, j2), strict=True)
        else:
            pairs += _align_changed(old[i1:i2], new[j1:j2], i1, j1)
    return pairs


def _align_changed(old: list[str], new: list[str], i0: int, j0: int) -> Iterator[Pair]:
    """Pair what is similar, so that the pairs together are as similar as can be."""
    i = j = 0
    for next_i, next_j in [*_similar_pairs(old, new), (len(old), len(new))]:
        yield from ((i0 + gone, None) for gone in range(i, next_i))
        yield from ((None, j0 + come) for come in range(j, next_j))
        if next_i < len(old) and next_j < len(new):
            yield i0 + next_i, j0 + next_j
        i, j = next_i + 1, next_j + 1


def _similar_pairs(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    if len(old) * len(new) > MOST_PAIRS:
        return []
    old_words, new_words = [_count(text) for text in old], [_count(text) for text in new]
    likeness = [[_likeness(one, other) for other in new_words] for one in old_words]
    # best[i][j]: how much alike the paragraphs from i and from j on can be made to be.
    best = [[0.0] * (len(new) + 1) for _row in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            paired = best[i + 1][j + 1] + likeness[i][j] if likeness[i][j] else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs, i, j = [], 0, 0
    while i < len(old) and j < len(new):
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            pairs.append((i, j))
            i, j = i + 1, j + 1
    return pairs


def _count(text: str) -> Counter[str]:
    return Counter(token for token in _TOKENS.findall(text) if _WORD.match(token))


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    """Which part of their words two paragraphs share, or nothing where it is too small."""
    number = one.total() + other.total()
    if not number or one == other:
        # The same words in the same number: moved, or nothing but signs.
        return 1.0 if number else 0.0
    shared = 2 * (one & other).total() / number
    return shared if shared >= SIMILAR else 0.0


def _share(old: list[str], new: list[str], pairs: list[Pair]) -> int:
    """How many pairs of equal words each of those that changed may have."""
    changed = sum(1 for i, j in pairs if i is not None and j is not None and old[i] != new[j])
    return MOST_EQUAL_PAIRS // max(1, changed)


def _moved(old: list[str], new: list[str], pairs: list[Pair]) -> set[str]:
    """Paragraphs that are gone in one place and stand in another."""
    gone = {old[i] for i, j in pairs if i is not None and j is None}
    come = {new[j] for i, j in pairs if j is not None and i is None}
    return {body for body in gone & come if body}
