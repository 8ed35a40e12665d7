"""The lists by which a letter's entries are looked at twice."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.http import keeps_what_was_typed
from letters.actions import NotAllowed, Overtaken
from letters.actions.lists import digest_of, lines_of, start_of
from letters.dashboard.access import for_organisers, letter_or_404, organiser
from letters.dashboard.pages import letter_page
from letters.forms.lists import ListsForm, as_typed
from letters.models import Letter, WordList
from letters.permissions import lists_kept_by
from signatories.actions import lists as verbs

FILL = "fill:"


@for_organisers
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_what_was_typed
def lists(request: HttpRequest, slug: str) -> HttpResponse:
    letter = letter_or_404(request, lists_kept_by, slug)
    if request.method != "POST":
        return _page(request, letter, ListsForm(initial=as_typed(lines_of(letter))))
    filled = request.POST.get("do", "").removeprefix(FILL)
    if filled in WordList.values and request.POST.get("do", "").startswith(FILL):
        return _page(request, letter, _filled_in(request, filled), filled=WordList(filled).label)
    form = ListsForm(request.POST)
    csrf_failed = getattr(request, "csrf_failed", False)
    if not form.is_valid() or csrf_failed:
        return _page(request, letter, form, status=403 if csrf_failed else 200)
    try:
        verbs.change(
            letter=letter,
            lines=form.lines,
            actor=organiser(request),
            instead_of=request.POST.get("seen"),
        )
    except Overtaken:
        return _page(request, letter, form, others=_standing(letter), status=409)
    except NotAllowed as refusal:
        return _page(request, letter, form, refusal=str(refusal))
    messages.success(request, _("The lists are saved. Entries that wait are compared with them."))
    return redirect("manage:lists", slug)


def _filled_in(request: HttpRequest, kind: str) -> ListsForm:
    """What was typed, with a start below it on one of the lists. Nothing is saved."""
    typed = {one.value: request.POST.get(one.value, "") for one in WordList}
    typed[kind] = "\n".join([*typed[kind].splitlines(), *start_of(kind)])
    return ListsForm(initial=typed)


def _standing(letter: Letter) -> list[tuple[str, int, str]]:
    """What somebody else has saved: of each list its name, how many lines, and the lines."""
    lines = lines_of(letter)
    return [(str(one.label), len(lines[one]), "\n".join(lines[one])) for one in WordList]


def _page(
    request: HttpRequest, letter: Letter, form: ListsForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    """`others` is what somebody else has saved; whoever saves after reading it replaces it."""
    context = {"others": None, "filled": "", **context}
    is_first = request.method != "POST" or context["others"] is not None
    seen = digest_of(lines_of(letter)) if is_first else request.POST.get("seen", "")
    return letter_page(request, "lists", letter, form=form, seen=seen, status=status, **context)
