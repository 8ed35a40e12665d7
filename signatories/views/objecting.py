"""Objecting to the rejection of one's own entry."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from config import http, ratelimit
from letters.actions import NotAllowed
from signatories import disclosure, roll
from signatories.actions import confirming, objecting
from signatories.forms.asking import ObjectionForm
from signatories.models import Signature
from signatories.views import pages


@require_http_methods(["GET", "HEAD", "POST"])
@http.keeps_what_was_typed
def objection(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for a second look. Where there is nothing to object to, one's own page says why."""
    found = confirming.by_token(token)
    if found is None:
        return pages.gone(request)
    if not objecting.may_object(found):
        return redirect("signer:signature", token)
    form = ObjectionForm(request.POST if request.method == "POST" else None)
    if getattr(request, "csrf_failed", False):
        return _page(request, token, found, form, csrf_failed=True, status=403)
    if not form.is_valid():
        return _page(request, token, found, form)
    try:
        ratelimit.check("change:page", token)
        objecting.object_to(token=token, text=form.cleaned_data["text"])
    except ratelimit.LimitReached as limit:
        form.add_error(None, pages.come_back(limit))
        return _page(request, token, found, form, status=429)
    except (confirming.Gone, NotAllowed):  # Withdrawn or decided meanwhile: its page says so.
        pass
    return redirect("signer:signature", token)


def _page(
    request: HttpRequest,
    token: str,
    found: Signature,
    form: ObjectionForm,
    *,
    csrf_failed: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {
        "letter": found.letter,
        "line": roll.line_with_organisation(found),
        "token": token,
        "form": form,
        "days": settings.REJECTED_DAYS,
        "csrf_failed": csrf_failed,
    }
    return render(request, "signatories/objection.html", context, status=status)


def about(found: Signature) -> dict[str, Any] | None:
    """What one's own page says of an objection, made or still possible."""
    if not found.is_refused or disclosure.is_undecided_at_sealing(found):
        return None
    return {
        "until": disclosure.objection_ends_on(found),
        "is_settled": found.is_settled or (found.is_anonymous and found.letter.is_sealed),
        "is_open": objecting.is_open(found),
        "made_on": found.objected_on,
        "erased_on": disclosure.erased_on(found),
        "words": found.objection,
    }
