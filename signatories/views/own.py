"""A signatory's own signature, behind the capability given at confirmation."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from config import http, ratelimit
from config.crypto import mac
from signatories import roll, statistics
from signatories.actions import confirming, own, signing
from signatories.forms import FindForm
from signatories.models import Signature, State
from signatories.views import pages


@require_safe
def signature(request: HttpRequest, token: str) -> HttpResponse:
    found = confirming.by_token(token)
    if found is None:
        return pages.gone(request)
    title, text = _state_in_words(found)
    context = {
        "letter": found.letter,
        "line": roll.line_with_organisation(found),
        "token": token,
        "state_title": title,
        "state_text": text,
        "submitted_on": found.submitted_on,
        "version": found.version,
    }
    return render(request, "signatories/own.html", context)


@require_safe
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """“You have signed”: the same for everybody who proved a mailbox, signed before or not."""
    found = confirming.by_token(token)
    if found is None:
        return pages.gone(request)
    context = {
        "letter": found.letter,
        "line": roll.line_with_organisation(found),
        "tally": statistics.tally_of(found.letter),
        "token": token,
        "next_step": _next_step(found),
        "manage_url": settings.SITE_URL + reverse("signer:signature", args=[token]),
        "share_url": settings.SITE_URL + found.letter.get_absolute_url(),
        "receipt_code": _receipt_code(token),
        "confirmed_on": found.confirmed_on,
    }
    return render(request, "signatories/receipt.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, token: str) -> HttpResponse:
    found = confirming.by_token(token)
    if found is None:
        return pages.gone(request)
    context = {"letter": found.letter, "token": token, "leaves_with_batch": found.is_anonymous}
    if request.method != "POST":
        line = roll.line_with_organisation(found)
        return render(request, "signatories/withdraw.html", {**context, "line": line})
    own.withdraw(token=token)
    return render(request, "signatories/withdrawn.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@http.keeps_what_was_typed
def find(request: HttpRequest) -> HttpResponse:
    """Send a code that opens the named signatures of a mailbox. Same answer for every address."""
    form = FindForm(request.POST if request.method == "POST" else None)
    if getattr(request, "csrf_failed", False):
        context = {"form": form, "csrf_failed": True}
        return render(request, "signatories/find.html", context, status=403)
    if not form.is_valid():
        return render(request, "signatories/find.html", {"form": form})
    try:
        ratelimit.check("find:network", ratelimit.network(request))
    except ratelimit.LimitReached as limit:
        form.add_error("email", pages.come_back(limit))
        return render(request, "signatories/find.html", {"form": form}, status=429)
    return redirect("signer:confirm", signing.ask_for_link(address=form.cleaned_data["email"]))


def _next_step(found: Signature) -> str:
    """What follows, from the letter's rules alone and never from what became of the entry."""
    if found.is_anonymous:
        return _("Your line appears on the roll with one of the next batches.")
    if found.letter.reviews_before:
        return _("A moderator reads your entry; then your line appears on the roll.")
    return _("Your line appears on the roll.")


def _state_in_words(found: Signature) -> tuple[str, str]:
    """What became of the entry, in words that say the same for a duplicate and a new one."""
    if found.state == State.REJECTED:
        return _("Not published"), _(
            "A moderator decided not to publish this entry. It is erased %(days)d days after "
            "the decision."
        ) % {"days": settings.REJECTED_DAYS}
    if found.is_anonymous:
        # Which of the two is true would tell whoever reads the mailbox whether it had signed.
        return _("Confirmed"), _(
            "Anonymous lines come and go with batches, usually once a day. Yours came with one "
            "of them, or comes with one of the next."
        )
    if found.state == State.PUBLISHED:
        return _("On the roll"), _("Your line stands on the public roll.")
    return _("Confirmed"), _next_step(found)


def _receipt_code(token: str) -> str:
    """Twelve characters to name the receipt by; they open nothing."""
    alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    letters = [alphabet[byte % 32] for byte in mac(token.encode(), "receipt")[:12]]
    return "-".join("".join(letters[i : i + 4]) for i in (0, 4, 8))
