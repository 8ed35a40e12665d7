"""Roll and statistics as files: CSV and XLSX for spreadsheets, JSON for programs.

Every file is a stream. The roll is read by key while it is sent, so that a long one takes time and
no memory, and nothing of it lies on a disk. `docs/api.md` describes the members.
"""

import csv
import dataclasses
import io
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config import workbooks
from config.workbooks import Sheet
from letters.models import Letter
from letters.plain_text import guarded
from signatories import statistics
from signatories.exports.rows import COLUMNS, Row, of_roll

ROWS_AT_ONCE = 500
CSV = "text/csv; charset=utf-8"
JSON = "application/json"
# Spreadsheets know UTF-8 by it.
MARK = "\ufeff".encode()
# Where a comma is a decimal sign, spreadsheets part cells at semicolons, also within ours.
FORMULA_BEHIND_SEMICOLON = re.compile(r"(;\s*)(?=[=+\-@|%＝＋－＠｜％])")
WIDTHS = (28, 56, 28, 28, 18, 28, 10, 12, 14, 12)
FIGURES = ("figure", "of", "number", "as_of")

Cells = Sequence[str | int]
Write = Callable[[Letter], Iterator[bytes]]
Anything = TypeVar("Anything")


# About a file --------------------------------------------------------------------------------


def notes(letter: Letter) -> list[str]:
    """What a reader of the roll has to know, and what is left out of it."""
    return [
        *_who_may_read_it(letter),
        _(
            "These are the lines as the public roll shows them. There is no address, no day and no "
            "way of verification for any of them, because the roll has none either."
        ),
        _small_groups(letter),
        _("Signatures that are counted without a line are in the numbers only."),
        _(
            "The order is that of names. Anonymous signatures are placed between them by lot, and "
            "no place says when anyone signed."
        ),
        _(
            "People can ask search engines not to list their name. The pages of the roll say so; "
            "this file cannot. Where you put it on the web, keep search engines out of it."
        ),
        _("People can withdraw. Ask for the roll again before you print or pass on an old file."),
    ]


def _notes_on_numbers(letter: Letter) -> list[str]:
    return [
        *_who_may_read_it(letter),
        _(
            "These are the public numbers of the letter. Those that include anonymous signatures "
            "move in batches, so that no change shows who signed when."
        ),
        _small_groups(letter),
    ]


def _who_may_read_it(letter: Letter) -> list[str]:
    if not letter.is_internal:
        return []
    return [_("For members of the letter’s organisations only. Do not pass it on.")]


def _small_groups(letter: Letter) -> str:
    return ngettext(
        "An anonymous signature names its organisation only where %(n)d verified anonymous "
        "signature of that organisation stands under the letter. Smaller groups are left out.",
        "An anonymous signature names its organisation only where at least %(n)d verified "
        "anonymous signatures of that organisation stand under the letter. Smaller groups are "
        "left out.",
        letter.minimum_group_size,
    ) % {"n": letter.minimum_group_size}


def about(letter: Letter) -> dict[str, Any]:
    """The members of `roll.json` beside the lines."""
    return {
        "letter": letter.slug,
        "title": letter.title,
        "address": f"{settings.SITE_URL}{letter.get_absolute_url()}",
        "counted_on": statistics.tally_of(letter).counted_on.isoformat(),
        "for_members_only": letter.is_internal,
        "minimum_group_size": letter.minimum_group_size,
        "notes": notes(letter),
    }


def _about_sheet(letter: Letter, notes: list[str]) -> Sheet:
    facts = about(letter)
    rows: list[Cells] = [
        (_("Letter"), letter.title),
        (_("Address"), facts["address"]),
        (_("Counted on"), facts["counted_on"]),
        *((_("Note"), note) for note in notes),
    ]
    return Sheet(_("About this file"), (_("What"), _("Says")), rows, (16, 120))


# The roll ------------------------------------------------------------------------------------


def roll_csv(lines: Iterable[Row]) -> Iterator[bytes]:
    return _csv(COLUMNS, _in_cells(lines))


def roll_xlsx(letter: Letter, lines: Iterable[Row]) -> Iterator[bytes]:
    sheet = Sheet(_("Roll"), COLUMNS, _in_cells(lines), WIDTHS)
    return workbooks.workbook([sheet, _about_sheet(letter, notes(letter))])


