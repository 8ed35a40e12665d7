"""The lists by which entries are looked at twice: well-known people, jokes, abuse."""

import hashlib
from collections.abc import Mapping

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from letters.actions import NotAllowed, Overtaken, _locked, audit
from letters.folding import key_of
from letters.models import Letter, ListedWord, User, WordList
from letters.permissions import lists_kept_by

MOST_LINES = 2000
LONGEST_LINE = ListedWord._meta.get_field("text").max_length or 0
SEEDS = {
    WordList.WELL_KNOWN: "well-known-people.txt",
    WordList.JOKES: "jokes.txt",
    WordList.ABUSE: "abuse.txt",
}

Lines = Mapping[str, list[str]]


def lines_of(letter: Letter) -> dict[str, list[str]]:
    """What stands on each list, in the order of the alphabet."""
    found: dict[str, list[str]] = {one.value: [] for one in WordList}
    for kind, text in letter.listed_words.values_list("list", "text"):
        found[kind].append(text)
    return found


def digest_of(lines: Lines) -> str:
    """What tells one state of the lists from another, so that nobody replaces one unseen."""
    written = repr([(kind.value, sorted(lines.get(kind, []))) for kind in WordList])
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def start_of(kind: str) -> list[str]:
    """A modest beginning of a list, of which the file says where it comes from."""
    path = settings.SEEDS_DIR / "lists" / SEEDS[WordList(kind)]
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def once_each(texts: list[str]) -> list[str]:
    """The texts without those that are spellings of an earlier one."""
    return list({key: text for text in reversed(texts) if (key := key_of(text))}.values())[::-1]


@transaction.atomic
def change(*, letter: Letter, lines: Lines, actor: User, instead_of: str | None = None) -> bool:
    """Make these the letter's lists; return whether anything changed. Raises `NotAllowed`.

    `instead_of` is the digest of the lists that were changed; raises `Overtaken` where others
    stand by now.
    """
    letter = _locked(letter, actor, lists_kept_by)
    before = lines_of(letter)
    wishes = {kind.value: once_each(lines.get(kind, [])) for kind in WordList}
    if digest_of(before) == digest_of(wishes):
        return False
    if letter.is_sealed:
        raise NotAllowed(_("A sealed letter keeps its lists: nobody reads entries any more."))
    if instead_of is not None and instead_of != digest_of(before):
        raise Overtaken(_("Somebody has changed the lists meanwhile."))
    if any(len(texts) > MOST_LINES for texts in wishes.values()):
        raise NotAllowed(_("Put at most %(most)d lines on a list.") % {"most": MOST_LINES})
    letter.listed_words.all().delete()
    rows = [ListedWord.of(letter, kind, text) for kind, texts in wishes.items() for text in texts]
    ListedWord.objects.bulk_create(rows, batch_size=500)
    audit(verb="letter.lists_changed", actor=actor, letter=letter, number=max(1, len(rows)))
    return True
