"""Whether somebody signs with a name or a word that the letter's team has listed.

Lists only ever have somebody look; none of them refuses an entry.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from letters.folding import key_of
from signatories.checks.finding import LONGEST_DETAIL, Finding, Words
from signatories.checks.names import normal
from signatories.models import FlagKind


@dataclass
class Listed:
    """Texts of one kind, by what their spellings have in common."""

    kind: str
    names: dict[str, str] = field(default_factory=dict)
    phrases: dict[str, str] = field(default_factory=dict)
    by_word: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, kind: str, texts: Iterable[str]) -> "Listed":
        made = cls(kind)
        for text in texts:
            made.names.setdefault(normal(text), text[:LONGEST_DETAIL])
            made.phrases.setdefault(key_of(text), text[:LONGEST_DETAIL])
        made.names.pop("", None)
        made.phrases.pop("", None)
        for key in made.names:
            if " " in key:
                made.by_word[max(key.split(), key=len)].append(key)
        return made

    def is_named(self, name_key: str) -> list[Finding]:
        """The flag for a name that is one of these, in any order of its words."""
        text = self.names.get(name_key)
        return [Finding(self.kind, text)] if text else []

    def is_part_of(self, name_key: str) -> str:
        """One of these names that stands in a longer one, word for word: “Tim Cook” in “The real
        Tim Cook” and in “Tim Donald Cook”. A single word is in too many names."""
        words = name_key.split()
        for word in words:
            for key in self.by_word.get(word, ()):
                if set(words) > set(key.split()):
                    return self.names[key]
        return ""

    def says(self, *texts: str) -> str:
        """The first of these texts that stands in what was written, as whole words."""
        for text in texts:
            written = key_of(text)
            for run in _runs(written):
                if run in self.phrases:
                    return self.phrases[run]
        return ""


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

    def found(self, words: Words, name_key: str) -> list[Finding]:
        written = (words.name, words.title, words.organisation_text)
        return [
            *self.well_known.is_named(name_key),
            *self.recipients.is_named(name_key),
            *self._said(self.jokes, name_key, *written),
            *self._said(self.abuse, name_key, *written),
        ]

    def named_in(self, words: Words) -> str:
        """The well-known person or recipient whom a title names, or a name with more words."""
        for listed in (self.well_known, self.recipients):
            said = listed.says(words.title) or listed.is_part_of(normal(words.name))
            if said:
                return said
        return ""

    @staticmethod
    def _said(listed: Listed, name_key: str, *written: str) -> list[Finding]:
        text = listed.says(*written) or listed.names.get(name_key, "")
        return [Finding(listed.kind, text)] if text else []


def lists_of(
    *,
    well_known: Iterable[str],
    recipients: Iterable[str],
    jokes: Iterable[str],
    abuse: Iterable[str],
) -> Lists:
    return Lists(
        Listed.of(FlagKind.WELL_KNOWN, well_known),
        Listed.of(FlagKind.RECIPIENT, recipients),
        Listed.of(FlagKind.JOKE, jokes),
        Listed.of(FlagKind.ABUSE, abuse),
    )
