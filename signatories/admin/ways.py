"""From the list to an entry and back, with the filters of the list kept."""

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from signatories.models import Signature

LIST = "admin:signatories_signature_changelist"
ENTRY = "admin:signatories_signature_change"
KEPT = "_changelist_filters"  # As Django's own lists call it.


def filters(request: HttpRequest) -> QueryDict:
    """The filters of the list, on the list itself or on a page one reached from it.

    Without the number of the page, which may be empty once its entries are decided.
    """
    kept = request.GET.get(KEPT)
    found = request.GET.copy() if kept is None else QueryDict(kept, mutable=True)
    for name in (KEPT, "p", "e", "all", "o"):
        found.pop(name, None)
    return found


def list_url(request: HttpRequest) -> str:
    return _with_query(reverse(LIST), filters(request))


def entry_url(request: HttpRequest, entry: Signature) -> str:
    query = QueryDict(mutable=True)
    kept = filters(request).urlencode()
    if kept:
        query[KEPT] = kept
    return _with_query(reverse(ENTRY, args=[entry.pk]), query)


def _with_query(url: str, query: QueryDict) -> str:
    return f"{url}?{query.urlencode()}" if query else url
