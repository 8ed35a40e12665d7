"""The editor: a draft that saves itself, its preview, and the way to publication."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from config.http import keeps_what_was_typed
from letters import differences
from letters.actions import NotAllowed, Overtaken, drafts
from letters.actions.drafts import Written
from letters.dashboard import repeater
from letters.dashboard.access import (
    completes_forms,
    for_organisers,
    for_scripts,
    letter_or_404,
    organiser,
)
from letters.dashboard.numbers import number_in
from letters.dashboard.pages import as_read, as_text, letter_page
from letters.demands import demands_as_lines, lines_as_demands
from letters.models import Draft, Letter
from letters.permissions import edited_by

DEMAND = ("lead", "text")


@completes_forms
@for_organisers
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_what_was_typed
def text(request: HttpRequest, slug: str) -> HttpResponse:
    """Write. Every button saves; `do` says what else it is for."""
    letter = letter_or_404(request, edited_by, slug)
    if request.method != "POST":
        draft = drafts.draft_of(letter)
        return _page(request, letter, draft, _written(draft), _rows_of(draft))
    rows, written = _read(request)
    wish = request.POST.get("do", "")
    shown = repeater.act([row.values for row in rows], "demand", DEMAND, wish)
    written = Written(written.title, written.text, _as_lines(shown))
    if getattr(request, "csrf_failed", False):
        return _page(request, letter, drafts.draft_of(letter), written, shown, status=403)
    try:
        _refuse_too_many(shown, wish)
        draft = _save(request, letter, written)
    except Overtaken:
        return _overtaken(request, letter, written, shown)
    except NotAllowed as refusal:
        draft = drafts.draft_of(letter)
        return _page(request, letter, draft, written, shown, refusal=str(refusal))
    if wish == "publish":
        return redirect("manage:publish", slug)
    return _page(request, letter, draft, written, shown, is_saved=True)


@for_scripts
@require_POST
def autosave(request: HttpRequest, slug: str) -> HttpResponse:
    """Save without a page, for scripts: the answer is the line that says so."""
    letter = letter_or_404(request, edited_by, slug)
    rows, written = _read(request)
    context: dict[str, Any] = {"letter": letter, "is_fragment": True}
    try:
        _refuse_too_many(rows)
        context["draft"] = _save(request, letter, written)
    except NotAllowed as refusal:
        context["refusal"] = str(refusal)
    return render(request, "manage/_saved.html", context)


@for_scripts
@require_POST
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """What was typed, as it will be read; nothing is saved."""
    letter = letter_or_404(request, edited_by, slug)
    _rows, written = _read(request)
    return render(request, "manage/_preview.html", {"letter": letter, **as_read(written)})


@for_organisers
@require_http_methods(["GET", "HEAD", "POST"])
def discard(request: HttpRequest, slug: str) -> HttpResponse:
    """Drop what was written since the last publication."""
    letter = letter_or_404(request, edited_by, slug)
    draft = drafts.draft_of(letter)
    if request.method == "POST":
        try:
            drafts.discard(letter=letter, actor=organiser(request))
            return redirect("manage:text", slug)
        except NotAllowed as refusal:
            return letter_page(request, "discard", letter, refusal=str(refusal), draft=draft)
    return letter_page(request, "discard", letter, draft=draft)


# ------------------------------------------------------------------------------------------


def _refuse_too_many(rows: list[repeater.Row], wish: str = "") -> None:
    """Nothing is dropped unsaid: whoever has more demands than fit takes some out."""
    refusal = repeater.why_too_many(rows, "demand", wish)
    if refusal:
        raise NotAllowed(refusal)


def _save(request: HttpRequest, letter: Letter, written: Written) -> Draft:
    return drafts.save(
        letter=letter,
        written=written,
        revision=number_in(request.POST.get("revision", ""), otherwise=0),
        actor=organiser(request),
    )


def _read(request: HttpRequest) -> tuple[list[repeater.Row], Written]:
    rows = repeater.act(repeater.rows_in(request.POST, "demand", DEMAND), "demand", DEMAND, "")
    typed = {name: request.POST.get(name, "").replace("\0", "") for name in ("title", "text")}
    text = typed["text"].replace("\r\n", "\n").replace("\r", "\n")
    return rows, Written(typed["title"], text, _as_lines(rows))


def _as_lines(rows: list[repeater.Row]) -> str:
    pairs = [(row.values["lead"], row.values["text"]) for row in rows]
    return demands_as_lines(tuple(pair for pair in pairs if any(part.strip() for part in pair)))


def _rows_of(draft: Draft) -> list[repeater.Row]:
    demands = lines_as_demands(draft.demands) or (("", ""),)
    return [
        repeater.Row(number, {"lead": lead, "text": text})
        for number, (lead, text) in enumerate(demands, start=1)
    ]


def _written(draft: Draft) -> Written:
    return Written(draft.title, draft.text, draft.demands)


def _page(
    request: HttpRequest,
    letter: Letter,
    draft: Draft,
    written: Written,
    rows: list[repeater.Row],
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    context = {"draft": draft, "written": written, "rows": rows, **as_read(written), **context}
    context = {"is_overtaken": False, "is_saved": False, **context}
    return letter_page(request, "text", letter, status=status, **context)


def _overtaken(
    request: HttpRequest, letter: Letter, written: Written, rows: list[repeater.Row]
) -> HttpResponse:
    """What was typed stays; saved again, it replaces what somebody else has saved meanwhile."""
    draft = drafts.draft_of(letter)
    difference = differences.between(as_text(draft), as_text(written))
    return _page(
        request, letter, draft, written, rows, status=409, difference=difference, is_overtaken=True
    )
