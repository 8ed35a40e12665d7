"""Subscribing to a letter's updates: a form, a proof and a capability of their own."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from config import http, ratelimit
from letters.actions import NotAllowed
from signatories.actions import signing, subscribing
from signatories.forms import UpdatesForm
from signatories.views import access, pages


@require_http_methods(["GET", "HEAD", "POST"])
@http.keeps_what_was_typed
def subscribe(request: HttpRequest, slug: str) -> HttpResponse:
    """Send a code to whoever wants updates. Same answer for every address."""
    letter = access.readable_letter(request, slug)
    if letter.is_sealed:
        raise Http404
    form = UpdatesForm(request.POST if request.method == "POST" else None)
    csrf_failed = getattr(request, "csrf_failed", False)
    status = 403 if csrf_failed else 200
    if not csrf_failed and form.is_valid():
        try:
            ratelimit.check("updates:network", ratelimit.network(request))
            token = signing.ask_for_updates(letter=letter, address=form.cleaned_data["email"])
            return redirect("signer:confirm", token)
        except (ratelimit.LimitReached, NotAllowed) as refusal:
            form.add_error("email", pages.refusal(refusal))
            status = pages.status_of(refusal)
    context = {"letter": letter, "form": form, "csrf_failed": csrf_failed}
    return render(request, "signatories/subscribe.html", context, status=status)


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
