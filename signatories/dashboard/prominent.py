"""The names that a letter shows first: whom the team asks, in which order, and who has agreed."""

import unicodedata
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from letters.actions import NotAllowed
from letters.dashboard.access import for_organisers, letter_or_404, organiser
from letters.dashboard.numbers import number_in
from letters.dashboard.pages import letter_page
from letters.models import Letter
from signatories import roll
from signatories.actions import prominence
from signatories.roll import Line

FOUND = 12
LONGEST_NAME = 120


@dataclass(frozen=True)
class Chosen:
    """Somebody who was asked. That they declined stands nowhere in it."""

    entry: UUID
    line: Line
    has_agreed: bool


@dataclass(frozen=True)
class Found:
    """A name on the roll that can be asked."""

    entry: UUID
    line: Line


@for_organisers
@require_http_methods(["GET", "HEAD", "POST"])
def prominent(request: HttpRequest, slug: str) -> HttpResponse:
    """For those who edit the letter and may read its names."""
    letter = letter_or_404(request, prominence.chosen_by, slug)
    if request.method != "POST":
        return _page(request, letter, _typed(request.GET.get("q", "")))
    q = _typed(request.POST.get("q", ""))
    try:
        entry = _act(request, letter)
    except NotAllowed as refusal:
        return _page(request, letter, q, refusal=str(refusal))
    # Without scripts the page comes anew: back to the line at which somebody was.
    query = f"?{urlencode({'q': q})}" if q else ""
    return redirect(f"{reverse('manage:prominent', args=[slug])}{query}#entry-{entry}")


def _typed(text: str) -> str:
    """As names are kept: one character for a letter and its accent."""
    return unicodedata.normalize("NFC", text.replace("\0", "").strip()[:LONGEST_NAME])


def _act(request: HttpRequest, letter: Letter) -> UUID:
    """Do what the pressed button says; return whom it was about."""
    user = organiser(request)
    tool, _colon, which = request.POST.get("do", "").partition(":")
    try:
        entry = UUID(which)
    except ValueError:
        raise NotAllowed(_("Choose somebody.")) from None
    if tool == "ask":
        prominence.ask(letter=letter, entry=entry, actor=user)
        messages.success(request, _("The question stands on that person’s own page now."))
    elif tool == "take_away":
        prominence.take_away(letter=letter, entry=entry, actor=user)
        messages.success(request, _("The name is no longer shown first, nor asked."))
    else:
        place = _place(request, letter, tool, entry)
        prominence.move(letter=letter, entry=entry, place=place, actor=user)
    return entry


def _place(request: HttpRequest, letter: Letter, tool: str, entry: UUID) -> int:
    """Where a button moves somebody to: one up, one down, or to the number that was typed."""
    entries = list(prominence.of_letter(letter).values_list("pk", flat=True))
    now = entries.index(entry) + 1 if entry in entries else 1
    typed = number_in(request.POST.get(f"place-{entry}", "").strip(), otherwise=now)
    return {"up": now - 1, "down": now + 1}.get(tool, typed)


def _page(request: HttpRequest, letter: Letter, q: str, *, refusal: str = "") -> HttpResponse:
    found = _search(letter, q)
    return letter_page(
        request,
        "prominent",
        letter,
        chosen=_chosen(letter),
        found=found[:FOUND],
        has_more=len(found) > FOUND,
        q=q,
        most=prominence.MOST,
        refusal=refusal,
    )


def _chosen(letter: Letter) -> list[Chosen]:
    rows = prominence.of_letter(letter).select_related(
        "signature__organisation", "signature__shown_organisation"
    )
    return [Chosen(row.pk, roll.line(row.signature), row.has_agreed) for row in rows]


def _search(letter: Letter, q: str) -> list[Found]:
    """Names on the roll in which somebody types, without those who were asked already."""
    if not q:
        return []
    names = roll.whose_name_has(letter.signatures.can_stand_out(), q).filter(prominence=None)
    names = names.select_related("organisation", "shown_organisation").order_by("roll_key")
    return [Found(one.pk, roll.line(one)) for one in names[: FOUND + 1]]
