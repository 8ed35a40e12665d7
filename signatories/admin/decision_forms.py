"""What a moderator says beside a decision."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from signatories.models import Reason, Signature
from signatories.verification.shown import How


class ReasonForm(forms.Form):
    """One reason for several entries."""

    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=Reason.for_moderators(),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a reason: it is counted in public.")},
    )


class RejectionForm(ReasonForm):
    """With a note, where there is somebody whose words it is about."""

    note = forms.CharField(
        label=_("Note to the signatory"),
        max_length=300,
        required=False,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text=_("If you like. The signatory reads it on their own page, beside the reason."),
    )

    def __init__(self, *args: Any, entry: Signature | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if entry and entry.is_anonymous:
            del self.fields["note"]


class ProofForm(forms.Form):
    """What made sure that a well-known person signs for themself."""

    proof = forms.ChoiceField(
        label=_("What you were shown"),
        choices=[("", _("Choose one")), *How.choices],
        error_messages={"required": _("Choose what you were shown.")},
    )
