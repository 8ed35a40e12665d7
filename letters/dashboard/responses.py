"""What the recipients answered, demand by demand."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.http import keeps_what_was_typed
from letters.actions import NotAllowed
from letters.actions.recipients import delete_response, record_response
from letters.dashboard.access import for_organisers, letter_or_404, organiser
from letters.dashboard.numbers import number_in
from letters.dashboard.pages import letter_page
from letters.forms import ResponseForm
from letters.models import Letter, Response, User
from letters.permissions import edited_by

RESPONSES_A_PAGE = 60


@for_organisers
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_what_was_typed
def responses(request: HttpRequest, slug: str) -> HttpResponse:
    """The table, and the form that records one answer or takes one back."""
    letter = letter_or_404(request, edited_by, slug)
    csrf_failed, refusal = getattr(request, "csrf_failed", False), ""
    is_deleting = "delete" in request.POST
    is_sent = request.method == "POST" and not is_deleting
    form = ResponseForm(letter, request.POST if is_sent else None)
    if request.method == "POST" and not csrf_failed:
        try:
            if is_deleting:
                _delete(request, letter.pk)
                messages.success(request, _("The response is deleted."))
                return redirect("manage:responses", slug)
            if form.is_valid():
                _record(form, organiser(request))
                messages.success(request, _("The response is recorded."))
                return redirect("manage:responses", slug)
        except NotAllowed as error:
            refusal = str(error)
    shown, next_after = _recorded(request, letter)
    return letter_page(
        request,
        "responses",
        letter,
        form=form,
        may_record=letter.recipients.exists() and form.demands.exists(),
        recorded=shown,
        next_after=next_after,
        refusal=refusal,
        status=403 if csrf_failed else 200,
    )


def _recorded(request: HttpRequest, letter: Letter) -> tuple[list[Response], str]:
    """A page of what was recorded, the newest first, by key and never by offset."""
    rows = Response.objects.filter(recipient__letter=letter).order_by("-pk")
    after = number_in(request.GET.get("after", ""), otherwise=0)
    rows = rows.filter(pk__lt=after) if after else rows
    rows = rows.select_related("recipient__organisation", "demand__version")
    found = list(rows[: RESPONSES_A_PAGE + 1])
    shown = found[:RESPONSES_A_PAGE]
    return shown, str(shown[-1].pk) if len(found) > RESPONSES_A_PAGE else ""


@transaction.atomic
def _record(form: ResponseForm, user: User) -> None:
    """For one demand or for each of them: all, or none."""
    for demand in form.cleaned_data.pop("demands"):
        record_response(**form.cleaned_data, demand=demand, actor=user)


def _delete(request: HttpRequest, letter_pk: int) -> None:
    which = number_in(request.POST.get("delete", ""), otherwise=0)
    rows = Response.objects.filter(recipient__letter=letter_pk, pk=which)
    for response in rows.select_related("recipient__letter"):
        delete_response(response=response, actor=organiser(request))
