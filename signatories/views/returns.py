"""Where a mail provider tells what it could not deliver. There is no such page without one."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from config import provider_events
from signatories.actions import returning


@csrf_exempt
def events(request: HttpRequest, provider: str) -> HttpResponse:
    if not provider_events.are_taken_from(provider):
        raise Http404
    return _taken(request)


@require_http_methods(["HEAD", "POST"])
def _taken(request: HttpRequest) -> HttpResponse:
    """The answer is the same whether a mail of ours was meant or not."""
    if request.method == "HEAD":  # Providers look whether the address exists.
        return HttpResponse()
    try:
        tickets = provider_events.tickets_of_failures(request)
    except provider_events.NotUnderstood:
        return HttpResponse(status=400)
    returning.take_events(tickets)
    return HttpResponse()
