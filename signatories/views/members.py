"""The way into letters for members of an organisation: any address, always a code, one answer."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from config import http
from signatories import statistics
from signatories.actions import signing
from signatories.forms import EnterForm
from signatories.views import access, door, pages


@require_http_methods(["GET", "HEAD", "POST"])
@http.keeps_what_was_typed
def enter(request: HttpRequest) -> HttpResponse:
    """Ask for a mailbox, or show the letters inside the organisations already proven."""
    http.keep_inside(request)
    form = EnterForm(request.POST if request.method == "POST" else None)
    if getattr(request, "csrf_failed", False) or not form.is_valid():
        return _page(request, form)
    try:
        door.check_mailbox(request, door.ENTER, "enter:network")
    except door.Held as held:
        return _page(request, form, held)
    return redirect("signer:confirm", signing.ask_to_enter(address=form.cleaned_data["email"]))


def _page(request: HttpRequest, form: EnterForm, held: door.Held | None = None) -> HttpResponse:
    letters = access.internal_letters(request).select_related("tally").order_by("slug")
    return pages.mailbox_form(
        request,
        "members",
        form,
        door.ENTER,
        held=held,
        organisations=access.organisations_of(request),
        entries=[{"letter": one, "tally": statistics.tally_of(one)} for one in letters],
    )


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    response = redirect("public:members")
    access.forget(response)
    return response
