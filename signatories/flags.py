"""What flags say in words, and what they weigh.

The weights order the queue: what nothing speaks against can be decided quickly, what weighs most
is looked at last and longest. No weight decides anything but whether somebody has to look.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from signatories.checks.finding import LONGEST_DETAIL, Finding
from signatories.checks.scripts import DECORATED, INVISIBLE, POSING
from signatories.checks.titles import EMPLOYER, LEADS, OURS
from signatories.models import Complaint, Flag, FlagKind, Signature

LOOK_CLOSELY = 50  # From this risk on something speaks against the entry.
HIGHEST = 100
# From this risk on an entry waits for a moderator where entries are read afterwards. Whatever
# speaks against one holds it, the weakest being a name that stands there already; a name that is
# only similar is no reason to let its bearer wait: one in a hundred has such a one.
HELD_FROM = 30

# What the words of an entry give reason for. They are compared again whenever these or a list
# change; what the mailbox, the way or a reader said stays.
OF_WORDS = (
    FlagKind.SAME_NAME,
    FlagKind.SIMILAR_NAME,
    FlagKind.WELL_KNOWN,
    FlagKind.RECIPIENT,
    FlagKind.JOKE,
    FlagKind.ABUSE,
    FlagKind.SCRIPTS,
    FlagKind.TITLE,
)

# What a mailbox gives reason for, whether a name stands beside it or not.
OF_MAILBOX = (FlagKind.DISPOSABLE, FlagKind.BURST)


@dataclass(frozen=True)
class Meaning:
    """How a kind of flag reads. `words` may name `%(detail)s` or `%(other)s`; `bare` is said
    where there is nothing to name."""

    weight: int
    words: Any
    bare: Any


MEANINGS = {
    FlagKind.SAME_NAME: Meaning(
        30,
        _("The same name stands under this letter: “%(other)s”."),
        _("The same name stands under this letter."),
    ),
    FlagKind.SIMILAR_NAME: Meaning(
        20,
        _("A similar name stands under this letter: “%(other)s”."),
        _("A similar name stands under this letter."),
    ),
    FlagKind.WELL_KNOWN: Meaning(
        60,
        _("“%(detail)s” is on the letter’s list of well-known people. Ask for a proof."),
        _("The name is on the letter’s list of well-known people. Ask for a proof."),
    ),
    FlagKind.RECIPIENT: Meaning(
        80,
        _("“%(detail)s” is a recipient of this letter. Ask for a proof."),
        _("The name is that of a recipient of this letter. Ask for a proof."),
    ),
    FlagKind.JOKE: Meaning(
        60,
        _("“%(detail)s” is on the letter’s list of jokes."),
        _("Something in it is on the letter’s list of jokes."),
    ),
    FlagKind.ABUSE: Meaning(
        70,
        _("“%(detail)s” is on the letter’s list of abuse."),
        _("Something in it is on the letter’s list of abuse."),
    ),
    FlagKind.SCRIPTS: Meaning(
        40,
        _("Unusual letters: %(detail)s."),
        _("It mixes letters of different scripts, or uses invisible ones."),
    ),
    FlagKind.TITLE: Meaning(
        50,
        _("Name or title names somebody else, or nearly does: “%(detail)s”."),
        _("Name or title names somebody else."),
    ),
    FlagKind.OTHER_EMPLOYER: Meaning(
        30,
        _("The mailbox belongs to another organisation than the one that is named: %(detail)s."),
        _("The mailbox belongs to another organisation than the one that is named."),
    ),
    FlagKind.DISPOSABLE: Meaning(
        40,
        _("The mailbox is of a provider that gives throw-away addresses."),
        _("The mailbox is of a provider that gives throw-away addresses."),
    ),
    FlagKind.BURST: Meaning(
        40,
        _("It came with many others: from one network within an hour, or a mail domain in a day."),
        _("It came with many others: from one network within an hour, or a mail domain in a day."),
    ),
    FlagKind.REPORTED: Meaning(
        50,
        _("Reported by readers: %(detail)s."),
        _("Reported by readers."),
    ),
    FlagKind.OBJECTION: Meaning(
        50,
        _("Its signatory objects to the rejection."),
        _("Its signatory objects to the rejection."),
    ),
}


# Codes in the detail of a flag about letters. Any other detail of one names the scripts.
LETTERS = {
    DECORATED: _("some are made for formulas or ornaments"),
    INVISIBLE: _("one is invisible"),
    POSING: _("a whole word only looks like Latin"),
}
# What the detail of a flag about titles begins with, where it names no person.
CLAIMS = {
    EMPLOYER: _(
        "It names, or seems to name, an employer in the title, where nothing says whether it is "
        "verified: "
        "“%(detail)s”."
    ),
    LEADS: _("The title claims to lead %(detail)s, and nothing verifies that."),
    OURS: _("It reads like the service’s own words about a line without a name: “%(detail)s”."),
}
# What readers reported, as the queue says it.
COMPLAINTS = {
    Complaint.ME: _("“this is me, take my line away”"),
    Complaint.NOT_REAL: _("“this is not a real person”"),
    Complaint.NAME_USED: _("“somebody used my name”"),
}


def in_words(flag: Flag) -> str:
    """The reason to look twice, in a sentence."""
    meaning = MEANINGS[FlagKind(flag.kind)]
    if flag.other:
        return str(meaning.words % {"other": flag.other.name})
    for code, words in CLAIMS.items():
        if flag.kind == FlagKind.TITLE and flag.detail.startswith(code):
            return str(words % {"detail": flag.detail.removeprefix(code)})
    return str(meaning.words % {"detail": _named(flag)} if flag.detail else meaning.bare)


def _named(flag: Flag) -> str:
    if flag.kind == FlagKind.REPORTED:
        return ", ".join(complaints_in_words(flag))
    if flag.kind != FlagKind.SCRIPTS:
        return flag.detail
    mixed = _("one word mixes %(scripts)s") % {"scripts": flag.detail}
    return str(LETTERS.get(flag.detail, mixed))


def complaints_in_words(flag: Flag) -> list[str]:
    """What readers reported of a line, each complaint once."""
    return [str(COMPLAINTS[Complaint(code)]) for code in flag.complaints]


def risk_of(kinds: Iterable[str]) -> int:
    """What flags weigh together: 0 for none, 100 at most."""
    return min(HIGHEST, sum(MEANINGS[FlagKind(kind)].weight for kind in kinds))


def rows_of(signature: Signature, found: Iterable[Finding]) -> list[Flag]:
    """The flags to store for an entry. One without a name gets no word beside their kind."""
    found = list(found)
    assert not signature.is_anonymous or not any(one.detail or one.other for one in found)
    return [
        Flag(
            signature=signature,
            kind=one.kind,
            # One detail that is too long would keep all entries of its batch from their check.
            detail=one.detail[:LONGEST_DETAIL],
            other_id=one.other,
        )
        for one in found
    ]


def weigh(signature: Signature) -> None:
    """Set what the entry's flags weigh together. Save its `risk` afterwards."""
    signature.risk = risk_of(signature.flags.values_list("kind", flat=True))
