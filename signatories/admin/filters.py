"""What the moderators' list can be asked; it answers to nothing else."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from letters.admin import LetterFilter, StrictFilter, person
from letters.models import Letter
from letters.permissions import moderated_by
from signatories.models import NAMELESS, Appearance, Method, State

ALL = "all"


class ModeratedLetterFilter(LetterFilter):
    def letters(self, request: HttpRequest) -> QuerySet[Letter]:
        return moderated_by(person(request))


class StateFilter(StrictFilter):
    """In review, unless another state or all of them are asked for."""

    title = _("state")
    parameter_name = "state"
    lookup = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        states = (State.IN_REVIEW, State.APPROVED, State.PUBLISHED, State.REJECTED)
        return [*((state.value, state.label) for state in states), (ALL, _("all"))]

    def value(self) -> str:
        return super().value() or State.IN_REVIEW

    def choices(self, changelist: Any) -> Any:
        return list(super().choices(changelist))[1:]

    def chosen(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset if value == ALL else super().chosen(queryset, value)


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
