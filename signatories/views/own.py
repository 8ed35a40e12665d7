"""A signatory's own signature, behind the capability given at confirmation."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from config import http, ratelimit
from config.crypto import mac
from letters.actions import NotAllowed
from signatories import affiliation, disclosure, roll, statistics
from signatories.actions import appearing, confirming, own, signing, vouching
from signatories.addresses import Address
from signatories.forms import FindForm, FreeForm, UpdatesForm
from signatories.models import Method, Signature, State
from signatories.views import door, objecting, pages


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
        "held": disclosure.held(found),
        "version": found.carried_to or found.version,
        "is_rejected": found.is_refused,
        "rejection": disclosure.rejection(found),
        "has_newer_text": disclosure.bound_to(found) != found.letter.current_version,
        "may_show": _may_show(found),
        "reference": found.reference,
        "may_vouch": vouching.may_vouch(found),
        "can_leave": own.can_leave(found),
        "may_decide": found.asks_who_reads_it,
        "is_undecided": found.is_undecided,
        "is_for_colleagues": found.is_for_colleagues,
        "ways_without_name": appearing.ways_without_name(found),
        "is_hidden_from_search": found.is_hidden_from_search,
        "prominence": disclosure.prominence_of(found),
        "replaces_anonymous": bool(found.replaces),
        "manage_url": settings.SITE_URL + reverse("signer:signature", args=[token]),
        "objection": objecting.about(found),
    }
    return render(request, "signatories/own.html", context)


@require_safe
def data(request: HttpRequest, token: str) -> HttpResponse:
    """Everything that is held about one signature, as a file."""
    found = confirming.by_token(token)
    if found is None:
        return pages.gone(request)
    response = JsonResponse(disclosure.document(found), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = 'attachment; filename="my-signature.json"'
    return response


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
        "updates_form": UpdatesForm(),
        "updates_door": door.stamped(door.updates_of(found.letter)),
        "confirmed_on": found.confirmed_on,
    }
    return render(request, "signatories/receipt.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@http.keeps_what_was_typed
def withdraw(request: HttpRequest, token: str) -> HttpResponse:
    """Withdraw; the address of an anonymous entry is freed where its owner proves it anew."""
    found = confirming.by_token(token)
    if found is None:
        return pages.gone(request)
    form = FreeForm(request.POST if "email" in request.POST else None)
    if request.method != "POST" or getattr(request, "csrf_failed", False):
        return _withdraw_page(request, token, found, form)
    if form.is_bound and not form.is_valid():
        return _withdraw_page(request, token, found, form)
    address = form.cleaned_data["email"] if form.is_bound else None
    if address and found.is_anonymous:
        return _free(request, token, found, form, address)
    own.withdraw(token=token)
    context = {
        "letter": found.letter,
        "leaves_with_batch": found.is_anonymous,
        "is_rejected": found.is_refused,
        "is_freed": False,
        "stays_used": found.is_refused,
    }
    return render(request, "signatories/withdrawn.html", context)


def _withdraw_page(
    request: HttpRequest, token: str, found: Signature, form: FreeForm, *, status: int = 200
) -> HttpResponse:
    csrf_failed = getattr(request, "csrf_failed", False)
    why_never_freed = affiliation.why_never_freed(found)
    context = {
        "letter": found.letter,
        "token": token,
        "line": roll.line_with_organisation(found),
        "is_rejected": found.is_refused,
        "can_be_freed": found.is_anonymous and not why_never_freed,
        "why_never_freed": why_never_freed,
        "form": form,
        "csrf_failed": csrf_failed,
    }
    status = 403 if csrf_failed else status
    return render(request, "signatories/withdraw.html", context, status=status)


def _free(
    request: HttpRequest, token: str, found: Signature, form: FreeForm, address: Address
) -> HttpResponse:
    try:
        ratelimit.check("change:page", token)
        return redirect("signer:confirm", signing.ask_to_free(signature=found, address=address))
    except (ratelimit.LimitReached, NotAllowed) as refusal:
        form.add_error("email", pages.refusal(refusal))
        status = pages.status_of(refusal)
        return _withdraw_page(request, token, found, form, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@http.keeps_what_was_typed
def find(request: HttpRequest) -> HttpResponse:
    """Send a code that opens the named signatures of a mailbox. Same answer for every address."""
    form = FindForm(request.POST if request.method == "POST" else None)
    if getattr(request, "csrf_failed", False) or not form.is_valid():
        return pages.mailbox_form(request, "find", form, door.FIND)
    try:
        door.check_mailbox(request, door.FIND, "find:network")
    except door.Held as held:
        return pages.mailbox_form(request, "find", form, door.FIND, held=held)
    return redirect("signer:confirm", signing.ask_for_link(address=form.cleaned_data["email"]))


def _may_show(found: Signature) -> bool:
    """Whether a proof shown to a moderator could verify it. The same for a duplicate, and before
    and after a batch."""
    is_open = found.state != State.REJECTED and not found.letter.is_sealed
    return is_open and found.method == Method.NONE


def _next_step(found: Signature) -> str:
    """What follows, from the letter's rules alone and never from what became of the entry."""
    if found.letter.is_sealed:
        return _("The letter is sealed. The page of your entry says what that means for it.")
    if not found.has_line:
        counted = _("You are counted with one of the next batches. No line appears on the roll.")
        return f"{counted} {_who_decides(found)}"
    if found.is_undecided:
        return _(
            "You signed for your colleagues, and the letter has become public since. You are "
            "counted, and no line of yours appears until you say so on your own page."
        )
    if found.is_anonymous and not found.is_verified:
        return _(
            "A moderator decides about your entry; then your line appears on the roll with one of "
            "the next batches."
        )
    if found.is_anonymous:
        comes = _("Your line appears on the roll with one of the next batches.")
        return f"{comes} {_who_decides(found)}"
    if found.replaces:
        return _("Your name takes the place of your anonymous line with one of the next batches.")
    if found.letter.reviews_before:
        return _("A moderator reads your entry; then your line appears on the roll.")
    return _(
        "Your entry is compared with lists and with the other names, which takes moments; then "
        "your line appears on the roll. What gives reason waits for a moderator."
    )


