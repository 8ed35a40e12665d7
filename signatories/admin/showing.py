"""What a moderator was shown elsewhere, in the form on an entry's page."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letters.models import Organisation, User
from signatories.actions import showing
from signatories.models import Signature, Tenure
from signatories.verification.shown import How


class ShownForm(forms.Form):
    """No free text is kept: the organisation has to be a listed one."""

    organisation = forms.CharField(
        label=_("Organisation"),
        max_length=120,
        error_messages={"required": _("Write which organisation it proves.")},
    )
    tenure = forms.ChoiceField(
        label=_("It proves that the person"),
        choices=[
            ("", _("Choose one")),
            (Tenure.CURRENT, _("works there now")),
            (Tenure.FORMER, _("used to work there")),
        ],
        error_messages={"required": _("Choose what it proves.")},
    )
    how = forms.ChoiceField(
        label=_("What you were shown"),
        choices=[("", _("Choose one")), *How.choices],
        error_messages={"required": _("Choose what you were shown.")},
    )

    def clean_organisation(self) -> Organisation:
        found = Organisation.objects.named(self.cleaned_data["organisation"])
        if found is None:
            sentence = gettext("This organisation is not listed. Nothing was recorded.")
            raise forms.ValidationError(sentence)
        return found


def form_for(entry: Signature, data: Any = None) -> ShownForm:
    claimed = {"organisation": str(entry.organisation or entry.organisation_text)}
    return ShownForm(data, initial={} if entry.is_anonymous else claimed)


def record(entry: Signature, actor: User, form: ShownForm, read: str) -> str:
    """Record it; return the sentence that says so."""
    seen = entry.known_state
    showing.record(signature=entry, actor=actor, seen=seen, read=read, **form.cleaned_data)
    if entry.is_standing:
        return gettext("Recorded. The line is verified.")
    return gettext("Recorded. The line is verified; the entry still waits for your decision.")


def take_back(entry: Signature, actor: User, read: str) -> str:
    showing.take_back(signature=entry, actor=actor, seen=entry.known_state, read=read)
    return gettext("Taken back. The line is not verified.")
