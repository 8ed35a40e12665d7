"""The letter's page and the form to sign it, as everybody will see them, before anybody does.

For those who write: a draft is read by owners and editors, and not by the press.
"""

import copy
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from letters.actions import drafts
from letters.dashboard.access import for_organisers, letter_or_404, organiser
from letters.dashboard.pages import as_read, as_text
from letters.models import Draft, Letter, LetterVersion, Status
from letters.permissions import edited_by, names_read_by
from signatories.forms import SignForm
from signatories.views import pages, public


@for_organisers
@require_safe
def as_public(request: HttpRequest, slug: str) -> HttpResponse:
    """The page that everybody gets, with the draft in it."""
    letter = letter_or_404(request, edited_by, slug)
    context = {**public.letter_context(letter), **_as_published(letter)}
    if not names_read_by(organiser(request)).filter(pk=letter.pk).exists():
        context["lines"] = []
    return render(request, "manage/as_public.html", context)


@for_organisers
@require_safe
def as_signatory(request: HttpRequest, slug: str) -> HttpResponse:
    """The form as the rules make it. It leads nowhere, and takes nothing."""
    letter = letter_or_404(request, edited_by, slug)
    shown = _as_published(letter)
    context = {**pages.sign_context(letter, SignForm(shown["letter"])), **shown}
    return render(request, "manage/as_signatory.html", context)


def _as_published(letter: Letter) -> dict[str, Any]:
    """Letter, text and demands as they would stand if the draft were published now; unsaved."""
    draft = drafts.draft_of(letter)
    if draft.pk is None and letter.current_version:
        return {"letter": letter, "is_draft": False}
    shown = copy.copy(letter)
    shown.title = draft.title.strip() or letter.title
    shown.published_on = letter.published_on or timezone.localdate()
    if letter.status == Status.DRAFT:
        shown.status = Status.PUBLISHED
    version = _version(letter, draft)
    return {**as_read(draft), "letter": shown, "version": version, "is_draft": True}


def _version(letter: Letter, draft: Draft) -> LetterVersion:
    latest = letter.versions.order_by("number").last()
    text = as_text(draft)
    return LetterVersion(
        number=latest.number + 1 if latest else 1,
        title=text.title,
        text=text.markdown,
        sha256=text.sha256,
        published_on=timezone.localdate(),
    )
