from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

from config import http

Handler = Callable[[HttpRequest], HttpResponse]


class OwnErrorPages:
    """Shows the site's own error pages with DEBUG on too.

    Django's technical pages would tell what exists under an address, and the not-found page
    has to be the same for every address. Tracebacks are in the log.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        page = http.ERROR_PAGES.get(response.status_code)
        if settings.DEBUG and page and not getattr(response, "is_own_page", False):
            return page(request)
        return response


class PrivateByDefault:
    """A page that does not say how long it may be cached may not be stored at all."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "Cache-Control" not in response:
            response["Cache-Control"] = "no-store"
        return response


class SameOriginCsrf(CsrfViewMiddleware):
    """Django's CSRF protection on pages that send no referrer.

    Under `Referrer-Policy: no-referrer` browsers write `Origin: null` into the forms of our
    own pages (Fetch standard, "append a request Origin header"). `Sec-Fetch-Site`, which no
    page can forge, then tells whether the form was ours; the token is checked in any case.
    """

    def _origin_verified(self, request: HttpRequest) -> bool:
        if request.META.get("HTTP_ORIGIN") == "null":
            return request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        return super()._origin_verified(request)  # type: ignore[misc]
