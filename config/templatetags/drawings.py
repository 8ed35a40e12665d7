"""Drawings made by the server: the seal and the bars, as plain geometry.

A stroke is a person. Each ring of the seal, and each bar, is one SVG element whose
`pathLength` is its number of strokes, so that a drawing takes a few hundred bytes for any count.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from django import template
from django.utils.formats import number_format

register = template.Library()

# A seal is drawn in a box from -120 to 120. The middle is left open for the count;
# the small copies beside a title carry none, so that theirs is smaller.
OUTER_EDGE = 118
INNER_EDGE = 58
INNER_EDGE_WITHOUT_COUNT = 30

# Up to so many strokes, so many rings.
RINGS = ((40, 1), (100, 2), (250, 3), (500, 4), (1_000, 5), (2_000, 6), (3_000, 7))
MOST_RINGS = 8
# Beyond this, strokes lie closer than the pixels of a screen: one then stands for several people.
MOST_STROKES = 4_000

RING_SHARE = 0.72  # of a ring's band; the rest is the gap between two rings
STROKE_SHARE = 0.34  # of the place of one stroke; the rest is the gap between two strokes
DENSE_STROKE_SHARE = 0.48  # in small copies, where strokes are finer than a pixel
DENSE_PLACE = 4.0
WIDEST_STROKE = 4.0
GOLDEN_ANGLE = 137.5  # turns the rings against one another, so that no gaps line up

# A bar at full width shows at most so many strokes; fewer than the least never fill it,
# because a stroke should stay a stroke.
MOST_BAR_STROKES = 60
LEAST_BAR_PLACES = 30


@dataclass(frozen=True)
class Ring:
    """One circle: radius, turn in degrees, and the number of strokes it is drawn from."""

    radius: float
    turn: float
    strokes: int


@dataclass(frozen=True)
class Seal:
    """A round robin of strokes, all alike; `per` is how many people one stroke stands for."""

    rings: tuple[Ring, ...]
    width: float
    dash: float
    per: int

    @property
    def top(self) -> float:
        """Where the mark begins: the inner end of the outermost strokes."""
        radius = self.rings[-1].radius if self.rings else (OUTER_EDGE + INNER_EDGE) / 2
        return radius - self.width / 2

    @property
    def gap(self) -> float:
        return 1 - self.dash

    @property
    def offset(self) -> float:
        """Begins every ring in the middle of a gap."""
        return (1 + self.dash) / 2


class Row(Protocol):
    """What a bar needs to know."""

    name: str
    url: str
    number: int
    is_minor: bool


@dataclass(frozen=True)
class Bar:
    """A row with its drawing: a number of strokes and the share of the width they take."""

    row: Row
    strokes: int
    percent: float


def stroke_scale(count: int, most: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20 … for which `count` needs at most `most` strokes."""
    power = 1
    while True:
        for step in (1, 2, 5):
            if strokes(count, step * power) <= most:
                return step * power
        power *= 10


def strokes(count: int, per: int) -> int:
    """Return how many strokes show `count` people; whoever exists is never left without one."""
    return -(-count // per)


def bar_scale(numbers: Iterable[int]) -> int:
    """Return for how many signatures one stroke stands, so that the longest bar has at most 60."""
    return stroke_scale(max(numbers, default=0), MOST_BAR_STROKES)


def share(total: int, weights: list[float]) -> list[int]:
    """Split `total` in proportion to `weights`; the sum is exact (largest remainders)."""
    exact = [total * weight / sum(weights) for weight in weights]
    parts = [math.floor(part) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: parts[i] - exact[i])
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts


def draw_seal(count: int, *, has_count: bool = True, has_mark: bool = False) -> Seal:
    """Return the seal for `count` signatures.

    The strokes of all rings add up to exactly that; beyond `MOST_STROKES`, one stands for several.
    With `has_mark` the outermost ring leaves a gap at the top for one stroke more.
    """
    per = stroke_scale(count, MOST_STROKES)
    drawn = strokes(count, per)
    number = next((rings for most, rings in RINGS if drawn <= most), MOST_RINGS)
    inner = INNER_EDGE if has_count else INNER_EDGE_WITHOUT_COUNT
    band = (OUTER_EDGE - inner) / number
    radii = [inner + band * (i + 0.5) for i in range(number)]
    parts = share(drawn, radii)
    turns = [i * GOLDEN_ANGLE % 360 for i in range(number)]
    # The outermost ring has a stroke at the very top, or a gap for the mark.
    turns[-1] = -90 - (0 if has_mark else 180 / max(parts[-1], 1))
    rings = tuple(Ring(*ring) for ring in zip(radii, turns, parts, strict=True) if ring[2])
    return Seal(rings, RING_SHARE * band, _dash(drawn, radii, is_small=not has_count), per)


def _dash(drawn: int, radii: list[float], *, is_small: bool) -> float:
    if not drawn:
        return STROKE_SHARE
    place = 2 * math.pi * sum(radii) / drawn
    if is_small and place < DENSE_PLACE:
        return DENSE_STROKE_SHARE
    return min(STROKE_SHARE, WIDEST_STROKE / place)


def draw_bars(rows: Iterable[Row], per: int) -> list[Bar]:
    """Return one bar for each row; strokes stand equally far apart in all of them."""
    rows = list(rows)
    lengths = [strokes(row.number, per) for row in rows]
    places = max([*lengths, LEAST_BAR_PLACES])
    return [
        Bar(row, length, 100 * length / places) for row, length in zip(rows, lengths, strict=True)
    ]


@register.filter
def thousands(number: int) -> str:
    """Write a number with the separators of the reader's language: 1,284."""
    return number_format(number, force_grouping=True)


@register.inclusion_tag("components/seal.html")
def seal(
    count: int, *, title_id: str = "seal-title", decorative: bool = False, mark: bool = False
) -> dict[str, Any]:
    """Draw the seal: with count and text alternative, or as a decorative small copy.

    `mark` adds the reader's own stroke, which stands out at the top.
    """
    drawing = draw_seal(count, has_count=not decorative, has_mark=mark)
    digits = len(thousands(count))
    return {
        "seal": drawing,
        "count": count,
        "size": "small" if digits > 7 else "medium" if digits > 6 else "",
        "title_id": title_id,
        "decorative": decorative,
        "mark": mark,
    }


@register.inclusion_tag("components/bars.html")
def bars(
    rows: Iterable[Row], *, scale: int, caption: str = "", what: str = "", counted: str = ""
) -> dict[str, Any]:
    """Draw the table of organisations, one stroke for every `scale` signatures.

    Another table says what it is in its `caption`, and over its two columns.
    """
    drawn = draw_bars(rows, scale)
    return {"bars": drawn, "scale": scale, "caption": caption, "what": what, "counted": counted}
