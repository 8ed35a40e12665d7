"""From an organiser's Markdown to HTML that is safe to show."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letters.markdown import ALLOWED_TAGS, around_demands, as_html

# An address of the web or a mailbox, or a path below this page.
HARMLESS = r'(?:(?:https?|mailto):|(?![a-zA-Z][a-zA-Z0-9+.-]*:))[^"]*'
NO_REFERRER = ' rel="noopener noreferrer"'


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("*Dear all,*\n\nWe ask.\n", "<p><em>Dear all,</em></p>\n<p>We ask.</p>\n"),
        ("**Now**", "<p><strong>Now</strong></p>\n"),
        ("## Why\n\n- one\n- two\n", "<h2>Why</h2>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"),
        ("1. one\n", "<ol>\n<li>one</li>\n</ol>\n"),
        ("> said\n", "<blockquote>\n<p>said</p>\n</blockquote>\n"),
        ("a  \nb", "<p>a<br>\nb</p>\n"),
        ("---\n", "<hr>\n"),
        (
            "[source](https://a.example/?x=1&y=2)",
            '<p><a href="https://a.example/?x=1&amp;y=2" rel="noopener noreferrer">'
            "source</a></p>\n",
        ),
        (
            "<mailto:w@a.example>",
            '<p><a href="mailto:w@a.example" rel="noopener noreferrer">'
            "mailto:w@a.example</a></p>\n",
        ),
        ("größer & „kleiner“", "<p>größer &amp; „kleiner“</p>\n"),
        ("", ""),
        # Raw HTML is text.
        ("<b>bold</b>", "<p>&lt;b&gt;bold&lt;/b&gt;</p>\n"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("<!-- hidden -->", "<p>&lt;!-- hidden --&gt;</p>\n"),
        # Tags that no letter needs leave their text.
        ("# Title", "Title\n"),
        ("`code`", "<p>code</p>\n"),
        ("![alt](https://a.example/x.png)", "<p></p>\n"),
    ],
)
def test_as_html_renders_what_a_letter_needs(markdown, html):
    assert as_html(markdown) == html


@pytest.mark.parametrize(
    "markdown",
    [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java\nscript:alert(1))",
        "[x](java&#10;script:alert(1))",
        "[x](&#x6A;avascript:alert(1))",
        "[x](vbscript:x)",
        "[x](data:text/html,<script>)",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](file:///etc/passwd)",
        "<javascript:alert(1)>",
        "[x]: javascript:alert(1)\n\n[x]",
        '[x](https://a.example "onmouseover=alert(1)")',
        '<a href="https://a.example" onclick="alert(1)">x</a>',
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "<iframe src=//a.example></iframe>",
        '<a href="javascript:alert(1)">x</a>',
        "<style>*{display:none}</style>",
        "![x](https://a.example/pixel.gif)",
        '![x](x"onerror="alert(1))',
    ],
)
def test_as_html_lets_nothing_run_and_nothing_load(markdown):
    html = as_html(markdown)

    tags = re.findall(r"<(/?)(\w+)([^>]*)>", html)
    assert {name for _slash, name, _rest in tags} <= {"p", "a"}
    for _slash, _name, attributes in tags:
        assert re.fullmatch(rf'|( href="{HARMLESS}")?( title="[^"]*")?{NO_REFERRER}', attributes)


@given(st.text(alphabet=st.sampled_from("ab <>!-[]()*_#`\"'=&;:/\\\nxjs"), max_size=60))
def test_as_html_of_anything_has_allowed_tags_only(markdown):
    html = as_html(markdown)

    assert set(re.findall(r"</?([a-z0-9]+)", html)) <= ALLOWED_TAGS
    assert "<!" not in html
    assert all(re.fullmatch(HARMLESS, link) for link in re.findall(r'href="([^"]*)"', html))


def test_around_demands_parts_the_text_where_they_stand():
    assert around_demands("Before.\n\n<!-- demands -->\n\nAfter.\n") == (
        "<p>Before.</p>\n",
        "<p>After.</p>\n",
    )
    assert around_demands("All of it.") == ("<p>All of it.</p>\n", "")
