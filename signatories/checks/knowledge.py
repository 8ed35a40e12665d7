"""What the entries of one letter are compared with, read once for a batch of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, Value

from letters.folding import key_of
from letters.models import Letter, Organisation, OrganisationAlias, WordList
from letters.models.organisation import alias_key
from signatories.checks import lists, scripts, titles
from signatories.checks.finding import Finding, Words
from signatories.checks.names import Roll, normal
from signatories.models import Flag, FlagKind, Signature
from signatories.models.selecting import SignatureQuerySet

# As many names are looked for by their trigrams; for more, all of the letter are read at once.
FEW = 20


@dataclass(frozen=True)
class Knowledge:
    """The names under the letter, its lists, and the organisations that titles say."""

    roll: Roll
    lists: lists.Lists
    listed: Mapping[str, int]
    related: Mapping[int, set[int]]

    def found(self, signature: Signature) -> list[Finding]:
        """All that the words of an entry give reason for. From then on it is one of the names
        that others are compared with."""
        key = normal(signature.name)
        words = words_of(signature)
        found = [
            *self.roll.found(key),
            *self.lists.found(words),
            *scripts.found_in(words.name, words.title, words.organisation_text),
            *titles.found_in(words, self.lists, self.listed, self.related),
        ]
        self.roll.add(key, signature.pk)
        return found


def words_of(signature: Signature) -> Words:
    organisation = signature.organisation and signature.organisation.standing
    return Words(
        name=signature.name,
        title=signature.title,
        organisation=organisation,
        organisation_text=signature.organisation_text,
        is_verified=signature.is_verified,
    )


def read(letter: Letter, entries: Sequence[Signature]) -> Knowledge:
    """All that is needed to check these entries, in a number of queries that does not depend on
    how many they are."""
    listed = _organisations_in(entry.title for entry in entries)
    return Knowledge(
        roll=_names_beside(letter, entries),
        lists=_lists_of(letter),
        listed=listed,
        related=_related_of(entries) if listed else {},
    )


def _lists_of(letter: Letter) -> lists.Lists:
    texts: dict[str, list[str]] = {kind: [] for kind in WordList}
    for kind, text in letter.listed_words.values_list("list", "text"):
        texts[kind].append(text)
    recipients = list(letter.recipients.values_list("name", flat=True))
    return lists.lists_of(
        well_known=texts[WordList.WELL_KNOWN],
        recipients=recipients,
        jokes=texts[WordList.JOKES],
        abuse=texts[WordList.ABUSE],
        organisations=_organisations_among(recipients),
    )


# Names --------------------------------------------------------------------------------------------


def _names_beside(letter: Letter, entries: Sequence[Signature]) -> Roll:
    """The names that stand under the letter beside these entries.

    Of two that are alike one is flagged, and not the other when it is compared again: so those
    that are flagged because of one of these are left out. So are those whose name stands there
    already: its first bearer is compared, and whoever comes later with it holds nobody but
    themself.
    """
    roll = Roll()
    compared = letter.signatures.compared_with()
    later = Flag.objects.filter(kind=FlagKind.SAME_NAME, other__in=compared.values("pk"))
    because = Flag.objects.filter(other__in=entries)
    names = compared.exclude(pk__in=because.values("signature"))
    names = names.exclude(pk__in=later.values("signature")).order_by("confirmed_on", "pk")
    keys = {normal(entry.name) for entry in entries}
    for pk, key in _candidates(names, keys).values_list("pk", "name_key"):
        roll.add(key, pk)
    return roll


def _candidates(names: SignatureQuerySet, keys: Iterable[str]) -> SignatureQuerySet:
    """Those of the names that may be alike one of these: all of them, or a few that hold them.

    A name that is similar has at least half of its trigrams in common with the other, and the
    database finds all with a third. Which of them are alike is decided as everywhere else. What
    it takes for a letter beyond ASCII depends on its locale, so such names are not looked for.
    """
    keys = list(keys)
    if len(keys) > FEW or not all(map(str.isascii, keys)) or not knows_trigrams():
        return names
    condition = Q(pk__in=())
    for key in keys:
        condition |= Q(_shares_trigrams(key))
    return names.filter(condition)


def _shares_trigrams(key: str) -> Func:
    return Func(
        F("name_key"),
        Value(key),
        template="(%(expressions)s)",
        arg_joiner=" %% ",
        output_field=BooleanField(),
    )


def knows_trigrams() -> bool:
    """Whether the database has pg_trgm where our statements find it."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regoperator('%(text,text)') IS NOT NULL")
        return bool(cursor.fetchone()[0])


# Organisations ------------------------------------------------------------------------------------


def _organisations_among(names: Iterable[str]) -> set[str]:
    """The keys of those names that are organisations of the directory."""
    known = OrganisationAlias.objects.filter(key__in={alias_key(name) for name in names})
    return set(known.values_list("key", flat=True))


def _organisations_in(texts: Iterable[str]) -> dict[str, int]:
    """Which of the names that titles lead or work at are listed organisations, and which."""
    keys = {key for text in texts for key in titles.organisations_in(text)}
    if not keys:
        return {}
    # Folded on both sides: “GoogIe” is read as Google.
    rows = OrganisationAlias.objects.order_by("pk").values_list("key", "organisation")
    known = {key_of(key): organisation for key, organisation in rows}
    return {key: known[folded] for key in keys if (folded := key_of(key)) in known}


def _related_of(entries: Iterable[Signature]) -> dict[int, set[int]]:
    """For the organisations of entries: itself, what it belongs to, and what belongs to it."""
    rows = Organisation.objects.values_list("pk", "parent", "merged_into")
    above = {pk: parent for pk, parent, _merged in rows}
    merged = {pk: into for pk, _parent, into in rows if into}
    own = {entry.organisation.standing.pk for entry in entries if entry.organisation}
    lines = {pk: _line(pk, above) for pk in above}
    return {
        one: {
            pk
            for pk in above
            if merged.get(pk, pk) in lines[one] or one in lines[merged.get(pk, pk)]
        }
        for one in own
    }


def _line(pk: int, above: Mapping[int, int | None]) -> set[int]:
    """An organisation and all that it belongs to; a circle ends where it closes."""
    line: set[int] = set()
    one: int | None = pk
    while one is not None and one not in line:
        line.add(one)
        one = above.get(one)
    return line
