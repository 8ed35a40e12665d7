"""Doors: the address to which an account's notices go, and the link that ends a kind of them."""

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from config import http, mail, ratelimit
from letters.accounts import mailbox
from letters.accounts.codes import address_of
from letters.accounts.forms import MailForm
from letters.actions import NotAllowed, noticing
from letters.dashboard.access import organiser
from letters.forms.proofs import CodeForm
from letters.models import AccountMail, NoticeKind
from letters.permissions import kinds_told

READ_AND_SEND = ["GET", "HEAD", "POST"]
FORMS: dict[str, type[Form]] = {"address": MailForm, "code": CodeForm}


@require_http_methods(READ_AND_SEND)
def account_mail(request: HttpRequest) -> HttpResponse:
    """Add, confirm, change and remove the address, for whoever has just proven who they are."""
    tool = request.POST.get("do", "") if request.method == "POST" else ""
    form = FORMS[tool](request.POST) if tool in FORMS else None
    if not tool or (form and not form.is_valid()):
        return _page(request, form)
    try:
        done = _act(request, tool, form)
    except (NotAllowed, ratelimit.LimitReached) as refusal:
        return _refused(request, form, refusal)
    messages.success(request, done)
    return redirect("account_mail")


def _act(request: HttpRequest, tool: str, form: Form | None) -> str:
    """Do what the pressed button says; return what the page says then."""
    user = organiser(request)
    if tool == "address" and form:
        ratelimit.check("mail:account", str(user.pk))
        mailbox.give_address(user=user, address=form.cleaned_data["email"])
        return _("Type the code from the message.")
    if tool == "code" and form:
        mailbox.confirm(user=user, code=form.cleaned_data["code"])
        return _("The address is confirmed.")
    if tool == "again":
        mailbox.send_again(user=user)
        return _("Another code is on its way.")
    if tool == "remove":
        mailbox.forget_address(user=user)
        return _("The address is erased.")
    wanted = request.POST.getlist("wanted")
    noticing.choose(user=user, letter=None, wanted=wanted)
    return _("Your choice is saved.")


def _refused(
    request: HttpRequest, form: Form | None, refusal: NotAllowed | ratelimit.LimitReached
) -> HttpResponse:
    """The page with what was typed, and the reason beside it."""
    is_limit = isinstance(refusal, ratelimit.LimitReached)
    sentence = _("That was often enough for today. Try again tomorrow.")
    sentence = sentence if is_limit else str(refusal)
    if form:
        form.add_error(next(iter(form.fields)), sentence)
    status = 429 if is_limit else 200
    return _page(request, form, status=status, refusal="" if form else sentence)


def _page(
    request: HttpRequest,
    form: Form | None,
    *,
    status: int = 200,
    refusal: str = "",
) -> HttpResponse:
    user = organiser(request)
    row = AccountMail.objects.filter(user=user).first()
    address = address_of(row) if row else None
    context = {
        "form": form if form and form.errors else None,
        "mail_form": form if isinstance(form, MailForm) else MailForm(),
        "code_form": form if isinstance(form, CodeForm) else CodeForm(),
        "row": row,
        "hidden_address": address.hidden if address else "",
        "subject": mail.subject("mail/code"),
        "kinds": [
            (kind, kind.label, noticing.is_wanted(user, None, kind))
            for kind in kinds_told(user, None)
        ],
        "refusal": refusal,
    }
    return render(request, "account/mail.html", context, status=status)


@csrf_exempt
@require_http_methods(READ_AND_SEND)
def switch_off(request: HttpRequest, token: str) -> HttpResponse:
    """End a kind of mail by the link in one. GET changes nothing: mail scanners follow links.

    A mail program posts here by itself (RFC 8058), without cookie or page: the link is all it
    takes, and all that the page tells is the kind. Whoever finds it learns of no letter.
    """
    choice = noticing.choice_behind(token)
    if choice is None:
        return http.not_found(request)
    if request.method == "POST":
        noticing.switch_off(token=token)
        choice.is_on = False
    context = {"choice": choice, "kind": NoticeKind(choice.kind).label}
    return render(request, "account/notices_off.html", context)
