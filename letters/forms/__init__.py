"""What organisers write: shape and clean input."""

import re
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letters.actions import Text, policies
from letters.demands import demands_as_lines, lines_as_demands, tidied_markdown
from letters.markdown import DEMANDS_MARK
from letters.models import (
    Demand,
    Eligibility,
    Letter,
    LetterVersion,
    Organisation,
    Outcome,
    Recipient,
    Visibility,
)

LONGEST_TEXT = 50_000
MOST_DEMANDS = 30


class Dressed:
    """Widgets in the look of the site, that lead to what is wrong with them."""

    def __getitem__(self, name: str) -> Any:
        bound = super().__getitem__(name)  # type: ignore[misc]
        attrs = bound.field.widget.attrs
        kind = getattr(bound.field.widget, "input_type", "textarea")
        attrs.setdefault("class", kind if kind in ("select", "textarea") else "input")
        if self.errors.get(name):  # type: ignore[attr-defined]
            attrs["aria-describedby"] = f"error-{name}"
        return bound


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
        text = Text.of(version).tidied()
        return cls(
            initial={
                "title": text.title,
                "text": text.markdown,
                "demands": demands_as_lines(text.demands),
                "instead_of": version.number,
            }
        )

    def clean_text(self) -> str:
        text = tidied_markdown(self.cleaned_data["text"])
        if text.count(DEMANDS_MARK) > 1:
            raise ValidationError(
                gettext("The demands can stand in one place only: keep one line %(mark)s."),
                params={"mark": DEMANDS_MARK},
            )
        return text

    def clean_demands(self) -> tuple[tuple[str, str], ...]:
        demands = lines_as_demands(tidied_markdown(self.cleaned_data["demands"]))
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


class NewLetterForm(forms.Form):
    """The beginning of a letter. Everything can be changed later but the address."""

    title = forms.CharField(
        label=_("Title"),
        max_length=LetterVersion._meta.get_field("title").max_length,
        error_messages={"required": _("Give it a working title. You can change it.")},
    )
    language = forms.CharField(
        label=_("Language"),
        initial="en",
        max_length=10,
        error_messages={"required": _("Write the code of the language, such as en or de.")},
    )

    def clean_language(self) -> str:
        code: str = self.cleaned_data["language"].strip().lower()
        if not re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", code):
            raise ValidationError(gettext("Write the code of the language, such as en or de."))
        return code


class HostNoteForm(forms.Form):
    """Why a host gives a letter back to its team."""

    note = forms.CharField(
        label=_("What should be different"),
        max_length=500,
        widget=forms.Textarea,
        error_messages={"required": _("Say in a sentence what should be different.")},
    )


class RecipientField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Recipient) -> str:
        return obj.who


class ResponseForm(Dressed, forms.Form):
    """What one recipient answered to one demand, or to all of them at once."""

    recipient = RecipientField(
        Recipient.objects.none(),
        label=_("Who"),
        error_messages={
            "required": _("Choose who has answered."),
            "invalid_choice": _("Choose one of the recipients listed."),
        },
    )
    demand = forms.ModelChoiceField(
        Demand.objects.none(), label=_("To which demand"), required=False, empty_label=_("All")
    )
    outcome = forms.ChoiceField(
        choices=[choice for choice in Outcome.choices if choice[0] != Outcome.NONE],
        label=_("Answer"),
        error_messages={
            "required": _("Choose what the answer was."),
            "invalid_choice": _("Choose one of the answers listed."),
        },
    )
    responded_on = forms.DateField(
        label=_("Day"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": _("Enter the day."),
            "invalid": _("Write the day as year, month and day: 2027-01-31."),
        },
    )
    statement = forms.CharField(
        label=_("In their words"), required=False, max_length=5000, widget=forms.Textarea
    )
    source = forms.URLField(
        label=_("Where it can be read"),
        required=False,
        max_length=500,
        assume_scheme="https",
        error_messages={"invalid": _("Enter a complete address, beginning with https://.")},
    )

    def __init__(self, letter: Letter, data: Any = None) -> None:
        super().__init__(data)
        version = letter.current_version
        recipients = letter.recipients.select_related("organisation")
        self.fields["recipient"].queryset = recipients  # type: ignore[attr-defined]
        self.demands = version.demands.all() if version else Demand.objects.none()
        self.fields["demand"].queryset = self.demands  # type: ignore[attr-defined]

    def clean_responded_on(self) -> date:
        day: date = self.cleaned_data["responded_on"]
        if day > timezone.localdate():
            raise ValidationError(gettext("This day has not come yet."))
        return day

    def clean(self) -> None:
        if self.errors:
            return
        one = self.cleaned_data.pop("demand", None)
        self.cleaned_data["demands"] = [one] if one else list(self.demands)
        if not self.cleaned_data["demands"]:
            self.add_error(None, gettext("The letter has no demands that could be answered."))


