"""Whether somebody signs with a name or a word that the letter's team has listed.

Lists only ever have somebody look; none of them refuses an entry.
"""

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

    @classmethod
    def of(cls, kind: str, texts: Iterable[str]) -> "Listed":
        made = cls(kind)
        for text in texts:
            made.names.setdefault(normal(text), text[:LONGEST_DETAIL])
            made.phrases.setdefault(key_of(text), text[:LONGEST_DETAIL])
        made.names.pop("", None)
        made.phrases.pop("", None)
        return made

    def is_named(self, name_key: str) -> list[Finding]:
        """The flag for a name that is one of these, in any order of its words."""
        text = self.names.get(name_key)
        return [Finding(self.kind, text)] if text else []

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
