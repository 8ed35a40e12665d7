"""The list of recipients: add, move, remove, save."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.http import keeps_what_was_typed
from letters.actions import NotAllowed
from letters.actions.recipients import Addressee, set_recipients
from letters.dashboard import repeater
from letters.dashboard.access import for_organisers, letter_or_404, organiser
from letters.dashboard.pages import letter_page
from letters.models import Letter, Organisation, Recipient
from letters.permissions import edited_by
from letters.plain_text import read_plain_text

FIELDS = ("name", "role", "organisation", "pk")
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
    if wish.startswith("to:") or getattr(request, "csrf_failed", False):
        return _page(request, letter, rows)
    checked = [_checked(row) for row in rows if row.values["name"].strip()]
    addressees = [one for one in checked if isinstance(one, Addressee)]
    faulty = [one for one in checked if isinstance(one, repeater.Row)]
    if faulty:
        by_number = {row.number: row for row in faulty}
        rows = [by_number.get(row.number, row) for row in rows]
        return _page(request, letter, rows, refusal=_("One of the rows needs another look."))
    try:
        set_recipients(letter=letter, addressees=addressees, actor=organiser(request))
    except NotAllowed as refusal:
        return _page(request, letter, rows, refusal=str(refusal))
    return redirect("manage:recipients", slug)


def _checked(row: repeater.Row) -> Addressee | repeater.Row:
    """The recipient in a row; or the row, with what is wrong with it."""
    values = row.values
    try:
        name, role, named = (
            read_plain_text(values[field]) if values[field].strip() else ""
            for field in ("name", "role", "organisation")
        )
    except ValidationError as fault:
        return repeater.Row(row.number, values, error=" ".join(fault.messages))
    if max(len(name), len(role)) > LONGEST:
        return repeater.Row(row.number, values, error=_("Use at most 200 characters."))
    organisation = Organisation.objects.named(named) if named else None
    if named and organisation is None:
        fault_of_name = _("This organisation is not listed. Write it beside the office instead.")
        return repeater.Row(row.number, values, error=fault_of_name)
    pk = int(values["pk"]) if values["pk"].isdecimal() else None
    return Addressee(name, role, organisation, pk)


def _rows_of(letter: Letter) -> list[repeater.Row]:
    rows = [
        {
            "name": one.name,
            "role": one.role,
            "organisation": one.organisation_name,
            "pk": str(one.pk),
        }
        for one in letter.recipients.select_related("organisation")
    ]
    rows = rows or [dict.fromkeys(FIELDS, "")]
    return [repeater.Row(number, row) for number, row in enumerate(rows, start=1)]


def _page(
    request: HttpRequest, letter: Letter, rows: list[repeater.Row], refusal: str = ""
) -> HttpResponse:
    status = 403 if getattr(request, "csrf_failed", False) else 200
    return letter_page(request, "recipients", letter, rows=rows, refusal=refusal, status=status)
