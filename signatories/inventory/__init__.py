"""The data inventory: everything that is stored about people, field by field.

The privacy page shows it and `docs/legal-demands.md` goes through it. Every field of every
table stands here exactly once, either in an entry or under `NOT_ABOUT_PEOPLE` with a reason;
`tests/signatories/test_inventory.py` fails for one that does not. How long something is kept
comes from `signatories.durations`, and so from the settings.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from signatories import durations
from signatories.inventory import others, signatories
from signatories.inventory.entry import Entry, Silent
from signatories.inventory.silent import NOT_ABOUT_PEOPLE

__all__ = ["NOT_ABOUT_PEOPLE", "Chapter", "Entry", "Silent", "chapters", "entries"]


@dataclass(frozen=True)
class Chapter:
    key: str
    title: str
    entries: list[Entry]


def chapters() -> list[Chapter]:
    """The whole inventory, in the order in which a signatory meets it."""
    until = durations.kept()
    return [
        Chapter("signing", _("While you sign"), signatories.while_signing(until)),
        Chapter("signature", _("Your signature"), signatories.on_the_signature(until)),
        Chapter("vouching", _("Vouching"), signatories.vouching(until)),
        Chapter("invitations", _("If organisers invite you"), signatories.invitations(until)),
        Chapter("once", _("One address, one signature"), signatories.digests(until)),
        Chapter("updates", _("Updates by mail"), signatories.subscriptions(until)),
        Chapter("numbers", _("Numbers and decisions"), others.numbers(until)),
        Chapter("teams", _("Teams and hosts"), [*others.drafts(), *others.accounts(until)]),
        Chapter("beside", _("Beside the database"), others.beside_the_database(until)),
    ]


def entries() -> list[Entry]:
    return [entry for chapter in chapters() for entry in chapter.entries]
