import re
from dataclasses import dataclass

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from config.templatetags import drawings


@dataclass
class Row:
    name: str
    number: int
    url: str = ""
    is_minor: bool = False


def sum_of_strokes(seal):
    return sum(ring.strokes for ring in seal.rings)


def rendered(count, **options):
    return render_to_string("components/seal.html", drawings.seal(count, **options))


@pytest.mark.parametrize("has_count", [True, False])
def test_every_signature_is_one_stroke(has_count):
    for count in [*range(1500), 1999, 2906, 3001, drawings.MOST_STROKES]:
        seal = drawings.draw_seal(count, has_count=has_count)
        assert sum_of_strokes(seal) == count
        assert seal.per == 1


@pytest.mark.parametrize("count", [4_001, 7_000, 99_999, 1_000_000])
def test_a_stroke_stands_for_several_where_they_would_melt_together(count):
    seal = drawings.draw_seal(count)
    assert sum_of_strokes(seal) <= drawings.MOST_STROKES
    assert (sum_of_strokes(seal) - 1) * seal.per < count <= sum_of_strokes(seal) * seal.per


def test_rings_grow_with_the_count_and_stay_inside_the_box():
    numbers = [len(drawings.draw_seal(count).rings) for count in (1, 41, 101, 251, 501, 1284, 3001)]
    assert numbers == [1, 2, 3, 4, 5, 6, 8]
    for count in (1, 87, 1284, 4000):
        seal = drawings.draw_seal(count)
        assert seal.rings[0].radius - seal.width / 2 >= drawings.INNER_EDGE
        assert seal.rings[-1].radius + seal.width / 2 <= drawings.OUTER_EDGE


def test_rings_share_strokes_by_radius():
    rings = drawings.draw_seal(1284).rings
    assert [ring.strokes for ring in rings] == [153, 178, 202, 226, 250, 275]
    assert [ring.radius for ring in rings] == [63, 73, 83, 93, 103, 113]


def test_few_strokes_stay_thin():
    for count in (1, 2, 12, 40):
        seal = drawings.draw_seal(count)
        place = 2 * 3.1416 * seal.rings[0].radius / count
        assert seal.dash * place <= drawings.WIDEST_STROKE + 0.01


@pytest.mark.parametrize("count", [0, 1, 12, 450, 1284, 1_000_000])
def test_a_drawing_takes_few_bytes_for_any_count(count):
    assert len(re.sub(r"\s+", " ", rendered(count))) < 1500


def test_nobody_has_signed_yet():
    page = rendered(0)
    assert "No signature yet" in page
    assert "stroke-dasharray" not in page


def test_the_seal_says_in_words_what_it_draws():
    assert "1,284 signatures: a circle drawn from one stroke for each person" in rendered(1284)
    assert 'aria-labelledby="my-title"' in rendered(1284, title_id="my-title")
    assert "one stroke for every 500 people" in rendered(1_000_000)


def test_a_decorative_copy_is_hidden_from_assistive_tools():
    page = rendered(1284, decorative=True)
    assert 'aria-hidden="true"' in page
    assert "<title" not in page
    assert "<text" not in page


def test_the_mark_is_a_stroke_more_in_a_gap_at_the_top():
    seal = drawings.draw_seal(12, has_mark=True)
    assert sum_of_strokes(seal) == 12
    assert seal.rings[-1].turn == -90  # where a ring begins, there is a gap
    assert 'class="seal__mark"' in rendered(12, mark=True)
    assert 'class="seal__mark"' in rendered(0, mark=True)


def test_geometry_is_the_same_in_every_language():
    def numbers(page):
        return re.findall(r'(?:r|pathLength|stroke-\w+|transform)="[^"]*"', page)

    english = rendered(1285)
    with translation.override("de"):
        german = rendered(1285)
    assert numbers(german) == numbers(english)
    assert "1.285" in german


@pytest.mark.parametrize(
    ("longest", "scale"),
    [(0, 1), (1, 1), (60, 1), (61, 2), (120, 2), (296, 5), (803, 20), (10**6, 20_000)],
)
def test_the_longest_bar_has_at_most_sixty_strokes(longest, scale):
    assert drawings.bar_scale([longest, longest // 3]) == scale
    assert drawings.strokes(longest, scale) <= drawings.MOST_BAR_STROKES


def test_bars_of_nobody():
    assert drawings.bar_scale([]) == 1
    assert drawings.draw_bars([], 1) == []


def test_bars_are_as_long_as_their_strokes():
    bars = drawings.draw_bars([Row("Northlane", 296), Row("Fernwood", 178), Row("None", 1)], 5)
    assert [bar.strokes for bar in bars] == [60, 36, 1]
    assert [bar.percent for bar in bars] == pytest.approx([100, 60, 100 / 60])


def test_a_few_strokes_do_not_fill_the_width():
    (bar,) = drawings.draw_bars([Row("Northlane", 3)], 1)
    assert bar.percent == pytest.approx(10)


def test_the_table_of_bars_states_its_scale():
    rows = [Row("Northlane", 1296, url="?organisation=northlane"), Row("Others", 12, is_minor=True)]
    page = render_to_string("components/bars.html", drawings.bars(rows, scale=50))
    assert "One stroke for every 50 signatures" in page
    assert '<a href="?organisation=northlane">Northlane</a>' in page
    assert "1,296" in page
    single = render_to_string("components/bars.html", drawings.bars(rows[1:], scale=1))
    assert "One stroke for each signature" in single


def test_counts_are_written_with_separators():
    assert drawings.thousands(1284) == "1,284"
    assert drawings.thousands(999) == "999"
    with translation.override("de"):
        assert drawings.thousands(1284) == "1.284"
