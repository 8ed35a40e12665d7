"""Who may enter the moderators' room, and which entries they find there.

Everything a page shows about an entry comes from `signatories.roll.line`, as on the public
pages: behind an anonymous line there is nothing to see here either. Decisions go through
the verbs; nothing else writes, and no `LogEntry` is kept, because its text would hold names.
For the same reason no message to the moderator names anybody.
"""

import copy
import re
from typing import Any, cast

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import SuspiciousOperation
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from letters.admin import OfferedFiltersOnly, is_host, person
from letters.folding import key_of
from letters.permissions import moderated_by
from signatories.admin import ways
from signatories.admin.order import queue_order
from signatories.models import NAMELESS, Flag, Signature
from signatories.models.patterns import has
from signatories.models.selecting import SignatureQuerySet

SEARCHED_WORDS = 10
WRITTEN = ("name", "title", "organisation_text", "organisation__name")
REFERENCE = re.compile(r"[0-9a-f]{8}")
PRIVATE = ("address_digest", "manage_digest", "roll_key")


class Room(OfferedFiltersOnly):
    """Verbs decide; here nobody adds, edits or deletes."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_host(request) or moderated_by(person(request)).exists()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def log_addition(self, *args: Any) -> None:  # type: ignore[override]
        """Nothing: the audit trail has it, by day and without names."""

    log_change = log_deletions = log_addition  # type: ignore[assignment]

    def get_ordering(self, request: HttpRequest) -> tuple[Any, ...]:
        return queue_order(most_first=is_most_first(request))

    def get_queryset(self, request: HttpRequest) -> SignatureQuerySet:
        others = Flag.objects.select_related("other").defer(*(f"other__{one}" for one in PRIVATE))
        return (
            Signature.objects.for_moderators()
            .filter(letter__in=moderated_by(person(request)))
            # Not joined: with so many tables PostgreSQL reads all signatures before it sorts out
            # those few that wait.
            .prefetch_related("letter", "version", "organisation", "shown_organisation")
            .prefetch_related("reading__moderator", Prefetch("flags", others))
            .defer(*PRIVATE)
            .order_by(*self.get_ordering(request))
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """What people wrote, and the organisation of named lines: never that of anonymous ones."""
        searched = search_term.split()[:SEARCHED_WORDS]
        if len(searched) == 1 and REFERENCE.fullmatch(reference := searched[0].lower()):
            # Once decided, nothing here leads from a person to a line any more.
            entries = cast(SignatureQuerySet, queryset).in_review()
            return entries.filter(manage_digest__startswith=reference), False
        if searched:
            queryset = queryset.exclude(appearance__in=NAMELESS)
        for word in searched:
            queryset = queryset.filter(_says(word))
        return queryset, False

    def to_decide(self, request: HttpRequest) -> SignatureQuerySet:
        """What is to be decided under the filters of the list that the moderator came from."""
        listing = copy.copy(request)
        listing.GET = ways.filters(request)  # type: ignore[assignment]
        try:
            entries = self.get_changelist_instance(listing).queryset
        except (IncorrectLookupParameters, SuspiciousOperation):
            entries = self.get_queryset(request)
        return entries.to_decide()


def _says(word: str) -> Q:
    """Entries in which it stands somewhere; in a name also without its accents."""
    found = Q(has("name_key", key)) if (key := key_of(word)) else Q()
    for field in WRITTEN:
        found |= Q(has(field, word))
    return found


def is_most_first(request: HttpRequest) -> bool:
    """Whether the moderator wants to see first what speaks against it most."""
    return ways.filters(request).get("order") == "against"


NOT_HERE = _("This entry is no longer here, or is not yours to decide.")
MEANWHILE = _("This entry has been decided meanwhile. Nothing was changed.")
ANSWERED = _("Nobody asks about this entry any more. Nothing was changed.")
