"""Whether a title says to be, or to speak for, somebody else."""

import re
from collections.abc import Iterable, Iterator, Mapping

from letters.models.organisation import alias_key
from signatories.checks.finding import LONGEST_DETAIL, Finding, Words
from signatories.checks.lists import Lists
from signatories.models import FlagKind

LEADERS = (
    r"ceo|cto|cfo|coo|cio|ciso|chief executive|chief (?:[a-z]+ ){1,3}officer"
    r"|chair(?:man|woman|person)?|president|founder|owner|managing director"
)
LEADER = re.compile(rf"\b(?:{LEADERS})\b(?: (?:officer|of|at|for|the|and)\b)*")
LED_BY = re.compile(rf"(.+?)(?: s)? (?:co )?(?:{LEADERS})\b")
DOTTED = re.compile(r"\b(?:\w\.){2,}")  # “C.E.O.”
MOST_WORDS = 4  # Of the name of an organisation in a title.


def organisations_led(title: str) -> list[str]:
    """Names, as `alias_key` makes them, of what a title may say to lead: "Google", "Google Cloud"
    of "CEO of Google Cloud". Which of them are organisations, only the directory knows."""
    written = alias_key(DOTTED.sub(lambda found: found[0].replace(".", ""), title))
    after = [written[found.end() :] for found in LEADER.finditer(written)]
    before = LED_BY.match(written)
    return [*_beginnings(after), *(_endings(before[1]) if before else ())]


def found_in(
    words: Words, lists: Lists, listed: Mapping[str, int], related: Mapping[int, set[int]]
) -> list[Finding]:
    """The flag for a title that names a well-known person or a recipient, or that leads another
    organisation than the entry's; and for a name that has more words than that of such a person.

    `listed` says which names in titles are whose, `related` which organisations an entry that
    says one of them may also mean: itself, what it belongs to and what belongs to it.
    """
    said = lists.named_in(words)
    if said:
        return [Finding(FlagKind.TITLE, said)]
    own = words.organisation.pk if words.organisation else 0
    for key in organisations_led(words.title):
        if key in listed and listed[key] not in related.get(own, {own}):
            return [Finding(FlagKind.TITLE, words.title[:LONGEST_DETAIL])]
    return []


def _beginnings(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        words = text.split()[:MOST_WORDS]
        yield from (" ".join(words[:end]) for end in range(len(words), 0, -1))


def _endings(text: str) -> Iterator[str]:
    words = text.split()[-MOST_WORDS:]
    yield from (" ".join(words[start:]) for start in range(len(words)))
