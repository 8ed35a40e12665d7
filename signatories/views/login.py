"""Proving where one works by a login, for people who sign by name.

Between the two pages the browser keeps one cookie of a few minutes. It holds what the login
hangs on, so that nobody else's answer can be slipped in, and goes with the answer.
"""

from django.conf import settings
from django.core import signing as signed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from config import crypto, http, keys, ratelimit
from config.providers import Provider
from signatories import addresses
from signatories.actions import confirming, signing
from signatories.models import Verification
from signatories.verification import login as way
from signatories.verification import mailbox
from signatories.views import pages

COOKIE = "login"


@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest, token: str) -> HttpResponse:
    """What a login tells whom, before anybody uses one; the answer of one that failed."""
    verification = _awaiting(token)
    providers = way.offered_for(verification) if verification else []
    if verification is None or not providers:
        return pages.gone(request)
    if request.method != "POST":
        problem = request.GET.get("problem", "")
        return _page(request, token, verification, providers, problem=problem)
    if "code" in request.POST:
        return _send_code(request, token, verification)
    chosen = settings.LOGIN_PROVIDERS.get(request.POST.get("provider", ""))
    if chosen is None:
        return _page(request, token, verification, providers)
    return _begin(request, token, verification, chosen)


def _awaiting(token: str) -> Verification | None:
    rows = Verification.objects.select_related(
        "letter", "signature__letter", "signature__organisation", "signature__shown_organisation"
    )
    return rows.filter(page_digest__in=crypto.digests("page", token)).first()


def _page(
    request: HttpRequest,
    token: str,
    verification: Verification,
    providers: list[Provider],
    *,
    problem: str = "",
    limit: str = "",
    status: int = 200,
) -> HttpResponse:
    try:
        address = addresses.decrypt(bytes(verification.address), verification.key_name)
    except (keys.KeyLost, crypto.Unreadable):
        return pages.gone(request)
    context = {
        **pages.about(verification),
        "token": token,
        "providers": providers,
        "hidden_address": address.hidden,
        "problem": limit or sentence_for(problem),
        "minutes": settings.LOGIN_MINUTES,
    }
    return render(request, "signatories/login.html", context, status=status)


def _send_code(request: HttpRequest, token: str, verification: Verification) -> HttpResponse:
    try:
        signing.send_again(verification=verification)
    except (keys.KeyLost, crypto.Unreadable):
        return pages.gone(request)
    return redirect("signer:confirm", token)


def _begin(
    request: HttpRequest, token: str, verification: Verification, provider: Provider
) -> HttpResponse:
    providers = way.offered_for(verification)
    try:
        ratelimit.check("confirm:network", ratelimit.network(request))
        ratelimit.check("confirm:page", token)
        secret, url = way.begin(verification=verification, provider=provider)
    except ratelimit.LimitReached as limit:
        sentence = pages.come_back(limit)
        return _page(request, token, verification, providers, limit=sentence, status=429)
    except way.NoProof as none:
        return _page(request, token, verification, providers, problem=none.problem)
    # A page, and no redirect: browsers hold redirects after a form to the page's `form-action`,
    # and nobody knows through which other servers an employer leads a login.
    response = render(request, "signatories/login_leaves.html", {"provider": provider, "url": url})
    response.set_cookie(
        COOKIE,
        signed.dumps([secret, token], salt=COOKIE),
        max_age=settings.LOGIN_MINUTES * 60,
        path=_cookie_path(),
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return response


@require_GET
def answer(request: HttpRequest, provider: str) -> HttpResponse:
    """Where a provider sends somebody back to. Only the browser that left can come back.

    The one GET that may confirm, because OpenID Connect comes back by one. It does so once,
    for a browser that holds the secret of a login whose button a person has pressed there.
    """
    known = settings.LOGIN_PROVIDERS.get(provider)
    if known is None:
        return http.not_found(request)
    response = _answer(request, known)
    response.delete_cookie(COOKIE, path=_cookie_path(), samesite="Lax")
    return response


def _answer(request: HttpRequest, provider: Provider) -> HttpResponse:
    secret, token = _left_with(request)
    if not secret:
        return ended(request)
    try:
        ratelimit.check("confirm:network", ratelimit.network(request))
        ratelimit.check("confirm:page", token)
    except ratelimit.LimitReached as limit:
        return http.too_many(request, limit.seconds)
    verification = _awaiting(token)
    if verification is None:
        return _again(request, secret, token)
    if provider not in way.offered_for(verification):
        return pages.gone(request)
    return _finish(request, provider, verification, secret, token)


def _finish(
    request: HttpRequest, provider: Provider, verification: Verification, secret: str, token: str
) -> HttpResponse:
    try:
        proof = way.finish(
            verification=verification,
            provider=provider,
            secret=secret,
            answer=request.GET.dict(),
        )
        manage_token = confirming.confirm(
            verification=verification, secrets=(token, secret), proof=proof
        )
    except way.NoProof as none:
        return redirect(f"{reverse('signer:login', args=[token])}?problem={none.problem}")
    except confirming.Gone:
        return _again(request, secret, token)
    except crypto.Unreadable:
        return pages.gone(request)
    except keys.KeyLost as lost:
        if not keys.exists("day", verification.key_name):
            mailbox.erase_unreadable(verification)
            return pages.gone(request)
        return pages.key_lost(request, lost)
    return redirect("signer:receipt", manage_token)


def _left_with(request: HttpRequest) -> tuple[str, str]:
    """The secret and the entry with which this browser left for the provider, if it did."""
    try:
        secret, token = signed.loads(
            request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=settings.LOGIN_MINUTES * 60
        )
    except signed.BadSignature:
        return "", ""
    return secret, token


def _again(request: HttpRequest, secret: str, token: str) -> HttpResponse:
    """The answer comes once more, because its page was lost on the way."""
    for manage_token in confirming.manage_tokens(token, secret):
        if confirming.by_token(manage_token):
            return redirect("signer:receipt", manage_token)
    return pages.gone(request)


def ended(request: HttpRequest) -> HttpResponse:
    response = render(request, "signatories/login_ended.html", status=400)
    response.is_own_page = True  # type: ignore[attr-defined]
    return response


def _cookie_path() -> str:
    return reverse("signer:answer", args=["x"]).removesuffix("x/")


def sentence_for(problem: str) -> str:
    """Why a login proved nothing. What the provider said stands in none of them."""
    sentences = {
        way.CANCELLED: _("The login was cancelled."),
        way.ENDED: _("This login has ended, or another one was begun after it."),
        way.DOWN: _("The login provider does not answer now."),
        way.UNTRUSTED: _("What came back from the login provider cannot be trusted."),
        way.UNVERIFIED: _("The provider does not say that your address there is verified."),
        way.OTHER_ADDRESS: _(
            "You logged in with another address than the one you typed. Choose the right account, "
            "or sign again with its address."
        ),
        way.NOT_PROVEN: _("The login does not show that you work at the organisation you named."),
    }
    return sentences.get(problem, "")
