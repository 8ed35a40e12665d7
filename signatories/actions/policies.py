"""The rules of a letter, as far as they depend on whether somebody has signed."""

from typing import Any

from django.db import transaction

from config.celery import enqueue
from letters.actions import policies
from letters.models import Letter, Organisation, User
from signatories import tasks


def has_signatures(letter: Letter) -> bool:
    """Whether anybody has confirmed a signature, or may still do so under the present rules."""
    return letter.signatures.exists()


@transaction.atomic
def change(
    *,
    letter: Letter,
    wishes: dict[str, Any],
    organisations: list[Organisation],
    actor: User,
    instead_of: str | None = None,
) -> Letter:
    """Change a letter's rules; once somebody has signed, only to stricter ones. Raises
    `NotAllowed`, and `Overtaken` where other rules stand by now than those of `instead_of`."""
    # The whole row: those who sign in this moment (`signing._hold_rules`) are waited for, and
    # whoever comes next waits.
    list(Letter.objects.select_for_update().filter(pk=letter.pk))
    changed = policies.change(
        letter=letter,
        wishes=wishes,
        organisations=organisations,
        has_signatures=has_signatures(letter),
        actor=actor,
        instead_of=instead_of,
    )
    enqueue(tasks.purge_pages, letter.pk)
    return changed
