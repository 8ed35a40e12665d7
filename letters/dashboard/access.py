"""Who comes in: people with an account, to the letters on whose team they are."""

import functools
from collections.abc import Callable
from typing import cast

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from config.second_factor import has_second_factor, passed_second_factor, way_to_second_factor
from letters.actions import NotAllowed
from letters.models import Letter, Membership, User

View = Callable[..., HttpResponseBase]


def organiser(request: HttpRequest) -> User:
    """The account of whoever asks; only for views behind `for_organisers`."""
    return cast(User, request.user)


def for_organisers(view: View) -> View:
    """Let in those with an account; others are led to the log-in first."""
    return login_required(view)


def with_second_factor(view: View) -> View:
    """As `for_organisers`; an account that has a second factor shows it in this session first.
    One that has none sees the page, which says so."""

    def wrapped(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if has_second_factor(request.user) and not passed_second_factor(request):
            return way_to_second_factor(request)
        return view(request, *args, **kwargs)

    return login_required(functools.update_wrapper(wrapped, view))


def ask_for_factor(request: HttpRequest) -> None:
    """Refuse what gives rights or reaches many people, where this session has shown no factor.

    Beside `with_second_factor`, which lets accounts through that have none: they read and write,
    but do none of this. Raises `NotAllowed`.
    """
    if not passed_second_factor(request):
        raise NotAllowed(_("Your account needs a second factor for this."))


def for_scripts(view: View) -> View:
    """As `for_organisers`; a script that asks without an account gets no log-in page for it."""

    def wrapped(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return HttpResponse(status=401)
        return view(request, *args, **kwargs)

    return functools.update_wrapper(wrapped, view)


def letter_or_404(
    request: HttpRequest, allowed: Callable[[User], QuerySet[Letter]], slug: str
) -> Letter:
    """The letter, fetched through what this person may do; others do not exist for them."""
    found = allowed(organiser(request)).select_related("current_version").filter(slug=slug).first()
    if found is None:
        raise Http404
    return found


def roles_in(letters: list[Letter], user: User) -> dict[int, str]:
    """The role in each letter, by its key, as a word for the page; a host may have none."""
    found = Membership.objects.filter(letter__in=letters, user=user)
    return {one.letter_id: one.get_role_display() for one in found}


# Forms that save and preview while one writes load our own scripts, and ask this site alone.
completes_forms = csp_update({"script-src": [SELF], "connect-src": [SELF]})
