"""Spreadsheets with people who want to sign, and what those people answer."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from letters.models import Letter
from signatories import columns, spreadsheets
from signatories.addresses import Address
from signatories.columns import Column, Mapping, Person
from signatories.forms import SignForm
from signatories.models import Appearance, Tenure
from signatories.spreadsheets import Table


class FileForm(forms.Form):
    """One spreadsheet; its clean value is a `Table`."""

    file = forms.FileField(
        label=gettext_lazy("The spreadsheet, as CSV or XLSX"),
        allow_empty_file=True,
        error_messages={"required": gettext_lazy("Choose a file.")},
    )

    def clean_file(self) -> Table:
        file: UploadedFile = self.cleaned_data["file"]
        try:
            return spreadsheets.read(file.read())
        except spreadsheets.Unreadable as error:
            raise ValidationError(str(error)) from None


class ColumnsForm(forms.Form):
    """What each column of a file holds. `mapping` is set once it is valid."""

    def __init__(self, table: Table, data: Any = None) -> None:
        super().__init__(data)
        for place, guessed in enumerate(columns.guess(table)):
            self.fields[f"column-{place}"] = forms.ChoiceField(
                required=False,
                choices=Column.choices,
                initial=guessed.value,
                error_messages={"invalid_choice": _("Choose one of the meanings offered.")},
            )

    def clean(self) -> None:
        chosen: dict[str, str] = {}
        for name, column in list(self.cleaned_data.items()):
            if column and column in chosen.values():
                self.add_error(name, _("Another column is that already."))
            elif column:
                chosen[name] = column
        found = set(chosen.values())
        if not self.errors and Column.EMAIL not in found:
            raise ValidationError(_("Say which column has the mail addresses."))
        if not self.errors and not found & {Column.NAME, Column.FIRST_NAME, Column.LAST_NAME}:
            raise ValidationError(_("Say which column has the names, or which two."))
        if (
            not self.errors
            and Column.NAME in found
            and {
                Column.FIRST_NAME,
                Column.LAST_NAME,
            }
            & found
        ):
            raise ValidationError(_("Choose either whole names, or first and last names."))

    @property
    def mapping(self) -> Mapping:
        return {
            column: int(name.removeprefix("column-"))
            for name, column in self.cleaned_data.items()
            if column
        }

    @property
    def shown_mapping(self) -> Mapping:
        """What the preview goes by: what was sent if that can be read, else what was guessed."""
        if self.is_bound and self.is_valid():
            return self.mapping
        return {
            field.initial: place
            for place, field in enumerate(self.fields.values())
            if field.initial
        }


class StartForm(forms.Form):
    asked = forms.BooleanField(
        label=gettext_lazy("These people asked to sign this letter, and I may write to them."),
        error_messages={
            "required": gettext_lazy("Tick this if it is so. Otherwise nobody may be written to.")
        },
    )


class InvitedForm(SignForm):
    """Signing by invitation: by name, with the address that the link proves."""

    def __init__(self, letter: Letter, person: Person, data: Any = None) -> None:
        super().__init__(letter, data)
        for name in ("email", "role", "appearance", "proof"):
            del self.fields[name]
        self.initial = {
            "name": person.name,
            "title": person.title,
            "organisation": person.organisation,
            "tenure": Tenure.CURRENT,
        }
        self._address: Address = person.address

    def clean(self) -> None:
        self.cleaned_data |= {
            "email": self._address,
            "role": "",
            "appearance": Appearance.NAMED,
            "proof": "",
        }
        super().clean()

    def add_error(self, field: str | None, error: Any) -> None:
        """What concerns a field that is not asked for concerns the whole."""
        super().add_error(field if field in self.fields else None, error)
