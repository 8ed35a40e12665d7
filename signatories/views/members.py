"""The way into letters for members of an organisation: any address, always a code, one answer."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from config import http, ratelimit
from signatories import statistics
from signatories.actions import signing
from signatories.forms import EnterForm
from signatories.views import access, pages


@require_http_methods(["GET", "HEAD", "POST"])
@http.keeps_what_was_typed
def enter(request: HttpRequest) -> HttpResponse:
    """Ask for a mailbox, or show the letters inside the organisations already proven."""
    http.keep_inside(request)
    form = EnterForm(request.POST if request.method == "POST" else None)
    csrf_failed = getattr(request, "csrf_failed", False)
    status = 403 if csrf_failed else 200
    if not csrf_failed and form.is_valid():
        try:
            ratelimit.check("enter:network", ratelimit.network(request))
            return redirect(
                "signer:confirm", signing.ask_to_enter(address=form.cleaned_data["email"])
            )
        except ratelimit.LimitReached as limit:
            form.add_error("email", pages.come_back(limit))
            status = 429
    letters = access.internal_letters(request).select_related("tally").order_by("slug")
    context = {
        "form": form,
        "csrf_failed": csrf_failed,
        "organisations": access.organisations_of(request),
        "entries": [{"letter": one, "tally": statistics.tally_of(one)} for one in letters],
    }
    return render(request, "signatories/members.html", context, status=status)


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    response = redirect("public:members")
    access.forget(response)
    return response
