"""Against floods: pausing the signing of a letter, and asking every browser for a check.

The page says whether the check is on, and never how many forms arrive: a number that moves with
each of them would tell when somebody signed.
"""

from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.celery import enqueue
from config.second_factor import passed_second_factor
from letters.actions import NotAllowed, pausing
from letters.dashboard.access import ask_for_factor, letter_or_404, organiser, with_second_factor
from letters.dashboard.pages import letter_page
from letters.models import Letter, Status
from letters.permissions import moderated_by
from signatories import tasks
from signatories.views.door import is_checking_now

Verb = Callable[..., Letter]


@with_second_factor
@require_http_methods(["GET", "HEAD", "POST"])
def door(request: HttpRequest, slug: str) -> HttpResponse:
    """`do` says which was meant: of two who press at once, the second undoes nothing."""
    letter = letter_or_404(request, moderated_by, slug)
    meant = _acts().get(request.POST.get("do", "")) if request.method == "POST" else None
    if meant is None or getattr(request, "csrf_failed", False):
        return _page(request, letter)
    verb, done = meant
    try:
        ask_for_factor(request)
        verb(letter=letter, actor=organiser(request))
    except NotAllowed as refusal:
        return _page(request, letter, refusal=str(refusal))
    enqueue(tasks.purge_pages, letter.pk)
    messages.success(request, done)
    return redirect("manage:door", slug)


def _acts() -> dict[str, tuple[Verb, str]]:
    return {
        "pause": (pausing.pause, _("Signing pauses. The letter’s page says so.")),
        "resume": (pausing.resume, _("Signing goes on.")),
        "always": (
            partial(pausing.ask_for_check, always=True),
            _("Every browser is asked for the check from now on."),
        ),
        "pressure": (
            partial(pausing.ask_for_check, always=False),
            _("Browsers are asked for the check when many forms arrive."),
        ),
    }


def _page(request: HttpRequest, letter: Letter, refusal: str = "") -> HttpResponse:
    return letter_page(
        request,
        "door",
        letter,
        refusal=refusal,
        may_pause=letter.status == Status.PUBLISHED,
        site_paused_on=pausing.site_paused_on(),
        is_checking=is_checking_now(letter),
        is_check_off=settings.DEFENCES.proof_of_work == "never",
        is_check_everywhere=settings.DEFENCES.proof_of_work == "always",
        has_factor=passed_second_factor(request),
    )
