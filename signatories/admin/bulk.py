"""Deciding by a rule: the form, the preview, the progress, the result, and taking it back.

Every page shows lines as they appear, and lets nobody see an entry that the queue would not
show. What has a rule or entries in it belongs to one letter, and is fetched through its
moderators.
"""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from letters.actions import NotAllowed
from letters.admin import person
from letters.permissions import moderated_by
from signatories import flags, roll
from signatories.actions import bulk
from signatories.admin.bulk_forms import RuleForm
from signatories.bulk_rule import Rule
from signatories.models import (
    BulkDecision,
    BulkEntry,
    BulkOutcome,
    Signature,
    State,
)
from signatories.models.bulk import GONE, LOST, BulkQuerySet

TEMPLATES = "admin/signatories/bulk"
SAMPLE = 20
RISKIEST = 5
LISTED = 100
ENTRIES_A_PAGE = 50
FIGURES = {
    **dict(BulkOutcome.choices),
    GONE: _("withdrawn meanwhile, or moved by a batch"),
    LOST: _("could not be taken back: withdrawn, or moved by a batch"),
}
View = Callable[..., HttpResponse]


def urls() -> list[URLPattern]:
    """The pages below the list of entries."""
    wrap, name = admin.site.admin_view, "signatories_bulk"
    return [
        path("bulk/", wrap(listing), name=name),
        path("bulk/new/", wrap(new), name=f"{name}_new"),
        path("bulk/<uuid:pk>/", wrap(one), name=f"{name}_one"),
        path("bulk/<uuid:pk>/entries/", wrap(entries), name=f"{name}_entries"),
    ]


# Who may ---------------------------------------------------------------------------------------


def _theirs(request: HttpRequest) -> BulkQuerySet:
    """Decisions about the letters that this person moderates; of previews, their own."""
    user = person(request)
    if not moderated_by(user).exists():
        raise PermissionDenied
    found = BulkDecision.objects.by_rule().filter(letter__in=moderated_by(user))
    found = found.begun() | found.previewed().filter(moderator=user)
    return found.select_related("letter", "moderator")


def _one_or_404(request: HttpRequest, pk: UUID) -> BulkDecision:
    found = _theirs(request).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, template: str, title: Any, **context: Any) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": title,
        "opts": Signature._meta,
        **context,
    }
    return TemplateResponse(request, f"{TEMPLATES}/{template}.html", context)


# The pages -------------------------------------------------------------------------------------


def listing(request: HttpRequest) -> HttpResponse:
    decisions = _theirs(request).order_by("-made_on", "pk")[:LISTED]
    return _page(request, "list", _("Decisions about many entries"), decisions=decisions)


def new(request: HttpRequest) -> HttpResponse:
    """The form. What it means is shown before anything is decided."""
    _theirs(request)
    user = person(request)
    if request.method != "POST":
        form = RuleForm(moderator=user, initial={"letter": request.GET.get("letter", "")})
        return _page(request, "new", _("Decide by rule"), form=form)
    form = RuleForm(request.POST, moderator=user)
    if not form.is_valid():
        return _page(request, "new", _("Decide by rule"), form=form)
    asked = form.cleaned_data
    made = bulk.preview(
        letter=asked["letter"],
        rule=form.rule,
        decision=asked["decision"],
        actor=user,
        reason=asked["reason"],
        note=asked["note"],
    )
    return redirect("admin:signatories_bulk_one", made.pk)


