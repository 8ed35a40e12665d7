import logging
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.middleware.csrf import CsrfViewMiddleware

from config import http, keys

logger = logging.getLogger(__name__)

Handler = Callable[[HttpRequest], HttpResponse]


class OwnErrorPages:
    """Shows the site's own error pages where Django has none, and with DEBUG on too.

    Django's technical pages would tell what exists under an address, and the not-found page
    has to be the same for every address. Tracebacks are in the log.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed):
            return http.not_allowed(request, response["Allow"])
        page = http.ERROR_PAGES.get(response.status_code)
        if settings.DEBUG and page and not getattr(response, "is_own_page", False):
            return page(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Without keys nothing can be promised: say so, and leave word for the operator."""
        if not isinstance(exception, keys.KeyLost):
            return None
        logger.error("A key is missing, so a request was turned away: %s", exception)
        return http.unavailable(request)


class NoBodyForHead:
    """Leaves the body out of answers to HEAD, which the server would otherwise complain of."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "HEAD" and not response.streaming:
            response.content = b""
        return response


class PrivateByDefault:
    """A page that does not say how long it may be cached may not be stored at all; and one that
    was kept from search engines asks them not to list it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "Cache-Control" not in response:
            response["Cache-Control"] = "no-store"
        if not http.is_for_search(request):
            response["X-Robots-Tag"] = "noindex, nofollow"
        return response


class Utf8Forms:
    """Refuses a body that claims another encoding than UTF-8, in which browsers send all forms.

    Django would decode it with any codec of that name, also with those that raise an error.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.lower() not in ("utf-8", "utf8"):
            return http.bad_request(request)
        return self.get_response(request)


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
