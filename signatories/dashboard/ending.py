"""Closing, reopening and sealing a letter, opening an internal one to everybody, and taking one
off the site: each with a page that says what it means, and a button.

As in the administration, which has the same doors, each needs a second factor; and nothing here
counts what moves between batches.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.celery import enqueue
from config.http import keeps_what_was_typed
from config.second_factor import passed_second_factor
from letters.actions import NotAllowed, ask_to_go_public, put_back, stay_internal, take_down
from letters.dashboard.access import (
    ask_for_factor,
    letter_or_404,
    organiser,
    with_second_factor,
)
from letters.dashboard.pages import letter_page
from letters.models import Letter, Status
from letters.permissions import owned_by
from signatories import tasks
from signatories.actions import sealing
from signatories.durations import sealed_by_itself_on
from signatories.forms.ending import PublicForm, SealForm

READ_AND_SEND = ["GET", "HEAD", "POST"]


@with_second_factor
@require_http_methods(READ_AND_SEND)
def closing(request: HttpRequest, slug: str) -> HttpResponse:
    letter = letter_or_404(request, owned_by, slug)
    if _acts(request):
        done = _("Closed. Nobody can sign the letter unless it is reopened.")
        return _act(request, letter, "close", sealing.close, done)
    seals_on = sealed_by_itself_on(timezone.localdate())
    applies = letter.status == Status.PUBLISHED
    return _page(request, letter, "close", applies=applies, seals_on=seals_on)


@with_second_factor
@require_http_methods(READ_AND_SEND)
def reopening(request: HttpRequest, slug: str) -> HttpResponse:
    letter = letter_or_404(request, owned_by, slug)
    if _acts(request):
        done = _("Reopened. The letter takes signatures again.")
        return _act(request, letter, "reopen", sealing.reopen, done)
    has_ended = letter.closes_at is not None and letter.closes_at <= timezone.now()
    return _page(request, letter, "reopen", applies=letter.is_closed, has_ended=has_ended)


@with_second_factor
@require_http_methods(READ_AND_SEND)
@keeps_what_was_typed
def sealing_for_ever(request: HttpRequest, slug: str) -> HttpResponse:
    letter = letter_or_404(request, owned_by, slug)
    form = SealForm(letter, *([request.POST] if request.method == "POST" else []))
    if _acts(request) and form.is_valid():
        done = _("Sealed. The letter’s key and all digests of addresses are destroyed.")
        return _act(request, letter, "seal", sealing.seal, done)
    return _page(
        request,
        letter,
        "seal",
        applies=letter.is_closed,
        form=form,
        undecided=letter.signatures.in_review().count(),
        seals_on=sealed_by_itself_on(letter.closed_on),
    )


@with_second_factor
@require_http_methods(READ_AND_SEND)
@keeps_what_was_typed
def going_public(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask those inside; or, once they are asked, take it back. `do` says which was meant, so that
    a page that was opened before somebody else acted does not do the opposite."""
    letter = letter_or_404(request, owned_by, slug)
    if _acts(request) and request.POST.get("do") == "stay":
        return _act(request, letter, "public", stay_internal, _("The letter stays internal."))
    form = PublicForm(request.POST if request.method == "POST" else None)
    if _acts(request) and form.is_valid():
        verb = partial(ask_to_go_public, on=form.cleaned_data["on"])
        done = _("Those inside read it on the letter’s page, and can decide from now on.")
        return _act(request, letter, "public", verb, done)
    is_read = letter.status in (Status.PUBLISHED, Status.CLOSED)
    return _page(request, letter, "public", applies=letter.is_internal and is_read, form=form)


@with_second_factor
@require_http_methods(READ_AND_SEND)
def taking_down(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the letter off the site, or put it back. `do` says which was meant: of two owners who
    press at once, the second would else undo what the first did."""
    letter = letter_or_404(request, owned_by, slug)
    if request.method != "POST":
        return letter_page(request, "take_down", letter)
    verb = put_back if request.POST.get("do") == "put_back" else take_down
    try:
        ask_for_factor(request)
        changed = verb(letter=letter, actor=organiser(request))
    except NotAllowed as refusal:
        return letter_page(request, "take_down", letter, refusal=str(refusal))
    enqueue(tasks.purge_pages, letter.pk)
    done = _("The letter is gone from the site.") if changed.taken_down_on else _("It is back.")
    messages.success(request, done)
    return redirect("manage:letter", slug)


# ------------------------------------------------------------------------------------------


def _acts(request: HttpRequest) -> bool:
    """Whether somebody pressed the button who may: the page says what is missing otherwise."""
    is_sent = request.method == "POST" and not getattr(request, "csrf_failed", False)
    return is_sent and passed_second_factor(request)


def _act(
    request: HttpRequest, letter: Letter, page: str, verb: Callable[..., Letter], done: str
) -> HttpResponse:
    try:
        verb(letter=letter, actor=organiser(request))
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        enqueue(tasks.purge_pages, letter.pk)
        messages.success(request, done)
    return redirect("manage:letter", letter.slug)


def _page(
    request: HttpRequest, letter: Letter, page: str, *, applies: bool, **context: Any
) -> HttpResponse:
    """What it means; or the overview, where it does not apply by now."""
    if not applies:
        sentence = _("This does not apply now: the letter is %(status)s.")
        messages.warning(request, sentence % {"status": letter.get_status_display()})
        return redirect("manage:letter", letter.slug)
    context["sealing_days"] = settings.SEALING_DAYS
    context["has_factor"] = passed_second_factor(request)
    context["status"] = 403 if getattr(request, "csrf_failed", False) else 200
    return letter_page(request, page, letter, **context)
