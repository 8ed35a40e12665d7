"""The lists of a letter, with what they mean for entries that wait."""

from django.db import transaction

from letters.actions import lists
from letters.models import Letter, User
from signatories.actions import checking


@transaction.atomic
def change(
    *, letter: Letter, lines: lists.Lines, actor: User, instead_of: str | None = None
) -> None:
    """Change a letter's lists, and have the names in review compared with them. Twice is once.
    Raises `NotAllowed`, and `Overtaken` where other lists stand by now than those of
    `instead_of`."""
    if lists.change(letter=letter, lines=lines, actor=actor, instead_of=instead_of):
        checking.check_again(letter=letter)
