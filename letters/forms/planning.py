"""The moment at which a draft is to appear."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letters.actions.planning import LONGEST_AHEAD
from letters.forms import Dressed

MOMENT = "%Y-%m-%dT%H:%M"


class PlanForm(Dressed, forms.Form):
    """Day and time in UTC, to the minute; `revision` is the draft that was read."""

    at = forms.DateTimeField(
        label=_("Day and time, in UTC"),
        input_formats=[MOMENT, "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput({"type": "datetime-local"}, format=MOMENT),
        error_messages={
            "required": _("Choose a day and a time."),
            "invalid": _("Write the moment as year, month, day and time: 2027-01-31 18:00."),
        },
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="id_plan_%s")

    def clean_at(self) -> datetime:
        at: datetime = self.cleaned_data["at"]
        now = timezone.now()
        if at <= now:
            raise ValidationError(gettext("This moment has passed."))
        if at > now + LONGEST_AHEAD:
            raise ValidationError(gettext("Choose a moment within a year."))
        return at
