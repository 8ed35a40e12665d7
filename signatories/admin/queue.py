"""The moderators' room: what waits for a decision, and what was decided.

Everything a page shows about an entry comes from `signatories.roll.line`, as on the public
pages: behind an anonymous line there is nothing to see here either. Decisions go through
`signatories.actions.moderation`; nothing else writes, and no `LogEntry` is kept, because its
text would hold names. For the same reason no message to the moderator names anybody.
"""

import copy
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db.models import Case, F, Q, QuerySet, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from letters.actions import NotAllowed
from letters.admin import OfferedFiltersOnly, is_host, person
from letters.permissions import moderated_by
from signatories import roll
from signatories.actions import moderation
from signatories.admin import bulk, showing, ways, words
from signatories.admin.filters import (
    AppearanceFilter,
    MethodFilter,
    ModeratedLetterFilter,
    StateFilter,
)
from signatories.models import NAMELESS, Reason, Signature, State
from signatories.models.selecting import SignatureQuerySet
from signatories.verification import shown

admin.site.index_template = "admin/signatories/index.html"

TEMPLATES = "admin/signatories/signature"
SEARCHED_WORDS = 10
REFERENCE = re.compile(r"[0-9a-f]{8}")

# What waits longest comes first; everything else stands as on the roll, so that no order
# tells when an anonymous line came.
QUEUE_ORDER = (
    Case(When(state=State.IN_REVIEW, then=F("confirmed_on"))).asc(nulls_last=True),
    "roll_key",
    "id",
)


class RejectionForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=[("", _("Choose a reason")), *Reason.for_moderators()],
        error_messages={"required": _("Choose a reason: it is counted in public.")},
    )


