"""Changing one's own signature. Each page says what will happen; a POST does it."""

from collections.abc import Callable
from copy import copy
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from config import http, ratelimit
from letters.actions import NotAllowed, Overtaken
from letters.models import Visibility
from signatories import roll
from signatories.actions import appearing, confirming, own, prominence, signing
from signatories.forms import NameForm, TitleForm
from signatories.models import Appearance, Signature, Tenure
from signatories.verification import bursts
from signatories.views import pages

CHANGE = ["GET", "HEAD", "POST"]
Refused = (ratelimit.LimitReached, NotAllowed)
View = Callable[[HttpRequest, str], HttpResponse]


def limited(view: View) -> View:
    """Each change is work for the worker and the caches: answer whoever repeats it for ever."""

    @wraps(view)
    def answer(request: HttpRequest, token: str) -> HttpResponse:
        try:
            return view(request, token)
        except ratelimit.LimitReached as limit:
            return http.too_many(request, limit.seconds)

    return answer


def _is_sent(request: HttpRequest) -> bool:
    return request.method == "POST" and not getattr(request, "csrf_failed", False)


def _page(
    request: HttpRequest,
    name: str,
    token: str,
    found: Signature,
    *,
    status: int = 200,
    **context: object,
) -> HttpResponse:
    csrf_failed = getattr(request, "csrf_failed", False)
    context = {
        "letter": found.letter,
        "line": roll.line_with_organisation(found),
        "token": token,
        "csrf_failed": csrf_failed,
        **context,
    }
    status = 403 if csrf_failed else status
    return render(request, f"signatories/{name}.html", context, status=status)


@require_http_methods(CHANGE)
@http.keeps_what_was_typed
def title(request: HttpRequest, token: str) -> HttpResponse:
    found = confirming.by_token(token)
    if found is None or found.is_anonymous:
        return pages.gone(request)
    form = TitleForm(request.POST if request.method == "POST" else {"title": found.title})
    status = 200
    if _is_sent(request) and form.is_valid():
        try:
            ratelimit.check("change:page", token)
            own.correct_title(token=token, title=form.cleaned_data["title"])
            return redirect("signer:signature", token)
        except confirming.Gone:
            return pages.gone(request)
        except Refused as refusal:
            form.add_error("title", pages.refusal(refusal))
            status = pages.status_of(refusal)
    return _page(request, "title", token, found, status=status, form=form)


@require_http_methods(CHANGE)
@limited
def left(request: HttpRequest, token: str) -> HttpResponse:
    """Say that one has left the organisation."""
    found = confirming.by_token(token)
    if request.method == "POST":
        return _change(request, token, lambda: own.leave(token=token))
    if found is None or not own.can_leave(found):
        return pages.gone(request)
    after = copy(found)
    after.tenure = Tenure.FORMER
    return _page(request, "left", token, found, line_after=roll.line_with_organisation(after))


@require_http_methods(CHANGE)
@limited
def anonymous(request: HttpRequest, token: str) -> HttpResponse:
    """From a name, or from being only counted, to an anonymous line."""
    return _without_name(request, token, Appearance.ANONYMOUS)


@require_http_methods(CHANGE)
@limited
def counted(request: HttpRequest, token: str) -> HttpResponse:
    """From a name or an anonymous line to being counted without one."""
    return _without_name(request, token, Appearance.COUNTED)


def _without_name(request: HttpRequest, token: str, appearance: Appearance) -> HttpResponse:
    """A second press finds the new entry of the first. The form says who was to see the line:
    where that has changed meanwhile, the page comes back and nothing is done."""
    overtaken = ""
    if request.method == "POST":
        ratelimit.check("change:page", token)
        saw_public = request.POST.get("readers", "") in (Visibility.PUBLIC, Visibility.UNLISTED)
        try:
            renewed = appearing.appear_without_name(
                token=token, appearance=appearance, saw_public=saw_public
            )
            return redirect("signer:signature", renewed)
        except Overtaken as news:
            overtaken = str(news)
        except (confirming.Gone, NotAllowed):
            return pages.gone(request)
    return _page_without_name(request, token, appearance, overtaken)


