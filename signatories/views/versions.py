"""The texts of a letter as they stood, and what each says differently from the one before."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from config.http import public_for
from letters import differences
from letters.actions import Text
from letters.models import Letter, LetterVersion
from signatories import statistics
from signatories.views import access
from signatories.views.public import FRESH_SECONDS


@require_safe
@public_for(FRESH_SECONDS)
def versions(request: HttpRequest, slug: str) -> HttpResponse:
    letter = access.readable_letter(request, slug, "current_version", "tally")
    return render(request, "signatories/versions.html", about_versions(letter))


def about_versions(letter: Letter) -> dict[str, Any]:
    """What the list of versions shows, here and in the letter's archive."""
    tally = statistics.tally_of(letter)
    return {
        "letter": letter,
        "tally": tally,
        "counts": statistics.by_version(letter, tally),
    }


@require_safe
@public_for(FRESH_SECONDS)
def version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    letter = access.readable_letter(request, slug, "current_version", "tally")
    version = get_object_or_404(letter.versions, number=number)
    return render(request, "signatories/version.html", about_version(letter, version))


def about_version(letter: Letter, version: LetterVersion) -> dict[str, Any]:
    number = version.number
    before = letter.versions.filter(number__lt=number).order_by("number").last()
    counts = statistics.by_version(letter, statistics.tally_of(letter))
    return {
        "letter": letter,
        "version": version,
        "demands": version.demands.all(),
        "signed": next(count.number for count in counts if count.version == version),
        "latest": counts[0].version,
        "before": before,
        "difference": _difference(before, version) if before else None,
    }


@require_safe
@public_for(FRESH_SECONDS)
def text(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """The very bytes that the digest of a version was taken of, for whoever wants to check."""
    letter = access.readable_letter(request, slug)
    version = get_object_or_404(letter.versions.prefetch_related("demands"), number=number)
    return HttpResponse(version.canonical, content_type="application/json")


def _difference(before: LetterVersion, after: LetterVersion) -> differences.Difference:
    return differences.between(Text.of(before), Text.of(after))
