"""Error pages, caching headers and the process's own health."""

import functools
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from config import ratelimit

View = Callable[..., HttpResponse]

NOT_FOR_ROBOTS = (
    "/confirm/",
    "/login/",
    "/signature/",
    "/vouch/",
    "/invitation/",
    "/updates/",
    "/members/",
    "/mail/",
    "/manage/",
    "/admin/",
    "/accounts/",
)


def public_for(seconds: int) -> Callable[[View], View]:
    """Mark a page as the same for everybody: any cache may keep it for `seconds`.

    Where `keep_inside` was called the page is for some only, and no cache may keep it; where
    `keep_for_browser` was, the reader's own browser may, and no cache that others share.
    """

    def decorate(view: View) -> View:
        def wrapped(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            response = view(request, *args, **kwargs)
            if is_inside(request):
                return response
            if response.status_code == 200:
                readers = {"private" if is_for_browser(request) else "public": True}
                patch_cache_control(response, **readers, max_age=seconds)
                offer_onion(request, response)
            return response

        return wrapped

    return decorate


def keep_inside(request: HttpRequest) -> None:
    """The answer to this request is for members of an organisation only."""
    request.is_inside = True  # type: ignore[attr-defined]


def is_inside(request: HttpRequest) -> bool:
    return getattr(request, "is_inside", False)


def keep_from_search(request: HttpRequest) -> None:
    """Search engines are asked not to list the answer to this request."""
    request.is_for_search = False  # type: ignore[attr-defined]


def is_for_search(request: HttpRequest) -> bool:
    return not is_inside(request) and getattr(request, "is_for_search", True)


def keep_for_browser(request: HttpRequest) -> None:
    """The answer is the same for everybody, and each reader has to ask for it themself."""
    request.is_for_browser = True  # type: ignore[attr-defined]


def is_for_browser(request: HttpRequest) -> bool:
    return getattr(request, "is_for_browser", False)


def onion_too(view: View) -> View:
    """Mark a page that is not the same for everybody, but has an address without a secret."""

    def wrapped(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if request.method in ("GET", "HEAD") and response.status_code == 200:
            offer_onion(request, response)
        return response

    return functools.update_wrapper(wrapped, view)


def offer_onion(request: HttpRequest, response: HttpResponse) -> None:
    """Tell Tor Browser the address of this page at the onion service, if there is one."""
    if settings.ONION_LOCATION:
        response["Onion-Location"] = settings.ONION_LOCATION + request.get_full_path()


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@public_for(3600)
def robots(request: HttpRequest) -> HttpResponse:
    """Keeps search engines out of what is nobody's business but one person's.

    The roll is not in it: an engine has to read the page in order to see that it must not
    list it. Nor is any letter: an unlisted one is to be found by its link alone, and its pages
    ask not to be listed.
    """
    rules = [
        "# Each page of a letter says itself, in X-Robots-Tag too, whether it may be listed.",
        "User-agent: *",
        *(f"Disallow: {path}" for path in NOT_FOR_ROBOTS),
    ]
    return HttpResponse("\n".join(rules) + "\n", content_type="text/plain; charset=utf-8")


# Error pages --------------------------------------------------------------------------


def error_page(request: HttpRequest, status: int, **context: object) -> HttpResponse:
    response = render(request, f"{status}.html", context, status=status)
    response["Cache-Control"] = "no-store"
    response.is_own_page = True  # type: ignore[attr-defined]
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The same page under every address, so that it tells nothing about any of them."""
    return error_page(request, 404)


def not_allowed(request: HttpRequest, methods: str) -> HttpResponse:
    response = error_page(request, 405)
    response["Allow"] = methods
    return response


def too_many(request: HttpRequest, seconds: int, *, is_reading: bool = False) -> HttpResponse:
    minutes = ratelimit.in_minutes(seconds)
    response = error_page(request, 429, minutes=minutes, is_reading=is_reading)
    response["Retry-After"] = str(seconds)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    return error_page(request, 500)


def unavailable(request: HttpRequest) -> HttpResponse:
    return error_page(request, 503)


ERROR_PAGES: dict[int, View] = {
    400: bad_request,
    403: forbidden,
    404: not_found,
    500: server_error,
}


def keeps_what_was_typed(view: View) -> View:
    """Mark a view that answers a failed CSRF check itself, with the form still filled in."""
    view.keeps_what_was_typed = True  # type: ignore[attr-defined]
    return view


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Nothing typed is lost: a marked view shows its form again, others the 403 page.

    The view sees `request.csrf_failed` and must not act on the form.
    """
    match = request.resolver_match
    if match and getattr(match.func, "keeps_what_was_typed", False):
        request.csrf_failed = True  # type: ignore[attr-defined]
        return match.func(request, *match.args, **match.kwargs)
    return error_page(request, 403, csrf_failed=True)
