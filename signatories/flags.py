"""What flags say in words, and what they weigh.

The weights order the queue: what nothing speaks against can be decided quickly, what weighs most
is looked at last and longest. No weight decides anything but whether somebody has to look.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from signatories.models import Complaint, Flag, FlagKind, Signature

LOOK_CLOSELY = 50  # From this risk on something speaks against the entry.
HIGHEST = 100


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
        _("The title names somebody else: “%(detail)s”."),
        _("The title names somebody else."),
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
        _("It came with many others from one network within an hour."),
        _("It came with many others from one network within an hour."),
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
        return str(meaning.words % {"other": flag.other.name, "detail": flag.detail})
    detail = ", ".join(complaints_in_words(flag)) or flag.detail
    return str(meaning.words % {"detail": detail} if detail else meaning.bare)


def complaints_in_words(flag: Flag) -> list[str]:
    """What readers reported of a line, each complaint once."""
    return [str(COMPLAINTS[Complaint(code)]) for code in flag.complaints]


def risk_of(kinds: Iterable[str]) -> int:
    """What flags weigh together: 0 for none, 100 at most."""
    return min(HIGHEST, sum(MEANINGS[FlagKind(kind)].weight for kind in kinds))


def weigh(signature: Signature) -> None:
    """Set what the entry's flags weigh together. Save its `risk` afterwards."""
    signature.risk = risk_of(signature.flags.values_list("kind", flat=True))
