"""Roll, statistics and archive as files, for the team of a letter.

A file is asked for by a button, not by a link: the trail has it, so a program that follows links
must not take it.
"""

from collections.abc import Iterator

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from config import http, ratelimit
from letters.actions import NotAllowed
from letters.dashboard.access import for_organisers, letter_or_404, organiser
from letters.dashboard.pages import letter_page
from letters.models import Letter
from letters.permissions import names_read_by, owned_by, read_by
from signatories import statistics
from signatories.actions import exporting
from signatories.exports import archive, files


@for_organisers
@require_safe
def downloads(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, letter_or_404(request, read_by, slug))


@for_organisers
@require_POST
def download(request: HttpRequest, slug: str, file: str) -> HttpResponseBase:
    """One of `files.FILES`, for everybody on the team."""
    letter = letter_or_404(request, read_by, slug)
    if file not in files.FILES:
        raise Http404
    try:
        ratelimit.check("export:account", str(organiser(request).pk))
        letter = exporting.export(letter=letter, file=file, actor=organiser(request))
    except ratelimit.LimitReached as limit:
        return http.too_many(request, limit.seconds)
    except NotAllowed as refusal:
        return _page(request, letter, refusal=str(refusal))
    content_type, write = files.FILES[file]
    return _attachment(write(letter), content_type, files.name_of(letter, file))


@for_organisers
@require_POST
def whole(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The letter as a folder of pages, for its owners."""
    letter = letter_or_404(request, owned_by, slug)
    try:
        ratelimit.check("export:account", str(organiser(request).pk))
        letter = exporting.archive(letter=letter, actor=organiser(request))
    except ratelimit.LimitReached as limit:
        return http.too_many(request, limit.seconds)
    except NotAllowed as refusal:
        return _page(request, letter, refusal=str(refusal))
    name = files.name_of(letter, "archive.zip")
    return _attachment(archive.as_zip(letter), "application/zip", name)


def _page(request: HttpRequest, letter: Letter, refusal: str = "") -> HttpResponse:
    return letter_page(
        request,
        "downloads",
        letter,
        tally=statistics.tally_of(letter),
        refusal=refusal,
        can_be_archived=letter.is_closed or letter.is_sealed,
        may_take_roll=names_read_by(organiser(request)).filter(pk=letter.pk).exists(),
    )


def _attachment(content: Iterator[bytes], content_type: str, name: str) -> HttpResponseBase:
    """A file that is written while it is sent. Nobody keeps or lists it on the way."""
    response = StreamingHttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
