"""An internal letter becomes public, and each of its signatories decides again.

What somebody gave to colleagues is not shown to everybody: from that moment they are counted,
without a line, until they say otherwise on their own page (`own.show_to_everybody`). They are
told beforehand, and may say so then.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from config.celery import enqueue
from config.deadlocks import tried_again
from letters import actions as letters
from letters.models import Letter
from signatories import tasks
from signatories.actions import batches, prominence


@tried_again
@transaction.atomic
def go_public(*, letter: Letter, now: datetime) -> Letter:
    """Open a letter whose day has come, with all its numbers. Raises `NotAllowed`.

    Names leave the roll by `SignatureQuerySet.on_roll`, in the same moment; the batch counts
    those who had an anonymous line, and draws anew what the lines that stay may show.
    """
    opened = letters.go_public(letter=letter, today=now.date())
    prominence.end_of(opened.signatures.all())
    batches.publish_batch_now(letter=opened, now=now)
    enqueue(tasks.purge_pages, opened.pk)
    return opened


def open_letters(*, now: datetime) -> Iterator[Letter]:
    """Make public whatever is due, yielding each letter."""
    for letter in Letter.objects.due_to_be_public(now.date()):
        yield go_public(letter=letter, now=now)
