"""The list of recipients: add, move, remove, save."""

from collections import defaultdict
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.http import keeps_what_was_typed
from letters.actions import NotAllowed, Overtaken
from letters.actions.recipients import Addressee, addressees_of, digest_of, set_recipients
from letters.dashboard import repeater
from letters.dashboard.access import for_organisers, letter_or_404, organiser
from letters.dashboard.numbers import number_in
from letters.dashboard.pages import letter_page
from letters.models import Letter, Organisation, Recipient
from letters.permissions import edited_by
from letters.plain_text import read_plain_text

TYPED = ("name", "role", "organisation")
FIELDS = (*TYPED, "pk")
LONGEST = Recipient._meta.get_field("name").max_length or 0


@for_organisers
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_what_was_typed
def recipients(request: HttpRequest, slug: str) -> HttpResponse:
    letter = letter_or_404(request, edited_by, slug)
    if request.method != "POST":
        return _page(request, letter, _rows_of(letter))
    wish = request.POST.get("do", "")
    typed = repeater.rows_in(request.POST, "to", FIELDS)
    rows = repeater.act(typed, "to", FIELDS, wish)
    too_many = repeater.why_too_many(rows, "to", wish)
    if too_many:
        return _page(request, letter, rows, refusal=too_many)
    if wish.startswith("to:") or getattr(request, "csrf_failed", False):
        return _page(request, letter, rows)
    checked = [_checked(row) for row in rows if any(row.values[field].strip() for field in TYPED)]
    faulty = [one for one in checked if isinstance(one, repeater.Row)]
    if faulty:
        by_number = {row.number: row for row in faulty}
        rows = [by_number.get(row.number, row) for row in rows]
        links = [(row.number, *fault) for row in faulty for fault in row.faults.items()]
        return _page(request, letter, rows, faulty=links)
    try:
        set_recipients(
            letter=letter,
            addressees=[one for one in checked if isinstance(one, Addressee)],
            actor=organiser(request),
            instead_of=request.POST.get("seen"),
        )
    except Overtaken:
        return _page(request, letter, rows, saved=addressees_of(letter), status=409)
    except NotAllowed as refusal:
        return _page(request, letter, rows, refusal=str(refusal))
    messages.success(request, _("The recipients are saved."))
    return redirect("manage:recipients", slug)


def _checked(row: repeater.Row) -> Addressee | repeater.Row:
    """The recipient in a row; or the row, with what is wrong with it."""
    values, read, faults = row.values, dict.fromkeys(TYPED, ""), {}
    for field in TYPED:
        try:
            read[field] = read_plain_text(values[field]) if values[field].strip() else ""
        except ValidationError as fault:
            faults[field] = " ".join(fault.messages)
        if len(read[field]) > LONGEST:
            faults[field] = _("Use at most 200 characters.")
    if not values["name"].strip():
        faults["name"] = _("Enter a name or an office, or remove the row.")
    named = read["organisation"]
    organisation = Organisation.objects.named(named) if named else None
    if named and organisation is None:
        faults["organisation"] = _("This is not listed. Write it beside the office instead.")
    if faults:
        return repeater.Row(row.number, values, faults=defaultdict(str, faults))
    return Addressee(
        read["name"], read["role"], organisation, number_in(values["pk"], otherwise=0) or None
    )


def _rows_of(letter: Letter) -> list[repeater.Row]:
    rows = [
        {
            "name": one.name,
            "role": one.role,
            "organisation": one.organisation.name if one.organisation else "",
            "pk": str(one.pk),
        }
        for one in addressees_of(letter)
    ]
    rows = rows or [dict.fromkeys(FIELDS, "")]
    return [repeater.Row(number, row) for number, row in enumerate(rows, start=1)]


def _page(
    request: HttpRequest,
    letter: Letter,
    rows: list[repeater.Row],
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """`saved` is what somebody else has saved; whoever saves after reading that replaces it."""
    context = {"faulty": [], "saved": None, **context}
    is_first = request.method != "POST" or context["saved"] is not None
    seen = digest_of(addressees_of(letter)) if is_first else request.POST.get("seen", "")
    if getattr(request, "csrf_failed", False):
        status = 403
    return letter_page(
        request, "recipients", letter, rows=rows, seen=seen, status=status, **context
    )
