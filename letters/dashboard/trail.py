"""The trail of what was done for a letter: on a page of its own, and as a file."""

import csv
from collections.abc import Iterator

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from config import http, ratelimit
from letters import trail
from letters.dashboard.access import for_organisers, letter_or_404, organiser
from letters.dashboard.numbers import number_in
from letters.dashboard.pages import letter_page
from letters.forms.trail import TrailForm
from letters.models import AuditEntry
from letters.permissions import read_by
from letters.plain_text import begins_like_a_formula

LINES_A_PAGE = 50
CHUNK = 500
COLUMNS = ("day", "verb", "what", "reason", "by", "about")


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
    name = f"{letter.slug}-trail.csv"
    return StreamingHttpResponse(
        _rows(entries),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


class _Echo:
    """Gives a written row back instead of keeping it, so that a file of any length streams."""

    def write(self, row: str) -> str:
        return row


def _rows(entries: QuerySet[AuditEntry]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for chunk in _chunks(entries):
        for line in trail.lines_of(chunk):
            cells = (line.verb, line.words, line.reason, line.actor, line.about)
            yield writer.writerow([line.day.isoformat(), *map(_guarded, cells)])


def _chunks(entries: QuerySet[AuditEntry]) -> Iterator[list[AuditEntry]]:
    """By key, so that no connection is held open by a slow reader's query."""
    chunk = list(entries[:CHUNK])
    while chunk:
        yield chunk
        chunk = list(trail.before(entries, chunk[-1])[:CHUNK])


def _guarded(cell: str) -> str:
    return f"'{cell}" if begins_like_a_formula(cell.lstrip("' ")) else cell
