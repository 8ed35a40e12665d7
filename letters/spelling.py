"""Which organisation somebody may have meant. Only ever a question, never an answer.

Names of different organisations are often close, so nothing here resolves a name: it finds
what to ask the person about, or what to show to whoever decides a proposal.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from letters.models import Organisation, OrganisationAlias
from letters.models.organisation import alias_key

CLOSE = 84  # Per cent: one slip in a name of six letters or more, two in one of a dozen.
CLOSE_FOR_DECIDERS = 70
SHORTEST = 4
SHORTEST_BEGINNING = 2


@dataclass(frozen=True)
class Directory:
    """All spellings, read once: as many look-ups as one likes without another query."""

    organisations: tuple[int, ...]
    keys: tuple[str, ...]

    @classmethod
    def read(cls) -> "Directory":
        listed = OrganisationAlias.objects.filter(
            organisation__merged_into__isnull=True, organisation__withdrawn_on__isnull=True
        )
        rows = list(listed.order_by("key").values_list("organisation", "key"))
        return cls(tuple(row[0] for row in rows), tuple(row[1] for row in rows))

    def close_to(self, name: str, *, at_least: float = CLOSE, limit: int = 1) -> list[int]:
        """Ids of the organisations with the closest spellings, the closest first."""
        key = alias_key(name)
        if len(key) < SHORTEST:
            return []
        found = process.extract(
            key, self.keys, scorer=fuzz.ratio, score_cutoff=at_least, limit=4 * limit
        )
        alike = (place for spelling, _score, place in found if _may_mean(key, spelling))
        return list(dict.fromkeys(self.organisations[place] for place in alike))[:limit]


def _may_mean(key: str, spelling: str) -> bool:
    """Numbers are no slips: "Area 51" is not "Area 52"."""
    return len(spelling) >= SHORTEST and re.findall(r"\d+", key) == re.findall(r"\d+", spelling)


def completions(typed: str, limit: int = 8) -> list[tuple[Organisation, str]]:
    """Organisations for a field in which somebody types a name, each with the spelling by which
    it was found: those that begin with what was typed, then those that hold it, then close ones.
    """
    key = alias_key(typed)
    if len(key) < SHORTEST_BEGINNING:
        return []
    listed = Organisation.objects.listed()
    spellings = OrganisationAlias.objects.filter(organisation__in=listed)
    beginning = spellings.filter(key__startswith=key).order_by("key")[: 4 * limit]
    within = spellings.filter(key__contains=key).order_by("key")[: 4 * limit]
    found = {row.organisation_id: row.name for row in reversed([*beginning, *within])}
    order = list(dict.fromkeys(row.organisation_id for row in [*beginning, *within]))
    if len(order) < limit:
        order += [pk for pk in Directory.read().close_to(typed, limit=limit) if pk not in found]
    organisations = listed.in_bulk(order[:limit])
    return [(organisations[pk], found.get(pk, typed)) for pk in order if pk in organisations]


def suggestion(name: str) -> Organisation | None:
    """The organisation to ask a person about who typed a name that is on no list."""
    for pk in Directory.read().close_to(name):
        return Organisation.objects.listed().filter(pk=pk).first()
    return None


def close_to(names: Iterable[str], limit: int = 5) -> list[Organisation]:
    """Organisations to show to whoever decides what these spellings mean."""
    directory = Directory.read()
    found = [
        pk
        for name in names
        for pk in directory.close_to(name, at_least=CLOSE_FOR_DECIDERS, limit=limit)
    ]
    keys = list(dict.fromkeys(found))[:limit]
    organisations = Organisation.objects.in_bulk(keys)
    return [organisations[pk] for pk in keys]
