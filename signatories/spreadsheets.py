"""Reading the spreadsheet of a web form: bytes in, rows of text out, and nothing is calculated.

CSV in the encodings and with the separators that programs write, and XLSX. Whatever is wrong
with a file is said in a sentence for the person who brought it.
"""

import codecs
import csv
import io
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

LARGEST = 10 * 1024 * 1024
LARGEST_UNPACKED = 100 * 1024 * 1024
MOST_PARTS = 2000
MOST_ROWS = 50_000
MOST_COLUMNS = 100
LONGEST_CELL = 500  # Of a longer one nothing could stand on a roll, or be an address.
LOOKED_AT = 50  # Rows by which the separator is guessed.
ENOUGH_ZEROS = 0.3
LAST_ROW = 1_048_576  # Of a sheet in Excel.
MOST_TEXT = 2 * LARGEST  # Characters. A workbook can repeat one long text in every cell.

Row = tuple[int, list[str]]


class Unreadable(Exception):
    """The message says, for the person who brought the file, what is wrong with it."""


@dataclass(frozen=True)
class Table:
    """The heads of the columns, and the rows below with their numbers in the spreadsheet."""

    heads: list[str]
    rows: list[Row]


def read(content: bytes) -> Table:
    """The first sheet with anything in it; raise `Unreadable`."""
    if len(content) > LARGEST:
        raise Unreadable(too_large())
    if content.startswith(b"PK\x03\x04"):
        return _table(_workbook_rows(content))
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(
            _("This file is in an old format of Excel, or has a password. Save it as XLSX or CSV.")
        )
    return _table(_text_rows(content))


def too_large() -> str:
    return _("The file is larger than 10 MB. Leave out columns that are not needed, or divide it.")


def _table(found: Iterable[list[str]]) -> Table:
    """Empty rows are left out, and counted on. A first row that holds an address is no head."""
    rows: list[Row] = []
    length = 0
    for number, cells in enumerate(found, start=1):
        row = _trimmed(cells)
        if row:
            rows.append((number, row))
        length += sum(map(len, row))
        if length > MOST_TEXT:
            raise Unreadable(_unpacks_to_too_much())
        if len(row) > MOST_COLUMNS:
            raise Unreadable(
                _("The file has more than %(most)d columns. Keep those that are needed.")
                % {"most": MOST_COLUMNS}
            )
        if len(rows) > MOST_ROWS + 1:
            raise Unreadable(
                _("The file has more than %(most)d rows. Divide it.") % {"most": MOST_ROWS}
            )
    if not rows:
        raise Unreadable(_("There is nothing in this file."))
    has_heads = not any("@" in cell for cell in rows[0][1])
    heads, below = (rows[0][1], rows[1:]) if has_heads else ([], rows)
    if not below:
        raise Unreadable(_("Nothing stands below the first row."))
    width = max(len(heads), *(len(cells) for _number, cells in below))
    return Table(heads + [""] * (width - len(heads)), below)


def _unpacks_to_too_much() -> str:
    return _("This file is too large once it is unpacked. Save it as CSV.")


def _trimmed(cells: list[str]) -> list[str]:
    """One line in each cell, and no empty cells at the end."""
    row = [" ".join(cell[: 4 * LONGEST_CELL].split())[:LONGEST_CELL] for cell in cells]
    while row and not row[-1]:
        row.pop()
    return row


# CSV ---------------------------------------------------------------------------------------


def _text_rows(content: bytes) -> Iterator[list[str]]:
    text = _decoded(content).replace("\0", "")
    announced = re.match(r"sep=(.)\r?\n", text)
    if announced:  # Excel's own first line.
        text = text[announced.end() :]
    try:
        yield from _records(text, announced[1] if announced else _separator_of(text))
    except csv.Error:
        raise Unreadable(
            _("A cell of this file has no end. Look for a quotation mark without its pair.")
        ) from None


def _decoded(content: bytes) -> str:
    """The text: UTF-8 or UTF-16 where it can be that, else what Windows wrote before."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    if content.count(b"\0") > ENOUGH_ZEROS * len(content):
        return content.decode(_unmarked_utf16(content), errors="replace")
    if content.count(b"\0") > len(content) // 100:
        raise Unreadable(_("This is neither CSV nor XLSX. Save the spreadsheet as one of them."))
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _unmarked_utf16(content: bytes) -> str:
    """Letters of Europe have a zero as one of their two bytes, which tells their order."""
    return "utf-16-le" if content[1::2].count(0) > content[::2].count(0) else "utf-16-be"


def _records(text: str, separator: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator)


def _separator_of(text: str) -> str:
    """The separator by which most of the first rows have one width, and the widest one."""
    return max(",;\t|", key=lambda separator: _fit(text, separator))


def _fit(text: str, separator: str) -> tuple[int, int]:
    try:
        widths = Counter(len(row) for row in islice(_records(text, separator), LOOKED_AT) if row)
    except csv.Error:
        return 0, 0
    wide = [(number, width) for width, number in widths.items() if width > 1]
    return max(wide, default=(0, 0))


# XLSX --------------------------------------------------------------------------------------


def _workbook_rows(content: bytes) -> Iterator[list[str]]:
    """Values as the spreadsheet last showed them: formulas and macros are not run."""
    _refuse_bombs(content)
    # Loading the library slows every command, and only this needs it.
    from openpyxl import load_workbook

    # Of styles and the like, and of values, which belong in no log.
    warnings.filterwarnings("ignore", module="openpyxl")
    try:
        file = io.BytesIO(content)
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # Some programs write wrong ones.
            if any(map(any, _texts(sheet))):
                yield from _texts(sheet)
                return
    except Exception:
        # The library raises whatever a broken file makes it raise, with values in its message.
        raise Unreadable(
            _("This XLSX file is damaged, or no spreadsheet. Open it, and save it again.")
        ) from None


def _texts(sheet: Any) -> Iterator[list[str]]:
    """The rows of a sheet, without the empty cells at their ends.

    A row or cell may claim any place, and the library fills the way to it with empty ones: a file
    of a few bytes would keep it busy for ever.
    """
    for row in sheet.iter_rows(max_row=LAST_ROW, max_col=MOST_COLUMNS + 1, values_only=True):
        width = 0 if row.count(None) == len(row) else len(row)
        while width and row[width - 1] is None:
            width -= 1
        yield [_text_of(value) for value in row[:width]]


def _refuse_bombs(content: bytes) -> None:
    """By the directory of the archive: the library would unpack whatever it is told to."""
    try:
        parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise Unreadable(_("This file is damaged. Open it, and save it again.")) from None
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise Unreadable(_unpacks_to_too_much())
    if not any(part.filename.startswith("xl/") for part in parts):
        raise Unreadable(_("This is neither CSV nor XLSX. Save the spreadsheet as one of them."))


def _text_of(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    return str(value)