NO_GOAL = _("Write how many signatures you hope for, such as 500, or nothing.")


class RulesForm(Dressed, forms.ModelForm):
    """The rules of a letter, and what stands around its text."""

    organisations = forms.CharField(
        label=_("Organisations"),
        required=False,
        widget=forms.Textarea,
        max_length=20_000,
        help_text=_("One on each line, by a name that is listed."),
    )

    class Meta:
        model = Letter
        fields = policies.FIELDS
        widgets = {
            "opens_at": forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
            "closes_at": forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        }
        error_messages = {"goal": {"invalid": NO_GOAL, "min_value": NO_GOAL}}

    def __init__(self, letter: Letter, data: Any = None) -> None:
        names = "\n".join(str(one) for one in letter.organisations.all())
        super().__init__(data, instance=letter, initial={"organisations": names})

    def clean_organisations(self) -> list[Organisation]:
        found, unknown = [], []
        for name in self.cleaned_data["organisations"].splitlines():
            organisation = Organisation.objects.named(name) if name.strip() else None
            if organisation:
                found.append(organisation)
            elif name.strip():
                unknown.append(name.strip())
        if unknown:
            sentence = gettext("Not listed: %(names)s. Ask the host to list them.")
            raise ValidationError(sentence, params={"names": ", ".join(unknown)})
        return found

    def clean_closes_at(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data["closes_at"]
        if moment and moment <= timezone.now() and "closes_at" in self.changed_data:
            raise ValidationError(gettext("This moment has passed. To end it now, close it."))
        return moment

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_for_some = (
            cleaned.get("visibility") == Visibility.INTERNAL
            or cleaned.get("eligibility") == Eligibility.ORGANISATIONS
        )
        if is_for_some and not cleaned.get("organisations") and "organisations" not in self.errors:
            sentence = gettext("Name the organisations whose people the letter is for.")
            self.add_error("organisations", sentence)
        return cleaned

    @property
    def wishes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in policies.FIELDS}

    def standing_otherwise(self) -> list[tuple[str, str]]:
        """The rules that stand otherwise than was typed, in words: (the rule, how it stands)."""
        standing = Letter.objects.get(pk=self.instance.pk)
        found = [
            (str(self.fields[name].label), _in_words(standing, name))
            for name, wish in self.wishes.items()
            if getattr(standing, name) != wish
        ]
        organisations = set(standing.organisations.all())
        if organisations != set(self.cleaned_data["organisations"]):
            names = ", ".join(sorted(str(one) for one in organisations)) or gettext("none")
            found.append((str(self.fields["organisations"].label), names))
        return found


def _in_words(letter: Letter, name: str) -> str:
    """How a rule stands, as people read it."""
    value = getattr(letter, name)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, datetime):
        return date_format(value, "j F Y, H:i") + " UTC"
    display = getattr(letter, f"get_{name}_display", None)
    return str(display() if display else value or gettext("nothing"))
