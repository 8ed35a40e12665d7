"""Reporting a line of the roll. Whoever reports it leaves nothing behind."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
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
        ratelimit.check("report:letter", letter.slug)
    except ratelimit.LimitReached as limit:
        form.add_error(None, pages.come_back(limit))
        response = _page(request, letter, form, status=429)
        response["Retry-After"] = str(limit.seconds)
        return response
    said = form.cleaned_data
    reporting.report(letter=letter, place=said["line"], complaint=said["complaint"])
    return redirect("public:reported", letter.slug)


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
