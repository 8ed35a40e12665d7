"""Bringing people who want to sign: a spreadsheet, its columns, its report, and invitations.

Nothing here tells who has answered: an organiser who invited one person would else see what
that person did.
"""

import csv
import io
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from config import crypto, keys, ratelimit
from config.http import keeps_what_was_typed
from config.uploads import takes_file
from letters.actions import NotAllowed
from letters.dashboard.access import (
    ask_for_factor,
    completes_forms,
    for_organisers,
    letter_or_404,
    organiser,
    with_second_factor,
)
from letters.dashboard.numbers import number_in
from letters.dashboard.pages import letter_page
from letters.models import Letter, Organisation
from letters.permissions import owned_by
from signatories import columns, roll, spreadsheets
from signatories.actions import importing
from signatories.columns import Names, Read
from signatories.forms.imports import ColumnsForm, FileForm, StartForm
from signatories.models import NOTES, Fault, Import, ImportFault, ImportState
from signatories.spreadsheets import Table
from signatories.verification import invitation
from signatories.views import pages

READ_AND_SEND = ["GET", "HEAD", "POST"]
REACH_MANY = ("start", "resume")
PREVIEWED = 20
FAULTS_A_PAGE = 100
WORKING = (ImportState.READING, ImportState.SENDING)


# The file -----------------------------------------------------------------------------------


@with_second_factor
@takes_file(spreadsheets.LARGEST)
@require_http_methods(READ_AND_SEND)
def upload(request: HttpRequest, slug: str) -> HttpResponse:
    letter = letter_or_404(request, owned_by, slug)
    if request.method != "POST":
        return _upload_page(request, letter, FileForm(None))
    form = FileForm(request.POST, request.FILES)
    if getattr(request, "file_is_too_large", False):
        form.errors["file"] = form.error_class([spreadsheets.too_large()])
        return _upload_page(request, letter, form)
    try:
        # Before the file is read: that is the work of which there is to be no more.
        ratelimit.check("import:letter", letter.slug)
        if form.is_valid():
            return redirect("manage:import_of", slug, _begun(request, letter, form).pk)
    except (ratelimit.LimitReached, NotAllowed) as refusal:
        return _upload_page(request, letter, FileForm(None), refusal)
    return _upload_page(request, letter, form)


def _begun(request: HttpRequest, letter: Letter, form: FileForm) -> Import:
    table = form.cleaned_data["file"]
    return importing.begin(letter=letter, table=table, actor=organiser(request))


def _upload_page(
    request: HttpRequest,
    letter: Letter,
    form: FileForm,
    refusal: ratelimit.LimitReached | NotAllowed | None = None,
) -> HttpResponse:
    return letter_page(
        request,
        "import",
        letter,
        status=pages.status_of(refusal) if refusal else 200,
        form=form,
        refusal=pages.refusal(refusal) if refusal else "",
        why_not=invitation.why_not(letter),
        imports=letter.imports.order_by("-erase_after", "pk")[:20],
        is_busy=letter.imports.unfinished().exists(),
        hours=settings.UNCONFIRMED_NAMED_HOURS,
        days=settings.INVITED_DAYS,
        most_rows=spreadsheets.MOST_ROWS,
    )


# One import ---------------------------------------------------------------------------------


