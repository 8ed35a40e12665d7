"""Doors: making an account, entering it again, where it is signed in, and helping others."""

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View

from config import http, ratelimit
from config.second_factor import (
    has_second_factor,
    note_second_factor,
    passed_second_factor,
    passkeys_work_here,
    way_to_second_factor,
)
from config.sessions import row_key
from letters.accounts import actions
from letters.accounts.credentials import Passkey, Password, draw_number, passkey_options
from letters.accounts.forms import NewAccountForm, PasskeyForm, PasswordForm, Way, WayForm
from letters.actions import NotAllowed
from letters.dashboard.numbers import number_in
from letters.models import User
from letters.permissions import recoverable_by

# Passkeys are the only thing on these pages that needs scripts: ours, from this site.
with_scripts = csp_update({"script-src": [SELF]})
NUMBER = "number_of_new_account"


# A new way in ---------------------------------------------------------------------------------


class Entrance(View):
    """Two steps, the same for a new account and for an old one whose way in was lost.

    The first asks for a passkey or a password, the second takes it. GET changes nothing.
    """

    first_form: type[WayForm]
    first_template: str
    user: User | None = None  # Whose entrance it is, where the account exists already.

    def is_open(self) -> bool:
        raise NotImplementedError

    def account(self) -> User:
        """The account, which need not exist yet."""
        raise NotImplementedError

    def finish(self, user: User, credential: Password | Passkey) -> User:
        raise NotImplementedError

    def closed(self) -> HttpResponse:
        return http.not_found(self.request)

    def dispatch(self, request: HttpRequest, token: str = "", **kwargs: object) -> HttpResponseBase:
        self.token = token
        self.form = self.first_form(request.POST or None)
        return super().dispatch(request, **kwargs) if self.is_open() else self.closed()

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.ask_for_way()

    def post(self, request: HttpRequest) -> HttpResponse:
        if not self.form.is_valid():
            return self.ask_for_way()
        if self.form.cleaned_data["way"] == Way.PASSKEY:
            return self.make_passkey()
        return self.choose_password()

    def ask_for_way(self) -> HttpResponse:
        works = passkeys_work_here(self.request)
        context = {"form": self.form, "account": self.user, "passkeys_work_here": works}
        return render(self.request, self.first_template, context)

    def choose_password(self) -> HttpResponse:
        user = self.account()
        sent = self.request.POST if "password1" in self.request.POST else None
        form = PasswordForm(sent, user=user)
        if sent is not None and form.is_valid():
            return self.come_in(user, form.credential)
        context = {"first": self.form, "form": form, "account": user}
        return render(self.request, "account/choose_password.html", context)

    @method_decorator(with_scripts)
    def make_passkey(self) -> HttpResponse:
        user = self.account()
        sent = self.request.POST if "credential" in self.request.POST else None
        form = PasskeyForm(sent, user=user)
        if sent is not None and form.is_valid():
            return self.come_in(user, form.made)
        options = {"creation_options": passkey_options(user)}
        context = {"first": self.form, "form": form, "account": user, "js_data": options}
        return render(self.request, "account/make_passkey.html", context)

    def come_in(self, user: User, credential: Password | Passkey) -> HttpResponse:
        try:
            ratelimit.check("account:network", ratelimit.network(self.request))
            user = self.finish(user, credential)
        except ratelimit.LimitReached as limit:
            return http.too_many(self.request, limit.seconds)
        except actions.LinkIsOver:
            return self.closed()
        except NotAllowed as refusal:
            self.form.add_error(None, str(refusal))
            return self.ask_for_way()
        get_adapter().login(self.request, user)
        if isinstance(credential, Passkey):
            note_second_factor(self.request, user)
        return redirect("mfa_index" if has_second_factor(user) else "mfa_activate_totp")


class SignUp(Entrance):
    """A new account: without an invitation, or with the one behind the link."""

    first_form = NewAccountForm
    first_template = "account/signup.html"

    def is_open(self) -> bool:
        return self.request.user.is_anonymous and actions.may_sign_up(self.token)

    def closed(self) -> HttpResponse:
        if self.request.user.is_authenticated:
            return redirect("mfa_index")
        if self.token:
            return super().closed()
        return render(self.request, "account/signup_closed.html")

    def account(self) -> User:
        """A passkey is made for a number, which the account gets once the passkey is there."""
        username = self.form.cleaned_data["username"]
        if self.form.cleaned_data["way"] == Way.PASSWORD:
            return User(username=username)
        return User(pk=self.request.session.setdefault(NUMBER, draw_number()), username=username)

    def finish(self, user: User, credential: Password | Passkey) -> User:
        name, token, number = user.username, self.token, user.pk
        user = actions.sign_up(username=name, credential=credential, token=token, number=number)
        self.request.session.pop(NUMBER, None)
        return user


class Recover(Entrance):
    """A new way into the account behind the link."""

    first_form = WayForm
    first_template = "account/recover.html"

    def is_open(self) -> bool:
        self.user = actions.account_to_recover(self.token)
        return self.user is not None

    def account(self) -> User:
        assert self.user is not None
        return self.user

    def finish(self, user: User, credential: Password | Passkey) -> User:
        return actions.recover(token=self.token, credential=credential)


# Where one is signed in ---------------------------------------------------------------------


@login_required
def sessions(request: HttpRequest) -> HttpResponse:
    """The account's own list; POST ends one of them, or all but this one."""
    assert isinstance(request.user, User)
    here = request.session.session_key
    if request.method == "POST":
        one = request.POST.get("session", "")
        only = number_in(one, otherwise=0) if one else None
        ended = actions.end_sessions(user=request.user, but=here, only=only)
        messages.success(request, _("Sessions ended: %(number)d.") % {"number": ended})
        return redirect("account_sessions")
    found = request.user.account_sessions.all()
    return render(request, "account/sessions.html", {"sessions": found, "here": row_key(here)})


# Helping others -----------------------------------------------------------------------------


@reauthentication_required
def people(request: HttpRequest) -> HttpResponse:
    """Those whom one may help to get in again; POST makes the link and shows it once."""
    assert isinstance(request.user, User)
    if not passed_second_factor(request):
        return way_to_second_factor(request)
    found = recoverable_by(request.user).order_by("username")
    if request.method != "POST":
        return render(request, "account/people.html", {"people": found})
    number = request.POST.get("account", "")
    user = found.filter(pk=number_in(number, otherwise=0)).first()
    return _help(request, request.user, user) if user else http.not_found(request)


def _help(request: HttpRequest, actor: User, user: User) -> HttpResponse:
    try:
        ratelimit.check("recovery:account", str(actor.pk))
    except ratelimit.LimitReached as limit:
        return http.too_many(request, limit.seconds)
    token = actions.offer_recovery(user=user, actor=actor)
    link = request.build_absolute_uri(reverse("account_recover", args=[token]))
    return render(request, "account/recovery_link.html", {"account": user, "link": link})
