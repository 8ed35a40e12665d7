"""What the moderators' list can be asked; it answers to nothing else.

No filter tells about an anonymous entry what its page does not: neither its organisation nor its
method, and its days only while it waits.
"""

from datetime import timedelta
from typing import Any, cast

from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from letters.admin import LetterFilter, StrictFilter, person
from letters.models import Letter, Organisation
from letters.permissions import moderated_by
from signatories.admin.steps import STEPS
from signatories.models import NAMELESS, Appearance, FlagKind, Method, Signature, State
from signatories.models.selecting import SignatureQuerySet

ALL = "all"
TO_DECIDE = "to_decide"
OFFERED_ORGANISATIONS = 25


class UnlistedFilter(StrictFilter):
    """One that stands above the list, not beside it."""

    template = "admin/signatories/signature/_no_filter.html"


class ModeratedLetterFilter(LetterFilter):
    def letters(self, request: HttpRequest) -> QuerySet[Letter]:
        return moderated_by(person(request))


class StateFilter(StrictFilter):
    """What is to be decided, unless a state or all of them are asked for."""

    title = _("state")
    parameter_name = "state"
    lookup = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        states = (State.IN_REVIEW, State.APPROVED, State.PUBLISHED, State.REJECTED)
        chosen = [(state.value, state.label) for state in states]
        return [(TO_DECIDE, _("to decide")), *chosen, (ALL, _("all"))]

    def value(self) -> str:
        return super().value() or TO_DECIDE

    def choices(self, changelist: Any) -> Any:
        return list(super().choices(changelist))[1:]

    def chosen(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        entries = cast(SignatureQuerySet, queryset)
        if value == TO_DECIDE:
            return entries.to_decide()
        return entries if value == ALL else entries.known_to_be(value)


class AsideFilter(StrictFilter):
    """What was set aside is out of the way, until it is asked for or searched: somebody who calls
    and tells the reference of an entry is not told that there is none."""

    title = _("set aside")
    parameter_name = "aside"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return [("no", _("without those set aside")), ("only", _("only those")), (ALL, _("all"))]

    def value(self) -> str:
        return super().value() or (ALL if self.request.GET.get(SEARCH_VAR) else "no")

    def choices(self, changelist: Any) -> Any:
        return list(super().choices(changelist))[1:]

    def chosen(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        entries = cast(SignatureQuerySet, queryset)
        if value == ALL:
            return entries
        return entries.set_aside() if value == "only" else entries.not_set_aside()


class RiskFilter(UnlistedFilter):
    title = _("risk")
    parameter_name = "risk"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return [(step.code, step.words) for step in STEPS]

    def chosen(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(next(step.entries for step in STEPS if step.code == value))


class OrderFilter(UnlistedFilter):
    """Leaves everything in the list; the list itself asks for its order."""

    title = _("order")
    parameter_name = "order"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return [("against", _("what speaks against it most first"))]

    def chosen(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset


class FlagFilter(StrictFilter):
    title = _("reason to look twice")
    parameter_name = "flag"
    lookup = "flags__kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return list(FlagKind.choices)


class OrganisationFilter(StrictFilter):
    """By the organisation of entries by name. Others are not found, whatever they say."""

    title = _("organisation, by name")
    parameter_name = "organisation"
    lookup = "organisation__slug"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        waiting = Signature.objects.in_review().exclude(appearance__in=NAMELESS)
        waiting = waiting.filter(letter__in=moderated_by(person(request)))
        most = waiting.values("organisation").annotate(number=Count("pk")).order_by("-number")
        keys = most.exclude(organisation=None).values_list("organisation", flat=True)
        offered = Organisation.objects.filter(pk__in=list(keys[:OFFERED_ORGANISATIONS]))
        return list(offered.order_by("name").values_list("slug", "name"))

    def has_output(self) -> bool:
        return True  # Also for the last one of an organisation that has just been decided.

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset if value is None else self.chosen(queryset, value)

    def chosen(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        if "\0" in value:
            return queryset.none()
        return super().chosen(queryset, value).exclude(appearance__in=NAMELESS)


class AgeFilter(StrictFilter):
    """By the days an entry has waited: of decided ones nothing is told."""

    title = _("waiting")
    parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return [
            ("0", _("since today")),
            ("1", _("a day or more")),
            ("3", _("three days or more")),
            ("7", _("a week or more")),
        ]

    def chosen(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        entries = cast(SignatureQuerySet, queryset).in_review()
        today = timezone.localdate()
        if value == "0":
            return entries.filter(confirmed_on=today)
        return entries.filter(confirmed_on__lte=today - timedelta(days=int(value)))


class AppearanceFilter(StrictFilter):
    title = _("appearance")
    parameter_name = lookup = "appearance"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return list(Appearance.choices)


class MethodFilter(StrictFilter):
    title = _("method")
    parameter_name = lookup = "method"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return list(Method.choices)

    def chosen(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """By which method an anonymous line was verified is nobody's to see."""
        found = super().chosen(queryset, value)
        return found if value == Method.NONE else found.exclude(appearance__in=NAMELESS)
