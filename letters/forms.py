"""What organisers write: shape and clean input."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letters.actions import Text
from letters.markdown import DEMANDS_MARK
from letters.models import Demand, LetterVersion

LONGEST_TEXT = 50_000
MOST_DEMANDS = 30

_LEAD = re.compile(r"((?:[^\\|]|\\.)*)\|(.*)")


# Demands in a field -----------------------------------------------------------------------
# One a line. What stands before the first bar is the lead, which the page sets in bold:
#
#     Pick up the phone. | Call the White House.
#     A demand without a lead.
#
# Read back, a demand is what it was: where there is a bar in it, one stands before it as well,
# and a bar within a lead is written \|.


def demands_as_lines(demands: tuple[tuple[str, str], ...]) -> str:
    return "\n".join(_as_line(_in_one_line(lead), _in_one_line(text)) for lead, text in demands)


def lines_as_demands(lines: str) -> tuple[tuple[str, str], ...]:
    return tuple(_as_demand(line.strip()) for line in lines.split("\n") if line.strip())


def _as_line(lead: str, text: str) -> str:
    escaped = re.sub(r"([\\|])", r"\\\1", lead)
    if lead:
        return f"{escaped} | {text}"
    return f"| {text}" if "|" in text else text


def _as_demand(line: str) -> tuple[str, str]:
    found = _LEAD.fullmatch(line)
    if found is None:
        return "", _in_one_line(line)
    return _in_one_line(re.sub(r"\\([\\|])", r"\1", found[1])), _in_one_line(found[2])


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


# The form ----------------------------------------------------------------------------------


def tidied(text: Text) -> Text:
    """The text as the form gives it back where nobody changed anything."""
    demands = tuple((_in_one_line(lead), _in_one_line(demand)) for lead, demand in text.demands)
    return Text(text.title.strip(), _tidied_markdown(text.markdown), demands)


def _tidied_markdown(text: str) -> str:
    """No carriage returns, and one line feed at the end: so the digest tells no browsers apart."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip() + "\n"


class TextForm(forms.Form):
    """A text to be published instead of the version with the number `instead_of` (0: none)."""

    title = forms.CharField(
        label=_("Title"),
        max_length=LetterVersion._meta.get_field("title").max_length,
        error_messages={"required": _("Enter a title.")},
    )
    text = forms.CharField(
        label=_("Text"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea,
        help_text=_(
            "In Markdown: an empty line begins a paragraph, *stars* set in italics, "
            "[words](https://…) make a link. The demands stand where a line says "
            "<!-- demands -->, or else at the end."
        ),
        error_messages={"required": _("Enter the text of the letter.")},
    )
    demands = forms.CharField(
        label=_("Demands"),
        required=False,
        widget=forms.Textarea,
        help_text=_(
            "One on each line. What stands before a bar is set in bold: "
            "Pick up the phone. | Call the White House."
        ),
    )
    instead_of = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    @classmethod
    def of(cls, version: LetterVersion | None) -> "TextForm":
        """Filled in with a version; empty where there is none yet."""
        if version is None:
            return cls(initial={"instead_of": 0})
        text = tidied(Text.of(version))
        return cls(
            initial={
                "title": text.title,
                "text": text.markdown,
                "demands": demands_as_lines(text.demands),
                "instead_of": version.number,
            }
        )

    def clean_text(self) -> str:
        text = _tidied_markdown(self.cleaned_data["text"])
        if text.count(DEMANDS_MARK) > 1:
            raise ValidationError(
                gettext("The demands can stand in one place only: keep one line %(mark)s."),
                params={"mark": DEMANDS_MARK},
            )
        return text

    def clean_demands(self) -> tuple[tuple[str, str], ...]:
        demands = lines_as_demands(_tidied_markdown(self.cleaned_data["demands"]))
        if len(demands) > MOST_DEMANDS:
            sentence = gettext("A letter can have at most %(number)d demands.")
            raise ValidationError(sentence, params={"number": MOST_DEMANDS})
        faults = [
            ValidationError(fault, params={"number": number})
            for number, (lead, text) in enumerate(demands, start=1)
            for fault in _faults_of(lead, text)
        ]
        if faults:
            raise ValidationError(faults)
        return demands

    def text_to_publish(self) -> Text:
        cleaned: dict[str, Any] = self.cleaned_data
        return Text(cleaned["title"], cleaned["text"], cleaned["demands"])


def _faults_of(lead: str, text: str) -> list[str]:
    longest_lead = Demand._meta.get_field("lead").max_length or 0
    longest_text = Demand._meta.get_field("text").max_length or 0
    faults = []
    if not text:
        faults.append(gettext("Demand %(number)d has a lead and says nothing after the bar."))
    if len(lead) > longest_lead:
        fault = gettext("The lead of demand %(number)d is longer than {longest} characters.")
        faults.append(fault.format(longest=longest_lead))
    if len(text) > longest_text:
        fault = gettext("Demand %(number)d is longer than {longest} characters.")
        faults.append(fault.format(longest=longest_text))
    return faults
