"""The directory in the admin: organisations for hosts to keep, and names to be decided.

These pages stand on this floor because merging and withdrawing decide over signatures. They
show what people typed by name and how often; of anonymous entries they count nothing.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letters import spelling
from letters.actions import NotAllowed
from letters.admin import OfferedFiltersOnly, OrganisationAdmin, StrictFilter, is_host, person
from letters.models import (
    Organisation,
    OrganisationAlias,
    OrganisationDomain,
    Proposal,
    ProposalState,
)
from letters.permissions import moderated_by, organisations_kept_by, proposals_decided_by
from signatories.actions import directory
from signatories.admin.directory_forms import (
    AliasForm,
    AliasFormSet,
    DomainForm,
    DomainFormSet,
    MergeForm,
    NameForm,
    OrganisationForm,
    WhichForm,
)

TEMPLATES = "admin/signatories/directory"


class KeptByHosts:
    """Rows beside an organisation: hosts write them, teams read them."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_host(request) or moderated_by(person(request)).exists()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_host(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_host(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_host(request)


class AliasInline(KeptByHosts, admin.TabularInline):
    model = OrganisationAlias
    form = AliasForm
    formset = AliasFormSet
    fields = ["name"]
    extra = 1


class DomainInline(KeptByHosts, admin.TabularInline):
    model = OrganisationDomain
    form = DomainForm
    formset = DomainFormSet
    fields = [
        "domain",
        "mailbox_domain",
        "includes_subdomains",
        "is_staff_only",
        "catch_all_suspected",
    ]
    extra = 1


admin.site.unregister(Organisation)


@admin.register(Organisation)
class KeptOrganisationAdmin(OrganisationAdmin):
    form = OrganisationForm
    list_display = [*OrganisationAdmin.list_display, "standing_in_words"]
    list_select_related = ["parent", "merged_into"]
    fields = ["name", "slug", "parent", "headcount_band", "standing_in_words"]
    readonly_fields = ["slug", "standing_in_words"]
    inlines = [AliasInline, DomainInline]
    change_form_template = f"{TEMPLATES}/change_form.html"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_host(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_host(request) and (obj is None or _is_listed(obj))

    def log_addition(self, *args: Any) -> None:  # type: ignore[override]
        """Nothing: the audit trail has it."""

    log_change = log_deletions = log_addition  # type: ignore[assignment]

    @admin.display(description=_("standing"))
    def standing_in_words(self, organisation: Organisation) -> str:
        if organisation.merged_into:
            return gettext("merged into %(kept)s") % {"kept": organisation.merged_into}
        return gettext("withdrawn") if organisation.is_withdrawn else gettext("listed")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        directory.record_change(
            organisation=form.instance,
            actor=person(request),
            is_new=not change,
            is_renamed=change and "name" in form.changed_data,
        )

    # Merging and withdrawing.

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:pk>/merge/", wrap(self.merge_view), name="letters_organisation_merge"),
            path("<int:pk>/list/", wrap(self.list_view), name="letters_organisation_list"),
            path(
                "<int:pk>/withdraw/", wrap(self.withdraw_view), name="letters_organisation_withdraw"
            ),
        ]
        return own + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        kept = row if is_host(request) else None
        context = {
            "has_doors": kept is not None and _is_listed(kept),
            "may_be_listed_again": kept is not None and kept.is_withdrawn,
        }
        return super().change_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    def merge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        organisation = self._kept(request, pk)
        form = MergeForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            kept = form.cleaned_data["organisation"]

            def merge() -> Organisation:
                return directory.merge(
                    duplicate=organisation,
                    kept=kept,
                    actor=person(request),
                    keeps_names=form.cleaned_data["keeps_names"],
                )

            done = gettext("Merged. Anonymous lines follow with the next batch of each letter.")
            return _act(self, request, merge, done, _url_of(kept))
        return self._page(request, organisation, "merge", _("Merge into another"), form=form)

    def withdraw_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        organisation = self._kept(request, pk)
        if request.method == "POST":

            def withdraw() -> Organisation:
                return directory.withdraw(organisation=organisation, actor=person(request))

            done = gettext("Withdrawn. Its signatures by name are in review again.")
            return _act(self, request, withdraw, done, _url_of(organisation))
        return self._page(request, organisation, "withdraw", _("Withdraw from the directory"))

    def list_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        organisation = self._kept(request, pk)
        if request.method == "POST":

            def list_again() -> Organisation:
                return directory.list_again(organisation=organisation, actor=person(request))

            done = gettext("Listed again. Its mail domains prove where people work.")
            return _act(self, request, list_again, done, _url_of(organisation))
        return self._page(request, organisation, "list", _("List it again"))

    def _kept(self, request: HttpRequest, pk: int) -> Organisation:
        if not is_host(request):
            raise PermissionDenied
        found = organisations_kept_by(person(request)).filter(pk=pk).first()
        if found is None:
            raise Http404
        return found

    def _page(
        self,
        request: HttpRequest,
        organisation: Organisation,
        template: str,
        title: Any,
        **context: Any,
    ) -> HttpResponse:
        names = organisation.signatures.named().approved()
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "organisation": organisation,
            "back_url": _url_of(organisation),
            "names": names.count(),
            "letters": organisation.letters.count(),
            "offered": Organisation.objects.listed().exclude(pk=organisation.pk),
            **context,
        }
        return TemplateResponse(request, f"{TEMPLATES}/{template}.html", context)


