"""How long names wait for their first decision, in whole days, without keeping anything of anyone.

Only names: a number that moved with an anonymous entry would tell when its signer came. Only the
first decision: afterwards nothing says since when somebody has been asked again.
"""

from bisect import bisect_left
from collections import Counter
from itertools import accumulate

from django.db.models import Sum
from django.utils import timezone

from letters.models import Letter
from signatories.models import DecisionDays, Signature, State

BATCH_SIZE = 500


def note(signature: Signature) -> None:
    """Remember how many days a name waited that a moderator decides now. Saves nothing on the
    entry: whoever decides saves `was_decided` with the rest."""
    is_first = signature.state == State.IN_REVIEW and not signature.was_decided
    if signature.is_anonymous or not is_first or signature.confirmed_on is None:
        return
    signature.was_decided = True
    days = (timezone.localdate() - signature.confirmed_on).days
    DecisionDays.objects.create(letter_id=signature.letter_id, days=max(days, 0))


def median_days(letter: Letter) -> int | None:
    """Half of all names were decided within so many days; None for fewer than a small group."""
    rows = letter.decision_days.values_list("days").annotate(n=Sum("number")).order_by("days")
    days = [day for day, _number in rows]
    decided = list(accumulate(number for _day, number in rows))
    if not decided or decided[-1] < letter.minimum_group_size:
        return None
    return days[bisect_left(decided, decided[-1] / 2)]


def fold(letter: Letter) -> None:
    """Add up the rows of the same days; readers see the same sums before and after."""
    rows = list(letter.decision_days.select_for_update().order_by("pk"))
    sums: Counter[int] = Counter()
    for row in rows:
        sums[row.days] += row.number
    if len(sums) == len(rows):
        return
    for start in range(0, len(rows), BATCH_SIZE):
        batch = rows[start : start + BATCH_SIZE]
        letter.decision_days.filter(pk__in=[row.pk for row in batch]).delete()
    DecisionDays.objects.bulk_create(
        DecisionDays(letter=letter, days=days, number=number) for days, number in sums.items()
    )