def _who_decides(found: Signature) -> str:
    """Which entries without a name wait for a moderator. Whether this one does would tell whoever
    reads the mailbox that it had not signed before, so all of them read the same."""
    if not found.is_verified:
        return _("About an entry that is not verified, a moderator decides first.")
    return _(
        "If it came at once with many others, or from a throw-away mailbox, a moderator decides "
        "about it first."
    )


def _state_in_words(found: Signature) -> tuple[str, str]:
    """What became of the entry, in words that say the same for a duplicate and a new one."""
    if found.is_refused:
        return _("Not published"), _refused_in_words(found)
    if found.is_anonymous:
        return _("Confirmed"), _nameless_in_words(found)
    if found.is_undecided:
        return _("Confirmed"), _(
            "You gave your name to colleagues, and the letter has become public since. You are "
            "counted; nobody sees your name until you say so below."
        )
    if found.state == State.PUBLISHED:
        return _("On the roll"), _("Your line stands on the roll.")
    return _("Confirmed"), _next_step(found)


def _refused_in_words(found: Signature) -> str:
    """That of a duplicate by name under a sealed letter reads as if nobody had decided it."""
    if disclosure.is_undecided_at_sealing(found):
        words = _(
            "The letter was sealed on %(day)s, before a moderator had decided about this entry. So "
            "it is not published, and erased by %(erased)s."
        )
    else:
        words = _(
            "On %(day)s a moderator decided not to publish this entry. Unless that changes, it is "
            "erased by %(erased)s."
        )
    day, erased = disclosure.rejected_on(found), disclosure.erased_on(found)
    assert day and erased  # A constraint: rejected entries and sealed letters have their day.
    return words % {"day": date_format(day, "j F Y"), "erased": date_format(erased, "j F Y")}


def _nameless_in_words(found: Signature) -> str:
    """What may have become of an entry without a name. Which of it is true would tell whoever
    reads the mailbox whether it had signed."""
    if found.letter.is_sealed:
        return _sealed_nameless_in_words(found)
    if not found.has_line:
        counted = _(
            "Numbers that include you move with batches, usually once a day. You were counted with "
            "one of them, or will be with one of the next. No line stands on the roll."
        )
        return f"{counted} {_who_decides(found)}"
    if not found.is_verified:
        return _(
            "A moderator decides about lines that are not verified. Then they come with a batch, "
            "usually once a day. Yours came with one of them, or still waits."
        )
    comes = _(
        "Anonymous lines come and go with batches, usually once a day. Yours came with one "
        "of them, or comes with one of the next."
    )
    return f"{comes} {_who_decides(found)}"


def _sealed_nameless_in_words(found: Signature) -> str:
    if not found.has_line:
        return _(
            "The letter is sealed. You are in its last numbers, unless a moderator was to decide "
            "about your entry and had not: because it came at once with many others, from a "
            "throw-away mailbox, or not verified. No line stands on the roll."
        )
    if not found.is_verified:
        return _(
            "The letter is sealed. If a moderator let your line through before, it stands on the "
            "roll; if nobody had decided, it does not."
        )
    return _(
        "The letter is sealed. Your line came with one of its batches, unless a moderator was to "
        "decide about it, because it came at once with many others or from a throw-away mailbox, "
        "and had not: then it does not stand on the roll."
    )


def _receipt_code(token: str) -> str:
    """Twelve characters to name the receipt by; they open nothing."""
    alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    letters = [alphabet[byte % 32] for byte in mac(token.encode(), "receipt")[:12]]
    return "-".join("".join(letters[i : i + 4]) for i in (0, 4, 8))
