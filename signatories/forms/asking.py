"""Asking moderators to look again."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from letters.plain_text import is_invisible
from signatories.models import Complaint, Signature


class ReportForm(forms.Form):
    """What a reader says of one line."""

    line = forms.CharField(
        max_length=Signature._meta.get_field("roll_key").max_length,
        widget=forms.HiddenInput,
        error_messages={"required": _("Choose a line on the roll first.")},
    )
    complaint = forms.ChoiceField(
        choices=Complaint,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose what is wrong with the line."),
            "invalid_choice": _("Choose one of the three."),
        },
    )


class WordsField(forms.CharField):
    """Words in lines, without characters that nobody sees."""

    def to_python(self, value: Any) -> str:
        value = super().to_python(value)
        # A browser counts a new line as one character and sends two.
        if self.max_length and len(value) > 4 * self.max_length:
            raise ValidationError(self.error_messages["max_length"], code="max_length")
        lines = unicodedata.normalize("NFC", value).splitlines()
        return "\n".join("".join(c for c in line if not is_invisible(c)) for line in lines).strip()


class ObjectionForm(forms.Form):
    """What a signatory says against a rejection."""

    text = WordsField(
        required=False,
        max_length=Signature._meta.get_field("objection").max_length,
        error_messages={"max_length": _("Use at most 500 characters.")},
    )
