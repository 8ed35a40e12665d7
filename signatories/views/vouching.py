"""Vouching for a colleague, and signing on a colleague's word."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from config import http, ratelimit
from letters.actions import NotAllowed, pausing
from signatories.actions import confirming, signing, vouching
from signatories.forms import SignForm
from signatories.models import Signature, Vouch
from signatories.verification import bursts
from signatories.verification import vouch as vouches
from signatories.views import door, pages


@require_http_methods(["GET", "HEAD", "POST"])
def vouch(request: HttpRequest, token: str) -> HttpResponse:
    """The links one has given to colleagues; POST gives another or takes one back."""
    found = confirming.by_token(token)
    if found is None or not vouching.may_vouch(found):
        return pages.gone(request)
    if request.method != "POST":
        return _links(request, token, found)
    try:
        ratelimit.check("change:page", token)
        if "take_back" in request.POST:
            vouching.take_back(token=token, pk=UUID(request.POST["take_back"]))
        else:
            vouching.give(token=token)
    except (ratelimit.LimitReached, NotAllowed) as refusal:
        return _links(request, token, found, pages.refusal(refusal), pages.status_of(refusal))
    except (confirming.Gone, ValueError):
        return pages.gone(request)
    return redirect("signer:vouch", token)


def _links(
    request: HttpRequest, token: str, found: Signature, refusal: str = "", status: int = 200
) -> HttpResponse:
    links = [
        (link, settings.SITE_URL + reverse("signer:vouched", args=[link.token]))
        if link.token
        else (link, "")
        for link in vouching.open_links(found, token)
    ]
    context = {
        "letter": found.letter,
        "organisation": found.organisation,
        "is_anonymous": found.is_anonymous,
        "token": token,
        "links": links,
        "left": vouching.links_left(found),
        "at_once": settings.VOUCHES_AT_ONCE,
        "in_all": settings.VOUCHES_IN_ALL,
        "days": settings.VOUCH_DAYS,
        "refusal": refusal,
    }
    return render(request, "signatories/vouch.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@pages.completes_names
@http.keeps_what_was_typed
def vouched(request: HttpRequest, token: str) -> HttpResponse:
    """Sign on a colleague's word. GET changes nothing, and a form that is sent uses nothing up:
    the link is used when the mailbox is proven."""
    found = vouches.by_link(token)
    if found is None:
        return gone(request)
    if request.method != "POST" and pausing.is_paused(found.letter):
        return render(request, "signatories/paused.html", {"letter": found.letter})
    form = SignForm(found.letter, request.POST if request.method == "POST" else None, vouch=found)
    try:
        return _sent(request, token, found, form)
    except door.Held as held:
        return pages.held_form(request, found.letter, form, held, token=token)


def _sent(request: HttpRequest, token: str, found: Vouch, form: SignForm) -> HttpResponse:
    if form.is_bound:
        door.refuse_flood(request)
    if getattr(request, "csrf_failed", False):
        form.is_valid()
        return _form(request, token, form, csrf_failed=True, status=403)
    if form.is_bound:
        door.refuse_while_paused(found.letter)
    if not form.is_valid():
        return _form(request, token, form)
    door.check(request, found.letter)
    try:
        return redirect("signer:confirm", _sign(request, found, form))
    except pausing.Paused as paused:  # In this moment.
        raise door.held_by(paused) from paused
    except NotAllowed as refusal:
        form.add_error(None, str(refusal))
        return _form(request, token, form)


def _sign(request: HttpRequest, found: Vouch, form: SignForm) -> str:
    network = ratelimit.network(request)
    return signing.sign(
        letter=found.letter,
        entry=form.entry,
        address=form.address,
        affiliation=form.affiliation,
        is_burst=bursts.is_one_of_many(found.letter, form.address, network),
        vouch_digest=found.link_digest,
    )


def _form(
    request: HttpRequest,
    token: str,
    form: SignForm,
    *,
    csrf_failed: bool = False,
    status: int = 200,
) -> HttpResponse:
    return pages.sign_form(
        request, form.letter, form, token=token, csrf_failed=csrf_failed, status=status
    )


def gone(request: HttpRequest) -> HttpResponse:
    """The link was used, taken back, has expired, or never was."""
    response = render(request, "signatories/vouch_gone.html", status=404)
    response.is_own_page = True  # type: ignore[attr-defined]
    return response
