"""Deciding what was ticked on one page of the list."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from letters.actions import NotAllowed
from letters.admin import person
from signatories import roll
from signatories.actions import bulk, moderation
from signatories.admin import rows, ways
from signatories.admin.decision_forms import ReasonForm
from signatories.admin.room import Room
from signatories.models import BulkDecision, Signature, State

Change = tuple[Signature, Signature]
TEMPLATE = "admin/signatories/signature/reject_selected.html"
OPEN_ELSEWHERE = _("A colleague has this entry open. To decide it all the same, open it too.")


class Selection(Room):
    actions = ["approve_selected", "reject_selected", "set_aside_selected", "take_up_selected"]

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Act on what was ticked, as far as it still stands in this list; on a page at most."""
        ticked = queryset.filter(pk__in=_ticked(request, self.list_per_page))
        return super().response_action(request, ticked, *args, **kwargs)

    @admin.action(description=_("Approve selected"))
    def approve_selected(self, request: HttpRequest, queryset: QuerySet[Signature]) -> Any:
        read = _read(request)

        def approve(entry: Signature) -> Signature:
            _refuse_again(entry, moderation.ON_ITS_WAY, gettext("Approved already."))
            said = {"seen": entry.known_state, "read": read.get(str(entry.pk), "")}
            return moderation.approve(signature=entry, actor=person(request), **said)

        done, failed = self._each(request, queryset, approve)
        approved = ngettext("%d approved", "%d approved", len(done)) % len(done)
        return self._back_to_list(request, approved, failed, self._note(done, request, "approve"))

    @admin.action(description=_("Set selected aside"))
    def set_aside_selected(self, request: HttpRequest, queryset: QuerySet[Signature]) -> Any:
        def set_aside(entry: Signature) -> Signature:
            return moderation.set_aside(signature=entry, actor=person(request))

        done, failed = self._each(request, queryset, set_aside)
        moved = ngettext("%d set aside", "%d set aside", len(done)) % len(done)
        return self._back_to_list(request, moved, failed)

    @admin.action(description=_("Take selected up"))
    def take_up_selected(self, request: HttpRequest, queryset: QuerySet[Signature]) -> Any:
        def take_up(entry: Signature) -> Signature:
            return moderation.take_up(signature=entry, actor=person(request))

        done, failed = self._each(request, queryset, take_up)
        moved = ngettext("%d taken up", "%d taken up", len(done)) % len(done)
        return self._back_to_list(request, moved, failed)

    @admin.action(description=_("Reject selected…"))
    def reject_selected(self, request: HttpRequest, queryset: QuerySet[Signature]) -> Any:
        form = ReasonForm(request.POST if "confirming" in request.POST else None)
        if not form.is_valid():
            return self._rejection_page(request, queryset, form)

        read = _read(request)

        def reject(entry: Signature) -> Signature:
            _refuse_again(entry, (State.REJECTED,), gettext("Rejected already."))
            said = {
                "seen": entry.known_state,
                "read": read.get(str(entry.pk), ""),
                **form.cleaned_data,
            }
            return moderation.reject(signature=entry, actor=person(request), **said)

        done, failed = self._each(request, queryset, reject)
        rejected = ngettext("%d rejected", "%d rejected", len(done)) % len(done)
        noted = self._note(done, request, "reject", **form.cleaned_data)
        return self._back_to_list(request, rejected, failed, noted)

    def _rejection_page(
        self, request: HttpRequest, entries: QuerySet[Signature], form: ReasonForm
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Reject the selected entries"),
            "opts": self.opts,
            "entries": [(one, roll.line(one), moderation.as_read(one)) for one in entries],
            "form": form,
            "kept_days": settings.REJECTED_DAYS,
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "list_url": ways.list_url(request),
        }
        return TemplateResponse(
            request, "admin/signatories/signature/reject_selected.html", context
        )

    def _each(
        self,
        request: HttpRequest,
        entries: QuerySet[Signature],
        verb: Callable[[Signature], Signature],
    ) -> tuple[list[Change], Counter[str]]:
        """The entries that the verb took, before and after it, and why others were not."""
        done: list[Change] = []
        failed = Counter[str]()
        for entry in entries:
            if rows.looked_at(entry, person(request)):
                failed[str(OPEN_ELSEWHERE)] += 1
                continue
            try:
                done.append((entry, verb(entry)))
            except NotAllowed as refusal:
                failed[str(refusal)] += 1
        gone = len(_ticked(request, self.list_per_page)) - len(done) - failed.total()
        if gone:
            failed[gettext("Decided or withdrawn meanwhile.")] = gone
        return done, failed

    def _note(
        self, done: list[Change], request: HttpRequest, decision: str, **said: str
    ) -> list[BulkDecision]:
        """What was decided, as one to be taken back: not where a question was answered only. The
        state before tells it; the one after would tell who withdrew since the last batch."""
        were_so = {"approve": moderation.ON_ITS_WAY, "reject": (State.REJECTED,)}[decision]
        changes = [change for change in done if change[0].known_state not in were_so]
        return bulk.note_selection(
            decided=[after for _before, after in changes],
            was_aside=all(before.set_aside_on for before, _after in changes),
            decision=decision,
            actor=person(request),
            **said,
        )

    def _back_to_list(
        self,
        request: HttpRequest,
        done: str,
        failed: Counter[str],
        noted: Sequence[BulkDecision] = (),
    ) -> HttpResponse:
        not_done = [
            ngettext("%(number)d could not be: %(why)s", "%(number)d could not be: %(why)s", number)
            % {"number": number, "why": why}
            for why, number in failed.items()
        ]
        level = messages.WARNING if not_done else messages.SUCCESS
        sentence = ", ".join([done, *not_done])
        self.message_user(request, _with_way_back(sentence, noted), level)
        return redirect(ways.list_url(request))


def _refuse_again(entry: Signature, states: tuple[State, ...], sentence: str) -> None:
    """Nothing that changes nothing is counted as done; to decide the same once more answers what
    somebody asked."""
    if entry.known_state in states and not rows.has_question(entry):
        raise NotAllowed(sentence)


def _with_way_back(sentence: str, noted: Sequence[BulkDecision]) -> str:
    """With a link to where it can be looked at and taken back, entry by entry or together."""
    if not noted:
        return sentence
    url = reverse("admin:signatories_bulk")
    if len(noted) == 1:
        url = reverse("admin:signatories_bulk_one", args=[noted[0].pk])
    link = gettext("See them again, or take them back")
    return format_html('{}. <a href="{}">{}</a>', sentence, url, link)


def _read(request: HttpRequest) -> dict[str, str]:
    """What the moderator has read of each entry, as the page says with it."""
    return dict(one.split(":", 1) for one in request.POST.getlist("reads") if ":" in one)


def _ticked(request: HttpRequest, most: int) -> set[UUID]:
    try:
        ticked = {UUID(pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)}
    except ValueError as error:
        raise BadRequest("Not the id of an entry") from error
    if len(ticked) > most:
        raise BadRequest("More than a page of the list shows")
    return ticked
