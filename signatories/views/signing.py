"""From the form to the confirmed signature."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from config import crypto, http, keys, ratelimit
from letters.actions import NotAllowed, Overtaken, pausing
from letters.models import Letter
from signatories.actions import confirming, entering, own, signing, subscribing
from signatories.forms import CodeForm, SignForm
from signatories.models import Fate, Purpose, Verification
from signatories.verification import bursts, mailbox, vouch
from signatories.views import access, door, pages, vouching


@require_http_methods(["GET", "HEAD", "POST"])
@pages.completes_names
@http.onion_too
@http.keeps_what_was_typed
def sign(request: HttpRequest, slug: str) -> HttpResponse:
    letter = access.readable_letter(request, slug, "current_version")
    if not letter.is_open:
        return render(request, "signatories/closed.html", {"letter": letter})
    if request.method != "POST":
        return _blank(request, letter)
    form = SignForm(letter, request.POST)
    try:
        door.refuse_flood(request)
        return _sent(request, letter, form)
    except door.Held as held:
        return pages.held_form(request, letter, form, held)


def _sent(request: HttpRequest, letter: Letter, form: SignForm) -> HttpResponse:
    if getattr(request, "csrf_failed", False):
        form.is_valid()
        return pages.sign_form(request, letter, form, csrf_failed=True, status=403)
    door.refuse_while_paused(letter)
    if not form.is_valid():
        return pages.sign_form(request, letter, form)
    door.check(request, letter)
    return _sign(request, letter, form)


def _blank(request: HttpRequest, letter: Letter) -> HttpResponse:
    if letter.pauses:
        return render(request, "signatories/paused.html", {"letter": letter})
    return pages.sign_form(request, letter, SignForm(letter))


def _sign(request: HttpRequest, letter: Letter, form: SignForm) -> HttpResponse:
    store = signing.sign_by_login if form.is_by_login else signing.sign
    try:
        token = store(
            letter=letter,
            entry=form.entry,
            address=form.address,
            affiliation=form.affiliation,
            is_burst=bursts.is_one_of_many(letter, form.address, ratelimit.network(request)),
        )
    except Overtaken as news:
        letter.refresh_from_db()
        form.add_error(None, str(news))
        return pages.sign_form(request, letter, form, status=409)
    except pausing.Paused as paused:  # In this moment.
        raise door.held_by(paused) from paused
    except NotAllowed:  # The letter closed while the form was on its way.
        return render(request, "signatories/closed.html", {"letter": letter})
    return redirect("signer:login" if form.is_by_login else "signer:confirm", token)


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The browser's code page, or the page behind a mailed button. GET changes nothing."""
    verifications = Verification.objects.select_related(
        "letter", "signature__letter", "signature__organisation", "signature__shown_organisation"
    )
    found = verifications.filter(page_digest__in=crypto.digests("page", token)).first()
    if found:
        return _code_page(request, token, found)
    buttons = crypto.digests("button", token)
    found = verifications.filter(
        Q(button_digest__in=buttons) | Q(reminder_digest__in=buttons)
    ).first()
    if found:
        return _button_page(request, token, found)
    return _again(request, token)


# The page in the browser that signed ----------------------------------------------------------


def _code_page(request: HttpRequest, token: str, verification: Verification) -> HttpResponse:
    if request.method != "POST":
        return pages.code_page(request, token, verification, CodeForm())
    if "again" in request.POST:
        return _send_again(request, token, verification)
    form = CodeForm(request.POST)
    if not form.is_valid():
        return pages.code_page(request, token, verification, form)
    try:
        ratelimit.check("confirm:network", ratelimit.network(request))
        ratelimit.check("confirm:page", token)
        mailbox.check_code(verification, form.cleaned_data["code"])
    except ratelimit.LimitReached as limit:
        form.add_error("code", pages.come_back(limit))
        return pages.code_page(request, token, verification, form, status=429)
    except mailbox.WrongCode as wrong:
        form.add_error("code", _wrong(wrong.tries_left))
        return pages.code_page(request, token, verification, form)
    except mailbox.CodeExpired:
        form.add_error("code", _("This code no longer works. Have a new one sent."))
        return pages.code_page(request, token, verification, form)
    except Verification.DoesNotExist:  # Another press of the same button was quicker.
        return _again(request, token)
    return _prove(request, verification, (token, form.cleaned_data["code"]))


