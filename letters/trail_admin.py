"""The audit trail in the administration: for reading, filtering and taking along, never more."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from config import http, ratelimit
from letters import trail, trail_file
from letters.admin import LetterFilter, ReadOnlyAdmin, StrictFilter, person
from letters.models import AuditEntry, User

LIST = "admin:letters_auditentry_changelist"


class KindFilter(StrictFilter):
    title = _("what it is about")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return list(trail.Kind.choices)

    def chosen(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(verb__in=trail.verbs_about(value))


class VerbFilter(StrictFilter):
    title = _("verb")
    parameter_name = "verb"
    lookup = "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        verbs = model_admin.get_queryset(request).order_by("verb").values_list("verb", flat=True)
        return [(verb, verb) for verb in verbs.distinct()]


class PersonFilter(StrictFilter):
    title = _("person")
    parameter_name = "person"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        own = model_admin.get_queryset(request).filter(actor=OuterRef("pk")).order_by()
        people = User.objects.filter(Exists(own)).order_by("username")
        nobody = (trail.NOBODY, _("nobody: the clock, or a command"))
        return [*((str(pk), name) for pk, name in people.values_list("pk", "username")), nobody]

    def chosen(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == trail.NOBODY:
            return queryset.filter(actor__isnull=True)
        return queryset.filter(actor=int(value))


class DaysFilter(admin.ListFilter):
    """From one day to another, both of them included; either may be left out."""

    title = _("days")
    template = "admin/letters/auditentry/days.html"
    parameter_name = "since"
    lookups = {"since": "recorded_on__gte", "until": "recorded_on__lte"}

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.lookups:
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]
        self.since = self.used_parameters.get("since", "")
        self.until = self.used_parameters.get("until", "")

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(self.lookups)

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        """The other filters, which the form takes along."""
        for name, value in changelist.get_filters_params().items():
            if name not in self.lookups:
                yield {"name": name, "value": value[-1]}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        for name, text in self.used_parameters.items():
            if text:
                queryset = queryset.filter(**{self.lookups[name]: _day(str(text))})
        return queryset


def _day(text: str) -> Any:
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise IncorrectLookupParameters
    return day


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who decided what, by day. What concerns no letter, hosts alone read."""

    change_list_template = "admin/letters/auditentry/change_list.html"
    list_display = ["recorded_on", "what", "letter", "actor", "about", "why", "number"]
    fields = ["letter", "verb", "actor", "about", "reason", "number", "recorded_on"]
    readonly_fields = ["about"]
    list_select_related = ["letter", "actor"]
    list_filter = [LetterFilter, KindFilter, VerbFilter, PersonFilter, DaysFilter]
    sortable_by = ()
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        return trail.known_to(person(request), super().get_queryset(request))

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup in DaysFilter.lookups or super().lookup_allowed(lookup, value, request)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.file_view)
        own = path("trail.csv", view, name="letters_auditentry_file")
        return [own, *super().get_urls()]

    def file_view(self, request: HttpRequest) -> HttpResponseBase:
        """The list under its filters as a file. It may have millions of lines, so that an account
        gets as many of them as of other files."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            ratelimit.check("export:account", str(person(request).pk))
            entries = self.get_changelist_instance(request).get_queryset(request)
        except ratelimit.LimitReached as limit:
            return http.too_many(request, limit.seconds)
        except IncorrectLookupParameters:
            return redirect(f"{reverse(LIST)}?e=1")
        return trail_file.of_all(entries.select_related("letter", "actor"), "trail.csv")

    @admin.display(description=_("what"))
    def what(self, entry: AuditEntry) -> str:
        return trail.in_words(entry)

    @admin.display(description=_("target"))
    def about(self, entry: AuditEntry) -> str:
        return trail.about(entry)

    @admin.display(description=_("reason"))
    def why(self, entry: AuditEntry) -> str:
        return trail.reason_in_words(entry)
