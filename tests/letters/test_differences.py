"""What one text of a letter says differently from another."""

import random
import re
import time
from html import unescape

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from letters import differences
from letters.actions import Text
from letters.differences import Kind, between, words


def text(markdown="", title="A title", demands=()):
    return Text(title, markdown, tuple(demands))


def marked(pieces):
    """[-gone-] and {+come+}, as `wdiff` writes them."""
    forms = {Kind.SAME: "{}", Kind.REMOVED: "[-{}-]", Kind.ADDED: "{{+{}+}}"}
    return "".join(forms[piece.kind].format(piece.text) for piece in pieces)


def of_paragraphs(before, after):
    difference = between(text(before), text(after))
    return [(str(one.kind), marked(one.pieces)) for one in difference.paragraphs]


# Words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", ""),
        ("the same words", "the same words", "the same words"),
        ("pick up", "pick it up", "pick {+it +}up"),
        ("pick it up", "pick up", "pick [-it -]up"),
        ("call now.", "ring now.", "[-call-]{+ring+} now."),
        ("", "all new", "{+all new+}"),
        ("all gone", "", "[-all gone-]"),
        (
            "the red, green car went",
            "the blue, pink car went",
            "the [-red, green-]{+blue, pink+} car went",
        ),
        ("we don’t know", "we won’t know", "we [-don’t-]{+won’t+} know"),
        ("one two", "one\ntwo", "one[- -]{+\n+}two"),
        ("Straße 你好 🙂", "Straße 你好 🙁", "Straße 你好 [-🙂-]{+🙁+}"),
    ],
)
def test_words_mark_what_is_gone_and_what_came(before, after, expected):
    assert marked(words(before, after)) == expected


def test_words_that_cannot_be_seen_are_shown_as_a_sign():
    shown = [piece.shown for piece in words("one two\nthree", "one\ntwo three\u200bfour")]

    assert shown[:4] == ["one", "␣", "↵", "two"]
    assert differences.Piece(Kind.ADDED, "\u200b").shown == "␣"


# Paragraphs -------------------------------------------------------------------------------------


def test_between_compares_paragraphs_and_words_within_changed_ones():
    before = "To you.\n\nWe ask one thing of you.\n\nGoodbye.\n"
    after = "To you.\n\nWe ask two things of you.\n\nHear us.\n\nGoodbye.\n"

    assert of_paragraphs(before, after) == [
        ("same", "To you."),
        ("changed", "We ask [-one thing-]{+two things+} of you."),
        ("added", "{+Hear us.+}"),
        ("same", "Goodbye."),
    ]


def test_between_shows_what_has_little_in_common_as_two_paragraphs():
    assert of_paragraphs("Cats sleep all day.\n", "Nobody answers the telephone.\n") == [
        ("removed", "[-Cats sleep all day.-]"),
        ("added", "{+Nobody answers the telephone.+}"),
    ]


def test_between_pairs_those_that_are_alike_and_not_those_in_the_same_place():
    before = "First of all the weather.\n\nThe long and winding road leads home.\n"
    after = "The long and winding path leads home.\n\nSomething else entirely.\n"

    assert of_paragraphs(before, after) == [
        ("removed", "[-First of all the weather.-]"),
        ("changed", "The long and winding [-road-]{+path+} leads home."),
        ("added", "{+Something else entirely.+}"),
    ]


def test_between_says_that_a_paragraph_moved():
    difference = between(
        text("A one.\n\nB two.\n\nC three.\n"), text("C three.\n\nA one.\n\nB two.\n")
    )

    assert [(str(one.kind), one.shown, one.is_moved) for one in difference.paragraphs] == [
        ("added", "C three.", True),
        ("same", "A one.", False),
        ("same", "B two.", False),
        ("removed", "C three.", True),
    ]


def test_between_texts_that_differ_in_empty_lines_only_shows_no_change():
    difference = between(text("One.\n\nTwo."), text("\n\nOne.\n\n\n\nTwo.\n"))

    assert not difference.is_visible
    assert [stretch.is_same for stretch in difference.stretches] == [True]
    assert difference.after.markdown == "\n\nOne.\n\n\n\nTwo.\n"


def test_between_folds_long_unchanged_stretches_only():
    long = "\n\n".join(f"Paragraph {number} says something at length." for number in range(9))
    difference = between(
        text(f"{long}\n\nOld one here.\n\nEnd."), text(f"{long}\n\nNew one here.\n\nEnd.")
    )

    assert [(s.is_same, s.is_folded, len(s.paragraphs)) for s in difference.stretches] == [
        (True, True, 9),
        (False, False, 1),
        (True, False, 1),
    ]