class ProposalStateFilter(StrictFilter):
    title = _("state")
    parameter_name = "state"
    lookup = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return [(value, str(label)) for value, label in ProposalState.choices]


@admin.register(Proposal)
class ProposalAdmin(OfferedFiltersOnly):
    list_display = ["name", "number", "state", "organisation"]
    list_select_related = ["organisation"]
    list_filter = [ProposalStateFilter]
    sortable_by = ()
    search_fields = ["name"]
    actions = None

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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Proposal]:
        mine = proposals_decided_by(person(request))
        return super().get_queryset(request).filter(pk__in=mine.values("pk"))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = "letters_proposal"
        return [
            path("", wrap(self.changelist_view), name=f"{name}_changelist"),
            path("<int:pk>/change/", wrap(self.proposal_view), name=f"{name}_change"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"title": _("Proposed organisations"), **(extra_context or {})}
        return super().changelist_view(request, context)

    def proposal_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        proposal = self.get_queryset(request).filter(pk=pk).first()
        if proposal is None:
            raise Http404
        data = request.POST if request.method == "POST" else None
        decision = data.get("decision") if data else None
        accept = NameForm(data if decision == "accept" else None, initial={"name": proposal.name})
        merge = WhichForm(data if decision == "merge" else None)
        verb = self._verb(request, proposal, decision, accept, merge)
        if verb:
            list_url = reverse("admin:letters_proposal_changelist")
            return _act(self, request, verb, gettext("Decided."), f"{list_url}?state=open")
        return self._proposal_page(request, proposal, accept, merge)

    def _verb(
        self,
        request: HttpRequest,
        proposal: Proposal,
        decision: str | None,
        accept: NameForm,
        merge: WhichForm,
    ) -> Callable[[], Any] | None:
        """What was decided, or nothing where the form has to come back."""
        actor = person(request)
        if decision == "accept" and accept.is_valid():
            name = accept.cleaned_data["name"]
            return lambda: directory.accept(proposal=proposal, name=name, actor=actor)
        if decision == "merge" and merge.is_valid():
            found = merge.cleaned_data["organisation"]
            return lambda: directory.merge_proposal(
                proposal=proposal, organisation=found, actor=actor
            )
        if decision == "refuse":
            return lambda: directory.refuse(proposal=proposal, actor=actor)
        return None

    def _proposal_page(
        self, request: HttpRequest, proposal: Proposal, accept: NameForm, merge: WhichForm
    ) -> HttpResponse:
        spellings = directory.spellings_of(proposal)
        open_states = (ProposalState.OPEN, ProposalState.REFUSED)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Proposed organisation"),
            "opts": self.opts,
            "proposal": proposal,
            "spellings": spellings[:20],
            "close": spelling.close_to([proposal.name, *spellings[:5]]),
            "letters": proposal.letters.order_by("title"),
            "can_decide": proposal.state in open_states,
            "accept": accept,
            "merge": merge,
            "back_url": reverse("admin:letters_proposal_changelist"),
            "offered": Organisation.objects.listed(),
        }
        return TemplateResponse(request, f"{TEMPLATES}/proposal.html", context)


def _is_listed(organisation: Organisation) -> bool:
    return organisation.merged_into_id is None and not organisation.is_withdrawn


def _url_of(organisation: Organisation) -> str:
    return reverse("admin:letters_organisation_change", args=[organisation.pk])


def _act(
    room: admin.ModelAdmin, request: HttpRequest, verb: Callable[[], Any], done: str, url: str
) -> HttpResponse:
    try:
        verb()
    except NotAllowed as refusal:
        room.message_user(request, str(refusal), messages.ERROR)
        return redirect(request.path)
    except ValidationError as wrong:
        room.message_user(request, " ".join(wrong.messages), messages.ERROR)
        return redirect(request.path)
    room.message_user(request, done, messages.SUCCESS)
    return redirect(url)
