"""Which letters a browser may read: those for everybody, and those for members of the
organisations that it has proven to belong to.

The proof is a cookie. It names organisations, each with an hour, and no person; the server keeps
nothing of it. It is encrypted, so that nobody who finds it can read or make one.
"""

import json
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from config import crypto, http
from letters.models import Letter, Organisation
from letters.models.letter import LetterQuerySet

COOKIE = "member"


def remember(request: HttpRequest, response: HttpResponse, organisation: Organisation) -> None:
    """Let this browser in as a member of one more organisation, for some hours."""
    until = timezone.now() + timedelta(hours=settings.MEMBER_HOURS)
    content = {**_read(request), organisation.slug: until.isoformat()}
    response.set_cookie(
        COOKIE,
        crypto.encrypt(json.dumps(content).encode()).decode(),
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )


def forget(response: HttpResponse) -> None:
    response.delete_cookie(COOKIE, samesite="Lax")


def organisations_of(request: HttpRequest) -> list[Organisation]:
    """The organisations whose membership this browser has proven, while that lasts."""
    found = Organisation.objects.filter(slug__in=_read(request))
    standing = {one.standing for one in found.select_related("merged_into")}
    return [one for one in standing if not one.is_withdrawn]


def _read(request: HttpRequest) -> dict[str, str]:
    """Until when the browser is a member of what: slugs → times. Each membership ends by itself."""
    try:
        content = json.loads(crypto.decrypt(request.COOKIES.get(COOKIE, "").encode()))
        now = timezone.now()
        return {slug: end for slug, end in content.items() if datetime.fromisoformat(end) > now}
    except (crypto.Unreadable, AttributeError, TypeError, ValueError):
        return {}


def internal_letters(request: HttpRequest) -> LetterQuerySet:
    """The letters inside the organisations that this browser belongs to."""
    letters = Letter.objects.none()
    for organisation in organisations_of(request):
        letters = letters | Letter.objects.admitting(organisation)
    return letters


def readable_letters(request: HttpRequest) -> LetterQuerySet:
    inside = internal_letters(request).values("pk")
    return Letter.objects.for_everybody() | Letter.objects.filter(pk__in=inside)


def readable_letter(request: HttpRequest, slug: str, *related: str) -> Letter:
    """The letter, or the one not-found page; what shows an internal one is kept inside, and what
    shows an unlisted one from search engines."""
    letters = readable_letters(request).with_pause()
    letter = get_object_or_404(letters.select_related(*related), slug=slug)
    if letter.is_internal:
        http.keep_inside(request)
    if not letter.is_for_search:
        http.keep_from_search(request)
    return letter
