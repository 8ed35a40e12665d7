"""What organisers write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letters.actions import Text
from letters.demands import demands_as_lines, lines_as_demands
from letters.forms import LONGEST_TEXT, TextForm
from letters.models import Demand
from tests.factories import make_letter

TYPED = {"title": "A title", "text": "Dear all,", "demands": "Do. | It.", "instead_of": "1"}


def errors_of(**changes):
    return dict(TextForm({**TYPED, **changes}).errors)


# Demands in a field -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "demands"),
    [
        ("Call. | Ring the House.", (("Call.", "Ring the House."),)),
        ("No lead here.", (("", "No lead here."),)),
        ("| a | b", (("", "a | b"),)),
        (r"a\|b | c", (("a|b", "c"),)),
        ("Lead: not one | text: yes", (("Lead: not one", "text: yes"),)),
        ("  spaced   out |  a   lot ", (("spaced out", "a lot"),)),
        ("one\n\n \ntwo\n", (("", "one"), ("", "two"))),
        ("lead |", (("lead", ""),)),
        ("", ()),
    ],
)
def test_lines_as_demands_reads_one_a_line(lines, demands):
    assert lines_as_demands(lines) == demands


IN_ONE_LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(
    lambda text: " ".join(text.split())
)
ODD = st.text("|\\ ab", max_size=12).map(lambda text: " ".join(text.split()))
PARTS = st.one_of(IN_ONE_LINE, ODD)


@given(st.lists(st.tuples(PARTS, PARTS.filter(bool))).map(tuple))
def test_demands_read_back_are_what_they_were(demands):
    assert lines_as_demands(demands_as_lines(demands)) == demands


# The form -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_form_of_a_version_gives_its_text_back():
    version = make_letter().current_version
    Demand.objects.create(version=version, number=2, lead="Say | it", text="a | b")

    form = TextForm(TextForm.of(version).initial)

    assert form.is_valid()
    assert form.text_to_publish() == Text.of(version).tidied() == Text.of(version)
    assert form.cleaned_data["instead_of"] == 1


def test_form_tells_no_browsers_apart():
    form = TextForm({**TYPED, "text": "\r\n One.\r\n\r\nTwo.\rThree. \r\n", "demands": "a\r\nb"})

    assert form.is_valid()
    assert form.text_to_publish() == Text(
        "A title", "One.\n\nTwo.\nThree.\n", (("", "a"), ("", "b"))
    )


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"title": " "}, {"title": ["Enter a title."]}),
        ({"text": "\n"}, {"text": ["Enter the text of the letter."]}),
        (
            {"text": "a\n\n<!-- demands -->\n\n<!-- demands -->"},
            {"text": ["The demands can stand in one place only: keep one line <!-- demands -->."]},
        ),
        (
            {"demands": f"ok\nlead |\n{'l' * 101} | {'t' * 501}"},
            {
                "demands": [
                    "Demand 2 has a lead and says nothing after the bar.",
                    "The lead of demand 3 is longer than 100 characters.",
                    "Demand 3 is longer than 500 characters.",
                ]
            },
        ),
        ({"demands": "x\n" * 31}, {"demands": ["A letter can have at most 30 demands."]}),
    ],
)
def test_form_says_beside_the_field_what_is_wrong(changes, errors):
    assert errors_of(**changes) == errors


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "t" * 201},
        {"text": "t" * (LONGEST_TEXT + 1)},
        {"title": "nul\0"},
        {"text": "nul\0"},
        {"instead_of": ""},
        {"instead_of": "-1"},
        {"instead_of": "one"},
    ],
)
def test_form_refuses_what_no_version_can_be(changes):
    assert list(errors_of(**changes)) == list(changes)
