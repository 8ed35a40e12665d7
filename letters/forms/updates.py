"""The form of an update."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letters.actions.updates import Told
from letters.demands import tidied_markdown
from letters.forms import Dressed
from letters.models import Kind, Update
from letters.plain_text import read_plain_text

LONGEST_BODY = 20_000


class UpdateForm(Dressed, forms.Form):
    """What an update says; `revision` is the one that was read."""

    kind = forms.ChoiceField(
        choices=Kind.choices,
        label=_("Kind"),
        initial=Kind.NEWS,
        error_messages={
            "required": _("Choose what it is."),
            "invalid_choice": _("Choose one of the kinds listed."),
        },
    )
    title = forms.CharField(
        label=_("Title"),
        max_length=Update._meta.get_field("title").max_length,
        error_messages={"required": _("Say what is new, in a few words.")},
    )
    body = forms.CharField(
        label=_("Text, in Markdown"),
        required=False,
        max_length=LONGEST_BODY,
        widget=forms.Textarea({"rows": 12}),
    )
    source = forms.URLField(
        label=_("Where it can be read"),
        required=False,
        max_length=500,
        assume_scheme="https",
        error_messages={"invalid": _("Enter a complete address, beginning with https://.")},
    )
    published_on = forms.DateField(
        label=_("Day"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": _("Enter the day."),
            "invalid": _("Write the day as year, month and day: 2027-01-31."),
        },
    )
    revision = forms.IntegerField(min_value=0, initial=0, widget=forms.HiddenInput)

    @classmethod
    def of(cls, update: Update) -> "UpdateForm":
        fields = ("kind", "title", "body", "source", "published_on", "revision")
        return cls(initial={name: getattr(update, name) for name in fields})

    def clean_title(self) -> str:
        return read_plain_text(self.cleaned_data["title"])

    def clean_body(self) -> str:
        return tidied_markdown(self.cleaned_data["body"]).lstrip("\n")

    def clean_source(self) -> str:
        address: str = self.cleaned_data["source"]
        if address and not address.startswith(("https://", "http://")):
            raise ValidationError(gettext("Enter a complete address, beginning with https://."))
        return address

    def clean_published_on(self) -> date:
        day: date = self.cleaned_data["published_on"]
        if day > timezone.localdate():
            raise ValidationError(gettext("This day has not come yet."))
        return day

    def clean(self) -> None:
        cleaned: dict[str, Any] = self.cleaned_data
        without_source = "source" not in self.errors and not cleaned.get("source")
        if cleaned.get("kind") == Kind.PRESS and without_source:
            self.add_error("source", gettext("Say where the coverage can be read."))

    def told(self) -> Told:
        cleaned: dict[str, Any] = self.cleaned_data
        return Told(**{name: cleaned[name] for name in Told.__dataclass_fields__})
