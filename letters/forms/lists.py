"""Lists of names and words, one a line."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from letters.actions.lists import LONGEST_LINE, MOST_LINES, once_each
from letters.folding import key_of
from letters.forms import Dressed
from letters.models import WordList

# As many lines as a list may have, each of the longest, in any script.
LONGEST_TEXT = MOST_LINES * (LONGEST_LINE + 2)


class LinesField(forms.CharField):
    """Texts, one a line; empty lines and repeated spellings are left out."""

    widget = forms.Textarea

    def clean(self, value: Any) -> list[str]:
        texts = once_each(
            [_read(number, line) for number, line in _numbered(super().clean(value)) if line]
        )
        if len(texts) > MOST_LINES:
            raise ValidationError(
                gettext("Put at most %(most)d lines on a list. These are %(number)d.")
                % {"most": MOST_LINES, "number": len(texts)}
            )
        return texts


def _numbered(text: str) -> list[tuple[int, str]]:
    lines = unicodedata.normalize("NFC", text).splitlines()
    return [(number, _visible(line)) for number, line in enumerate(lines, start=1)]


def _visible(line: str) -> str:
    """The line without what nobody sees: a copied list often has such characters."""
    seen = "".join(c for c in line if c == "\t" or unicodedata.category(c)[0] != "C")
    return " ".join(seen.split())


def _read(number: int, line: str) -> str:
    if len(line) > LONGEST_LINE:
        said = ngettext(
            "Line %(number)d is longer than %(longest)d letter.",
            "Line %(number)d is longer than %(longest)d letters.",
            LONGEST_LINE,
        )
        raise ValidationError(said % {"number": number, "longest": LONGEST_LINE})
    if not key_of(line):
        raise ValidationError(
            gettext("Line %(number)d has neither letters nor numbers.") % {"number": number}
        )
    return line


class ListsForm(Dressed, forms.Form):
    """The three lists of a letter."""

    well_known = LinesField(
        label=_("Well-known people"), required=False, max_length=LONGEST_TEXT, strip=False
    )
    jokes = LinesField(label=_("Jokes"), required=False, max_length=LONGEST_TEXT, strip=False)
    abuse = LinesField(label=_("Abuse"), required=False, max_length=LONGEST_TEXT, strip=False)

    @property
    def lines(self) -> dict[str, list[str]]:
        return {kind.value: self.cleaned_data[kind.value] for kind in WordList}


def as_typed(lines: Mapping[str, list[str]]) -> dict[str, str]:
    """What the form shows for lists: one text a line."""
    return {kind: "\n".join(texts) for kind, texts in lines.items()}
