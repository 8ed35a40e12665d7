"""From the list to an entry and back, with the filters of the list kept."""

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from signatories.actions import moderation
from signatories.models import Signature

LIST = "admin:signatories_signature_changelist"
ENTRY = "admin:signatories_signature_change"
GUIDANCE = "admin:signatories_signature_guidance"
READING = "admin:signatories_signature_reading"
KEPT = "_changelist_filters"  # As Django's own lists call it.


def filters(request: HttpRequest) -> QueryDict:
    """The filters of the list, on the list itself or on a page one reached from it.

    Without the number of the page, which may be empty once its entries are decided.
    """
    kept = request.GET.get(KEPT)
    found = request.GET.copy() if kept is None else QueryDict(kept, mutable=True)
    for name in (KEPT, "p", "e", "all", "o", "from", "seen", "read"):
        found.pop(name, None)
    return found


def list_url(request: HttpRequest, following: Signature | None = None) -> str:
    """The list; at the entry that comes next, where there is one."""
    place = f"#entry-{following.pk}" if following else ""
    return _with_query(reverse(LIST), filters(request)) + place


def entry_url(request: HttpRequest, entry: Signature) -> str:
    return _with_query(reverse(ENTRY, args=[entry.pk]), _kept(request))


def decide_url(request: HttpRequest, entry: Signature) -> str:
    """Where a button in the list decides an entry, as it stands there."""
    query = _kept(request)
    query["from"], query["seen"] = "list", entry.known_state
    query["read"] = moderation.as_read(entry)
    return _with_query(reverse(ENTRY, args=[entry.pk]), query)


def is_from_list(request: HttpRequest) -> bool:
    return request.GET.get("from") == "list"


def read(request: HttpRequest) -> str:
    """What the moderator has read, where the page said so with its buttons."""
    return request.POST.get("read") or request.GET.get("read", "")


def with_filter(request: HttpRequest, **wish: str) -> str:
    """The list under the same filters, but for these; an empty one is left out."""
    query = filters(request)
    for name, value in wish.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return _with_query(reverse(LIST), query)


def guidance_url() -> str:
    return reverse(GUIDANCE)


def reading_url(entry: Signature) -> str:
    """Where the script says that one looks at an entry, as it stands there."""
    seen = QueryDict(mutable=True)
    seen["seen"], seen["read"] = entry.known_state, moderation.as_read(entry)
    return _with_query(reverse(READING, args=[entry.pk]), seen)


def _kept(request: HttpRequest) -> QueryDict:
    query = QueryDict(mutable=True)
    kept = filters(request).urlencode()
    if kept:
        query[KEPT] = kept
    return query


def _with_query(url: str, query: QueryDict) -> str:
    return f"{url}?{query.urlencode()}" if query else url
