"""Where an invisible selector of a shape may stand in a line, and where it only hides a word."""

import pytest
from django.core.exceptions import ValidationError

from letters.plain_text import read_plain_text


@pytest.mark.parametrize(
    "text",
    [
        "Be\ufe0fnioff",
        "Be\u0323\ufe00nioff",
        "Benioff \ufe0f",
        "\ufe0fBenioff",
        "Be\U000e0100nioff",
        "Be\u180bnioff",
        "Бе\ufe0fниофф",
        "Agent 7\ufe0f",
    ],
)
def test_selector_that_chooses_no_shape_is_refused(text):
    with pytest.raises(ValidationError, match="invisible"):
        read_plain_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "辻\U000e0100 太郎",
        "葛\U000e0101飾 花子",
        "ᠮᠣᠩᠭᠣ᠋ᠯ",
        "Engineer ❤\ufe0f",
        "Engineer 👩🏽\u200d⚕\ufe0f",
        "Agent 1\ufe0f\u20e3",
        *("Acme™\ufe0f", "ℹ\ufe0f Engineer"),
        "രാജന്\u200d നായര്\u200d",
    ],
)
def test_selector_that_chooses_a_shape_is_taken(text):
    assert read_plain_text(text) == text
