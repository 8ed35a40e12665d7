"""The page of one entry, and the decisions about it, from this page or from the list."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letters.actions import NotAllowed
from letters.admin import person
from signatories import roll
from signatories.actions import moderation, reading, taking_back
from signatories.admin import answers, order, rows, showing, steps, ways, words
from signatories.admin.deciding import act, is_complete
from signatories.admin.decision_forms import ProofForm, RejectionForm
from signatories.admin.room import MEANWHILE, NOT_HERE, Room, is_most_first
from signatories.models import Signature, State
from signatories.models.selecting import SignatureQuerySet
from signatories.verification import shown

TEMPLATE = "admin/signatories/signature/entry.html"


class EntryPages(Room):
    def entry_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        entry = self.get_queryset(request).filter(pk=pk).first()
        entry = entry or taking_back.on_its_way(pk, person(request))
        if request.method == "POST":
            return self._decide(request, entry)
        if entry is None:
            raise Http404
        return self._entry_page(request, entry)

    def reading_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Say that one looks at an entry, or no longer does. Sent by the script of page and list,
        which is told in words why the entry is not this moderator's to decide now."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        entry = self.get_queryset(request).filter(pk=pk).first()
        if entry is None:
            raise Http404
        if "leave" in request.POST:
            reading.leave(signature=entry, actor=person(request))
            return HttpResponse(status=204)
        if change := _change_since(request, entry):
            return answers.refused(change)
        try:
            is_theirs = reading.claim(signature=entry, actor=person(request))
        except NotAllowed as refusal:  # Decided or withdrawn in this moment.
            raise Http404 from refusal
        if is_theirs:
            return HttpResponse(status=204)
        by_another = self.get_queryset(request).filter(pk=pk).first()
        if by_another is None:  # Whoever was quicker has decided it.
            raise Http404
        return answers.refused(rows.looked_at(by_another, person(request)))

    def _entry_page(
        self,
        request: HttpRequest,
        entry: Signature,
        *,
        rejection: RejectionForm | None = None,
        proof: ProofForm | None = None,
        shown_form: showing.ShownForm | None = None,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            **self._around(request, entry),
            "title": _("Entry"),
            "opts": self.opts,
            "entry": entry,
            "line": roll.line(entry),
            "written": words.as_written(entry),
            "read": moderation.as_read(entry),
            "how_verified": words.how_verified(entry),
            "may_be_invented": words.may_be_invented(entry),
            "waiting": rows.waiting(entry),
            "step": steps.step_of(entry.risk),
            "told": rows.told(request, entry),
            "looked_at": rows.looked_at(entry, person(request)),
            "reading_url": rows.reading_url(entry),
            "is_in_review": entry.known_state == State.IN_REVIEW,
            "needs_proof": moderation.needs_proof(entry),
            "can_approve": moderation.can_be_approved(entry),
            "can_keep": rows.has_question(entry),
            "can_reject": entry.known_state in moderation.REJECTABLE and not _is_on_its_way(entry),
            "can_take_back_decision": taking_back.can_be_taken_back(entry),
            "rejection": rejection or RejectionForm(entry=entry),
            "proof": proof or ProofForm(),
            "can_record": shown.can_be_recorded(entry),
            "can_take_back": shown.can_be_taken_back(entry),
            "shown_form": shown_form or showing.form_for(entry),
            "kept_days": settings.REJECTED_DAYS,
        }
        return TemplateResponse(request, TEMPLATE, context)

    def _around(self, request: HttpRequest, entry: Signature) -> dict[str, Any]:
        """Where one can go from an entry."""
        waiting = self.to_decide(request)
        free = self._free(request, waiting)
        most_first = is_most_first(request)
        following = order.next_of(free, entry, most_first=most_first)
        previous = order.previous_of(waiting, entry, most_first=most_first)
        return {
            "number_waiting": waiting.count(),
            "next_url": ways.entry_url(request, following) if following else "",
            "previous_url": ways.entry_url(request, previous) if previous else "",
            "list_url": ways.list_url(request),
            "guidance_url": ways.guidance_url(),
        }

    def _free(self, request: HttpRequest, waiting: SignatureQuerySet) -> SignatureQuerySet:
        """What no other moderator is looking at."""
        return waiting.left_by_others(person(request))

    def _decide(self, request: HttpRequest, entry: Signature | None) -> HttpResponse:
        if entry is None:
            return answers.not_done(request, None, str(NOT_HERE), messages.WARNING)
        seen = request.POST.get("seen") or request.GET.get("seen")
        if seen != entry.known_state:
            return answers.not_done(request, entry, str(MEANWHILE), messages.WARNING)
        looked_at = rows.looked_at(entry, person(request))
        if looked_at and "anyway" not in request.POST:
            sentence = gettext("%(looked_at)s Nothing was changed.") % {"looked_at": looked_at}
            return self._ask_first(request, entry, sentence)
        if request.POST.get("decision") in ("shown", "not_shown"):
            return self._record(request, entry)
        return self._act(request, entry)

    def _ask_first(self, request: HttpRequest, entry: Signature, sentence: str) -> HttpResponse:
        """Whether to decide it all the same; what was written for it stays there."""
        decision = request.POST.get("decision")
        if decision not in ("reject", "shown") or answers.wants_json(request):
            return answers.not_done(request, entry, sentence, messages.WARNING)
        messages.warning(request, sentence)
        if decision == "shown":
            recorded = showing.form_for(entry, request.POST)
            return self._entry_page(request, entry, shown_form=recorded)
        said = RejectionForm(request.POST, entry=entry)
        return self._entry_page(request, entry, rejection=said)

    def _act(self, request: HttpRequest, entry: Signature) -> HttpResponse:
        decision = request.POST.get("decision", "")
        rejection = RejectionForm(request.POST, entry=entry) if decision == "reject" else None
        needs_proof = decision == "approve" and moderation.needs_proof(entry)
        proof = ProofForm(request.POST) if needs_proof else None
        if not is_complete(decision, rejection, proof):
            return self._entry_page(request, entry, rejection=rejection, proof=proof)
        following = self._following(request, entry)
        try:
            decided = act(decision, entry, person(request), rejection, proof, ways.read(request))
        except NotAllowed as refusal:
            return answers.not_done(request, entry, str(refusal), messages.ERROR)
        return answers.done(request, decision, entry, decided, following)

    def _following(self, request: HttpRequest, entry: Signature) -> Signature | None:
        if answers.wants_json(request):
            return None  # The list stays where it is.
        free = self._free(request, self.to_decide(request))
        return order.next_of(free, entry, most_first=is_most_first(request))

    def _record(self, request: HttpRequest, entry: Signature) -> HttpResponse:
        """What was shown elsewhere; the decision about the entry stays to be taken."""
        form = showing.form_for(entry, request.POST)
        read = ways.read(request)
        try:
            if request.POST["decision"] == "not_shown":
                done = showing.take_back(entry, person(request), read)
            elif form.is_valid():
                done = showing.record(entry, person(request), form, read)
            else:
                return self._entry_page(request, entry, shown_form=form)
        except NotAllowed as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, done, messages.SUCCESS)
        return redirect(ways.entry_url(request, entry))


def _change_since(request: HttpRequest, entry: Signature) -> str:
    """What has happened to an entry since the page stood there that looks at it."""
    if request.GET.get("seen", entry.known_state) != entry.known_state:
        return str(MEANWHILE)
    read = ways.read(request)
    return str(moderation.CHANGED) if read and read != moderation.as_read(entry) else ""


def _is_on_its_way(entry: Signature) -> bool:
    return entry.is_anonymous and entry.known_state == State.APPROVED
