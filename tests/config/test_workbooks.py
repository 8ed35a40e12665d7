import io
import zipfile

import openpyxl

from config import workbooks
from config.workbooks import Sheet
from config.zipped import zipped


def read(content):
    return openpyxl.load_workbook(io.BytesIO(b"".join(content)))


def test_more_rows_than_fit_go_on_in_another_sheet(monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_ROWS", 4)
    sheet = Sheet("Roll [of/all]", ["n"], ((n,) for n in range(7)), [9])

    book = read(workbooks.workbook([sheet, Sheet("About", ["a"], [("b",)], [9])]))

    found = {one.title: [row[0] for row in one.iter_rows(values_only=True)] for one in book}
    assert found == {
        "Roll  of all": ["n", 0, 1, 2],
        "Roll  of all 2": ["n", 3, 4, 5],
        "Roll  of all 3": ["n", 6],
        "About": ["a", "b"],
    }


def test_text_stays_text_when_somebody_edits_the_cell():
    book = read(workbooks.workbook([Sheet("Roll", ["a"], [("=1+1",)], [9])]))

    cell = book.active["A2"]
    assert (cell.value, cell.data_type, cell.number_format) == ("=1+1", "s", "@")
    assert cell.quotePrefix


def test_zip_is_written_while_it_is_read():
    read_so_far = []

    def content():
        for number in range(100):
            read_so_far.append(number)
            yield bytes(range(256)) * 400

    stream = zipped([("a.bin", content()), ("b.txt", [b"b"])])
    next(stream)

    assert len(read_so_far) < 10
    stream.close()


def test_zip_has_the_same_bytes_each_time():
    files = [("one/a.txt", [b"a", b"b"]), ("b.txt", [])]

    first, second = b"".join(zipped(files)), b"".join(zipped(files))

    assert first == second
    archive = zipfile.ZipFile(io.BytesIO(first))
    assert archive.testzip() is None
    assert archive.read("one/a.txt") == b"ab"