def _wrong(tries_left: int) -> str:
    if not tries_left:
        return _("This is not the code we sent, and it was the last try. Have a new one sent.")
    left = ngettext("%(n)d try is left.", "%(n)d tries are left.", tries_left) % {"n": tries_left}
    return _("This is not the code we sent last.") + " " + left


def _send_again(request: HttpRequest, token: str, verification: Verification) -> HttpResponse:
    try:
        is_on_its_way = signing.send_again(verification=verification)
    except (keys.KeyLost, crypto.Unreadable):
        return pages.gone(request)
    note = (
        _("A new message is on its way. Only its code works then.")
        if is_on_its_way
        else _("A message left less than a minute ago. Wait a little before you ask for another.")
    )
    return pages.code_page(request, token, verification, CodeForm(), note=note)


# The page behind the mailed button --------------------------------------------------------------


def _button_page(request: HttpRequest, token: str, verification: Verification) -> HttpResponse:
    decision = request.POST.get("decision") if request.method == "POST" else None
    if decision == "confirm":
        return _prove(request, verification, (token,))
    if decision == "refuse":
        mailbox.erase(verification, Fate.REFUSED)
        return render(request, "signatories/refused.html")
    context = {**pages.about(verification), "token": token}
    return render(request, "signatories/button.html", context)


# Both ----------------------------------------------------------------------------------


def _prove(
    request: HttpRequest, verification: Verification, secrets: tuple[str, ...]
) -> HttpResponse:
    try:
        return PROVEN[Purpose(verification.purpose)](request, verification, secrets)
    except confirming.Gone:  # Another press of the same button was quicker.
        return _again(request, secrets[0])
    except crypto.Unreadable:
        return pages.gone(request)
    except keys.KeyLost as lost:
        if not keys.exists("day", verification.key_name):
            mailbox.erase_unreadable(verification)
            return pages.gone(request)
        return pages.key_lost(request, lost)


def _signed(
    request: HttpRequest, verification: Verification, secrets: tuple[str, ...]
) -> HttpResponse:
    try:
        token = confirming.confirm(verification=verification, secrets=secrets)
    except vouch.VouchGone:
        mailbox.erase(verification, Fate.EXPIRED)
        return vouching.gone(request)
    return redirect("signer:receipt", token)


def _found(
    request: HttpRequest, verification: Verification, secrets: tuple[str, ...]
) -> HttpResponse:
    return pages.found(request, confirming.find(verification=verification, secrets=secrets))


def _freed(
    request: HttpRequest, verification: Verification, secrets: tuple[str, ...]
) -> HttpResponse:
    is_freed = own.withdraw_and_free(verification=verification)
    context = {
        "letter": verification.letter,
        "leaves_with_batch": True,
        "is_rejected": False,
        "is_freed": is_freed,
        "stays_used": not is_freed,
    }
    return render(request, "signatories/withdrawn.html", context)


def _subscribed(
    request: HttpRequest, verification: Verification, secrets: tuple[str, ...]
) -> HttpResponse:
    token = subscribing.subscribe(verification=verification, secrets=secrets)
    return redirect("signer:subscription", token)


def _entered(
    request: HttpRequest, verification: Verification, secrets: tuple[str, ...]
) -> HttpResponse:
    organisation = entering.enter(verification=verification)
    response = redirect("public:members")
    if organisation:
        access.remember(request, response, organisation)
    return response


PROVEN = {
    Purpose.SIGN: _signed,
    Purpose.FIND: _found,
    Purpose.FREE: _freed,
    Purpose.UPDATES: _subscribed,
    Purpose.ENTER: _entered,
}


def _again(request: HttpRequest, token: str) -> HttpResponse:
    """The verification is used up or never was. Pressing twice leads where pressing once did."""
    if request.method != "POST":
        return pages.gone(request)
    try:
        ratelimit.check("confirm:network", ratelimit.network(request))
        ratelimit.check("confirm:page", token)
    except ratelimit.LimitReached as limit:
        return http.too_many(request, limit.seconds)
    form = CodeForm(request.POST)
    secrets = (token, form.cleaned_data["code"]) if form.is_valid() else (token,)
    for manage_token in confirming.manage_tokens(*secrets):
        if confirming.by_token(manage_token):
            return redirect("signer:receipt", manage_token)
    for updates_token in subscribing.subscription_tokens(*secrets):
        if subscribing.by_token(updates_token):
            return redirect("signer:subscription", updates_token)
    found = confirming.found_before(secrets)
    return pages.found(request, found) if found else pages.gone(request)
