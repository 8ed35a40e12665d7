"""The rules of a letter, with what each of them means."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.http import keeps_what_was_typed
from letters.actions import NotAllowed
from letters.dashboard.access import for_organisers, letter_or_404, organiser
from letters.dashboard.pages import letter_page
from letters.forms import RulesForm
from letters.models import Letter
from letters.permissions import owned_by, read_by
from signatories.actions import policies


@for_organisers
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_what_was_typed
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole team reads them; owners change them."""
    allowed = owned_by if request.method == "POST" else read_by
    letter = letter_or_404(request, allowed, slug)
    csrf_failed = getattr(request, "csrf_failed", False)
    sent = request.POST if request.method == "POST" else None
    form = RulesForm(Letter.objects.get(pk=letter.pk), sent)
    refusal = ""
    if request.method == "POST" and not csrf_failed and form.is_valid():
        try:
            policies.change(
                letter=letter,
                wishes=form.wishes,
                organisations=form.cleaned_data["organisations"],
                actor=organiser(request),
            )
            messages.success(request, _("The rules are saved."))
            return redirect("manage:policy", slug)
        except NotAllowed as error:
            refusal = str(error)
    return letter_page(
        request,
        "rules",
        letter,
        status=403 if csrf_failed else 200,
        form=form,
        refusal=refusal,
        has_signatures=policies.has_signatures(letter),
    )
