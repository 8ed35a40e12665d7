"""Reading spreadsheets: a file of every horror gives rows, or a sentence."""

import io
import struct
import zipfile
from datetime import date, datetime

import pytest

from signatories import spreadsheets
from signatories.spreadsheets import Table, Unreadable
from tests.signatories.spreadsheets_of import csv_of, xlsx_of

ROWS = [["Zoë Ñandú", "zoe@gmail.com", "Gödel GmbH"], ["Lô Otterbourne", "lo@gmail.com", ""]]
READ = Table(
    ["Name", "Email", "Organisation"],
    [(2, ["Zoë Ñandú", "zoe@gmail.com", "Gödel GmbH"]), (3, ["Lô Otterbourne", "lo@gmail.com"])],
)
HEADS = READ.heads


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_csv_is_read_in_every_encoding_and_with_every_separator(separator, encoding):
    content = csv_of(*ROWS, heads=HEADS, separator=separator, encoding=encoding)

    assert spreadsheets.read(content) == READ


def test_csv_in_utf_16_of_the_other_order_is_read():
    content = b"\xfe\xff" + csv_of(*ROWS, heads=HEADS, encoding="utf-16-be")

    assert spreadsheets.read(content) == READ


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"Name,Email\r\na,b@c\r\n", [(2, ["a", "b@c"])]),
        (b"Name,Email\ra,b@c\r", [(2, ["a", "b@c"])]),
        (b'Name,Email\n"a\nb",b@c\n', [(2, ["a b", "b@c"])]),
        (b'Name,Email\n"a ""b"", c",b@c', [(2, ['a "b", c', "b@c"])]),
        (b"Name,Email\n\n,,,\n  \na,b@c\n", [(5, ["a", "b@c"])]),
        (b"Name,Email\na,b@c,,,,\n", [(2, ["a", "b@c"])]),
        (b"Name,Email\na\nb,b@c,x,y\n", [(2, ["a"]), (3, ["b", "b@c", "x", "y"])]),
        (b"sep=;\r\nName;Email\r\na,b;b@c\r\n", [(2, ["a,b", "b@c"])]),
        (b"Name,Email\na\0b,b@c" + b"\nc,d@e" * 60, [(2, ["ab", "b@c"])]),
        (b"Name,Email\n=HYPERLINK(A1),b@c\n", [(2, ["=HYPERLINK(A1)", "b@c"])]),
        (b"Name\na\n", [(2, ["a"])]),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_csv_of_odd_shapes_is_read(content, rows):
    assert spreadsheets.read(content).rows[: len(rows)] == rows


def test_heads_are_made_up_where_the_first_row_holds_an_address():
    table = spreadsheets.read(b"Ada,ada@gmail.com\nBo,bo@gmail.com\n")

    assert table == Table(["", ""], [(1, ["Ada", "ada@gmail.com"]), (2, ["Bo", "bo@gmail.com"])])


def test_long_cells_are_cut_and_bytes_of_no_encoding_are_marked():
    table = spreadsheets.read(b"Name,Email\n" + b"x" * 9000 + b",a@b\nA\x81,c@d\n")

    assert table.rows == [(2, ["x" * 500, "a@b"]), (3, ["A\ufffd", "c@d"])]


# Excel --------------------------------------------------------------------------------------


def test_xlsx_is_read_like_csv():
    assert spreadsheets.read(xlsx_of(*ROWS, heads=HEADS)) == READ


def test_xlsx_gives_text_of_whatever_stands_in_its_cells():
    row = [7, 7.0, 7.5, True, date(2026, 1, 2), datetime(2026, 1, 2, 3, 4), "=1+1", None, " a  b "]

    table = spreadsheets.read(xlsx_of(row, heads=list("abcdefghi")))

    # A formula shows what the program that wrote the file had made of it; this one made nothing.
    cells = ["7", "7", "7.5", "True", "2026-01-02 00:00:00", "2026-01-02 03:04:00", "", "", "a b"]
    assert table.rows == [(2, cells)]


def test_xlsx_with_merged_cells_and_empty_rows_and_sheets_is_read():
    def change(book):
        sheet = book.active
        sheet.merge_cells("A2:B2")
        sheet["A9"], sheet["B9"] = "Bo", "bo@gmail.com"
        book.move_sheet(book.create_sheet("empty"), -1)

    table = spreadsheets.read(xlsx_of(["Ada", "lost"], heads=["Name", "Email"], change=change))

    assert table == Table(["Name", "Email"], [(2, ["Ada"]), (9, ["Bo", "bo@gmail.com"])])


