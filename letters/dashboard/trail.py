"""The trail of what was done for a letter: on a page of its own, and as a file."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from config import http, ratelimit
from letters import trail, trail_file
from letters.dashboard.access import for_organisers, letter_or_404, organiser
from letters.dashboard.numbers import number_in
from letters.dashboard.pages import letter_page
from letters.forms.trail import TrailForm
from letters.permissions import read_by

LINES_A_PAGE = 50


@for_organisers
@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Newest first, by key and never by offset; the whole team may read it."""
    letter = letter_or_404(request, read_by, slug)
    form = TrailForm(request.GET, people=trail.people_of(letter))
    entries = trail.entries_known_to(organiser(request), letter, **form.wish())
    after = number_in(request.GET.get("after", ""), otherwise=0)
    last = trail.entries_known_to(organiser(request), letter).filter(pk=after).first()
    entries = trail.before(entries, last) if last else entries
    found = trail.lines_of(entries[: LINES_A_PAGE + 1])
    lines = found[:LINES_A_PAGE]
    return letter_page(
        request,
        "trail",
        letter,
        form=form,
        lines=lines,
        query=form.query(),
        next_after=str(lines[-1].pk) if len(found) > LINES_A_PAGE else "",
        is_first=last is None,
    )


@for_organisers
@require_safe
def download(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The same as a file that no spreadsheet calculates anything from. It may have a million lines,
    so that an account gets as many of them as of other files."""
    letter = letter_or_404(request, read_by, slug)
    try:
        ratelimit.check("export:account", str(organiser(request).pk))
    except ratelimit.LimitReached as limit:
        return http.too_many(request, limit.seconds)
    form = TrailForm(request.GET, people=trail.people_of(letter))
    entries = trail.entries_known_to(organiser(request), letter, **form.wish())
    return trail_file.of_letter(entries, f"{letter.slug}-trail.csv")
