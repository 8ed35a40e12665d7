"""Loading `seeds/`: organisations and the letters that ship. Loading twice changes nothing."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from letters.actions import Text, publish, publish_text
from letters.models import (
    AuditEntry,
    Letter,
    Organisation,
    OrganisationAlias,
    OrganisationDomain,
    Recipient,
    Status,
)
from letters.models.organisation import alias_key

LETTER_FIELDS = (
    "title",
    "summary",
    "addressed_to",
    "organiser_line",
    "language",
    "visibility",
    "eligibility",
    "reach",
    "review_policy",
    "allows_named",
    "allows_anonymous",
    "accepts_unverified",
    "allows_unverified_anonymous",
    "allows_vouching",
    "allows_login",
    "minimum_group_size",
    "roll_in_search",
)


@transaction.atomic
def load_organisations(rows: list[dict[str, Any]], *, is_demonstration: bool = False) -> int:
    """Create or update organisations with their spellings and domains; return how many."""
    for row in rows:
        parent = Organisation.objects.get(slug=row["parent"]) if row.get("parent") else None
        organisation, _created = Organisation.objects.update_or_create(
            slug=row.get("slug") or slugify(row["name"]),
            defaults={
                "name": row["name"],
                "parent": parent,
                "headcount_band": row.get("headcount_band", ""),
                "is_demonstration": is_demonstration,
            },
        )
        for name in (row["name"], *row.get("aliases", [])):
            OrganisationAlias.objects.update_or_create(
                key=alias_key(name), defaults={"organisation": organisation, "name": name}
            )
        for entry in row.get("domains", []):
            OrganisationDomain.objects.update_or_create(
                domain=entry["domain"],
                defaults={
                    "organisation": organisation,
                    "mailbox_domain": entry.get("alias_of", entry["domain"]),
                },
            )
    return len(rows)


def in_order_of_parents(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Parents before their children, whatever the order in the file."""
    waiting, done = list(rows), set()
    while waiting:
        ready = [row for row in waiting if not row.get("parent") or row["parent"] in done]
        if not ready:
            raise ValueError(f"Parents missing or in a circle: {[row['slug'] for row in waiting]}")
        yield from ready
        done |= {row["slug"] for row in ready}
        waiting = [row for row in waiting if row not in ready]


def read_letter(path: Path) -> tuple[dict[str, Any], str]:
    """Front matter (TOML between +++ lines) and the Markdown below it."""
    _nothing, front, text = path.read_text(encoding="utf-8").split("+++\n", 2)
    return tomllib.loads(front), text.strip() + "\n"


@transaction.atomic
def load_letter(front: dict[str, Any], markdown: str) -> Letter:
    """Create the letter, or give it the text of the file as a new version if it differs.

    A text that somebody on the letter's team published stays: the file does not know it.
    """
    letter, created = Letter.objects.get_or_create(
        slug=front["slug"],
        defaults={field: front[field] for field in LETTER_FIELDS if field in front},
    )
    if created:
        _add_people(letter, front)
    if letter.is_sealed:
        return letter
    demands = tuple((demand["lead"], demand["text"]) for demand in front["demands"])
    text = Text(front["title"], markdown, demands)
    if _has_text_of_a_file(letter):
        publish_text(letter=letter, text=text, actor=None, on=front["published_on"])
    if letter.status == Status.DRAFT and front["status"] == Status.PUBLISHED:
        publish(letter=letter, actor=None, on=front["published_on"])
    letter.refresh_from_db()
    return letter


def _has_text_of_a_file(letter: Letter) -> bool:
    """Whether nobody has published the current text, or there is none."""
    if letter.current_version is None:
        return True
    published = AuditEntry.objects.filter(letter=letter, verb="letter.text_published")
    return published.filter(actor=None, target=str(letter.current_version.number)).exists()


def _add_people(letter: Letter, front: dict[str, Any]) -> None:
    letter.organisations.set(Organisation.objects.filter(slug__in=front["organisations"]))
    Recipient.objects.bulk_create(
        Recipient(
            letter=letter,
            position=position,
            name=row["name"],
            role=row.get("role", ""),
            organisation=Organisation.objects.filter(slug=row.get("organisation")).first(),
        )
        for position, row in enumerate(front["recipients"], start=1)
    )
