"""The directory of organisations as a CSV file: written for spreadsheets, read from them.

One row is one organisation: the one with its slug or, where it has no slug, with its name.
Several spellings or domains in a cell stand between `|`, and one within a spelling is `\\|`. Behind
a domain its rules follow after blanks: `subdomains`, `shared` (customers or alumni have mailboxes
there too), `catch-all`, `as=example.org` (the same mailboxes as there, another domain of the same
organisation). A cell that a spreadsheet would calculate has an apostrophe before it.

Reading adds and changes; it takes nothing away. Either every row counts or none does.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction

from letters import mail_domains
from letters.actions import audit
from letters.models import Organisation, OrganisationAlias, OrganisationDomain
from letters.models.organisation import HeadcountBand, alias_key
from letters.plain_text import begins_like_a_formula, guarded, read_plain_text

COLUMNS = ("slug", "name", "aliases", "parent", "headcount_band", "domains")
LONGEST_NAME = 120
SLUG = re.compile(r"[a-z0-9_-]{1,80}")
RULES = {
    "subdomains": {"includes_subdomains": True},
    "shared": {"is_staff_only": False},
    "catch-all": {"catch_all_suspected": True},
}


class Unreadable(ValueError):
    """What is wrong with the file; `problems` has one sentence for each wrong row."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class DryRun(Exception):
    """Everything was read; nothing is kept."""


@dataclass(frozen=True)
class Row:
    line: int
    slug: str
    name: str
    aliases: tuple[str, ...]
    parent: str
    headcount_band: str
    domains: tuple[str, ...]


@dataclass
class Result:
    added: int = 0
    changed: int = 0
    renamed: list[Organisation] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


# Writing --------------------------------------------------------------------------------------


def export() -> str:
    """The listed organisations, in the order of their names."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    listed = Organisation.objects.listed().select_related("parent").order_by("name")
    for organisation in listed.prefetch_related("aliases", "domains"):
        own = alias_key(organisation.name)
        aliases = sorted(a.name for a in organisation.aliases.all() if a.key != own)
        domains = sorted(organisation.domains.all(), key=lambda domain: domain.domain)
        parent = organisation.parent
        cells = [
            organisation.slug,
            organisation.name,
            "|".join(re.sub(r"([\\|])", r"\\\1", alias) for alias in aliases),
            parent.slug if parent and not parent.is_withdrawn else "",
            organisation.headcount_band,
            "|".join(map(_domain_in_words, domains)),
        ]
        writer.writerow(map(guarded, cells))
    return text.getvalue()


def _domain_in_words(entry: OrganisationDomain) -> str:
    words = [entry.domain]
    if entry.includes_subdomains:
        words.append("subdomains")
    if not entry.is_staff_only:
        words.append("shared")
    if entry.catch_all_suspected:
        words.append("catch-all")
    if entry.mailbox_domain != entry.domain:
        words.append(f"as={entry.mailbox_domain}")
    return " ".join(words)


# Reading --------------------------------------------------------------------------------------


def decode(content: bytes) -> str:
    """The text of a file that a spreadsheet wrote: UTF-8 with or without mark, UTF-16, or the
    Western European letters of Windows."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def read(content: bytes) -> list[Row]:
    """The rows of a file; raise `Unreadable`."""
    try:
        text = decode(content)
    except UnicodeDecodeError:
        raise Unreadable(["The file is no text that we can read. Save it as UTF-8."]) from None
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        lines = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise Unreadable([f"Line {reader.line_num}: {error}."]) from None
    if not lines:
        raise Unreadable(["The file is empty."])
    columns = [cell.strip().lower() for cell in lines[0][1]]
    unknown = sorted(set(columns) - set(COLUMNS) - {""})
    if "name" not in columns or unknown:
        found = ", ".join(unknown) or "no name"
        raise Unreadable([f"Line 1: columns are {', '.join(COLUMNS)}; found {found}."])
    return [
        _row(number, columns, cells) for number, cells in lines[1:] if any(map(str.strip, cells))
    ]


