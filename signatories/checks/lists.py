"""Whether somebody signs with a name or a word that the letter's team has listed.

Lists only ever have somebody look; none of them refuses an entry.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from letters.folding import key_of
from letters.models.organisation import alias_key
from signatories.checks.finding import LONGEST_DETAIL, Finding, Words
from signatories.checks.names import normal, one_slip_from
from signatories.checks.readings import shape, together
from signatories.models import FlagKind

# With one of these begins what is addressed and is no person: “The Board”.
ARTICLES = {"the", "der", "die", "das", "les", "los"}


@dataclass
class Listed:
    """Texts of one kind, by what their spellings have in common."""

    kind: str
    names: dict[str, str] = field(default_factory=dict)
    phrases: dict[str, str] = field(default_factory=dict)
    # Of texts with several words, as shapes: the names, and what stays without spaces.
    shapes: dict[str, str] = field(default_factory=dict)
    joined: dict[str, str] = field(default_factory=dict)
    by_word: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    by_length: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, kind: str, names: Iterable[str], phrases: Iterable[str]) -> "Listed":
        """`names` are looked for in names, `phrases` in whatever else was written."""
        made = cls(kind)
        for text in phrases:
            made._add_phrase(key_of(text), text[:LONGEST_DETAIL])
        for text in names:
            made._add_name(normal(text), text[:LONGEST_DETAIL])
        return made

    def _add_phrase(self, key: str, text: str) -> None:
        if not key:
            return
        self.phrases.setdefault(key, text)
        self.phrases.setdefault(shape(key), text)
        *first, last = key.split()
        for order in (key, " ".join([last, *first])) if first else ():
            self.joined.setdefault(together(order), text)
        self.joined.pop("", None)

    def _add_name(self, key: str, text: str) -> None:
        if not key or key in self.names:
            return
        self.names[key] = text
        if " " not in key:
            return
        self.shapes.setdefault(shape(key), text)
        self.by_word[max(shape(key).split(), key=len)].append(shape(key))
        self.by_length[len(key)].append(key)

    def is_named(self, keys: Sequence[str]) -> list[Finding]:
        """The flag for a name that is one of these, in any order of its words, also where signs
        or dots stand among its letters. `keys` are its normal forms, as it may be read."""
        said = next((self.names[key] for key in keys if key in self.names), "")
        return [Finding(self.kind, said)] if said else []

    def is_taken_for(self, keys: Sequence[str]) -> str:
        """One of these names that a reader may take another one for: it has more words, one
        slip, or letters that look like others. Its bearer may be called so."""
        for key in keys:
            alike = one_slip_from(key, self.by_length)
            said = self._is_part_of(shape(key)) or self.names.get(alike, "")
            if said:
                return said
        return ""

    def _is_part_of(self, name_key: str) -> str:
        """One of these names that stands in a longer one, word for word: “Tim Cook” in “The real
        Tim Cook”, “Tim Donald Cook” and “Tim Tim Cook”. A single word is in too many names."""
        words = set(name_key.split())
        for word in words:
            for key in self.by_word.get(word, ()):
                if words >= set(key.split()):
                    return self.shapes[key]
        return ""

    def is_joined_in(self, written: Sequence[str]) -> str:
        """One of these texts whose words are written without a space, or with another one."""
        for key in written:
            for run in (key, *key.split()):
                said = self.joined.get(together(run))
                if said:
                    return said
        return ""

    def says(self, written: Iterable[str]) -> str:
        """The first of these texts that stands in what was written, as whole words. `written`
        are its readings."""
        for key in written:
            said = self._says(key)
            if said:
                return said
        return ""

    def _says(self, written: str) -> str:
        for run in _runs(written):
            said = self.phrases.get(run) or self.phrases.get(shape(run))
            if said:
                return said
        words = map(together, written.split())
        return next((self.joined[word] for word in words if word in self.joined), "")


def _keys_of(words: Words) -> list[str]:
    """The normal forms of a name, as it may be read."""
    return list(dict.fromkeys(map(normal, words.name_readings)))


LONGEST_PHRASE = 8  # words


def _runs(written: str) -> Iterable[str]:
    """Every run of whole words in a folded text, up to the length of a listed phrase."""
    words = written.split()
    for start in range(len(words)):
        for end in range(start + 1, min(start + LONGEST_PHRASE, len(words)) + 1):
            yield " ".join(words[start:end])


@dataclass
class Lists:
    """What a letter's team has listed, and to whom the letter is addressed."""

    well_known: Listed
    recipients: Listed
    jokes: Listed
    abuse: Listed

    def found(self, words: Words) -> list[Finding]:
        keys = _keys_of(words)
        return [
            *self.well_known.is_named(keys),
            *self.recipients.is_named(keys),
            *self._said(self.jokes, keys, words),
            *self._said(self.abuse, keys, words),
        ]

    def named_in(self, words: Words) -> str:
        """The well-known person or recipient whom a title or an organisation names, or whom
        somebody may be taken for who has another name."""
        keys = _keys_of(words)
        for listed in (self.well_known, self.recipients):
            said = listed.says([*words.title_readings, *words.organisation_readings])
            if not said and not listed.is_named(keys):
                said = listed.is_taken_for(keys) or listed.is_joined_in(words.name_readings)
            if said:
                return said
        return ""

    @staticmethod
    def _said(listed: Listed, keys: Sequence[str], words: Words) -> list[Finding]:
        named = listed.is_named(keys)
        written = [*words.name_readings, *words.title_readings, *words.organisation_readings]
        said = "" if named else listed.says(written) or listed.is_joined_in(words.name_readings)
        return [Finding(listed.kind, said)] if said else named


def lists_of(
    *,
    well_known: Sequence[str],
    recipients: Sequence[str],
    jokes: Sequence[str],
    abuse: Sequence[str],
    organisations: Container[str] = (),
) -> Lists:
    """The lists of a letter. `organisations` are the keys of recipients that are organisations."""
    people = [name for name in recipients if _is_of_a_person(name, organisations)]
    return Lists(
        Listed.of(FlagKind.WELL_KNOWN, well_known, well_known),
        Listed.of(FlagKind.RECIPIENT, recipients, people),
        Listed.of(FlagKind.JOKE, jokes, jokes),
        Listed.of(FlagKind.ABUSE, abuse, abuse),
    )


def _is_of_a_person(recipient: str, organisations: Container[str]) -> bool:
    """Whether it is odd that a title names this recipient. People name in theirs the company to
    which the letter is addressed, or its board; and one word stands in too many titles."""
    words = recipient.casefold().split()
    if len(words) < 2 or words[0] in ARTICLES:
        return False
    return alias_key(recipient) not in organisations