@completes_forms
@with_second_factor
@require_http_methods(READ_AND_SEND)
@keeps_what_was_typed
def import_of(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """The page of an import, whatever state it is in."""
    letter = letter_or_404(request, owned_by, slug)
    source = _source_or_404(letter, pk)
    if request.method != "POST":
        page = _page(request, source)
        if request.headers.get("HX-Request") and source.state not in WORKING:
            # Scripts watch the progress alone; what can be done next stands around it.
            page["HX-Redirect"] = request.path
        return page
    wish = request.POST.get("do", "")
    if getattr(request, "csrf_failed", False):
        return _shown_again(request, source, wish)
    if wish in ("preview", "read"):
        return _columns_sent(request, source, wish)
    return _sent(request, source, wish)


def _source_or_404(letter: Letter, pk: UUID) -> Import:
    source = letter.imports.select_related("letter__current_version").filter(pk=pk).first()
    if source is None:
        raise Http404
    return source


def _shown_again(request: HttpRequest, source: Import, wish: str) -> HttpResponse:
    """The form that came without its token, as it was filled in."""
    table = _opened(source) if source.state == ImportState.MAPPING else None
    if table:
        return _columns_page(request, source, ColumnsForm(table, request.POST), status=403)
    form = StartForm(request.POST if wish == "start" else None)
    return _page(request, source, start_form=form, status=403)


def _sent(request: HttpRequest, source: Import, wish: str) -> HttpResponse:
    user, form = organiser(request), StartForm(request.POST)
    try:
        if wish in REACH_MANY:
            ask_for_factor(request)
        if wish == "start" and not form.is_valid():
            return _page(request, source, start_form=form)
        if wish == "start":
            importing.start(source=source, actor=user)
        elif wish == "resume":
            importing.resume(source=source, actor=user)
        elif wish == "pause":
            importing.pause(source=source, actor=user)
        elif wish == "cancel":
            importing.cancel(source=source, actor=user)
    except NotAllowed as refusal:
        return _page(request, source, refusal=str(refusal))
    return redirect("manage:import_of", source.letter.slug, source.pk)


def _page(request: HttpRequest, source: Import, **context: Any) -> HttpResponse:
    if source.state == ImportState.MAPPING:
        return _columns_page(request, source)
    context = {
        "start_form": StartForm(),
        "why_not": invitation.why_not(source.letter),
        "faults": _faults_by_kind(source),
        "is_working": source.state in WORKING,
        "not_invited": source.rows_done - source.invited,
        "left": source.invited - source.sent - source.undeliverable,
        "a_minute": settings.INVITATIONS_PER_MINUTE,
        **context,
    }
    return letter_page(request, "import_of", source.letter, source=source, **context)


def _faults_by_kind(source: Import) -> list[tuple[str, int]]:
    """(what is wrong, with how many rows), in the order of the kinds."""
    rows = source.faults.order_by().values_list("fault").annotate(number=Count("pk"))
    numbers = dict(rows)
    return [(str(kind.label), numbers[kind.value]) for kind in Fault if kind.value in numbers]


# Columns ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Previewed:
    """A row as its line would appear, or why it would not."""

    row: int
    line: roll.Line | None
    words: list[str]
    suggestion: Organisation | None


def _columns_sent(request: HttpRequest, source: Import, wish: str) -> HttpResponse:
    table = _opened(source)
    if table is None or source.state != ImportState.MAPPING:
        return redirect("manage:import_of", source.letter.slug, source.pk)
    form = ColumnsForm(table, request.POST)
    if not form.is_valid() or wish == "preview":
        return _columns_page(request, source, form)
    try:
        importing.choose_columns(source=source, mapping=form.mapping, actor=organiser(request))
    except NotAllowed as refusal:
        return _columns_page(request, source, form, refusal=str(refusal))
    return redirect("manage:import_of", source.letter.slug, source.pk)


def _opened(source: Import) -> Table | None:
    try:
        return importing.opening(source)
    except (keys.KeyLost, crypto.Unreadable):
        return None


def _columns_page(
    request: HttpRequest, source: Import, form: ColumnsForm | None = None, **context: Any
) -> HttpResponse:
    table = _opened(source)
    if table is None:
        raise Http404
    form = form or ColumnsForm(table)
    return letter_page(
        request,
        "import_columns",
        source.letter,
        source=source,
        form=form,
        columns=_columns(table, form),
        previewed=_previewed(table, form),
        **context,
    )


def _columns(table: Table, form: ColumnsForm) -> list[dict[str, Any]]:
    return [
        {
            "head": head or _("Column %(number)d") % {"number": place + 1},
            "field": form[f"column-{place}"],
            "samples": columns.samples(table.rows, place),
            "is_dates": columns.looks_like_dates(head, columns.samples(table.rows, place)),
        }
        for place, head in enumerate(table.heads)
    ]


def _previewed(table: Table, form: ColumnsForm) -> list[Previewed]:
    names, mapping = Names(), form.shown_mapping
    read = (columns.read_row(row, mapping) for row in table.rows[:PREVIEWED])
    return [_preview(one, names) for one in read]


def _preview(read: Read, names: Names) -> Previewed:
    words = [str(fault.label) for fault in read.faults]
    if read.person is None:
        return Previewed(read.row, None, words, None)
    line = invitation.line_of(names.as_listed(read.person))
    return Previewed(read.row, line, words, names.suggestion(read.person.organisation))


# The report ---------------------------------------------------------------------------------


@for_organisers
@require_safe
def report(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """What is wrong with which row, in the order of the spreadsheet, by key and never by offset."""
    letter = letter_or_404(request, owned_by, slug)
    source = _source_or_404(letter, pk)
    found = list(_faults_after(source, request.GET.get("after", ""))[: FAULTS_A_PAGE + 1])
    shown = found[:FAULTS_A_PAGE]
    is_last = len(found) <= FAULTS_A_PAGE
    next_after = "" if is_last else f"{shown[-1].row}-{shown[-1].fault}"
    return letter_page(
        request,
        "import_report",
        letter,
        source=source,
        faults=shown,
        next_after=next_after,
        notes=NOTES,
    )


def _faults_after(source: Import, after: str) -> QuerySet[ImportFault]:
    row, _dash, fault = after.replace("\0", "").partition("-")
    number = number_in(row, otherwise=0)
    further = Q(row__gt=number) | Q(row=number, fault__gt=fault)
    return source.faults.filter(further).order_by("row", "fault")


@for_organisers
@require_safe
def report_csv(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """The same as a file: numbers of rows and our own words, so nothing a program would run."""
    source = _source_or_404(letter_or_404(request, owned_by, slug), pk)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_("Row"), _("What is wrong"), _("Invited")])
    for fault in source.faults.order_by("row", "fault"):
        is_invited = _("yes") if fault.fault in NOTES else _("no")
        writer.writerow([fault.row, fault.get_fault_display(), is_invited])
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{source.letter.slug}.csv"'
    return response
