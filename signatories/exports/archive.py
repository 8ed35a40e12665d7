"""A closed letter as a folder of pages that need no server.

Its pages are those of the site, rendered from the same templates and numbers, without scripts and
forms. The same data gives the same bytes. The roll is read once, into a file without a name that
is gone with the request: pages and lists say the same, and memory does not grow with the roll.
"""

import hashlib
import json
import string
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.backends.django import DjangoTemplates
from django.urls import reverse

from config.zipped import zipped
from letters import timeline
from letters.models import Letter
from signatories import roll, statistics
from signatories.exports import files
from signatories.exports.rows import Row, row_of
from signatories.templatetags.archive import Place, standing_at
from signatories.views import public, versions

LINES_A_PAGE = 500
TRIES = 3
STATIC = (
    "css/base.css",
    "css/components.css",
    "css/print.css",
    "favicon.svg",
    "fonts/OFL.txt",
    "fonts/stix-two-text-latin-wght-italic.woff2",
    "fonts/stix-two-text-latin-wght-normal.woff2",
)
SUMS = "sha256sums.txt"
# Lists cannot ask engines themselves, as pages do, to leave out whom engines may not list. Pages
# are not in it: an engine has to read them to see what they ask.
LISTS = ("roll.csv", "roll.json")
ROBOTS = "".join(["User-agent: *\n", *(f"Disallow: /{name}\n" for name in LISTS)])

Content = Iterable[bytes]
TEMPLATES = Path(__file__).parent.parent / "templates" / "archive"
# Where the folder needs other words than the site, a template of the same name stands first.
_engine = DjangoTemplates(
    {
        "NAME": "archive",
        "DIRS": [TEMPLATES, settings.ROOT / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"builtins": ["signatories.templatetags.archive"]},
    }
)


def as_zip(letter: Letter) -> Iterator[bytes]:
    """The folder as a ZIP file, in a folder named for the letter."""
    return zipped((f"{letter.slug}/{name}", content) for name, content in archive(letter))


def archive(letter: Letter) -> Iterator[tuple[str, Content]]:
    """Name and content of every file; each content is read before the next is asked for.

    The last file has the SHA-256 of all others. Raises `roll.RollMoved` where batches move faster
    than the roll can be read.
    """
    sums = []
    for name, content in _files(letter):
        digest = hashlib.sha256()
        yield name, _digested(content, digest.update)
        sums.append(f"{digest.hexdigest()}  {name}\n")
    yield SUMS, ["".join(sums).encode()]


def _digested(content: Content, update: Callable[[bytes], None]) -> Iterator[bytes]:
    for part in content:
        update(part)
        yield part


def _files(letter: Letter) -> Iterator[tuple[str, Content]]:
    for name in STATIC:
        yield name, [Path(str(finders.find(name))).read_bytes()]
    with tempfile.TemporaryFile() as kept:
        pages = _read(letter, kept)
        yield from pages.of_letter()
        yield from pages.of_roll()
        yield from pages.lists()


# The roll, read once ------------------------------------------------------------------------


