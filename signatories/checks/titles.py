"""Whether a title says to be, or to speak for, somebody else."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from django.utils.translation import gettext as _

from letters.folding import key_of, stands_in
from letters.models.organisation import alias_key
from signatories.checks.finding import LONGEST_DETAIL, Finding, Words
from signatories.checks.lists import Lists
from signatories.models import FlagKind

# What a flag begins with where it names something else than a person. No title has such signs.
EMPLOYER, LEADS, OURS = "<employer>", "<leads>", "<ours>"

LEADERS = (
    r"ceo|cto|cfo|coo|cio|ciso|chief executive|chief (?:[a-z]+ ){1,3}officer"
    r"|chair(?:man|woman|person)?|president|founder|(?<!product )owner|managing director"
)
LEADER = re.compile(rf"\b(?:{LEADERS})\b(?: (?:officer|of|at|for|the|and)\b)*")
LED_BY = re.compile(
    rf"(?:(?:the|ex|former|acting|interim|current) )*(.+?)(?: s)? (?:co )?"
    rf"(?:{LEADERS.replace('|(?<!product )owner', '')})\b"
)
# A title that says nothing but to be the head: no "vice", no "office of" before it.
HEAD = re.compile(rf"(?:(?:the|co|former|acting|interim|and|of|at|officer|{LEADERS})\b ?)+")
DOTTED = re.compile(r"\b(?:\w\.){2,}")  # “C.E.O.”
PARTS = re.compile(r"[,;:|()\[\]·•–—\"“”„«»]+| [-+] ")
MOST_WORDS = 4  # Of the name of an organisation in a title.
SHORTEST = 3  # Letters of one that is meant where nothing leads to it. “EA” assists somebody.
# Words before an employer. After the first ones its name may go on: “at Google Munich”.
AT = re.compile(r"\b(?:at|bei|chez)\b(?: the\b)?")
OF = re.compile(r"\b(?:of|for|from|by|von)\b(?: the\b)?")
EX = re.compile(r"\b(?:ex|former|formerly)\b(?: (?:at|of|the)\b)*")
DISTINCT = 6  # Letters of a name that is no word of every day: “former box office clerk”.
# What may follow the name of an organisation that is meant as a whole: words that begin something
# else, and its parts. “Alphabet Workers Union” is none.
STOPS = set("in since until on at for seit bis von depuis retired now".split())
UNITS = set(
    "cloud ai ads research labs health maps search security team division retired "
    "emea europe germany france india japan uk us usa america international worldwide".split()
)
# How people call themselves who speak under the name of the organisation where they work.
COLLEAGUES = set(
    "union workers worker together united employees alumni coalition alliance network walkout "
    "solidarity collective".split()
)
# What bears the name of something else: “Signal Hill School”, “Box Hill Hospital”.
INSTITUTIONS = set(
    "school hospital bank church museum university college institute health clinic department "
    "library team watch corps society foundation club hotel taxis".split()
)

# The service's own words about lines without a name, folded, and its mark.
OUR_WORDS = re.compile(
    r"\bverified (?:\w+ ){0,3}empioyee\b|\bempioyee (?:\w+ ){0,3}verified\b|\bnot verified\b"
)
OUR_MARKS = re.compile("[✓✔☑✅🗸]")


def organisations_led(title: str) -> list[str]:
    """Names, as `alias_key` makes them, of what a title may say to lead: "Google" of "Founder,
    Google" and of "CEO of Google Cloud". Which are organisations, only the directory knows."""
    parts = _parts_of(title)
    after = [part[found.end() :] for part in parts for found in LEADER.finditer(part)]
    before = [found[1] for part in parts if (found := LED_BY.match(part))]
    beside = parts if after else []
    return [*_beginnings(after), *_wholes(beside), *before]


def employers_named(title: str) -> list[str]:
    """Names of what a title may say to work at: "Google" of "Engineer at Google", "ex-Google" and
    "Engineer, Google"."""
    parts = _parts_of(title)
    at = [part[found.end() :] for part in parts for found in AT.finditer(part)]
    of = [part[found.end() :] for part in parts for found in OF.finditer(part)]
    ex = [part[found.end() :] for part in parts for found in EX.finditer(part)]
    past = [key for key in _beginnings(ex, _is_no_group) if len(key) >= DISTINCT]
    now = _beginnings(at, _is_no_group)
    return [*_beginnings([*of, *ex]), *_wholes(parts), *now, *past]