def roll_json(letter: Letter, lines: Iterable[Row]) -> Iterator[bytes]:
    """One line of text for each line of the roll, so that others can stream it too."""
    yield _as_json(about(letter)).removesuffix("\n}").encode() + b',\n  "lines": ['
    before = "\n"
    for some in _some(lines):
        texts = [json.dumps(dataclasses.asdict(line), ensure_ascii=False) for line in some]
        yield (before + ",\n".join(f"    {text}" for text in texts)).encode()
        before = ",\n"
    yield b"\n  ]\n}\n"


def _in_cells(lines: Iterable[Row]) -> Iterator[Cells]:
    words = {True: _("yes"), False: _("no")}
    for line in lines:
        yield (
            line.name,
            line.line,
            line.title,
            line.organisation,
            line.tenure,
            line.role,
            words[line.verified],
            words[line.anonymous],
            words[line.demonstration],
            "" if line.shown_first is None else line.shown_first,
        )


# The numbers ---------------------------------------------------------------------------------


def figures(letter: Letter) -> list[Cells]:
    """The numbers of `stats.json`, a row each: which figure, of what, how many, as of which day."""
    document = statistics.public_statistics(letter)
    today, batch = document["counted_on"], document["last_batch_on"] or ""
    last = document["as_of_last_batch"]
    simple = ("received", "confirmed", "published", "waiting", "withdrawn")
    median = last["median_days_to_decision"]
    return [
        *(("published", kind, n, today) for kind, n in document["published"].items()),
        *((name, "", last[name], batch) for name in simple),
        *([("median_days_to_decision", "", median, batch)] if median is not None else []),
        *(("rejected", reason, n, batch) for reason, n in last["rejected"].items()),
        *(("by_method", method, n, batch) for method, n in last["by_method"].items()),
        *(
            ("by_version", str(row["version"]), row["signatures"], today)
            for row in document["by_version"]
        ),
        *(
            ("verified_by_organisation", row["name"], row["signatures"], today)
            for row in document["verified_by_organisation"]
        ),
    ]


def statistics_csv(letter: Letter) -> Iterator[bytes]:
    return _csv(FIGURES, figures(letter))


def statistics_xlsx(letter: Letter) -> Iterator[bytes]:
    sheet = Sheet(_("Statistics"), FIGURES, figures(letter), (26, 40, 12, 14))
    return workbooks.workbook([sheet, _about_sheet(letter, _notes_on_numbers(letter))])


def statistics_json(letter: Letter) -> Iterator[bytes]:
    """The same document as `stats.json`."""
    yield f"{_as_json(statistics.public_statistics(letter))}\n".encode()


# The files -----------------------------------------------------------------------------------

# Name → content type, and what writes it.
FILES: dict[str, tuple[str, Write]] = {
    "roll.csv": (CSV, lambda letter: roll_csv(of_roll(letter))),
    "roll.xlsx": (workbooks.CONTENT_TYPE, lambda letter: roll_xlsx(letter, of_roll(letter))),
    "roll.json": (JSON, lambda letter: roll_json(letter, of_roll(letter))),
    "statistics.csv": (CSV, statistics_csv),
    "statistics.xlsx": (workbooks.CONTENT_TYPE, statistics_xlsx),
    "statistics.json": (JSON, statistics_json),
}


def name_of(letter: Letter, file: str) -> str:
    """What the file is called where it is saved: of which letter it is, for whom, as of when."""
    stem, _dot, ending = file.partition(".")
    day = statistics.tally_of(letter).counted_on.isoformat()
    inside = "members-only-" if letter.is_internal else ""
    return f"{letter.slug}-{inside}{stem}-{day}.{ending}"


def _csv(columns: Cells, rows: Iterable[Cells]) -> Iterator[bytes]:
    yield MARK
    for some in _some(itertools.chain([columns], rows)):
        text = io.StringIO()
        # Every cell in quotes: nothing within one parts it in two.
        writer = csv.writer(text, quoting=csv.QUOTE_ALL)
        writer.writerows([_in_spreadsheet(cell) for cell in row] for row in some)
        yield text.getvalue().encode()


def _in_spreadsheet(cell: str | int) -> str:
    """The cell, in a way that no spreadsheet calculates any part of it."""
    return FORMULA_BEHIND_SEMICOLON.sub(r"\1'", guarded(str(cell).lstrip().replace("\0", "")))


def _some(rows: Iterable[Anything]) -> Iterator[list[Anything]]:
    each = iter(rows)
    while some := list(itertools.islice(each, ROWS_AT_ONCE)):
        yield some


def _as_json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)
