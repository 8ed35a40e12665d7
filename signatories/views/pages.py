"""What the pages of the signing journey show: contexts, put together from rows."""

import logging
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from config import crypto, http, keys, mail, ratelimit
from letters.actions import NotAllowed
from letters.models import Letter
from signatories import addresses, affiliation, roll
from signatories.actions import confirming
from signatories.actions.confirming import Found
from signatories.affiliation import Affiliation
from signatories.forms import CodeForm, SignForm
from signatories.models import Method, Purpose, Signature, Tenure, Verification
from signatories.verification import login, mailbox
from signatories.verification.vouch import proves
from signatories.views import door, wording

logger = logging.getLogger(__name__)

# The form may load our own script, which asks us for names of organisations as one types.
# The check of a browser runs in a worker, which is a script of ours too.
completes_names = csp_update({"script-src": [SELF], "connect-src": [SELF], "worker-src": [SELF]})

# What the check of a browser needs, on pages that else run no script.
CHECKS_BROWSER = {"script-src": [SELF], "worker-src": [SELF]}


def come_back(limit: ratelimit.LimitReached) -> str:
    return door.too_many_from_network(limit.minutes)


def refusal(error: ratelimit.LimitReached | NotAllowed) -> str:
    """Why a verb did not apply, in a sentence."""
    return come_back(error) if isinstance(error, ratelimit.LimitReached) else str(error)


def status_of(error: ratelimit.LimitReached | NotAllowed) -> int:
    """The status of the form that comes back with the refusal."""
    return 429 if isinstance(error, ratelimit.LimitReached) else 200


# Signing -----------------------------------------------------------------------------------------


def sign_form(
    request: HttpRequest,
    letter: Letter,
    form: SignForm,
    *,
    token: str = "",
    csrf_failed: bool = False,
    held: door.Held | None = None,
    status: int = 200,
) -> HttpResponse:
    carry = door.carried_unread if isinstance(held, door.Flooded) else door.carried
    context = {
        **sign_context(letter, form),
        "token": token,
        "csrf_failed": csrf_failed,
        "held": held,
        "door": carry(request, letter),
    }
    return render(request, "signatories/sign.html", context, status=status)


def held_form(
    request: HttpRequest, letter: Letter, form: SignForm, held: door.Held, *, token: str = ""
) -> HttpResponse:
    """The form as it was sent, with what the door has to say about it."""
    if isinstance(held, door.Flooded):
        form.leave_unread()
    response = sign_form(request, letter, form, token=token, held=held, status=held.status)
    if held.seconds:
        response["Retry-After"] = str(held.seconds)
    return response


def mailbox_form(
    request: HttpRequest,
    page: str,
    form: forms.Form,
    name: str,
    *,
    held: door.Held | None = None,
    **context: object,
) -> HttpResponse:
    """The page of a form that asks for a mailbox only, as it was sent; `name` is what the door
    calls the form."""
    csrf_failed = getattr(request, "csrf_failed", False)
    carried = door.carried_for_mailbox(request, name)
    context |= {"form": form, "csrf_failed": csrf_failed, "held": held, "door": carried}
    status = 403 if csrf_failed else held.status if held else 200
    response = render(request, f"signatories/{page}.html", context, status=status)
    if carried.challenge:
        # As `csp_update` does: whether the page runs the check is known only here.
        response._csp_update = CHECKS_BROWSER  # type: ignore[attr-defined]
    if held and held.seconds:
        response["Retry-After"] = str(held.seconds)
    return response


def sign_context(letter: Letter, form: SignForm) -> dict[str, Any]:
    """What the form shows of the letter and its rules, also to those who make them."""
    return {
        "letter": letter,
        "version": letter.current_version,
        "demands": letter.current_version.demands.all() if letter.current_version else [],
        "form": form,
        "organisations": affiliation.offered_names(letter),
        "previews": _previews(form),
        "vouch": form.vouch,
        "token": "",
        "csrf_failed": False,
        "held": None,
        "door": None,
        "offers_login": bool(login.offered(letter)),
    }


