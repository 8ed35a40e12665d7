"""Every published text of a letter: by whom, how many stand under it, and writing on from it."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from letters import differences
from letters.actions import NotAllowed, Overtaken, Text, drafts
from letters.dashboard.access import for_organisers, letter_or_404, organiser
from letters.dashboard.numbers import number_in
from letters.dashboard.pages import as_text, letter_page
from letters.models import Letter, LetterVersion
from letters.permissions import edited_by, read_by
from signatories import statistics

VERSIONS_A_PAGE = 30


@dataclass(frozen=True)
class Published:
    """A version; who published it, where the trail knows an account; how many signed it."""

    version: LetterVersion
    number: int
    by: str


@for_organisers
@require_safe
def versions(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest first, by key and never by offset. Counts are those of the public page."""
    letter = letter_or_404(request, read_by, slug)
    after = number_in(request.GET.get("after", ""), otherwise=0)
    counts = statistics.by_version(letter, statistics.tally_of(letter))
    found = [one for one in counts if not after or one.version.number < after]
    shown = found[:VERSIONS_A_PAGE]
    by = _publishers(letter, [one.version.number for one in shown])
    return letter_page(
        request,
        "versions",
        letter,
        entries=[Published(c.version, c.number, by.get(c.version.number, "")) for c in shown],
        next_after=str(shown[-1].version.number) if len(found) > VERSIONS_A_PAGE else "",
    )


def _publishers(letter: Letter, numbers: list[int]) -> dict[int, str]:
    """The accounts that published these versions, by number; none where no account did."""
    entries = letter.audit_entries.filter(
        verb="letter.text_published", target__in=[str(number) for number in numbers]
    )
    found = entries.exclude(actor=None).select_related("actor")
    return {int(entry.target): entry.actor.username for entry in found if entry.actor}


@for_organisers
@require_http_methods(["GET", "HEAD", "POST"])
def version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """What a version said differently; editors begin a draft from it."""
    allowed = edited_by if request.method == "POST" else read_by
    letter = letter_or_404(request, allowed, slug)
    one = get_object_or_404(letter.versions, number=number)
    if request.method != "POST":
        return _page(request, letter, one)
    draft = drafts.draft_of(letter)
    if draft.pk and "replace" not in request.POST:
        return _page(request, letter, one, is_unconfirmed=True)
    try:
        drafts.save(
            letter=letter,
            written=drafts.written_in(one),
            revision=number_in(request.POST.get("revision", ""), otherwise=-1),
            actor=organiser(request),
        )
    except Overtaken as refusal:
        return _page(request, letter, one, refusal=str(refusal), status=409)
    except NotAllowed as refusal:
        return _page(request, letter, one, refusal=str(refusal))
    messages.success(request, _("The draft says now what version %(n)d said.") % {"n": number})
    return redirect("manage:text", slug)


def _page(
    request: HttpRequest, letter: Letter, one: LetterVersion, status: int = 200, **context: Any
) -> HttpResponse:
    before = letter.versions.filter(number__lt=one.number).order_by("number").last()
    draft, text = drafts.draft_of(letter), Text.of(one)
    counts = statistics.by_version(letter, statistics.tally_of(letter))
    context = {
        "version": one,
        "demands": one.demands.all(),
        "by": _publishers(letter, [one.number]).get(one.number, ""),
        "signed": next(count.number for count in counts if count.version == one),
        "before": before,
        "difference": differences.between(Text.of(before), text) if before else None,
        "draft": draft,
        "to_draft": differences.between(as_text(draft), text.tidied()) if draft.pk else None,
        "is_draft_of_it": as_text(draft) == text.tidied(),
        "is_unconfirmed": False,
        **context,
    }
    return letter_page(request, "version", letter, status=status, **context)
