"""Taking a letter off the site, and putting it back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.celery import enqueue
from letters.actions import NotAllowed, put_back, take_down
from letters.dashboard.access import for_organisers, letter_or_404, organiser
from letters.dashboard.pages import letter_page
from letters.permissions import owned_by
from signatories import tasks


@for_organisers
@require_http_methods(["GET", "HEAD", "POST"])
def taking_down(request: HttpRequest, slug: str) -> HttpResponse:
    letter = letter_or_404(request, owned_by, slug)
    if request.method != "POST":
        return letter_page(request, "take_down", letter)
    verb = put_back if letter.taken_down_on else take_down
    try:
        changed = verb(letter=letter, actor=organiser(request))
    except NotAllowed as refusal:
        return letter_page(request, "take_down", letter, refusal=str(refusal))
    enqueue(tasks.purge_pages, letter.pk)
    done = _("The letter is gone from the site.") if changed.taken_down_on else _("It is back.")
    messages.success(request, done)
    return redirect("manage:letter", slug)
