"""Subscribing to a letter's updates: a form, a proof and a capability of their own."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from config import http
from config.http import public_for
from letters import timeline as timelines
from letters.actions import NotAllowed
from letters.models import Letter
from signatories.actions import signing, subscribing
from signatories.forms import UpdatesForm
from signatories.views import access, door, pages
from signatories.views.public import FRESH_SECONDS

ENTRIES_A_PAGE = 20


@require_safe
@public_for(FRESH_SECONDS)
def timeline(request: HttpRequest, slug: str) -> HttpResponse:
    """Updates and recipients' responses, the newest first."""
    letter = access.readable_letter(request, slug, "current_version")
    page = timelines.page(letter, after=request.GET.get("after", ""), size=ENTRIES_A_PAGE)
    return render(request, "signatories/updates.html", {"letter": letter, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@http.keeps_what_was_typed
def subscribe(request: HttpRequest, slug: str) -> HttpResponse:
    """Send a code to whoever wants updates. Same answer for every address."""
    letter = access.readable_letter(request, slug)
    if letter.is_sealed:
        raise Http404
    form = UpdatesForm(request.POST if request.method == "POST" else None)
    if getattr(request, "csrf_failed", False) or not form.is_valid():
        return _form(request, letter, form)
    try:
        door.check_mailbox(request, door.updates_of(letter), "updates:network")
        token = signing.ask_for_updates(letter=letter, address=form.cleaned_data["email"])
        return redirect("signer:confirm", token)
    except door.Held as held:
        return _form(request, letter, form, held)
    except NotAllowed as refusal:
        form.add_error("email", str(refusal))
        return _form(request, letter, form)


def _form(
    request: HttpRequest, letter: Letter, form: UpdatesForm, held: door.Held | None = None
) -> HttpResponse:
    name = door.updates_of(letter)
    return pages.mailbox_form(request, "subscribe", form, name, held=held, letter=letter)


@require_http_methods(["GET", "HEAD", "POST"])
def subscription(request: HttpRequest, token: str) -> HttpResponse:
    """One's own subscription, and the way out of it."""
    found = subscribing.by_token(token)
    if found is None:
        return pages.gone(request)
    context = {"letter": found.letter, "token": token}
    if request.method != "POST":
        return render(request, "signatories/subscription.html", context)
    subscribing.unsubscribe(token=token)
    return render(request, "signatories/unsubscribed.html", context)


# A mail program presses the button for its owner with a POST that has neither cookie nor token
# (RFC 8058, section 3.1). Whoever knows the capability may end the subscription, and no cookie
# gives anybody more, so there is nothing that a forged request could gain.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, token: str) -> HttpResponse:
    """The way out that stands in every mail. It says the same of every link: whoever finds one
    does not learn whether somebody is subscribed, and a second press is no error."""
    if request.method != "POST":
        return render(request, "signatories/end_updates.html", {"token": token})
    subscribing.end(link=token)
    return render(request, "signatories/updates_ended.html")
