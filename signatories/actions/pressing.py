"""Telling a team that far more forms than usual arrive for their letter.

Other news about signatures leave at one hour of the day, because the time of a mail would tell
when somebody signed. This one leaves at once: it comes at hundreds of forms, confirmed by nobody
yet, among which no single one can be made out, and a team that hears of a flood the next morning
cannot pause it.
"""

from datetime import datetime

from django.conf import settings

from config import pressure
from config.celery import enqueue
from letters.actions.noticing import announce
from letters.models import Letter, NoticeKind, Occasion
from signatories import tasks

# Below so many a mail that leaves at once would be about few people, whatever a host has set.
FEWEST = 100


def tell_if_pressed(*, letter: Letter, number: int) -> None:
    """Have the team told, where `number` forms in the last minutes are that many."""
    if number < max(settings.DEFENCES.pressure_letter, FEWEST):
        return
    if pressure.is_first(f"told {letter.pk}"):
        enqueue(tasks.tell_of_pressure, letter.pk)


def tell(*, letter: Letter, now: datetime) -> Occasion | None:
    """Tell owners and moderators, once a letter and day."""
    return announce(letter=letter, kind=NoticeKind.PRESSURE, day=now.date(), due_at=now)
