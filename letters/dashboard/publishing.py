"""Publishing a draft: at once, or at a time that an owner chooses."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from config.http import keeps_what_was_typed
from config.second_factor import passed_second_factor
from letters import differences
from letters.actions import NotAllowed, Text, drafts, planning
from letters.checklist import checklist_of
from letters.dashboard.access import (
    for_organisers,
    letter_or_404,
    organiser,
    with_second_factor,
)
from letters.dashboard.numbers import number_in
from letters.dashboard.pages import as_read, as_text, letter_page
from letters.forms.planning import PlanForm
from letters.models import Draft, Letter, Status
from letters.permissions import approved_by, edited_by, owned_by


@with_second_factor
@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """What is still missing, what will happen, and the button."""
    letter = letter_or_404(request, edited_by, slug)
    if request.method != "POST":
        return _page(request, letter)
    try:
        published = _publish(request, letter)
    except NotAllowed as error:
        return _page(request, letter, refusal=str(error))
    if not published.submitted_on:
        messages.success(request, _("Published. Whoever may read the letter reads this text now."))
    return redirect("manage:letter", slug)


def _publish(request: HttpRequest, letter: Letter) -> Letter:
    user, draft = organiser(request), drafts.draft_of(letter)
    text = checklist_of(letter, draft, passed_second_factor(request)).ready_text()
    return drafts.publish_draft(
        letter=letter,
        text=text,
        revision=_revision_in(request),
        actor=user,
        on=timezone.localdate(),
    )


@with_second_factor
@require_POST
@keeps_what_was_typed
def plan(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose the time at which the draft appears."""
    letter = letter_or_404(request, owned_by, slug)
    form = PlanForm(request.POST)
    if getattr(request, "csrf_failed", False) or not form.is_valid():
        status = 403 if getattr(request, "csrf_failed", False) else 200
        return _page(request, letter, plan_form=form, status=status)
    try:
        planning.plan(
            letter=letter,
            revision=_revision_in(request),
            at=form.cleaned_data["at"],
            actor=organiser(request),
            now=timezone.now(),
        )
    except NotAllowed as error:
        return _page(request, letter, plan_form=form, refusal=str(error))
    return redirect("manage:publish", slug)


@for_organisers
@require_POST
def drop_plan(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the chosen time back, or the word about why it was not kept."""
    letter = letter_or_404(request, owned_by, slug)
    planning.drop_plan(letter=letter, actor=organiser(request))
    messages.success(request, _("No time is chosen any more."))
    return redirect("manage:publish", slug)


@with_second_factor
@require_POST
def approve_plan(request: HttpRequest, slug: str) -> HttpResponse:
    """Let a letter appear at the time that its team has chosen: for hosts."""
    letter = letter_or_404(request, approved_by, slug)
    try:
        planning.approve_plan(
            letter=letter,
            revision=_revision_in(request),
            at=_moment_in(request),
            actor=organiser(request),
        )
    except NotAllowed as error:
        return _page(request, letter, refusal=str(error))
    messages.success(request, _("Approved. It appears at that time by itself."))
    return redirect("manage:letter", slug)


# ------------------------------------------------------------------------------------------


def _revision_in(request: HttpRequest) -> int:
    return number_in(request.POST.get("revision", ""), otherwise=-1)


def _moment_in(request: HttpRequest) -> datetime | None:
    """The time that the page showed, as the page wrote it; nothing for anything else."""
    try:
        return datetime.fromisoformat(request.POST.get("at", ""))
    except ValueError:
        return None


def _page(request: HttpRequest, letter: Letter, **context: Any) -> HttpResponse:
    draft, user = drafts.draft_of(letter), organiser(request)
    has_factor = passed_second_factor(request)
    context = {
        "draft": draft,
        **as_read(draft),
        "checklist": checklist_of(letter, draft, has_factor),
        "difference": _since_published(letter, draft),
        "plan_form": PlanForm(),
        "now": timezone.now(),
        "has_second_factor": has_factor,
        "needs_approval": drafts.needs_approval(letter, user),
        "is_first": letter.status == Status.DRAFT,
        **context,
    }
    return letter_page(request, "publish", letter, **context)


def _since_published(letter: Letter, draft: Draft) -> differences.Difference | None:
    """What the draft says differently from the published text; nothing where there is neither."""
    if letter.current_version is None or draft.pk is None:
        return None
    return differences.between(Text.of(letter.current_version).tidied(), as_text(draft))