def one(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The preview, the progress or the result, whatever it has come to."""
    found = _one_or_404(request, pk)
    if request.method == "POST":
        return _act(request, found)
    if found.is_previewed:
        return _page(request, "preview", _("What the rule means"), **_previewed(found))
    title = _("Ticked in the list") if found.is_selection else _("A decision by rule")
    page = _page(request, "one", title, **_result(request, found))
    if request.headers.get("HX-Request") and not found.is_at_work:
        # Scripts watch the progress alone; what can be done next stands around it.
        page["HX-Redirect"] = request.path
    return page


def entries(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What became of each entry, by key and never by offset."""
    found = _one_or_404(request, pk)
    if found.is_previewed:
        raise Http404
    after = _key_in(request.GET.get("after", ""))
    further = found.entries.filter(pk__gt=after) if after else found.entries.all()
    rows = list(_with_lines(further.order_by("pk")[: ENTRIES_A_PAGE + 1]))
    shown = rows[:ENTRIES_A_PAGE]
    return _page(
        request,
        "entries",
        _("Entry by entry"),
        bulk=found,
        rows=[_row(entry, found) for entry in shown],
        next_after=str(shown[-1].pk) if len(rows) > ENTRIES_A_PAGE else "",
        here=request.GET.get("after", ""),
    )


def _key_in(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


# What they show --------------------------------------------------------------------------------


def _with_lines(rows: QuerySet[BulkEntry]) -> QuerySet[BulkEntry]:
    related = ("signature__letter", "signature__organisation", "signature__shown_organisation")
    return rows.select_related(*related).prefetch_related("signature__flags__other")


def _row(entry: BulkEntry, found: BulkDecision) -> dict[str, Any]:
    """The line, unless the queue does not show it either: what is said `instead`, in two parts."""
    signature = entry.signature
    instead = _instead_of_line(signature)
    return {
        "entry": entry,
        "signature": signature,
        "instead": instead,
        "line": None if instead else roll.line(signature),
        "flags": [] if instead else [flags.in_words(flag) for flag in signature.flags.all()],
        "can_be_taken_back": entry.outcome == BulkOutcome.DONE and found.can_be_undone,
    }


def _instead_of_line(signature: Signature) -> tuple[str, str] | None:
    """Of an anonymous entry that waits for its batch nobody sees more than that, and words that
    were written anew come into the queue with what speaks against them."""
    if signature.is_anonymous and signature.known_state == State.APPROVED:
        waits = gettext("Approved; it comes with the next batch")
        return gettext("An entry without a name"), waits
    if signature.state == State.IN_REVIEW and signature.needs_check:
        return gettext("An entry that changed"), gettext("It is being checked, within moments")
    return None


def _previewed(found: BulkDecision) -> dict[str, Any]:
    rows = found.entries.all()
    numbers = rows.aggregate(
        verified=Count("pk", filter=~Q(signature__method="none")),
        nameless=Count("pk", filter=Q(signature__appearance__in=["anonymous", "counted"])),
    )
    flagged = rows.filter(signature__flags__isnull=False)
    singly = flagged.filter(signature__flags__kind__in=bulk.DECIDED_SINGLY)
    by_risk = rows.order_by("-signature__risk", "pk")
    is_small = found.total <= SAMPLE  # All of them are shown, and none of them twice.
    sample = by_risk if is_small else rows.order_by("pk")[:SAMPLE]
    riskiest = by_risk.none() if is_small else by_risk.filter(signature__risk__gt=0)[:RISKIEST]
    rule = Rule.from_json(found.rule)
    return {
        "bulk": found,
        "rule": rule.in_words(),
        "is_everything": not rule.asks_for_something,
        "sample": [_row(one, found) for one in _with_lines(sample)],
        "riskiest": [_row(one, found) for one in _with_lines(riskiest)],
        "flagged": flagged.distinct().count(),
        "singly": singly.distinct().count(),
        "most": bulk.MOST,
        "unchecked": rule.unchecked(found.letter).count(),
        **numbers,
    }


def _result(request: HttpRequest, found: BulkDecision) -> dict[str, Any]:
    said = FIGURES | ({BulkOutcome.DONE.value: _("decided")} if found.is_selection else {})
    figures = [(said[what], number) for what, number in found.figures.items() if number]
    return {
        "bulk": found,
        "rule": [] if found.is_selection else Rule.from_json(found.rule).in_words(),
        "figures": figures,
        "is_asked": request.GET.get("ask") == "undo" and found.can_be_undone,
    }


# What the buttons do ---------------------------------------------------------------------------


def _act(request: HttpRequest, found: BulkDecision) -> HttpResponse:
    """Every button says in `do` what it is for; that of one entry gives its key with it."""
    wish, _colon, key = request.POST.get("do", "").partition(":")
    verb = {"start": bulk.start, "cancel": bulk.cancel, "undo": bulk.undo}.get(wish)
    try:
        if verb:
            verb(bulk=found, actor=person(request))
        elif wish == "undo_one":
            return _undo_one(request, found, key)
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    return redirect("admin:signatories_bulk_one", found.pk)


def _undo_one(request: HttpRequest, found: BulkDecision, key: str) -> HttpResponse:
    meant = _key_in(key)
    entry = found.entries.filter(pk=meant).first() if meant else None
    say = partial(messages.warning, request, gettext("This entry is no longer here."))
    try:
        if entry:
            bulk.undo_one(entry=entry, actor=person(request))
            say = partial(messages.success, request, gettext("Taken back."))
    except NotAllowed as refusal:
        say = partial(messages.error, request, str(refusal))
    say()
    back = redirect("admin:signatories_bulk_entries", found.pk)
    after = _key_in(request.POST.get("after", ""))
    return redirect(f"{back['Location']}?after={after}") if after else back