def organisations_in(title: str) -> set[str]:
    return {*organisations_led(title), *employers_named(title)}


def found_in(
    words: Words, lists: Lists, listed: Mapping[str, int], related: Mapping[int, set[int]]
) -> list[Finding]:
    """The flag for a title that names a well-known person or a recipient, or an organisation that
    is not the entry's; and for a name that may be taken for that of such a person.

    `listed` says which names in titles are whose, `related` which organisations an entry that
    says one of them may also mean: itself, what it belongs to and what belongs to it.
    """
    said = lists.named_in(words) or _ours_in(words)
    if not said:
        own = words.organisation.pk if words.organisation else 0
        others = {key for key, pk in listed.items() if pk not in related.get(own, {own})}
        said = _claimed_in(words, others)
    return [Finding(FlagKind.TITLE, said[:LONGEST_DETAIL])] if said else []


def _claimed_in(words: Words, others: set[str]) -> str:
    """What a title claims that the line beside it does not say. `others` are the names of
    organisations that are not the entry's own."""
    if not others.isdisjoint(organisations_led(words.title)):
        return words.title
    if not others.isdisjoint(employers_named(words.title)):
        return f"{EMPLOYER}{words.title}"
    if words.organisation and not words.is_verified and _is_head(words):
        return f"{LEADS}{words.organisation.name}"
    return ""


def _is_head(words: Words) -> bool:
    """Whether the title says nothing but to lead the organisation of the entry."""
    own = alias_key(words.organisation.name) if words.organisation else ""
    parts = [part for part in _parts_of(words.title) if part != own]
    heads = [HEAD.fullmatch(part.removesuffix(own).rstrip()) for part in parts]
    return bool(parts) and all(heads) and any(map(LEADER.search, parts))


def _ours_in(words: Words) -> str:
    """What in an entry reads like the service's own words about lines that bear no name."""
    name = key_of(words.name)
    if name == key_of(_("Counted")) or key_of(_("Anonymous")) in name.split():
        return f"{OURS}{words.name}"
    own = [key_of(_(text)) for text in ("Verified employee", "Verified former employee")]
    written = (
        (words.name, words.name_readings),
        (words.title, words.title_readings),
        (words.organisation_text, words.organisation_readings),
    )
    for text, keys in written:
        said = any(OUR_WORDS.search(key) or any(stands_in(one, key) for one in own) for key in keys)
        if said or OUR_MARKS.search(text):
            return f"{OURS}{text}"
    return ""


def _parts_of(title: str) -> list[str]:
    """The parts of a title between its signs, each as `alias_key` makes it."""
    plain = DOTTED.sub(lambda found: found[0].replace(".", ""), title).replace("@", " at ")
    return [key for part in PARTS.split(plain) if (key := alias_key(part))]


def _is_over(rest: list[str]) -> bool:
    """Whether an organisation is named to its end, where these words follow."""
    return _is_all(rest) or rest[0] in STOPS


def _is_all(rest: list[str]) -> bool:
    """Whether nothing follows but a part of the organisation."""
    return not rest or (len(rest) == 1 and rest[0] in UNITS)


def _is_no_group(rest: list[str]) -> bool:
    """Whether the words that follow an organisation make no group of its people of it, and no
    other place."""
    return COLLEAGUES.isdisjoint(rest) and INSTITUTIONS.isdisjoint(rest)


def _beginnings(
    texts: Iterable[str], may_follow: Callable[[list[str]], bool] = _is_over
) -> Iterator[str]:
    for text in texts:
        words = text.split()
        for end in range(min(MOST_WORDS, len(words)), 0, -1):
            if may_follow(words[end:]):
                yield alias_key(" ".join(words[:end]))


def _wholes(parts: Iterable[str]) -> Iterator[str]:
    """The parts that may be nothing but the name of an organisation."""
    return (key for key in _beginnings(parts, _is_all) if len(key) >= SHORTEST)
