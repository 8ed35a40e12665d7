"""Reporting a line of the roll. Whoever reports it leaves nothing behind."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from config import http, ratelimit
from config.http import public_for
from letters.models import Letter
from signatories import roll
from signatories.actions import reporting
from signatories.forms.asking import ReportForm
from signatories.views import access, pages
from signatories.views.public import FRESH_SECONDS


@require_http_methods(["GET", "HEAD", "POST"])
@http.onion_too
@http.keeps_what_was_typed
def report(request: HttpRequest, slug: str) -> HttpResponse:
    """Say what is wrong with a line. The answer is the same whatever is known about it."""
    letter = access.readable_letter(request, slug)
    if request.method != "POST":
        return _page(request, letter, ReportForm())
    form = ReportForm(request.POST)
    if getattr(request, "csrf_failed", False):
        return _page(request, letter, form, csrf_failed=True, status=403)
    if not form.is_valid():
        return _page(request, letter, form)
    return _report(request, letter, form)


def _report(request: HttpRequest, letter: Letter, form: ReportForm) -> HttpResponse:
    try:
        ratelimit.check("report:network", ratelimit.network(request))
    except ratelimit.LimitReached as limit:
        return _not_taken(request, letter, form, limit, pages.come_back(limit))
    try:
        ratelimit.check("report:letter", letter.slug)
    except ratelimit.LimitReached as limit:
        return _not_taken(request, letter, form, limit, _too_many_for_letter(limit))
    said = form.cleaned_data
    reporting.report(letter=letter, place=said["line"], complaint=said["complaint"])
    return redirect("public:reported", letter.slug)


def _not_taken(
    request: HttpRequest,
    letter: Letter,
    form: ReportForm,
    limit: ratelimit.LimitReached,
    sentence: str,
) -> HttpResponse:
    form.add_error(None, sentence)
    response = _page(request, letter, form, status=429)
    response["Retry-After"] = str(limit.seconds)
    return response


def _too_many_for_letter(limit: ratelimit.LimitReached) -> str:
    """It is not about the reader's network, which may have sent nothing before."""
    minutes = limit.minutes
    return ngettext(
        "Very many lines of this letter are reported just now. Try again in %(n)d minute.",
        "Very many lines of this letter are reported just now. Try again in %(n)d minutes.",
        minutes,
    ) % {"n": minutes}


def _page(
    request: HttpRequest,
    letter: Letter,
    form: ReportForm,
    *,
    csrf_failed: bool = False,
    status: int = 200,
) -> HttpResponse:
    asked = request.POST if form.is_bound else request.GET
    line = roll.line_at(letter, asked.get("line", "").replace("\0", "")[: roll.LONGEST_PLACE])
    context = {
        "letter": letter,
        "line": line,
        "was_asked": bool(asked.get("line")),
        "form": form,
        "csrf_failed": csrf_failed,
    }
    return render(request, "signatories/report.html", context, status=status)


@require_safe
@public_for(FRESH_SECONDS)
def reported(request: HttpRequest, slug: str) -> HttpResponse:
    """What happens now, the same for every line."""
    letter = access.readable_letter(request, slug)
    return render(request, "signatories/reported.html", {"letter": letter})