def _row(number: int, columns: list[str], cells: list[str]) -> Row:
    found = {name: _plain(cell) for name, cell in zip(columns, cells, strict=False)}
    return Row(
        line=number,
        slug=found.get("slug", ""),
        name=found.get("name", ""),
        aliases=_several(found.get("aliases", "")),
        parent=found.get("parent", ""),
        headcount_band=found.get("headcount_band", "").replace("–", "-").replace(",", ""),
        domains=_several(found.get("domains", "").lower()),
    )


def _plain(cell: str) -> str:
    if cell.startswith("'") and begins_like_a_formula(cell.lstrip("' ")):
        cell = cell[1:]
    return unicodedata.normalize("NFC", " ".join(cell.split()))


def _several(cell: str) -> tuple[str, ...]:
    parts = (part.strip() for part in re.findall(r"(?:\\.|[^|])+", cell))
    return tuple(re.sub(r"\\([\\|])", r"\1", part) for part in parts if part)


def load(rows: Iterable[Row], *, is_dry_run: bool = False) -> Result:
    """Add or change organisations, all or none; raise `Unreadable` with what is wrong by row."""
    result = Result()
    try:
        with transaction.atomic():
            _load_all(list(rows), result)
            if result.problems:
                raise Unreadable(result.problems)
            if is_dry_run:
                raise DryRun
            audit(
                verb="directory.imported",
                actor=None,
                number=max(1, result.added + result.changed),
            )
    except DryRun:
        pass
    return result


def _load_all(rows: list[Row], result: Result) -> None:
    known = set(Organisation.objects.values_list("name", flat=True))
    known |= set(OrganisationAlias.objects.values_list("name", flat=True))
    slugs: set[str] = set()
    problems: dict[Row, list[str]] = {row: list(_problems(row, known, slugs)) for row in rows}
    loaded: dict[Row, Organisation] = {}
    # Those with a slug first, so that no new organisation takes one of these slugs.
    for row in sorted(rows, key=lambda row: not row.slug):
        if not problems[row]:
            loaded[row] = _load_row(row, result, problems[row])
    for row, organisation in loaded.items():
        problems[row] += _set_parent(row, organisation)
        problems[row] += _problems_of_mailboxes(organisation)
    result.problems = [f"Line {row.line}: {one}" for row in rows for one in problems[row]]


def _problems(row: Row, known: set[str], slugs: set[str]) -> Iterator[str]:
    """What is wrong with a row by itself. `slugs` are those of the rows above."""
    if not alias_key(row.name):
        yield "there is no name."
    for name in (row.name, *row.aliases):
        # What is listed already may stay as it is, so that each export can be read.
        if name and name not in known and (wrong := _what_is_wrong_with(name)):
            yield f"“{name[:40]}” is no name. {wrong}"
    if row.slug and not SLUG.fullmatch(row.slug):
        yield f"“{row.slug[:40]}” is no slug: small letters, digits and hyphens only, at most 80."
    if row.slug in slugs:
        yield f"“{row.slug}” is the slug of a row above."
    slugs |= {row.slug} - {""}
    if row.parent and not SLUG.fullmatch(row.parent):
        yield f"“{row.parent[:40]}” is no slug of a parent."
    if row.headcount_band not in HeadcountBand.values:
        bands = ", ".join(band for band in HeadcountBand.values if band)
        yield f"headcount_band is none of {bands}."
    for cell in row.domains:
        yield from _problems_of_domain(cell)


def _what_is_wrong_with(name: str) -> str:
    """Nothing, where the forms would take the name."""
    if len(name) > LONGEST_NAME:
        return f"It is longer than {LONGEST_NAME} characters."
    try:
        read_plain_text(name)
    except ValidationError as wrong:
        return " ".join(wrong.messages)
    return ""