def _page_without_name(
    request: HttpRequest, token: str, appearance: Appearance, overtaken: str
) -> HttpResponse:
    found = confirming.by_token(token)
    if found is None or found.appearance == appearance:
        return pages.gone(request)
    after = Signature(
        appearance=appearance,
        organisation=found.organisation,
        tenure=found.tenure,
        method=found.method,
    )
    return _page(
        request,
        "without_name",
        token,
        found,
        status=409 if overtaken else 200,
        line_after=roll.line_with_organisation(after),
        refusal=appearing.why_not_without_name(found, appearance),
        overtaken=overtaken,
    )


@require_POST
@limited
def everybody(request: HttpRequest, token: str) -> HttpResponse:
    """Say whether the line may stand under the letter when it is public."""
    shown = request.POST.get("shown") == "1"
    ratelimit.check("change:page", token)
    try:
        own.show_to_everybody(token=token, shown=shown)
    except confirming.Gone:
        return pages.gone(request)
    except NotAllowed:  # The letter became public meanwhile: the page asks what is asked now.
        pass
    return redirect("signer:signature", token)


@require_http_methods(CHANGE)
@http.keeps_what_was_typed
def named(request: HttpRequest, token: str) -> HttpResponse:
    """From anonymous to named, with a fresh proof of a mailbox."""
    found = confirming.by_token(token)
    if found is None or not found.is_anonymous:
        return pages.gone(request)
    form = NameForm(found, request.POST if request.method == "POST" else None)
    status = 200
    if _is_sent(request) and form.is_valid():
        try:
            ratelimit.check("sign:network", ratelimit.network(request))
            ratelimit.check("change:page", token)
            return redirect("signer:confirm", _ask_to_be_named(request, found, form))
        except Refused as refusal:
            form.add_error(None, pages.refusal(refusal))
            status = pages.status_of(refusal)
    no_name = signing.why_not_named(found)
    return _page(request, "named", token, found, status=status, form=form, refusal=no_name)


def _ask_to_be_named(request: HttpRequest, found: Signature, form: NameForm) -> str:
    address = form.cleaned_data["email"]
    return signing.ask_to_be_named(
        signature=found,
        entry=form.entry,
        address=address,
        affiliation=form.affiliation,
        is_burst=bursts.is_one_of_many(found.letter, address, ratelimit.network(request)),
    )


@require_http_methods(CHANGE)
@limited
def text(request: HttpRequest, token: str) -> HttpResponse:
    """Carry a signature over to the letter's newer text."""
    found = confirming.by_token(token)
    if found is None:
        return pages.gone(request)
    if request.method != "POST":
        return _page(
            request,
            "carry_over",
            token,
            found,
            version=found.carried_to or found.version,
            current=found.letter.current_version,
        )
    return _change(request, token, lambda: own.carry_over(token=token))


@require_POST
@limited
def search(request: HttpRequest, token: str) -> HttpResponse:
    """Keep one's name out of search engines, or no longer."""
    hidden = request.POST.get("hidden") == "1"
    return _change(request, token, lambda: own.hide_from_search(token=token, hidden=hidden))


@require_POST
@limited
def prominent(request: HttpRequest, token: str) -> HttpResponse:
    """Say whether one's name may be shown first, or no longer."""
    agrees = request.POST.get("answer") == "yes"
    ratelimit.check("change:page", token)
    try:
        prominence.answer(token=token, agrees=agrees)
    except confirming.Gone:
        return pages.gone(request)
    except NotAllowed:  # Nobody asks any more: the page says how things stand.
        pass
    return redirect("signer:signature", token)


def _change(request: HttpRequest, token: str, verb: Callable[[], object]) -> HttpResponse:
    ratelimit.check("change:page", token)
    try:
        verb()
    except (confirming.Gone, NotAllowed):
        return pages.gone(request)
    return redirect("signer:signature", token)
