"""Beginning a letter, what waits for the host, and deleting one that never was public."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.http import keeps_what_was_typed
from letters.actions import NotAllowed, drafts
from letters.dashboard.access import (
    for_organisers,
    letter_or_404,
    organiser,
    with_second_factor,
)
from letters.dashboard.pages import letter_page
from letters.forms import HostNoteForm, NewLetterForm
from letters.permissions import approved_by, owned_by

READ_AND_SEND = ["GET", "HEAD", "POST"]


@for_organisers
@require_safe
def handbook(request: HttpRequest) -> HttpResponse:
    return render(request, "manage/handbook.html")


@for_organisers
@require_http_methods(READ_AND_SEND)
@keeps_what_was_typed
def new(request: HttpRequest) -> HttpResponse:
    form = NewLetterForm(request.POST if request.method == "POST" else None)
    csrf_failed = getattr(request, "csrf_failed", False)
    if not csrf_failed and form.is_valid():
        letter = drafts.start(**form.cleaned_data, actor=organiser(request))
        return redirect("manage:text", letter.slug)
    context = {"form": form, "csrf_failed": csrf_failed}
    return render(request, "manage/new.html", context, status=403 if csrf_failed else 200)


@for_organisers
@require_POST
def write_on(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a letter back from the host, to go on writing."""
    letter = letter_or_404(request, owned_by, slug)
    drafts.take_back_submission(letter=letter, actor=organiser(request))
    return redirect("manage:text", slug)


@with_second_factor
@require_http_methods(READ_AND_SEND)
@keeps_what_was_typed
def returned(request: HttpRequest, slug: str) -> HttpResponse:
    """Give a letter that waits for approval back to its team: for hosts."""
    letter = letter_or_404(request, approved_by, slug)
    form = HostNoteForm(request.POST if request.method == "POST" else None)
    csrf_failed = getattr(request, "csrf_failed", False)
    if not csrf_failed and form.is_valid():
        note = form.cleaned_data["note"]
        drafts.return_to_team(letter=letter, actor=organiser(request), note=note)
        return redirect("manage:letters")
    return letter_page(request, "returned", letter, form=form, status=403 if csrf_failed else 200)


@with_second_factor
@require_http_methods(READ_AND_SEND)
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    letter = letter_or_404(request, owned_by, slug)
    refusal = ""
    if request.method == "POST":
        try:
            drafts.delete_letter(letter=letter, actor=organiser(request))
            return redirect("manage:letters")
        except NotAllowed as error:
            refusal = str(error)
    return letter_page(request, "delete", letter, refusal=refusal)
