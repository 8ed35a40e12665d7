"""Authenticator apps, passkeys and recovery codes: what this site makes of the library's.

The library's tables hold no address. Secrets in them are encrypted under `FIELD_KEYS`; of a
passkey there is a public key, which is no secret.
"""

import functools
from collections.abc import Callable
from typing import Any

import qrcode
from allauth.account.authentication import get_authentication_records

# The library notes in the session what was shown in it, but not what was just set up.
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config import crypto

View = Callable[..., HttpResponseBase]

FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
QUIET_ZONE = 4  # Modules of white around the code, by ISO/IEC 18004.


def has_second_factor(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether a stolen password is not enough to enter this account.

    An authenticator app or a passkey. A passkey alone counts as well: it is a thing one has,
    and it works only after a finger, a face or a PIN, which the server checks each time.
    Recovery codes stand in for a factor and are none. Accounts of the demonstration are
    excepted where DEBUG is on.
    """
    if not user.is_authenticated or not user.is_active:
        return False
    if _is_excepted(user):
        return True
    return Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists()


def _is_excepted(user: AbstractBaseUser | AnonymousUser) -> bool:
    return bool(settings.DEBUG and getattr(user, "is_demonstration", False))


def passed_second_factor(request: HttpRequest) -> bool:
    """Whether the account has a second factor, and this session has shown one.

    A session that began with a password alone does not come to more once its account has a
    factor: whoever began it may be somebody else. A recovery code stands in for the factor.
    """
    user = request.user
    if not has_second_factor(user):
        return False
    return _is_excepted(user) or any(
        record.get("method") == "mfa" for record in get_authentication_records(request, user)
    )


def note_second_factor(request: HttpRequest, user: AbstractBaseUser) -> None:
    """Remember in the session that it has just shown a factor, by setting it up."""
    record_authentication(request, user, method="mfa")


def way_to_second_factor(request: HttpRequest) -> HttpResponse:
    """To where the account gets a factor or, if it has one, to where this session shows it."""
    if not has_second_factor(request.user):
        return redirect("mfa_index")
    apps = Authenticator.objects.filter(user_id=request.user.pk, type=Authenticator.Type.TOTP)
    page = reverse("mfa_reauthenticate" if apps.exists() else "mfa_reauthenticate_webauthn")
    back = request.get_full_path() if request.method == "GET" else reverse("mfa_index")
    return redirect(f"{page}?{urlencode({'next': back})}")


def passkeys_work_here(request: HttpRequest) -> bool:
    """Browsers tie passkeys to a name: there are none for a site that is opened by number."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    return not (host.startswith("[") or host.replace(".", "").isdigit())


def asks_for_second_factor(view: View) -> View:
    """Mark a page that changes what an account is entered with: a session that showed a password
    alone would else take the factor away, or add one of its own."""

    def wrapped(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if has_second_factor(request.user) and not passed_second_factor(request):
            return way_to_second_factor(request)
        return view(request, *args, **kwargs)

    return functools.update_wrapper(wrapped, view)


class Adapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _(
            "This code is not right, or its half minute is over. Type the one that is shown now."
        ),
        "cannot_delete_authenticator": _(
            "This is the only way into your account. Add another one first."
        ),
    }

    def encrypt(self, text: str) -> str:
        return crypto.encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        return settings.SITE_NAME

    def _get_site_name(self) -> str:
        return settings.SITE_NAME

    def _get_user_identifier(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def build_totp_svg(self, url: str) -> str:
        """The QR code as an element of the page, without any style that a policy could refuse."""
        code = qrcode.QRCode(border=QUIET_ZONE)
        code.add_data(url)
        rows = code.get_matrix()
        squares = "".join(
            f"M{x} {y}h1v1h-1z"
            for y, row in enumerate(rows)
            for x, is_dark in enumerate(row)
            if is_dark
        )
        return format_html(
            '<svg class="qr-code" viewBox="0 0 {0} {0}" role="img" aria-label="{1}">'
            '<path class="qr-code__paper" d="M0 0h{0}v{0}h-{0}z"/><path d="{2}"/></svg>',
            len(rows),
            gettext("QR code with the secret that stands below as text"),
            squares,
        )

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Nobody locks themself out: a passkey that is the only way in stays."""
        user = authenticator.user
        if user.has_usable_password():
            return True
        others = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
        return others.exclude(pk=authenticator.pk).exists()

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return gettext("Passkey %(number)d") % {"number": number}


class AddPasskeyForm(AddWebAuthnForm):
    """Every key is a passkey here: it can open the account without a password."""

    name = forms.CharField(max_length=60, required=False)
    passwordless = forms.BooleanField(required=False, initial=True, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["passwordless"] = True
        return super().clean()
