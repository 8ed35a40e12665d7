"""Who rejected how much, for the owners of a letter; and taking all of it back in one step."""

from datetime import date
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from letters.actions import NotAllowed
from letters.dashboard.access import (
    ask_for_factor,
    completes_forms,
    letter_or_404,
    organiser,
    with_second_factor,
)
from letters.dashboard.numbers import number_in
from letters.dashboard.pages import letter_page
from letters.models import Letter, User
from letters.permissions import owned_by
from signatories.actions import bulk
from signatories.actions import rejections as verbs
from signatories.models import BulkDecision

LISTED = 20


@completes_forms
@with_second_factor
@require_http_methods(["GET", "HEAD", "POST"])
def rejections(request: HttpRequest, slug: str) -> HttpResponse:
    """Numbers and reasons by person and day. Every button says in `do` what it is for."""
    letter = letter_or_404(request, owned_by, slug)
    if request.method != "POST":
        page = _page(request, letter)
        if request.headers.get("HX-Request") and not _at_work(letter):
            # Scripts watch the progress alone; what can be done next stands around it.
            page["HX-Redirect"] = request.path
        return page
    wish, _colon, which = request.POST.get("do", "").partition(":")
    try:
        return _act(request, letter, wish, which)
    except NotAllowed as refusal:
        return _page(request, letter, refusal=str(refusal))


def _act(request: HttpRequest, letter: Letter, wish: str, which: str) -> HttpResponse:
    ask_for_factor(request)
    if wish == "cancel":
        work = _at_work(letter)
        if work:
            bulk.cancel(bulk=work, actor=organiser(request))
        return redirect("manage:rejections", letter.slug)
    person, since = _meant(which)
    if person is None or since is None:
        return redirect("manage:rejections", letter.slug)
    if wish == "take_back":
        verbs.take_back_all(letter=letter, person=person, since=since, actor=organiser(request))
        return redirect("manage:rejections", letter.slug)
    number = verbs.number_in_place(letter, person, since)
    if not number:
        raise NotAllowed(_("Nothing of it is in place any more."))
    return _page(request, letter, asked={"person": person, "since": since, "number": number})


def _meant(which: str) -> tuple[User | None, date | None]:
    """The person and the day that a button names, as anybody can type them into a request."""
    number, _colon, day = which.partition(":")
    try:
        since = parse_date(day)
    except ValueError:
        since = None
    return User.objects.filter(pk=number_in(number, otherwise=0)).first(), since


def _page(request: HttpRequest, letter: Letter, **context: Any) -> HttpResponse:
    works = letter.bulk_decisions.of_rejections().select_related("moderator")
    context = {
        "days": verbs.by_person_and_day(letter),
        "ended": works.ended().order_by("-made_on", "pk")[:LISTED],
        "work": _at_work(letter),
        "kept_days": settings.REJECTED_DAYS,
        "limit": settings.MASS_REJECTION,
        "asked": None,
        **context,
    }
    return letter_page(request, "rejections", letter, **context)


def _at_work(letter: Letter) -> BulkDecision | None:
    return letter.bulk_decisions.of_rejections().at_work().first()
