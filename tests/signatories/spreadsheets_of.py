"""Spreadsheets for tests, as programs write them."""

import csv
import io

from openpyxl import Workbook

HEADS = ["Name", "Email", "Organisation", "Title"]


def csv_of(*rows, heads=HEADS, separator=",", encoding="utf-8"):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator)
    writer.writerows([heads, *rows] if heads else rows)
    return text.getvalue().encode(encoding)


def xlsx_of(*rows, heads=HEADS, change=lambda book: None):
    book = Workbook()
    for row in [heads, *rows] if heads else rows:
        book.active.append(row)
    change(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def people(number, provider="gmail.com"):
    return [
        [f"Person Otterbourne {place}", f"person{place}@{provider}", "", ""]
        for place in range(1, number + 1)
    ]
