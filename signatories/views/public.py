"""Pages that are the same for everybody. They carry no cookie and may be cached."""

import string
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from config import http, ratelimit
from config.http import public_for
from config.templatetags.drawings import bar_scale
from letters import spelling, timeline
from letters.models import Letter
from signatories import breakdown, durations, roll, statistics
from signatories.forms import RollForm
from signatories.models import Reason
from signatories.views import access

LETTERS_A_PAGE = 20
LINES_ON_LETTER_PAGE = 30
NEWS_ON_LETTER_PAGE = 3
FRESH_SECONDS = 30
LONGEST_TYPED = 120


@require_safe
@public_for(FRESH_SECONDS)
def index(request: HttpRequest) -> HttpResponse:
    letters = Letter.objects.listed().with_pause().select_related("tally").order_by("slug")
    after = request.GET.get("after", "").replace("\0", "")
    found = list(letters.filter(slug__gt=after)[: LETTERS_A_PAGE + 1])
    shown = found[:LETTERS_A_PAGE]
    context = {
        "entries": [{"letter": one, "tally": statistics.tally_of(one)} for one in shown],
        "next_after": shown[-1].slug if len(found) > LETTERS_A_PAGE else "",
    }
    return render(request, "signatories/index.html", context)


@require_safe
@public_for(FRESH_SECONDS)
def letter(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        letter = access.readable_letter(request, slug, "current_version", "tally")
    except Http404:
        return _tombstone(request, slug)
    context = {**letter_context(letter), "is_paused": letter.pauses}
    return render(request, "signatories/letter.html", context)


def letter_context(letter: Letter) -> dict[str, Any]:
    """What the page of a letter shows, also to a team that looks at it beforehand."""
    tally = statistics.tally_of(letter)
    lines = roll.beginning(letter, LINES_ON_LETTER_PAGE)
    rows = breakdown.rows_of(letter, tally)
    return {
        "letter": letter,
        "is_paused": False,
        "version": letter.current_version,
        "demands": letter.current_version.demands.all() if letter.current_version else [],
        "recipients": letter.recipients.select_related("organisation").prefetch_related(
            "responses"
        ),
        "tally": tally,
        "counts_by_version": statistics.by_version(letter, tally),
        "lines": lines,
        "prominent": roll.prominent(letter),
        "has_more": tally.on_roll > len(lines),
        "news": timeline.page(letter, after="", size=NEWS_ON_LETTER_PAGE),
        "bars": rows,
        "bar_scale": bar_scale(row.number for row in rows),
    }


def _tombstone(request: HttpRequest, slug: str) -> HttpResponse:
    """A letter that everybody could read says that it is gone; any other was never there."""
    gone = get_object_or_404(Letter.objects.taken_down(), slug=slug)
    return render(request, "signatories/tombstone.html", {"letter": gone}, status=410)


@require_safe
@public_for(FRESH_SECONDS)
def roll_page(request: HttpRequest, slug: str) -> HttpResponse:
    letter = access.readable_letter(request, slug, "current_version", "tally")
    try:
        _keep_for_people(request, letter)
    except ratelimit.LimitReached as limit:
        return http.too_many(request, limit.seconds, is_reading=True)
    context = _about_roll(letter, request.GET)
    response = render(request, "signatories/roll.html", context)
    if not context["is_for_search"]:
        response["X-Robots-Tag"] = "noindex"
    return response


def _keep_for_people(request: HttpRequest, letter: Letter) -> None:
    """Count what one network reads, where the team asks so. Raises `LimitReached`."""
    if letter.roll_for_people:
        http.keep_for_browser(request)  # What a shared cache answers is counted by nobody.
        ratelimit.check("roll:network", ratelimit.network(request))


def _about_roll(letter: Letter, wish: QueryDict) -> dict[str, Any]:
    tally = statistics.tally_of(letter)
    organisations = [organisation for organisation, _n in statistics.by_organisation(tally)]
    form = RollForm(sorted(organisations, key=str), wish, is_for_people=letter.roll_for_people)
    form.is_valid()
    organisation, q = form.wish("organisation"), form.wish("q")
    wishes = {"organisation": organisation, "q": q}
    after = form.wish("after")
    page = roll.page(letter, after=after, organisation=organisation, q=q)
    is_first = not (after or organisation or q)
    return {
        "letter": letter,
        "tally": tally,
        "form": form,
        "prominent": roll.prominent(letter) if is_first else [],
        "lines": page.lines,
        "next_after": page.next_after,
        "filter_query": urlencode({name: wish for name, wish in wishes.items() if wish}),
        "is_filtered": any(wishes.values()),
        "is_for_search": page.is_for_search,
        "letters_of_alphabet": string.ascii_lowercase,
    }


@require_safe
@public_for(FRESH_SECONDS)
def stats(request: HttpRequest, slug: str) -> HttpResponse:
    letter = access.readable_letter(request, slug, "current_version", "tally")
    return JsonResponse(statistics.public_statistics(letter), json_dumps_params={"indent": 2})


@require_safe
@public_for(FRESH_SECONDS)
def verification(request: HttpRequest, slug: str) -> HttpResponse:
    """How affiliations under this letter were checked, in words and numbers."""
    letter = access.readable_letter(request, slug, "current_version", "tally")
    return render(request, "signatories/verification.html", about_verification(letter))


def about_verification(letter: Letter) -> dict[str, Any]:
    tally = statistics.tally_of(letter)
    figures = statistics.figures_of(tally)
    return {
        "letter": letter,
        "tally": tally,
        "figures": figures,
        "rejected": [(Reason(code).label, number) for code, number in figures["rejected"].items()],
        "methods": statistics.by_method(tally),
        "admitted": letter.organisations.all() if letter.is_for_organisations else [],
        "kept_days": settings.REJECTED_DAYS,
    }


@require_safe
@public_for(FRESH_SECONDS)
def organisations(request: HttpRequest) -> HttpResponse:
    """Names for the form's organisation, by what has been typed of one: for scripts. The same
    for everybody, and never by who has signed."""
    try:
        ratelimit.check("suggest:network", ratelimit.network(request))
    except ratelimit.LimitReached as limit:
        return http.too_many(request, limit.seconds)
    typed = request.GET.get("organisation", "").replace("\0", "")[:LONGEST_TYPED]
    context = {"typed": typed, "completions": spelling.completions(typed)}
    return render(request, "signatories/_completions.html", context)


@require_safe
@public_for(3600)
def how(request: HttpRequest) -> HttpResponse:
    return render(request, "signatories/how.html", {"durations": durations.table()})
