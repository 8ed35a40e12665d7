"""The forms that end a letter for ever, or open it to everybody."""

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letters.actions import earliest_public_day
from letters.forms import Dressed
from letters.models import Letter


class SealForm(Dressed, forms.Form):
    """Typed by hand, so that nobody seals a letter by a slip."""

    slug = forms.CharField(
        label=_("The letter’s address"),
        max_length=200,
        widget=forms.TextInput(
            {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
        error_messages={"required": _("Type the letter’s address. Nothing was sealed.")},
    )

    def __init__(self, letter: Letter, *args: Any) -> None:
        super().__init__(*args)
        self.letter = letter
        sentence = gettext("To be sure that you mean this letter, type its address: %(slug)s")
        self.fields["slug"].help_text = sentence % {"slug": letter.slug}

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug != self.letter.slug:
            sentence = gettext("This is not the address of this letter. Nothing was sealed.")
            raise forms.ValidationError(sentence)
        return slug


class PublicForm(Dressed, forms.Form):
    """The day on which an internal letter becomes public."""

    on = forms.DateField(
        label=_("It becomes public on"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": _("Choose a day."),
            "invalid": _("Write the day as year, month and day: 2027-01-31."),
        },
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"on": earliest_public_day()})
        sentence = gettext("Not before %(day)s, so that people have time to decide.")
        first = date_format(earliest_public_day(), "j F Y")
        self.fields["on"].help_text = sentence % {"day": first}

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on < earliest_public_day():
            sentence = gettext("Give your signatories at least %(days)d days to decide.")
            raise forms.ValidationError(sentence % {"days": settings.PUBLIC_NOTICE_DAYS})
        return on
