"""What people type to make an account or to enter one again."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.webauthn.forms import SignupWebAuthnForm
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from letters.accounts.credentials import Passkey, Password
from letters.addresses import Address
from letters.forms.proofs import AddressField
from letters.models import User


class Way(TextChoices):
    PASSKEY = "passkey", _("With a passkey")
    PASSWORD = "password", _("With a password and an app")


class WayForm(forms.Form):
    """The first step: how somebody wants to enter from now on."""

    way = forms.ChoiceField(
        choices=Way, error_messages={"required": _("Choose how you want to sign in.")}
    )

    def hidden(self) -> SafeString:
        """What was typed, for the second step."""
        return mark_safe("".join(field.as_hidden() for field in self))  # noqa: S308 - all hidden fields


class NewAccountForm(WayForm):
    username = forms.CharField(
        max_length=User._meta.get_field("username").max_length,
        error_messages={"required": _("Choose a name, for example Heron.")},
    )
    field_order = ["username", "way"]

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        if "@" in username:
            raise ValidationError(_("Choose a name that is no mail address, for example Heron."))
        for validate in User._meta.get_field("username").validators:
            validate(username)
        return get_adapter().clean_username(username)


class PasswordForm(forms.Form):
    """The second step of those who want a password."""

    password1 = forms.CharField(strip=False, error_messages={"required": _("Choose a password.")})
    password2 = forms.CharField(
        strip=False, error_messages={"required": _("Type the password once more.")}
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password1(self) -> str:
        return get_adapter().clean_password(self.cleaned_data["password1"], self.user)

    def clean(self) -> None:
        first, second = (self.cleaned_data.get(name) for name in ("password1", "password2"))
        if first and second and first != second:
            self.add_error("password2", _("This is not the same password as above."))

    @property
    def credential(self) -> Password:
        return Password(self.cleaned_data["password1"])


class MailForm(forms.Form):
    """An address for notices: at a public mail provider only."""

    email = AddressField()

    def clean_email(self) -> Address:
        address = self.cleaned_data["email"]
        if not address.is_private:
            raise ValidationError(
                _(
                    "Take an address at a public mail provider. We count every other mailbox as "
                    "one at work: an employer could read there which letters you work on."
                )
            )
        return address


class PasskeyForm(SignupWebAuthnForm):
    """The second step of those who want a passkey: what their browser made."""

    name = forms.CharField(max_length=60, required=False)
    credential = forms.JSONField(
        widget=forms.HiddenInput,
        error_messages={"required": _("No passkey was made. Press the button once more.")},
    )

    @property
    def made(self) -> Passkey:
        return Passkey(self.cleaned_data["name"], self.cleaned_data["credential"])
