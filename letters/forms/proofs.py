"""What proves a mailbox: an address that somebody types, and the code that came to it."""

import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.crypto import CODE_DIGITS
from letters import addresses


class AddressField(forms.CharField):
    """A mail address; its clean value is an `Address`."""

    widget = forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"})
    default_error_messages = {"required": gettext_lazy("Enter your email address.")}

    def clean(self, value: Any) -> addresses.Address | None:
        typed = super().clean(value)
        if not typed:
            return None
        try:
            return addresses.read(typed)
        except addresses.NotAnAddress as error:
            raise ValidationError(str(error)) from None


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=40,
        error_messages={
            "required": gettext_lazy("Enter the eight digits from the message."),
            "max_length": gettext_lazy("The code has eight digits."),
        },
    )

    def clean_code(self) -> str:
        """Digits in any script, with spaces or hyphens between them if the person likes."""
        typed = re.sub(r"[\s\-–.]", "", self.cleaned_data["code"])
        digits = "".join(str(unicodedata.digit(c, "")) for c in typed)
        if len(typed) != CODE_DIGITS or len(digits) != CODE_DIGITS:
            raise ValidationError(_("The code has eight digits."))
        return digits
