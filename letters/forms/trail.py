"""Which part of the trail somebody wants to read."""

from collections.abc import Iterable
from typing import cast
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from letters.forms import Dressed
from letters.models import User
from letters.trail import NOBODY, Kind


class TrailForm(Dressed, forms.Form):
    """Takes what it offers; anything else is told, and filters nothing."""

    kind = forms.ChoiceField(
        label=_("About"), required=False, choices=[("", _("everything")), *Kind.choices]
    )
    person = forms.ChoiceField(label=_("By whom"), required=False)

    def __init__(self, data: QueryDict, *, people: Iterable[User]) -> None:
        super().__init__(data)
        person = cast(forms.ChoiceField, self.fields["person"])
        person.choices = [
            ("", _("everybody")),
            *((str(one.pk), one.username) for one in people),
            (NOBODY, _("nobody: the clock, or a command")),
        ]

    def wish(self) -> dict[str, str]:
        """The filters of `trail.entries_of`."""
        self.full_clean()
        return {name: self.cleaned_data.get(name, "") for name in self.fields}

    def query(self) -> str:
        return urlencode({name: value for name, value in self.wish().items() if value})
