"""The queue: a list in which entries are read and decided, one after the other."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letters.admin import person
from signatories import roll
from signatories.admin import bulk, rows, steps, ways
from signatories.admin.decision_forms import RejectionForm
from signatories.admin.entry import EntryPages
from signatories.admin.filters import (
    ALL,
    TO_DECIDE,
    AgeFilter,
    AppearanceFilter,
    AsideFilter,
    FlagFilter,
    MethodFilter,
    ModeratedLetterFilter,
    OrderFilter,
    OrganisationFilter,
    RiskFilter,
    StateFilter,
)
from signatories.admin.room import is_most_first
from signatories.admin.selection import Selection
from signatories.models import Reason, Signature

admin.site.index_template = "admin/signatories/index.html"


@admin.register(Signature)
class SignatureAdmin(Selection, EntryPages):
    list_display = ["pk"]  # The template of the list shows what a row says.
    list_display_links = None
    list_filter = [
        StateFilter,
        ModeratedLetterFilter,
        AsideFilter,
        AgeFilter,
        FlagFilter,
        OrganisationFilter,
        AppearanceFilter,
        MethodFilter,
        RiskFilter,
        OrderFilter,
    ]
    sortable_by = ()
    list_per_page = 50
    list_max_show_all = 50  # A selection is a page at most.
    show_full_result_count = False
    search_fields = ["name"]  # Makes the box appear; `get_search_results` decides.
    search_help_text = _("Name, title or organisation of entries by name; or a reference")

    def get_urls(self) -> list[URLPattern]:
        """The list and the entry; no adding, deleting or history, and so no way to them."""
        wrap = self.admin_site.admin_view
        name = "signatories_signature"
        return [
            path("", wrap(self.changelist_view), name=f"{name}_changelist"),
            path("guidance/", wrap(self.guidance_view), name=f"{name}_guidance"),
            path("<uuid:pk>/change/", wrap(self.entry_view), name=f"{name}_change"),
            path("<uuid:pk>/reading/", wrap(self.reading_view), name=f"{name}_reading"),
            *bulk.urls(),
        ]

    def action_checkbox(self, obj: Signature, looked_at: str = "") -> SafeString:
        """The box of a row; while a colleague has the entry open it cannot be ticked."""
        line = roll.line(obj)
        label = gettext("Select: %(line)s") % {"line": f"{line.name}, {line.detail}"}
        # Django's script ticks and counts what has this class, also boxes that are disabled.
        ticking = {"disabled": True} if looked_at else {"class": "action-select"}
        return forms.CheckboxInput({"aria-label": label, **ticking}, lambda value: False).render(
            ACTION_CHECKBOX_NAME, str(obj.pk)
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {"title": _("Entries"), **(extra_context or {})}
        page = super().changelist_view(request, extra)
        context = getattr(page, "context_data", None)
        if context and "cl" in context:
            context.update(self._listed(request, context["cl"]))
        return page

    def _listed(self, request: HttpRequest, listing: Any) -> dict[str, Any]:
        found = listing.result_list
        return {
            "rows": [self._row(request, one) for one in found],
            **self._tabs(request, listing),
            "is_narrowed": _is_narrowed(listing),
            "all_states_url": _all_states_url(request, listing),
            "number_aside": 0 if found else self._number_aside(request, listing),
            "aside_url": ways.with_filter(request, aside="only"),
            "is_most_first": is_most_first(request),
            "other_order_url": ways.with_filter(
                request, order="" if is_most_first(request) else "against"
            ),
            "rejection": RejectionForm(auto_id="dialog_%s"),
            "guidance_url": ways.guidance_url(),
            "next_url": ways.list_url(request),
        }

    def _number_aside(self, request: HttpRequest, listing: Any) -> int:
        """How many are out of the way, where nothing else waits."""
        name = AsideFilter.parameter_name
        return listing.get_queryset(request, exclude_parameters=[name]).set_aside().count()

    def _row(self, request: HttpRequest, entry: Signature) -> rows.Row:
        looked_at = rows.looked_at(entry, person(request))
        return rows.row(request, entry, self.action_checkbox(entry, looked_at))

    def _tabs(self, request: HttpRequest, listing: Any) -> dict[str, Any]:
        """The steps with their numbers, which one chooses above the list."""
        name = RiskFilter.parameter_name
        numbers = steps.numbers(listing.get_queryset(request, exclude_parameters=[name]))
        chosen = ways.filters(request).get(name, "")
        return {
            "tabs": [
                (
                    one,
                    numbers[one.code],
                    ways.with_filter(request, risk=one.code),
                    one.code == chosen,
                )
                for one in steps.STEPS
            ],
            "number_of_all": sum(numbers.values()),
            "all_url": ways.with_filter(request, risk=""),
            "is_all": not chosen,
        }

    def guidance_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("How to decide"),
            "opts": self.opts,
            "reasons": Reason.for_moderators(),
            "list_url": ways.list_url(request),
        }
        return TemplateResponse(request, "admin/signatories/signature/guidance.html", context)


def _all_states_url(request: HttpRequest, listing: Any) -> str:
    """Where a search goes on among decided entries. It begins with what is to be decided, which is
    found at once also where a million stand on the roll."""
    state = listing.get_filters_params().get(StateFilter.parameter_name)
    is_wider = not listing.query or state == [ALL]
    return "" if is_wider else ways.with_filter(request, state=ALL)


def _is_narrowed(listing: Any) -> bool:
    """Whether entries may wait that the list does not show. Other letters have lists of their own,
    and the order leaves everything in."""
    chosen = listing.get_filters_params()
    whole = chosen.get(StateFilter.parameter_name, [TO_DECIDE]) == [TO_DECIDE]
    beside = (StateFilter, ModeratedLetterFilter, OrderFilter)
    others = set(chosen) - {one.parameter_name for one in beside}
    return bool(listing.query or others) or not whole
