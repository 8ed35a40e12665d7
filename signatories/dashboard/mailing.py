"""Mailing an update: reading it first, sending, watching, pausing and ending."""

from collections.abc import Callable
from typing import Any

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from config import ratelimit
from config.http import keeps_what_was_typed
from letters.actions import NotAllowed
from letters.dashboard.access import (
    ask_for_factor,
    completes_forms,
    for_organisers,
    for_scripts,
    letter_or_404,
    organiser,
    with_second_factor,
)
from letters.dashboard.numbers import number_in
from letters.dashboard.pages import letter_page
from letters.models import Letter, Update
from letters.permissions import owned_by
from signatories import update_mail
from signatories.actions import mailings
from signatories.dashboard.updates import update_or_404
from signatories.forms.mailing import MailingForm, TrialForm
from signatories.models import Mailing
from signatories.outbox import FEW
from signatories.views.pages import refusal


@completes_forms
@with_second_factor
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_what_was_typed
def mailing(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One page for everything about it. Every button says in `do` what it is for."""
    update = update_or_404(letter_or_404(request, owned_by, slug), pk)
    act = ACTS.get(request.POST.get("do", "")) if request.method == "POST" else None
    if getattr(request, "csrf_failed", False):
        return _page(request, update, status=403, **_typed(request))
    if act is None:
        return _page(request, update)
    try:
        if request.POST["do"] in REACH_MANY:
            ask_for_factor(request)
        return act(request, update)
    except NotAllowed as error:
        return _page(request, update_or_404(update.letter, pk), refusal=str(error))


@for_scripts
@require_safe
def now(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """How far it is, for scripts."""
    update = update_or_404(letter_or_404(request, owned_by, slug), pk)
    standing = _standing(update)
    response = render(request, "manage/_mailing.html", standing)
    if not standing["mailing"] or not standing["mailing"].is_sending:
        # The buttons around this part are those of a mailing on its way.
        response["HX-Redirect"] = reverse("manage:mailing", args=[slug, pk])
    return response


# Mails carry their looks with them; nothing else that could act is let in.
@csp_update({"style-src-attr": [UNSAFE_INLINE]})
@for_organisers
@require_safe
def as_html(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The mail as a mail program shows it."""
    update = update_or_404(letter_or_404(request, owned_by, slug), pk)
    context = _message(update).context(update_mail.example_url())
    return render(request, f"{update_mail.FOLDER}/body.html", context)


# What the buttons do ----------------------------------------------------------------------------


def _test(request: HttpRequest, update: Update) -> HttpResponse:
    """Send one message to an address that goes nowhere else."""
    form = TrialForm(request.POST)
    if form.is_valid():
        try:
            ratelimit.check("mailing:test", f"user:{organiser(request).pk}")
            address = form.cleaned_data["email"]
            mailings.send_test(update=update, address=address, actor=organiser(request))
            messages.success(request, _("The test is sent. The address is not kept."))
            return redirect("manage:mailing", update.letter.slug, update.pk)
        except (ratelimit.LimitReached, NotAllowed) as error:
            form.add_error("email", refusal(error))
    return _page(request, update, test_form=form)


def _ask(request: HttpRequest, update: Update) -> HttpResponse:
    """Say what cannot be undone, before it is done."""
    form = MailingForm(request.POST)
    return _page(request, update, form=form, is_asked="send" if form.is_valid() else "")


def _send(request: HttpRequest, update: Update) -> HttpResponse:
    form = MailingForm(request.POST)
    if not form.is_valid():
        return _page(request, update, form=form)
    mailings.schedule(
        update=update,
        send_at=form.moment,
        revision=number_in(request.POST.get("revision", ""), otherwise=0),
        actor=organiser(request),
    )
    return redirect("manage:mailing", update.letter.slug, update.pk)


def _ask_to_cancel(request: HttpRequest, update: Update) -> HttpResponse:
    return _page(request, update, is_asked="cancel")


def _decide(verb: Callable[..., None]) -> Callable[[HttpRequest, Update], HttpResponse]:
    """A button that needs nothing but the mailing. One that is gone by now needs no verb."""

    def act(request: HttpRequest, update: Update) -> HttpResponse:
        found = _mailing_of(update)
        if found:
            verb(mailing=found, actor=organiser(request))
        return redirect("manage:mailing", update.letter.slug, update.pk)

    return act


ACTS: dict[str, Callable[[HttpRequest, Update], HttpResponse]] = {
    "test": _test,
    "ask": _ask,
    "send": _send,
    "take_back": _decide(mailings.take_back),
    "pause": _decide(mailings.pause),
    "resume": _decide(mailings.resume),
    "ask_to_cancel": _ask_to_cancel,
    "cancel": _decide(mailings.cancel),
}
REACH_MANY = ("ask", "send", "resume")

# What the page says -----------------------------------------------------------------------------


def _mailing_of(update: Update) -> Mailing | None:
    return Mailing.objects.select_related("update__letter").filter(update=update).first()


def _message(update: Update) -> update_mail.Message:
    found = _mailing_of(update)
    return update_mail.Message.frozen(found) if found else update_mail.Message.of(update)


def _standing(update: Update) -> dict[str, Any]:
    """How far it is. Small numbers are not told, as the number of subscribers is not."""
    found = _mailing_of(update)
    owed = found.deliveries.to_be_sent().count() if found else 0
    total = found.total if found else 0
    return {
        "letter": update.letter,
        "update": update,
        "mailing": found,
        "is_few": total < FEW,
        "total": total,
        "dealt_with": max(0, total - owed),
        "refused": found.deliveries.refused().count() + found.failed if found else 0,
    }


def _went_to(letter: Letter) -> int | None:
    """How many the last mailing was for. The number of now would move in the minute in which
    somebody subscribes, and that is often the minute in which they sign."""
    noted = Mailing.objects.of(letter).filled().order_by("-filled_at")
    return noted.values_list("total", flat=True).first()


def _typed(request: HttpRequest) -> dict[str, Any]:
    """The form that was sent without its token, with everything in it."""
    if request.POST.get("do") == "test":
        return {"test_form": TrialForm(request.POST)}
    return {"form": MailingForm(request.POST)}


def _page(
    request: HttpRequest, update: Update, *, status: int = 200, **context: Any
) -> HttpResponse:
    context = {
        "form": MailingForm(),
        "test_form": TrialForm(),
        "is_asked": "",
        "mail": update_mail.preview(_message(update)),
        "went_to": _went_to(update.letter),
        "few": FEW,
        **_standing(update),
        **context,
    }
    del context["letter"]
    return letter_page(request, "mailing", update.letter, status=status, **context)
