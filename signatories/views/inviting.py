"""The page behind the link of an invitation. GET changes nothing."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from config import crypto, http, keys, ratelimit
from letters.actions import NotAllowed
from signatories import affiliation
from signatories.actions import confirming, inviting
from signatories.forms.imports import InvitedForm
from signatories.models import Invited
from signatories.verification import invitation
from signatories.verification.invitation import InvitationGone
from signatories.views import pages


@require_http_methods(["GET", "HEAD", "POST"])
@pages.completes_names
@http.keeps_what_was_typed
def invited(request: HttpRequest, token: str) -> HttpResponse:
    found = invitation.by_token(token)
    if found is None or found.source.letter.is_internal:
        return _again(request, token)
    csrf_failed = getattr(request, "csrf_failed", False)
    if request.POST.get("decision") == "refuse" and not csrf_failed:
        return _refused(request, token, found)
    if invitation.why_not(found.source.letter):
        return _not_now(request, token, found)
    try:
        person = invitation.person_of(found)
    except (keys.KeyLost, crypto.Unreadable):
        return gone(request)
    is_sent = request.method == "POST" and request.POST.get("decision") != "refuse"
    form = InvitedForm(found.source.letter, person, request.POST if is_sent else None)
    if csrf_failed:
        form.is_valid()
        return _page(request, token, found, form, csrf_failed=True, status=403)
    if not form.is_valid():
        return _page(request, token, found, form)
    return _signed(request, token, found, form)


def _refused(request: HttpRequest, token: str, found: Invited) -> HttpResponse:
    try:
        inviting.refuse(invited=found)
    except InvitationGone:
        return _again(request, token)
    return render(request, "signatories/invitation_refused.html")


def _signed(request: HttpRequest, token: str, found: Invited, form: InvitedForm) -> HttpResponse:
    try:
        ratelimit.check("confirm:network", ratelimit.network(request))
        return redirect("signer:receipt", _accepted(token, found, form))
    except InvitationGone:
        return _again(request, token)
    except (ratelimit.LimitReached, NotAllowed) as refusal:
        form.add_error(None, pages.refusal(refusal))
        return _page(request, token, found, form, status=pages.status_of(refusal))
    except keys.KeyLost as lost:
        return pages.key_lost(request, lost)


def _accepted(token: str, found: Invited, form: InvitedForm) -> str:
    return inviting.accept(
        invited=found, token=token, entry=form.entry, affiliation=form.affiliation
    )


def _page(
    request: HttpRequest,
    token: str,
    found: Invited,
    form: InvitedForm,
    *,
    csrf_failed: bool = False,
    status: int = 200,
) -> HttpResponse:
    letter = found.source.letter
    person = invitation.person_of(found)
    context = {
        "letter": letter,
        "version": letter.current_version,
        "form": form,
        "token": token,
        "line": invitation.line_of(person),
        "hidden_address": person.address.hidden,
        "until": found.source.erase_after,
        "organisations": affiliation.offered_names(letter),
        "csrf_failed": csrf_failed,
    }
    return render(request, "signatories/invitation.html", context, status=status)


def _not_now(request: HttpRequest, token: str, found: Invited) -> HttpResponse:
    """The letter has ended, or its rules changed. Who wants no more mail can still say so."""
    letter = found.source.letter
    context = {"letter": letter, "token": token, "is_readable": letter.taken_down_on is None}
    return render(request, "signatories/invitation_closed.html", context)


def _again(request: HttpRequest, token: str) -> HttpResponse:
    """Pressing twice leads where pressing once did."""
    if request.method == "POST":
        for manage_token in confirming.manage_tokens(token):
            if confirming.by_token(manage_token):
                return redirect("signer:receipt", manage_token)
    return gone(request)


def gone(request: HttpRequest) -> HttpResponse:
    """The invitation was answered, taken back, has expired, or never was."""
    response = render(request, "signatories/invitation_gone.html", status=404)
    response.is_own_page = True  # type: ignore[attr-defined]
    return response