def test_between_compares_title_and_demands():
    before = text(title="Pick up the phone", demands=[("Call.", "Call them."), ("", "Stop.")])
    after = text(
        title="Pick up the phones", demands=[("Call now.", "Call them."), ("New.", "Go on.")]
    )

    difference = between(before, after)

    assert marked(difference.title) == "Pick up the [-phone-]{+phones+}"
    assert [(str(d.kind), marked(d.lead), marked(d.text)) for d in difference.demands] == [
        ("changed", "Call{+ now+}.", "Call them."),
        ("removed", "", "[-Stop.-]"),
        ("added", "{+New.+}", "{+Go on.+}"),
    ]
    assert (difference.changes_title, difference.changes_text) == (True, False)
    assert difference.changes_demands


def test_between_tells_a_lead_from_the_text_of_a_demand():
    difference = between(text(demands=[("Do it", "now.")]), text(demands=[("Do", "it now.")]))

    assert difference.changes_demands
    assert difference.after.demands == (("Do", "it now."),)


# Promises -------------------------------------------------------------------------------------


PROSE = st.lists(
    st.one_of(
        st.sampled_from(
            ["the", "car", "the car", ",", ".", " ", "\n", "\n\n", "\n \n", "don’t", "<b>"]
        ),
        st.text(max_size=5),
    ),
    max_size=40,
).map("".join)
DEMANDS = st.lists(st.tuples(PROSE, PROSE), max_size=5).map(tuple)
TEXTS = st.builds(Text, PROSE, PROSE, DEMANDS)


@given(TEXTS, TEXTS)
def test_difference_gives_both_texts_back(before, after):
    difference = between(before, after)

    assert (difference.before, difference.after) == (before, after)


@given(PROSE)
def test_difference_of_a_text_from_itself_shows_no_change(markdown):
    assert not between(text(markdown), text(markdown)).is_visible


@given(PROSE)
def test_split_paragraphs_are_the_text(markdown):
    assert "".join(body + gap for body, gap in differences.split(markdown)) == markdown


def rendered(difference):
    context = {"difference": difference, "language": "en"}
    return render_to_string("letters/_difference.html", context)


MARKUP = st.sampled_from(
    ["<script>x</script>", "<ins>", "</del>", "&lt;", '" onclick="', "<!--", "a"]
)


@given(
    st.builds(
        Text, MARKUP, st.lists(MARKUP).map("\n\n".join), st.tuples(st.tuples(MARKUP, MARKUP))
    ),
    st.builds(
        Text, MARKUP, st.lists(MARKUP).map("\n\n".join), st.tuples(st.tuples(MARKUP, MARKUP))
    ),
)
def test_difference_on_a_page_is_text_and_no_markup(before, after):
    page = rendered(between(before, after))

    tags = {re.split(r"[\s>]", tag)[0] for tag in re.findall(r"<[^>]*>", page)}
    own = {"<div", "<p", "<h3", "<ins", "<del", "<span", "<details", "<summary", "<bdi", "<ul"}
    own |= {"<li", "<strong"}
    assert tags - own - {tag.replace("<", "</") for tag in own} == set()
    assert "onclick" not in " ".join(re.findall(r"<[^>]*>", page))


def test_difference_on_a_page_says_in_words_what_lines_and_colour_say():
    page = rendered(between(text("We ask one thing.\n"), text("We ask two things.\n")))

    words_of_page = " ".join(unescape(re.sub(r"<[^>]+>", "", page)).split())
    assert "(removed: one thing end) (added: two things end)" in words_of_page
    assert '<del><span class="visually-hidden"' in page
    assert '<ins><span class="visually-hidden"' in page


# Time -----------------------------------------------------------------------------------------


def noise(seed):
    """Forty paragraphs of three hundred times one of two words."""
    drawn = random.Random(seed)
    return "\n\n".join(" ".join(drawn.choices("ab", k=300)) for _paragraph in range(40))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a b " * 12_000, "b a a " * 8_000),
        ("\n\n".join(["a b " * 60] * 200), "\n\n".join(["b a a " * 40] * 200)),
        ("\n\n".join("abcdefg" * 1_000), "\n\n".join("gfedcba" * 1_000)),
        (" ".join(map(str, range(9_000))), " ".join(map(str, reversed(range(9_000))))),
        (" " * 50_000 + "x", "y" + " " * 50_000),
        (noise(1), noise(2)),
        (" ".join(map(str, range(9_000))), " ".join(f"{n}{'x' * (n % 2)}" for n in range(9_000))),
    ],
    ids=[
        "two words",
        "many paragraphs",
        "tiny paragraphs",
        "reversed",
        "white space",
        "noise",
        "every second",
    ],
)
def test_difference_of_hostile_texts_takes_bounded_time(before, after):
    started = time.process_time()

    difference = between(text(before), text(after))

    assert time.process_time() - started < 5  # Without the bounds: minutes.
    assert (difference.before.markdown, difference.after.markdown) == (before, after)