def unpacked(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_macros_are_not_run_and_do_no_harm():
    parts = unpacked(xlsx_of(*ROWS, heads=HEADS))

    assert spreadsheets.read(packed({**parts, "xl/vbaProject.bin": b"\0" * 99})) == READ


def with_sheet(rows):
    parts = unpacked(xlsx_of(*ROWS, heads=HEADS))
    name = "xl/worksheets/sheet1.xml"
    before, _start, rest = parts[name].partition(b"<sheetData>")
    _rows, _end, after = rest.partition(b"</sheetData>")
    parts[name] = before + b"<sheetData>" + rows + b"</sheetData>" + after
    return packed(parts)


def test_row_that_claims_an_endless_place_keeps_nobody_busy():
    content = with_sheet(b'<row r="9000000000000"><c r="A1"><v>1</v></c></row>')

    with pytest.raises(Unreadable):
        spreadsheets.read(content)


def test_workbook_that_repeats_one_long_text_is_refused():
    cells = b'<c t="inlineStr"><is><t>%s</t></is></c>' % (b"x" * 500) * 20
    content = with_sheet(b"".join(b"<row>%s</row>" % cells for _row in range(2100)))

    with pytest.raises(Unreadable, match="too large"):
        spreadsheets.read(content)


def test_wrong_dimensions_in_the_file_are_not_believed():
    parts = unpacked(xlsx_of(*ROWS, heads=HEADS))
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert b'<dimension ref="A1:C3"' in sheet
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b'ref="A1:C3"', b'ref="A1"')

    assert spreadsheets.read(packed(parts)) == READ


# Refusals -----------------------------------------------------------------------------------

BOMB = b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]><x>&b;</x>"


def with_part(name, content):
    return packed({**unpacked(xlsx_of(*ROWS)), name: content})


def lying(content):
    """The archive says that its sheet is small."""
    changed = bytearray(content)
    place = changed.rfind(b"xl/worksheets/sheet1.xml") - 46
    assert changed[place : place + 4] == b"PK\x01\x02"
    changed[place + 24 : place + 28] = struct.pack("<I", 10)
    return bytes(changed)


REFUSED = {
    "nothing": (b"", "There is nothing in this file."),
    "blanks": (b" \n,,\n\n", "There is nothing in this file."),
    "heads only": (b"Name,Email\n", "Nothing stands below the first row."),
    "too large": (b"x" * (spreadsheets.LARGEST + 1), spreadsheets.too_large()),
    "a quote without its pair": (
        b'Name,Email\n"a,' + b"x" * 200_000,
        "A cell of this file has no end. Look for a quotation mark without its pair.",
    ),
    "too many rows": (
        b"Name,Email\n" + b"a,b\n" * 50_001,
        "The file has more than 50000 rows. Divide it.",
    ),
    "too many columns": (
        b"a," * 100 + b"a\nb,c\n",
        "The file has more than 100 columns. Keep those that are needed.",
    ),
    "a picture": (
        b"\x89PNG\r\n\x1a\n" + b"\0\x01\x02\x03\x04\x05\x06\x07\x08\x09" * 50,
        "This is neither CSV nor XLSX. Save the spreadsheet as one of them.",
    ),
    "old Excel": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500,
        "This file is in an old format of Excel, or has a password. Save it as XLSX or CSV.",
    ),
    "half a file": (
        xlsx_of(*ROWS)[:900],
        "This file is damaged. Open it, and save it again.",
    ),
    "another archive": (
        packed({"content.xml": b"<x/>"}),
        "This is neither CSV nor XLSX. Save the spreadsheet as one of them.",
    ),
    "a bomb of zeros": (
        packed({"xl/worksheets/sheet1.xml": b"0" * (spreadsheets.LARGEST_UNPACKED + 1)}),
        "This file is too large once it is unpacked. Save it as CSV.",
    ),
    "a bomb of parts": (
        packed({f"xl/{number}": b"" for number in range(spreadsheets.MOST_PARTS + 1)}),
        "This file is too large once it is unpacked. Save it as CSV.",
    ),
    "a bomb of entities": (
        with_part("xl/worksheets/sheet1.xml", BOMB),
        "This XLSX file is damaged, or no spreadsheet. Open it, and save it again.",
    ),
    "sizes that lie": (
        lying(xlsx_of(*ROWS)),
        "This XLSX file is damaged, or no spreadsheet. Open it, and save it again.",
    ),
    "XML that is none": (
        with_part("xl/workbook.xml", b"not XML"),
        "This XLSX file is damaged, or no spreadsheet. Open it, and save it again.",
    ),
    "no workbook": (
        packed({"xl/other.xml": b"<x/>"}),
        "This XLSX file is damaged, or no spreadsheet. Open it, and save it again.",
    ),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED)
def test_file_that_cannot_be_read_is_refused_in_a_sentence(content, sentence):
    with pytest.raises(Unreadable) as refusal:
        spreadsheets.read(content)

    assert str(refusal.value) == sentence
    # What the library says may hold what stands in the file.
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None
