"""The rules of a letter, with what each of them means."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.http import keeps_what_was_typed
from letters.actions import NotAllowed, Overtaken
from letters.actions.policies import digest_of
from letters.dashboard.access import (
    ask_for_factor,
    letter_or_404,
    organiser,
    with_second_factor,
)
from letters.dashboard.pages import letter_page
from letters.forms import RulesForm
from letters.models import Letter, Status
from letters.permissions import owned_by, read_by
from signatories.actions import policies


@with_second_factor
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_what_was_typed
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole team reads them; owners change them."""
    allowed = owned_by if request.method == "POST" else read_by
    letter = letter_or_404(request, allowed, slug)
    csrf_failed = getattr(request, "csrf_failed", False)
    sent = request.POST if request.method == "POST" else None
    form = RulesForm(Letter.objects.get(pk=letter.pk), sent)
    if request.method != "POST" or csrf_failed or not form.is_valid():
        return _page(request, letter, form, status=403 if csrf_failed else 200)
    try:
        if letter.status != Status.DRAFT:  # From now on there may be no way back.
            ask_for_factor(request)
        policies.change(
            letter=letter,
            wishes=form.wishes,
            organisations=form.cleaned_data["organisations"],
            actor=organiser(request),
            instead_of=request.POST.get("seen"),
        )
    except Overtaken:
        others = form.standing_otherwise()
        return _page(request, letter, form, others=others, status=409)
    except NotAllowed as error:
        return _page(request, letter, form, refusal=str(error))
    messages.success(request, _("The rules are saved."))
    return redirect("manage:policy", slug)


def _page(
    request: HttpRequest, letter: Letter, form: RulesForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    """`others` are the rules that somebody else has saved; whoever saves after reading them
    replaces them."""
    context = {"others": None, **context}
    is_first = request.method != "POST" or context["others"] is not None
    seen = digest_of(Letter.objects.get(pk=letter.pk)) if is_first else request.POST.get("seen", "")
    context["has_signatures"] = policies.has_signatures(letter)
    return letter_page(request, "rules", letter, form=form, seen=seen, status=status, **context)
