"""What this installation promises: what it holds, and what others could see all the same."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config.http import public_for
from signatories import inventory

AN_HOUR = 60 * 60


@require_safe
@public_for(AN_HOUR)
def privacy(request: HttpRequest) -> HttpResponse:
    context = {"chapters": inventory.chapters(), "notice_url": settings.NOTICE_URL}
    return render(request, "signatories/privacy.html", context)


@require_safe
@public_for(AN_HOUR)
def employer(request: HttpRequest) -> HttpResponse:
    return render(request, "signatories/employer.html")
