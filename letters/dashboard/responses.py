"""What the recipients answered, demand by demand."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from config.http import keeps_what_was_typed
from letters.actions import NotAllowed
from letters.actions.recipients import delete_response, record_response
from letters.dashboard.access import for_organisers, letter_or_404, organiser
from letters.dashboard.pages import letter_page
from letters.forms import ResponseForm
from letters.models import Response
from letters.permissions import edited_by


@for_organisers
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_what_was_typed
def responses(request: HttpRequest, slug: str) -> HttpResponse:
    """The table, and the form that records one answer or takes one back."""
    letter = letter_or_404(request, edited_by, slug)
    recipients = letter.recipients.prefetch_related("responses__demand")
    demands = letter.current_version.demands.all() if letter.current_version else []
    refusal = ""
    form = ResponseForm(letter, request.POST if "recipient" in request.POST else None)
    if request.method == "POST" and not getattr(request, "csrf_failed", False):
        try:
            if "delete" in request.POST:
                _delete(request, letter.pk)
                return redirect("manage:responses", slug)
            if form.is_valid():
                for demand in form.cleaned_data.pop("demands"):
                    record_response(**form.cleaned_data, demand=demand, actor=organiser(request))
                return redirect("manage:responses", slug)
        except NotAllowed as error:
            refusal = str(error)
    recorded = Response.objects.filter(recipient__letter=letter).select_related(
        "recipient", "demand__version"
    )
    return letter_page(
        request,
        "responses",
        letter,
        form=form,
        recipients=recipients,
        demands=demands,
        recorded=recorded.order_by("recipient__position", "demand__number"),
        today=timezone.localdate(),
        refusal=refusal,
    )


def _delete(request: HttpRequest, letter_pk: int) -> None:
    which = request.POST.get("delete", "")
    if which.isdecimal():
        rows = Response.objects.filter(recipient__letter=letter_pk, pk=int(which))
        for response in rows.select_related("recipient__letter"):
            delete_response(response=response, actor=organiser(request))