def _problems_of_domain(cell: str) -> Iterator[str]:
    typed, *words = cell.split()
    targets = [word.removeprefix("as=") for word in words if word.startswith("as=")]
    for one in (typed, *targets):
        try:
            domain = mail_domains.read(one)
        except mail_domains.NotADomain:
            yield f"“{one[:40]}” is no mail domain."
        else:
            if mail_domains.proves_nothing(domain):
                yield f"mailboxes at {one} prove nothing: anybody, or former members, have them."
    unknown = [word for word in words if word not in RULES and not word.startswith("as=")]
    if unknown:
        yield f"{typed[:40]} has unknown rules: {', '.join(unknown)[:80]}."


def _meant_by(row: Row) -> Organisation:
    """The organisation of a row, or a new one."""
    organisations = Organisation.objects.all()
    if row.slug:
        return organisations.filter(slug=row.slug).first() or Organisation(slug=row.slug)
    found = organisations.named(row.name)
    return found or Organisation(slug=organisations.free_slug(row.name))


def _load_row(row: Row, result: Result, problems: list[str]) -> Organisation:
    organisation = _meant_by(row)
    if organisation.merged_into_id or organisation.is_withdrawn:
        problems.append(f"{organisation} has been merged or withdrawn.")
        return organisation
    result.changed += 1 if organisation.pk else 0
    result.added += 0 if organisation.pk else 1
    if row.slug or not organisation.pk:
        # Without a slug it was found by its name already, or by another spelling.
        _rename(organisation, row.name, result)
    organisation.headcount_band = row.headcount_band or organisation.headcount_band
    try:
        organisation.full_clean()
    except ValidationError as wrong:
        problems += wrong.messages
        return organisation
    organisation.save()
    for name in (row.name, *row.aliases):
        _load_alias(organisation, name, problems)
    for cell in row.domains:
        _load_domain(organisation, cell, problems)
    return organisation


def _rename(organisation: Organisation, name: str, result: Result) -> None:
    if organisation.pk and organisation.name != name:
        result.renamed.append(organisation)
    organisation.name = name


def _load_alias(organisation: Organisation, name: str, problems: list[str]) -> None:
    key = alias_key(name)
    known = OrganisationAlias.objects.select_related("organisation").filter(key=key).first()
    if not key:
        problems.append(f"“{name}” is no name.")
    elif known is None:
        OrganisationAlias.objects.create(organisation=organisation, name=name)
    elif known.organisation != organisation:
        problems.append(f"“{name}” is a spelling of {known.organisation} already.")


def _load_domain(organisation: Organisation, cell: str, problems: list[str]) -> None:
    typed, *words = cell.split()
    domain = mail_domains.read(typed)
    known = Organisation.objects.owning(domain)
    if known and known.organisation != organisation:
        problems.append(f"{domain} belongs to {known.organisation} already.")
        return
    rules: dict[str, object] = {
        "mailbox_domain": domain,
        "includes_subdomains": False,
        "is_staff_only": True,
        "catch_all_suspected": False,
    }
    for word in words:
        rules.update(RULES.get(word, {}))
        if word.startswith("as="):
            rules["mailbox_domain"] = mail_domains.read(word.removeprefix("as="))
    OrganisationDomain.objects.update_or_create(
        domain=domain, defaults={"organisation": organisation, **rules}
    )


def _problems_of_mailboxes(organisation: Organisation) -> Iterator[str]:
    """A domain that led to the mailboxes of others would find what they signed."""
    if not organisation.pk:
        return
    own = dict(organisation.domains.values_list("domain", "mailbox_domain"))
    for domain, mailboxes in own.items():
        if mailboxes not in own:
            yield f"{mailboxes}, given for {domain}, is no domain of {organisation}."


def _set_parent(row: Row, organisation: Organisation) -> Iterator[str]:
    if not row.parent or not organisation.pk:
        return
    parent = Organisation.objects.listed().filter(slug=row.parent).first()
    if parent is None:
        yield f"there is no organisation with the slug “{row.parent}” for its parent."
    elif parent == organisation or organisation in parent.ancestors():
        yield f"{parent} cannot be its parent: it stands below it."
    else:
        organisation.parent = parent
        organisation.save(update_fields=["parent"])