def _previews(form: SignForm) -> dict[str, roll.Line]:
    """The line each way to appear would give, from what was typed so far or as examples."""
    data = getattr(form, "cleaned_data", {})
    known: Affiliation = getattr(form, "affiliation", Affiliation())
    if form.vouch:
        known = proves(form.vouch, data.get("tenure") or Tenure.CURRENT)
    organisation = str(known.organisation or data.get("organisation") or _("your organisation"))
    named = Signature(
        name=data.get("name") or _("Your name"),
        title=data.get("title") or ("" if form.is_bound else _("Your title")),
        organisation_text=organisation,
        tenure=known.tenure if form.vouch else data.get("tenure") or Tenure.CURRENT,
        method=known.method if form.is_bound or form.vouch else Method.MAILBOX,
    )
    return {
        "named": roll.line(named),
        "anonymous": roll.Line(
            name=_("Anonymous"),
            detail=roll.anonymous_detail(organisation, "", "", is_verified=True),
            is_verified=True,
            is_anonymous=True,
        ),
        "counted": roll.no_line(Signature(method=Method.MAILBOX)),
    }


# Confirming ---------------------------------------------------------------------------------------


def code_page(
    request: HttpRequest,
    token: str,
    verification: Verification,
    form: CodeForm,
    *,
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    try:
        address = addresses.decrypt(bytes(verification.address), verification.key_name)
    except (keys.KeyLost, crypto.Unreadable):
        return gone(request)
    signature = verification.signature
    context = {
        **about(verification),
        "advice": affiliation.advice(address, _affiliation(signature)) if signature else [],
        "hidden_address": address.hidden,
        "form": form,
        "note": note,
        "token": token,
        "again_url": _where_it_began(verification),
        "can_resend": True,
        "code_minutes": settings.CODE_MINUTES,
        "sender": settings.MAIL_FROM,
        "subject": mail.subject("mail/code"),
        "is_private": verification.is_private,
        "reminder_hours": settings.REMINDER_HOURS if mailbox.is_to_be_reminded(verification) else 0,
        "offers_login": bool(login.offered_for(verification)),
    }
    return render(request, "signatories/code.html", context, status=status)


def about(verification: Verification) -> dict[str, object]:
    """What both pages that lead to a proof say it is for."""
    signature = verification.signature
    return {
        "letter": signature.letter if signature else verification.letter,
        "line": roll.line_with_organisation(signature) if signature else None,
        "words": wording.words_for(verification),
    }


def _where_it_began(verification: Verification) -> str:
    """The form that led here, as far as its address holds no capability."""
    if verification.vouch_digest and verification.signature:
        return verification.signature.letter.get_absolute_url()
    if verification.signature and not verification.signature.replaces:
        return reverse("public:sign", args=[verification.signature.letter.slug])
    if verification.purpose == Purpose.UPDATES and verification.letter:
        return reverse("public:subscribe", args=[verification.letter.slug])
    if verification.purpose == Purpose.ENTER:
        return reverse("public:members")
    return reverse("signer:find")


def _affiliation(signature: Signature) -> Affiliation:
    return Affiliation(
        signature.organisation, signature.organisation_text, signature.tenure, signature.method
    )


def gone(request: HttpRequest) -> HttpResponse:
    """The same page for a secret that was used, erased, or never given out."""
    response = render(request, "signatories/gone.html", status=404)
    response.is_own_page = True  # type: ignore[attr-defined]
    return response


def key_lost(request: HttpRequest, lost: keys.KeyLost) -> HttpResponse:
    logger.error("Confirming has stopped: %s", lost)
    return http.unavailable(request)


def found(request: HttpRequest, signatures: list[Found]) -> HttpResponse:
    entries = [
        {
            "letter": one.signature.letter,
            "line": roll.line(one.signature),
            "token": one.token,
        }
        for one in signatures
    ]
    context = {"entries": entries, "is_incomplete": confirming.unsearchable()}
    return render(request, "signatories/found.html", context)
