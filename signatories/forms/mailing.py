"""What owners type in order to mail an update."""

from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letters.forms import Dressed
from signatories.forms import AddressField


class TrialForm(forms.Form):
    """Where to send a test. The address is kept nowhere."""

    email = AddressField()


class MailingForm(Dressed, forms.Form):
    """When to send it: at once, or at a time."""

    send_at = forms.DateTimeField(
        label=_("Time, in UTC"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"invalid": _("Write day and time like this: 2027-01-31T18:00.")},
    )

    def clean_send_at(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data["send_at"]
        if moment and moment <= timezone.now():
            raise ValidationError(
                gettext("This moment has passed. To send it now, leave it empty.")
            )
        return moment

    @property
    def moment(self) -> datetime:
        """The time that was chosen, or now."""
        chosen: datetime | None = self.cleaned_data["send_at"]
        return chosen or timezone.now()
