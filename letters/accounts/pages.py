"""The library's pages for one's own account, where this site wants something else of them."""

from typing import Any

from allauth.account.views import PasswordChangeView, PasswordSetView
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.views import IndexView
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from config.second_factor import has_second_factor, note_second_factor, passkeys_work_here
from letters.accounts import actions
from letters.models import User


class Account(IndexView):
    """What the account is entered with, and where it is signed in."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            has_second_factor=has_second_factor(self.request.user),
            passkeys_work_here=passkeys_work_here(self.request),
            **kwargs,
        )


class AddApp(ActivateTOTPView):
    def form_valid(self, form: forms.Form) -> HttpResponse:
        response = super().form_valid(form)
        trust_only_here(self.request)
        return response


class AddPasskey(AddWebAuthnView):
    def form_valid(self, form: forms.Form) -> HttpResponse:
        response = super().form_valid(form)
        trust_only_here(self.request)
        return response


class RemovePasskey(RemoveWebAuthnView):
    def form_valid(self, form: forms.Form) -> HttpResponse:
        adapter = get_adapter()
        if not adapter.can_delete_authenticator(self.get_object()):
            sentence = str(adapter.error_messages["cannot_delete_authenticator"])
            messages.error(self.request, sentence)
            return redirect("mfa_list_webauthn")
        return super().form_valid(form)


class ChangePassword(PasswordChangeView):
    def form_valid(self, form: forms.Form) -> HttpResponse:
        response = super().form_valid(form)
        stay_only_here(self.request)
        return response


class SetPassword(PasswordSetView):
    def form_valid(self, form: forms.Form) -> HttpResponse:
        response = super().form_valid(form)
        stay_only_here(self.request)
        return response


def stay_only_here(request: HttpRequest) -> None:
    """A new password ends all sessions but this one, which got another key with it."""
    assert isinstance(request.user, User)
    actions.end_sessions(user=request.user, but=request.session.session_key)
    agent = request.headers.get("User-Agent", "")
    actions.note_session(request.session, request.user, agent)


def trust_only_here(request: HttpRequest) -> None:
    """A new factor ends all sessions but this one, which has just shown it: whoever began another
    with a stolen password would stay in."""
    assert isinstance(request.user, User)
    note_second_factor(request, request.user)
    actions.end_sessions(user=request.user, but=request.session.session_key)
