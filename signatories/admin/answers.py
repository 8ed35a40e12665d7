"""What a moderator is told after a decision, and where they find themselves.

The script of the list asks for JSON and stays where it is; a browser without it goes on by itself.
"""

from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string

from letters.actions import NotAllowed
from letters.admin import person
from signatories.actions import reading
from signatories.admin import rows, ways, words
from signatories.admin.room import ANSWERED, MEANWHILE, NOT_HERE
from signatories.models import Signature

TEMPLATES = "admin/signatories/signature"
STAYING = ("up", "back")


def done(
    request: HttpRequest,
    decision: str,
    before: Signature,
    decided: Signature,
    following: Signature | None,
) -> HttpResponse:
    if wants_json(request):
        return _in_place(request, decision, before, decided)
    sentence = words.what_happened(before, decided, decision)
    messages.success(request, sentence)
    if ways.is_from_list(request):
        return redirect(ways.list_url(request, following))
    if decision in STAYING:
        return redirect(ways.entry_url(request, decided))
    if following is None:
        return redirect(ways.list_url(request))
    with suppress(NotAllowed):  # Somebody was quicker: its page says so.
        reading.claim(signature=following, actor=person(request))
    return redirect(ways.entry_url(request, following))


def not_done(
    request: HttpRequest, entry: Signature | None, sentence: str, level: int
) -> HttpResponse:
    if wants_json(request):
        return refused(sentence)
    messages.add_message(request, level, sentence)
    if entry is None:
        return redirect(ways.list_url(request))
    return redirect(ways.entry_url(request, entry))


def refused(sentence: str) -> JsonResponse:
    """For the script: why nothing was done, and whether anything is left to decide."""
    is_gone = sentence in (str(NOT_HERE), str(MEANWHILE), str(ANSWERED))
    return JsonResponse({"done": False, "gone": is_gone, "sentence": sentence}, status=409)


def _in_place(
    request: HttpRequest, decision: str, before: Signature, decided: Signature
) -> JsonResponse:
    sentence = words.happened(before, decided, decision)
    if decision in STAYING:
        name, context = "_buttons", _as_row(request, decided)
    else:
        name, context = "_decided", words.undoing(request, before, decided, decision)
    html = render_to_string(f"{TEMPLATES}/{name}.html", {"sentence": sentence, **context})
    return JsonResponse({"done": True, "sentence": sentence, "html": html})


def _as_row(request: HttpRequest, decided: Signature) -> dict[str, Any]:
    return {"row": rows.row(request, decided)}


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"
