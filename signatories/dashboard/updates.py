"""News and press coverage: what stands on the letter's page, and what to do with it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.celery import enqueue
from config.http import keeps_what_was_typed
from letters import differences
from letters.actions import NotAllowed, Overtaken, Text
from letters.actions import updates as verbs
from letters.dashboard.access import (
    completes_forms,
    for_organisers,
    for_scripts,
    letter_or_404,
    organiser,
)
from letters.dashboard.numbers import number_in
from letters.dashboard.pages import letter_page
from letters.forms.updates import LONGEST_BODY, UpdateForm
from letters.models import Letter, Update
from letters.permissions import edited_by
from signatories import tasks
from signatories.actions import mailings

UPDATES_A_PAGE = 30


@for_organisers
@require_safe
def updates(request: HttpRequest, slug: str) -> HttpResponse:
    """What was posted, the newest first, by key and never by offset."""
    letter = letter_or_404(request, edited_by, slug)
    rows = letter.updates.select_related("mailing").order_by("-pk")
    after = number_in(request.GET.get("after", ""), otherwise=0)
    found = list((rows.filter(pk__lt=after) if after else rows)[: UPDATES_A_PAGE + 1])
    shown = found[:UPDATES_A_PAGE]
    next_after = str(shown[-1].pk) if len(found) > UPDATES_A_PAGE else ""
    return letter_page(request, "updates", letter, updates=shown, next_after=next_after)


@completes_forms
@for_organisers
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_what_was_typed
def new(request: HttpRequest, slug: str) -> HttpResponse:
    letter = letter_or_404(request, edited_by, slug)
    if request.method != "POST":
        today = {"published_on": timezone.localdate()}
        return _page(request, letter, None, UpdateForm(initial=today))
    return _save(request, letter, None)


@completes_forms
@for_organisers
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_what_was_typed
def update(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    letter = letter_or_404(request, edited_by, slug)
    found = update_or_404(letter, pk)
    if request.method != "POST":
        return _page(request, letter, found, UpdateForm.of(found))
    return _save(request, letter, found)


@for_scripts
@require_POST
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """What was typed, as it will be read; nothing is saved."""
    letter = letter_or_404(request, edited_by, slug)
    return render(request, "manage/_update_preview.html", {"letter": letter, **_as_read(request)})


@for_organisers
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    letter = letter_or_404(request, edited_by, slug)
    found = update_or_404(letter, pk)
    if request.method != "POST":
        return letter_page(request, "delete_update", letter, update=found)
    try:
        mailings.delete_update(update=found, actor=organiser(request))
    except NotAllowed as refusal:
        return letter_page(request, "delete_update", letter, update=found, refusal=str(refusal))
    enqueue(tasks.purge_pages, letter.pk)
    messages.success(request, _("The update is deleted."))
    return redirect("manage:updates", slug)


# ------------------------------------------------------------------------------------------


def update_or_404(letter: Letter, pk: int) -> Update:
    found = letter.updates.select_related("letter", "mailing").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _save(request: HttpRequest, letter: Letter, found: Update | None) -> HttpResponse:
    """Post or edit what was typed, or show once more what somebody typed and why not."""
    form = UpdateForm(request.POST)
    if getattr(request, "csrf_failed", False):
        return _page(request, letter, found, form, status=403)
    if not form.is_valid() or request.POST.get("do") == "preview":
        return _page(request, letter, found, form)
    try:
        _act(request, letter, found, form)
    except Overtaken:
        return _overtaken(request, letter, form, update_or_404(letter, found.pk if found else 0))
    except (NotAllowed, ValidationError) as refusal:
        words = " ".join(getattr(refusal, "messages", [str(refusal)]))
        return _page(request, letter, found, form, refusal=words)
    enqueue(tasks.purge_pages, letter.pk)
    messages.success(request, _("The update is saved.") if found else _("The update is posted."))
    return redirect("manage:updates", letter.slug)


def _act(request: HttpRequest, letter: Letter, found: Update | None, form: UpdateForm) -> None:
    user, told = organiser(request), form.told()
    if found:
        revision = form.cleaned_data["revision"]
        verbs.edit(update=found, told=told, revision=revision, actor=user)
    else:
        verbs.post(letter=letter, told=told, actor=user)


def _overtaken(
    request: HttpRequest, letter: Letter, form: UpdateForm, saved: Update
) -> HttpResponse:
    """What was typed stays; saved again, it replaces what somebody else has saved meanwhile."""
    told = form.told()
    difference = differences.between(
        Text(saved.title, saved.body, ()), Text(told.title, told.body, ())
    )
    data = request.POST.copy()
    data["revision"] = str(saved.revision)
    again = UpdateForm(data)
    again.is_valid()
    return _page(request, letter, saved, again, status=409, difference=difference)


def _as_read(request: HttpRequest) -> dict[str, Any]:
    """What was typed, in an update that nobody saves."""
    typed = {name: request.POST.get(name, "").replace("\0", "") for name in ("title", "body")}
    return {"update": Update(title=typed["title"], body=typed["body"][:LONGEST_BODY])}


def _page(
    request: HttpRequest,
    letter: Letter,
    found: Update | None,
    form: UpdateForm,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    is_first = request.method != "POST"
    shown = (found or Update()) if is_first else _as_read(request)["update"]
    context = {"difference": None, "update": found, "form": form, "shown": shown, **context}
    return letter_page(request, "update", letter, status=status, **context)