@dataclass
class Book:
    """The lines of the roll as they lie in a file, and what has to be known before the first page:
    where each letter of the alphabet begins, and which pages search engines may list."""

    kept: IO[bytes]
    number: int = 0
    begins: dict[str, int] = field(default_factory=dict)
    not_for_search: set[int] = field(default_factory=set)

    @property
    def pages(self) -> int:
        return max(1, -(-self.number // LINES_A_PAGE))

    def lines(self) -> Iterator[Row]:
        self.kept.seek(0)
        return (Row(*json.loads(line)) for line in self.kept)

    def add(self, row: Row, place: str, is_hidden_from_search: bool) -> None:
        self.kept.write(json.dumps(astuple(row)).encode() + b"\n")
        if place[:1] in string.ascii_lowercase:
            self.begins.setdefault(place[:1], self.number)
        if is_hidden_from_search:
            self.not_for_search.add(page_of(self.number))
        self.number += 1


def page_of(line: int) -> int:
    return line // LINES_A_PAGE + 1


def _read(letter: Letter, kept: IO[bytes]) -> "Pages":
    """Lines and numbers as of one moment. A batch that moves meanwhile makes it begin again."""
    for _each in range(TRIES):
        began = roll.moment(letter)
        try:
            pages = Pages(letter, _read_roll(letter, kept))
        except roll.RollMoved:
            continue
        if roll.moment(letter) == began:
            return pages
    raise roll.RollMoved


def _read_roll(letter: Letter, kept: IO[bytes]) -> Book:
    kept.seek(0)
    kept.truncate()
    book, places = Book(kept), roll.prominent_places(letter)
    for signature in roll.walk(letter):
        book.add(row_of(signature, places), signature.roll_key, signature.is_hidden_from_search)
    return book


# Pages --------------------------------------------------------------------------------------


class Pages:
    def __init__(self, letter: Letter, book: Book) -> None:
        # Read here, not when the pages are rendered: the numbers are those of the lines.
        self.letter = Letter.objects.select_related("current_version", "tally").get(pk=letter.pk)
        self.first_page = public.letter_context(self.letter)
        self.news = timeline.whole(self.letter)
        self.book = book
        self.versions = list(self.letter.versions.order_by("number"))
        self.places = self._places()

    def _places(self) -> dict[str, str]:
        """Which addresses of the site have a file here."""
        slug = self.letter.slug
        found = {
            reverse("public:letter", args=[slug]): "index.html",
            reverse("public:roll", args=[slug]): roll_file(1),
            reverse("public:updates", args=[slug]): "updates.html",
            reverse("public:versions", args=[slug]): "versions/index.html",
            reverse("public:verification", args=[slug]): "verification.html",
            reverse("public:stats", args=[slug]): "stats.json",
        }
        for version in self.versions:
            which = [slug, version.number]
            found[reverse("public:version", args=which)] = f"versions/{version.number}.html"
            found[reverse("public:text", args=which)] = f"versions/{version.number}.json"
        return found

    def render(self, file: str, template: str, context: dict[str, Any]) -> Content:
        about = {
            "letter": self.letter,
            "as_of": statistics.tally_of(self.letter).counted_on,
            "address": f"{settings.SITE_URL}{self.letter.get_absolute_url()}",
            "has_updates": bool(self.news.entries),
            "here": file,
        }
        with standing_at(Place(file, self.places)):
            page = _engine.get_template(template).render({**about, **context})
        return [page.encode()]

    def of_letter(self) -> Iterator[tuple[str, Content]]:
        bars = [replace(row, url="") for row in self.first_page["bars"]]
        # Nor a way to report a line: it may have changed on the site since.
        lines = [replace(line, place="") for line in self.first_page["lines"]]
        context = {**self.first_page, "bars": bars, "lines": lines}
        yield self.page("index.html", "signatories/letter.html", context)
        context = public.about_verification(self.letter)
        yield self.page("verification.html", "signatories/verification.html", context)
        context = versions.about_versions(self.letter)
        yield self.page("versions/index.html", "signatories/versions.html", context)
        for version in self.versions:
            context = versions.about_version(self.letter, version)
            file = f"versions/{version.number}.html"
            yield self.page(file, "signatories/version.html", context)
            yield f"versions/{version.number}.json", [version.canonical]
        if self.news.entries:
            yield self.page("updates.html", "signatories/updates.html", {"page": self.news})

    def page(self, file: str, template: str, context: dict[str, Any]) -> tuple[str, Content]:
        return file, self.render(file, template, context)

    def of_roll(self) -> Iterator[tuple[str, Content]]:
        lines = self.book.lines()
        starts = {line: character for character, line in self.book.begins.items()}
        for number in range(1, self.book.pages + 1):
            first = (number - 1) * LINES_A_PAGE
            entries = [
                {"line": _line(row), "begins": starts.get(place, "")}
                for place, row in zip(range(first, first + LINES_A_PAGE), lines, strict=False)
            ]
            context = {
                "tally": statistics.tally_of(self.letter),
                "entries": entries,
                "alphabet": self._alphabet(),
                "prominent": self.first_page["prominent"] if number == 1 else [],
                "number": number,
                "pages": self.book.pages,
                "before": roll_file(number - 1) if number > 1 else "",
                "after": roll_file(number + 1) if number < self.book.pages else "",
                "last": roll_file(self.book.pages),
                "is_for_search": self._is_for_search(number),
            }
            yield self.page(roll_file(number), "roll.html", context)

    def _is_for_search(self, number: int) -> bool:
        return self.letter.is_roll_for_search and number not in self.book.not_for_search

    def _alphabet(self) -> list[tuple[str, str]]:
        """Each letter with the file of its first line, or none."""
        begins = self.book.begins
        return [
            (character, roll_file(page_of(begins[character])) if character in begins else "")
            for character in string.ascii_lowercase
        ]

    def lists(self) -> Iterator[tuple[str, Content]]:
        """What programs read, and what a person reads first."""
        yield "roll.csv", files.roll_csv(self.book.lines())
        yield "roll.json", files.roll_json(self.letter, self.book.lines())
        yield "stats.json", files.statistics_json(self.letter)
        yield "robots.txt", [ROBOTS.encode()]
        context = {"versions": self.versions, "lines": self.book.number, "lists": LISTS}
        yield self.page("README.txt", "README.txt", context)


def roll_file(number: int) -> str:
    return f"roll/{number}.html"


def _line(row: Row) -> roll.Line:
    return roll.Line(row.name, row.line, row.verified, row.anonymous, row.demonstration)
