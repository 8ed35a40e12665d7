"""What this site makes of the account library."""

import time
import unicodedata
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.translation import gettext_lazy as _

from config import ratelimit, recent
from letters.accounts import actions
from letters.models import User

SIGNED_IN_AT = "signed_in_at"
A_DAY = 24 * 60 * 60  # As long as a network can be recognised.


def as_counted(username: str) -> str:
    """One spelling for all that a database may take for the same name."""
    return unicodedata.normalize("NFKC", username).upper().casefold()


class Adapter(DefaultAccountAdapter):
    """Accounts without addresses: no mail is sent, no network is kept."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("The name or the password is not right."),
        "username_taken": _("Somebody has this name already. Choose another one."),
        "enter_current_password": _("This is not your present password."),
        "incorrect_password": _("This is not your password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never by the library's own form: `letters.accounts.views.sign_up` is the only door."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The library's limits count a digest of the network, never an address."""
        return ratelimit.network(request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Failures count by name and network: whoever tries somebody's password shuts out their
        own network, and not the owner."""
        return f"{self.get_client_ip(request)}:{as_counted(credentials.get('username', ''))}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Many networks together get no further, except those that the owner came in from."""
        super().pre_authenticate(request, **credentials)
        name = as_counted(credentials.get("username", ""))
        if recent.is_noted("signed in", f"{self.get_client_ip(request)} {name}"):
            return
        if not ratelimit.is_within("login:account", name):
            raise self.validation_error("too_many_login_attempts")

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        is_team = getattr(request.user, "is_staff", False)
        return resolve_url(settings.LOGIN_REDIRECT_URL if is_team else "mfa_index")

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        assert isinstance(user, User)
        super().login(request, user)
        request.session[SIGNED_IN_AT] = time.time()
        here = f"{self.get_client_ip(request)} {as_counted(user.username)}"
        recent.note("signed in", here, seconds=A_DAY)
        actions.note_session(request.session, user, request.headers.get("User-Agent", ""))

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Whoever has just come in is not asked again."""
        if not super().is_reauthentication_required(app=app):
            return False
        signed_in_at = self.request.session.get(SIGNED_IN_AT, 0)
        return time.time() - signed_in_at > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
