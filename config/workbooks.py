"""Workbooks for spreadsheets (XLSX), written row by row while they are sent.

All text is inline text (ECMA-376, Part 1, 18.3.1.53), in cells that are formatted as text: no
spreadsheet calculates it, neither when it opens the file nor when somebody edits the cell.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from config.zipped import zipped

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_048_576
ROWS_AT_ONCE = 500
LONGEST_TITLE = 31

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"

# Sheets are the default, because it is not known beforehand how many there will be.
CONTENT_TYPES = (
    f'{HEAD}<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="{KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{KIND}.styles+xml"/></Types>'
)
RELATIONS = (
    f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
# Formats of cells: 0 a number, 1 text, 2 text in bold. 49 is "as text", whatever it looks like.
STYLES = (
    f'{HEAD}<styleSheet xmlns="{MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1" '
    'applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" '
    'applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LIKE_AN_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\]|^'|'$")


@dataclass(frozen=True)
class Sheet:
    """`widths` are in characters, one for each column."""

    title: str
    columns: Sequence[str]
    rows: Iterable[Sequence[str | int]]
    widths: Sequence[int]


def workbook(sheets: Iterable[Sheet]) -> Iterator[bytes]:
    """The bytes of an XLSX file. What does not fit into one sheet goes on in the next."""
    return zipped(_parts(sheets))


def _parts(sheets: Iterable[Sheet]) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield "[Content_Types].xml", [CONTENT_TYPES.encode()]
    yield "_rels/.rels", [RELATIONS.encode()]
    yield "xl/styles.xml", [STYLES.encode()]
    titles: list[str] = []
    for sheet in sheets:
        rows = iter(sheet.rows)
        for number in itertools.count(1):
            first = next(rows, None)
            if first is None and number > 1:
                break
            titles.append(_title(sheet.title, number))
            fitting = itertools.islice(rows, MOST_ROWS - 2)
            content = fitting if first is None else itertools.chain([first], fitting)
            yield f"xl/worksheets/sheet{len(titles)}.xml", _sheet(sheet, content)
    yield "xl/workbook.xml", [_workbook(titles).encode()]
    yield "xl/_rels/workbook.xml.rels", [_relations(len(titles)).encode()]


def _title(title: str, number: int) -> str:
    suffix = f" {number}" if number > 1 else ""
    return NOT_IN_TITLES.sub(" ", title)[: LONGEST_TITLE - len(suffix)].strip() + suffix


def _sheet(sheet: Sheet, rows: Iterator[Sequence[str | int]]) -> Iterator[bytes]:
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{width}" customWidth="1"/>'
        for n, width in enumerate(sheet.widths, start=1)
    )
    yield (
        f'{HEAD}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        f"</sheetView></sheetViews><cols>{columns}</cols><sheetData>"
        f"<row>{''.join(_text(title, style=2) for title in sheet.columns)}</row>"
    ).encode()
    while some := list(itertools.islice(rows, ROWS_AT_ONCE)):
        yield "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in some).encode()
    yield b"</sheetData></worksheet>"


def _cell(value: str | int) -> str:
    return f"<c><v>{value}</v></c>" if isinstance(value, int) else _text(value)


def _text(value: str, style: int = 1) -> str:
    if not value:
        return "<c/>"
    value = LIKE_AN_ESCAPE.sub("_x005F_", NOT_IN_XML.sub("", value))
    text = f'<t xml:space="preserve">{escape(value)}</t>'
    return f'<c t="inlineStr" s="{style}"><is>{text}</is></c>'


def _workbook(titles: list[str]) -> str:
    sheets = "".join(
        f'<sheet name={quoteattr(title)} sheetId="{n}" r:id="rId{n}"/>'
        for n, title in enumerate(titles, start=1)
    )
    return f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>'


def _relations(sheets: int) -> str:
    found = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, sheets + 1)
    )
    styles = f'<Relationship Id="rId{sheets + 1}" Type="{OFFICE}/styles" Target="styles.xml"/>'
    return f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{found}{styles}</Relationships>'
