"""The trail as a file that no spreadsheet calculates anything from, streamed however long it is."""

import csv
from collections.abc import Callable, Iterable, Iterator

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from letters import trail
from letters.models import AuditEntry
from letters.plain_text import guarded

CHUNK = 500
COLUMNS = ("day", "verb", "what", "reason", "by", "about")
Entries = QuerySet[AuditEntry]


def of_letter(entries: Entries, name: str) -> StreamingHttpResponse:
    """A letter's trail, the newest first."""
    return _file(name, _written(COLUMNS, map(_rows, _chunks(entries, trail.before))))


def of_all(entries: Entries, name: str) -> StreamingHttpResponse:
    """Entries of several letters, in the order of their numbers, the newest first."""
    chunks = _chunks(entries.order_by("-pk"), lambda found, last: found.filter(pk__lt=last.pk))
    return _file(name, _written((*COLUMNS, "letter", "number"), map(_rows_with_letter, chunks)))


def _file(name: str, rows: Iterator[str]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        rows,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


class _Echo:
    """Gives a written row back instead of keeping it, so that a file of any length streams."""

    def write(self, row: str) -> str:
        return row


def _written(columns: Iterable[str], chunks: Iterable[list[list[str]]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(columns)
    for rows in chunks:
        for row in rows:
            yield writer.writerow(map(guarded, row))


def _rows(chunk: list[AuditEntry]) -> list[list[str]]:
    return [
        [line.day.isoformat(), line.verb, line.words, line.reason, line.actor, line.about]
        for line in trail.lines_of(chunk)
    ]


def _rows_with_letter(chunk: list[AuditEntry]) -> list[list[str]]:
    return [
        [*row, entry.letter.slug if entry.letter else "", str(entry.number)]
        for row, entry in zip(_rows(chunk), chunk, strict=True)
    ]


def _chunks(
    entries: Entries, after: Callable[[Entries, AuditEntry], Entries]
) -> Iterator[list[AuditEntry]]:
    """By key, so that no connection is held open by a slow reader's query."""
    chunk = list(entries[:CHUNK])
    while chunk:
        yield chunk
        chunk = list(after(entries, chunk[-1])[:CHUNK])