@admin.register(Signature)
class SignatureAdmin(OfferedFiltersOnly):
    list_display = ["line", "letter_title", "verified", "state_in_words", "waiting"]
    list_filter = [StateFilter, ModeratedLetterFilter, AppearanceFilter, MethodFilter]
    sortable_by = ()
    ordering = QUEUE_ORDER
    list_per_page = 100
    show_full_result_count = False
    search_fields = ["name"]  # Makes the box appear; `get_search_results` decides.
    search_help_text = _("Name, title or organisation of entries by name; or a reference")
    actions = ["approve_selected", "reject_selected"]

    # Who may do what: verbs decide, nobody adds, edits or deletes.

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

    def get_urls(self) -> list[URLPattern]:
        """The list and the entry; no adding, deleting or history, and so no way to them."""
        wrap = self.admin_site.admin_view
        name = "signatories_signature"
        return [
            path("", wrap(self.changelist_view), name=f"{name}_changelist"),
            path("<uuid:pk>/change/", wrap(self.entry_view), name=f"{name}_change"),
            *bulk.urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> SignatureQuerySet:
        return (
            Signature.objects.for_moderators()
            .filter(letter__in=moderated_by(person(request)))
            .select_related("letter", "version", "organisation", "shown_organisation")
            .defer("address_digest", "manage_digest", "roll_key")
            .order_by(*QUEUE_ORDER)
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """What people wrote, and the organisation of named lines: never that of anonymous ones."""
        searched = search_term.split()[:SEARCHED_WORDS]
        if len(searched) == 1 and REFERENCE.fullmatch(searched[0]):
            # Once decided, nothing here leads from a person to a line any more.
            entries = cast(SignatureQuerySet, queryset).in_review()
            return entries.filter(manage_digest__startswith=searched[0]), False
        if searched:
            queryset = queryset.exclude(appearance__in=NAMELESS)
        for word in searched:
            queryset = queryset.filter(
                Q(name__icontains=word)
                | Q(title__icontains=word)
                | Q(organisation_text__icontains=word)
                | Q(organisation__name__icontains=word)
            )
        return queryset, False

    # Columns.

    @admin.display(description=_("line"))
    def line(self, signature: Signature) -> SafeString:
        return render_to_string(f"{TEMPLATES}/_line.html", {"line": roll.line(signature)})

    @admin.display(description=_("letter"))
    def letter_title(self, signature: Signature) -> str:
        return signature.letter.title

    @admin.display(description=_("verified"))
    def verified(self, signature: Signature) -> SafeString:
        mark = "✓" if signature.is_verified else "–"
        return format_html(
            '<span class="mark" aria-hidden="true">{}</span> {}',
            mark,
            words.how_verified(signature),
        )

    @admin.display(description=_("state"))
    def state_in_words(self, signature: Signature) -> str:
        return signature.get_state_display()

    @admin.display(description=_("waiting"))
    def waiting(self, signature: Signature) -> str | None:
        """Whole days, for what waits."""
        if signature.state != State.IN_REVIEW or signature.confirmed_on is None:
            return None
        days = (timezone.localdate() - signature.confirmed_on).days
        return ngettext("%d day", "%d days", days) % days if days else gettext("since today")

    def action_checkbox(self, obj: Signature) -> SafeString:
        line = roll.line(obj)
        label = gettext("Select: %(line)s") % {"line": f"{line.name}, {line.detail}"}
        return forms.CheckboxInput(
            {"class": "action-select", "aria-label": label}, lambda value: False
        ).render(ACTION_CHECKBOX_NAME, str(obj.pk))

    # The list.

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Entries"), **(extra_context or {})})

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Act on what was ticked, as far as it still stands in this list."""
        ticked = queryset.filter(pk__in=_ticked(request))
        return super().response_action(request, ticked, *args, **kwargs)

    @admin.action(description=_("Approve selected"))
    def approve_selected(self, request: HttpRequest, queryset: QuerySet[Signature]) -> Any:
        def approve(entry: Signature) -> None:
            moderation.approve(signature=entry, actor=person(request))

        done, failed = self._each(request, queryset, approve)
        approved = ngettext("%d approved", "%d approved", done) % done
        return self._back_to_list(request, approved, failed)

    @admin.action(description=_("Reject selected…"))
    def reject_selected(self, request: HttpRequest, queryset: QuerySet[Signature]) -> Any:
        form = RejectionForm(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            return self._rejection_page(request, queryset, form)

        def reject(entry: Signature) -> None:
            reason = form.cleaned_data["reason"]
            moderation.reject(signature=entry, actor=person(request), reason=reason)

        done, failed = self._each(request, queryset, reject)
        rejected = ngettext("%d rejected", "%d rejected", done) % done
        return self._back_to_list(request, rejected, failed)

    def _rejection_page(
        self, request: HttpRequest, entries: QuerySet[Signature], form: RejectionForm
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Reject the selected entries"),
            "opts": self.opts,
            "entries": [(entry, roll.line(entry)) for entry in entries],
            "form": form,
            "kept_days": settings.REJECTED_DAYS,
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "list_url": ways.list_url(request),
        }
        return TemplateResponse(request, f"{TEMPLATES}/reject_selected.html", context)

    def _each(
        self,
        request: HttpRequest,
        entries: QuerySet[Signature],
        verb: Callable[[Signature], None],
    ) -> tuple[int, Counter[str]]:
        """How many entries the verb took, and why others were not."""
        done, failed = 0, Counter[str]()
        for entry in entries:
            try:
                verb(entry)
                done += 1
            except NotAllowed as refusal:
                failed[str(refusal)] += 1
        gone = len(_ticked(request)) - done - failed.total()
        if gone:
            failed[gettext("Decided or withdrawn meanwhile.")] = gone
        return done, failed

    def _back_to_list(self, request: HttpRequest, done: str, failed: Counter[str]) -> HttpResponse:
        not_done = [
            ngettext("%(number)d could not be: %(why)s", "%(number)d could not be: %(why)s", number)
            % {"number": number, "why": why}
            for why, number in failed.items()
        ]
        level = messages.WARNING if not_done else messages.SUCCESS
        self.message_user(request, ", ".join([done, *not_done]), level)
        return redirect(ways.list_url(request))

    # The entry.

    def entry_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        entry = self.get_queryset(request).filter(pk=pk).first()
        if request.method == "POST":
            return self._decide(request, entry)
        if entry is None:
            raise Http404
        return self._entry_page(request, entry, RejectionForm())

    def _entry_page(
        self,
        request: HttpRequest,
        entry: Signature,
        form: RejectionForm,
        shown_form: showing.ShownForm | None = None,
    ) -> HttpResponse:
        waiting = self._waiting(request)
        following = self._next(waiting, entry)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Entry"),
            "opts": self.opts,
            "entry": entry,
            "line": roll.line(entry),
            "written": words.as_written(entry),
            "method": self.verified(entry),
            "may_be_invented": may_be_invented(entry),
            "waiting": self.waiting(entry),
            "can_approve": moderation.can_be_approved(entry),
            "can_reject": entry.state in moderation.REJECTABLE,
            "form": form,
            "can_record": shown.can_be_recorded(entry),
            "can_take_back": shown.can_be_taken_back(entry),
            "shown_form": shown_form or showing.form_for(entry),
            "kept_days": settings.REJECTED_DAYS,
            "number_waiting": waiting.count(),
            "next_url": ways.entry_url(request, following) if following else "",
            "list_url": ways.list_url(request),
        }
        return TemplateResponse(request, f"{TEMPLATES}/entry.html", context)

    def _decide(self, request: HttpRequest, entry: Signature | None) -> HttpResponse:
        if entry is None:
            sentence = gettext("This entry is no longer here, or is not yours to decide.")
            self.message_user(request, sentence, messages.WARNING)
            return redirect(ways.list_url(request))
        if request.POST.get("seen") != entry.state:
            sentence = gettext("This entry has been decided meanwhile. Nothing was changed.")
            self.message_user(request, sentence, messages.WARNING)
            return redirect(ways.entry_url(request, entry))
        if request.POST.get("decision") in ("shown", "not_shown"):
            return self._record(request, entry)
        following = self._next(self._waiting(request), entry)
        form = RejectionForm(request.POST)
        decision = request.POST.get("decision")
        try:
            if decision == "approve":
                moderation.approve(signature=entry, actor=person(request))
            elif decision == "reject" and form.is_valid():
                reason = form.cleaned_data["reason"]
                moderation.reject(signature=entry, actor=person(request), reason=reason)
            else:
                return self._entry_page(request, entry, form)
        except NotAllowed as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect(ways.entry_url(request, entry))
        self.message_user(request, words.what_happened(entry, decision), messages.SUCCESS)
        if following is None:
            return redirect(ways.list_url(request))
        return redirect(ways.entry_url(request, following))

    def _record(self, request: HttpRequest, entry: Signature) -> HttpResponse:
        """What was shown elsewhere; the decision about the entry stays to be taken."""
        form = showing.form_for(entry, request.POST)
        try:
            if request.POST["decision"] == "not_shown":
                done = showing.take_back(entry, person(request))
            elif form.is_valid():
                done = showing.record(entry, person(request), form)
            else:
                return self._entry_page(request, entry, RejectionForm(), form)
        except NotAllowed as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, done, messages.SUCCESS)
        return redirect(ways.entry_url(request, entry))

    # Where to go from here.

    def _waiting(self, request: HttpRequest) -> SignatureQuerySet:
        """What is in review under the filters of the list that the moderator came from."""
        listing = copy.copy(request)
        listing.GET = ways.filters(request)  # type: ignore[assignment]
        try:
            entries = self.get_changelist_instance(listing).queryset
        except (IncorrectLookupParameters, SuspiciousOperation):
            entries = self.get_queryset(request)
        return entries.in_review()

    def _next(self, waiting: SignatureQuerySet, entry: Signature) -> Signature | None:
        """The entry after this one in the queue, from its end back to its beginning."""
        later = Q(confirmed_on__gt=entry.confirmed_on)
        later |= Q(confirmed_on=entry.confirmed_on, pk__gt=entry.pk)
        return waiting.filter(later).first() or waiting.exclude(pk=entry.pk).first()


def may_be_invented(signature: Signature) -> bool:
    """Whether a mail domain that verifies the entry by name is suspected to take any address."""
    if signature.is_anonymous or not signature.is_verified or signature.organisation is None:
        return False
    return signature.organisation.domains.filter(catch_all_suspected=True).exists()


def _ticked(request: HttpRequest) -> set[UUID]:
    try:
        return {UUID(pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)}
    except ValueError as error:
        raise BadRequest("Not the id of an entry") from error
