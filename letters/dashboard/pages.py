"""What every page about one letter shows around its own content."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from letters.actions import Text
from letters.actions.drafts import Written
from letters.actions.planning import obstacle_to
from letters.dashboard.access import organiser
from letters.demands import lines_as_demands
from letters.models import Demand, Draft, Letter, LetterVersion, Status, User
from letters.models.draft import LONGEST_DRAFT
from letters.permissions import edited_by, moderated_by, owned_by

STAGES = (Status.DRAFT, Status.PUBLISHED, Status.CLOSED, Status.SEALED)


def as_read(written: Written | Draft) -> dict[str, Any]:
    """What was typed, as the templates of a letter want it."""
    demands = [
        Demand(number=number, lead=lead, text=demand)
        for number, (lead, demand) in enumerate(lines_as_demands(written.demands), start=1)
    ]
    version = LetterVersion(title=written.title, text=written.text[:LONGEST_DRAFT])
    return {"version": version, "demands": demands}


def as_text(written: Written | Draft) -> Text:
    """What was typed, as a text that can be compared and digested."""
    return Text(written.title, written.text, lines_as_demands(written.demands)).tidied()


def rights_of(user: User, letter: Letter) -> dict[str, bool]:
    """What somebody may do for a letter, as its pages ask it."""
    return {
        "may_edit": edited_by(user).filter(pk=letter.pk).exists(),
        "may_own": owned_by(user).filter(pk=letter.pk).exists(),
        "may_decide": moderated_by(user).filter(pk=letter.pk).exists(),
    }


def letter_page(
    request: HttpRequest, template: str, letter: Letter, *, status: int = 200, **context: Any
) -> HttpResponse:
    if "may_edit" not in context:
        context |= rights_of(organiser(request), letter)
    told = Draft.objects.telling().filter(letter=letter).select_related("planned_by").first()
    context = {
        "letter": letter,
        "page": template,
        # The draft, where the team has to be told something about its time.
        "told": told,
        "obstacle": obstacle_to(letter, told) if told else "",
        "stages": STAGES,
        "csrf_failed": getattr(request, "csrf_failed", False),
        "refusal": "",
        **context,
    }
    return render(request, f"manage/{template}.html", context, status=status)
