"""Groups of anonymous lines when organisations are merged, so that a merge shows no small group.

An anonymous line says its organisation only in a group that has the minimum. Were the lines of
two organisations simply added up, those that were hidden before would come out as the difference
between the page before and the page after: two hidden lines of a small firm, say, next to seven
that had shown the large one. So the lines stay in the groups they had, and `what_shows` decides
for each group by itself. New signers join the first group, number 0, as ever.

Only lines that never showed any organisation may share a group: nobody could tell them apart
before, and nobody can afterwards. Their organisation shows once there are enough of *them*.
"""

from collections import Counter
from dataclasses import dataclass

from django.db.models import BigIntegerField, Case, F, Value, When

from letters.models import Letter, Organisation
from signatories.actions import prominence
from signatories.models import Signature
from signatories.models.selecting import SignatureQuerySet


@dataclass
class Group:
    """The anonymous lines of one organisation under one letter that stand or fall together."""

    number: int
    has_been_shown: bool


def follow_merges(letter: Letter) -> None:
    """Let the letter's anonymous entries say the organisations that theirs were merged into.

    Part of a batch. What each line shows is decided after it, group by group. Names have followed
    already, but for one that was entered and confirmed while its organisation was merged.
    """
    entries = letter.signatures.order_by()
    merged = Organisation.objects.merged_away().filter(pk__in=entries.values("organisation"))
    for duplicate in merged.select_related("merged_into").order_by("pk"):
        let_names_follow(letter.signatures.all(), duplicate, duplicate.standing)
        _join(letter, duplicate, duplicate.standing)


def let_names_follow(
    signatures: SignatureQuerySet, duplicate: Organisation, kept: Organisation
) -> None:
    """Write another organisation into entries by name and unconfirmed ones, in one statement:
    what an entry shows has to be what it says at every moment."""
    now_shown = Case(
        When(shown_organisation=duplicate.pk, then=Value(kept.pk)),
        default=F("shown_organisation"),
        output_field=BigIntegerField(),
    )
    entries = signatures.following_at_once().filter(organisation=duplicate)
    prominence.end_of(entries)  # Their signatories agreed to the line as it stood.
    entries.update(organisation=kept, shown_organisation=now_shown, has_stood=False)


def _join(letter: Letter, duplicate: Organisation, kept: Organisation) -> None:
    arriving, staying = groups_of(letter, duplicate), groups_of(letter, kept)
    if _first_should_step_aside(arriving, staying):
        # Those who sign from now on join the lines that show, and not those that are hidden.
        aside = _place_of_unseen(staying)
        _renumber(letter, kept, {0: aside})
        staying = groups_of(letter, kept)
    numbers: dict[int, int] = {}
    for group in arriving.values():
        numbers[group.number] = _place_for(group, staying)
        _add(staying, numbers[group.number], group)
    _renumber(letter, duplicate, numbers, becomes=kept)


def groups_of(letter: Letter, organisation: Organisation) -> dict[int, Group]:
    """The groups by number. A line that shows now counts as shown, whoever wrote it."""
    entries = letter.signatures.following_with_batch().filter(organisation=organisation)
    rows = entries.order_by().values_list("group", "has_been_shown", "shown_organisation")
    shown: Counter[int] = Counter()
    for number, has_been_shown, shown_organisation in rows:
        shown[number] += bool(has_been_shown or shown_organisation)
    return {number: Group(number, shown[number] > 0) for number in sorted(shown)}


def _first_should_step_aside(arriving: dict[int, Group], staying: dict[int, Group]) -> bool:
    is_shown_there = 0 in arriving and arriving[0].has_been_shown
    return is_shown_there and 0 in staying and not staying[0].has_been_shown


def _place_for(group: Group, taken: dict[int, Group]) -> int:
    """The number under which a group's lines may stand among others of an organisation.

    A group that was shown is never joined by another one, nor joins one. Those that were not
    gather: in the first group while nothing of the organisation has ever been shown.
    """
    if group.has_been_shown:
        return 0 if 0 not in taken else max(taken) + 1
    if not any(one.has_been_shown for one in taken.values()):
        return 0
    return _place_of_unseen(taken)


def _place_of_unseen(taken: dict[int, Group]) -> int:
    """The group in which those wait that never showed, beside those that did."""
    unseen = [n for n, one in taken.items() if n and not one.has_been_shown]
    return min(unseen) if unseen else max(taken) + 1


def _add(taken: dict[int, Group], number: int, group: Group) -> None:
    was_shown = number in taken and taken[number].has_been_shown
    taken[number] = Group(number, group.has_been_shown or was_shown)


def _renumber(
    letter: Letter,
    organisation: Organisation,
    numbers: dict[int, int],
    becomes: Organisation | None = None,
) -> None:
    """Give the entries of an organisation other numbers of groups, and another organisation.

    What they show is emptied, and decided anew before the batch ends.
    """
    changing = list(
        letter.signatures.following_with_batch()
        .filter(organisation=organisation, group__in=numbers)
        .select_for_update()
    )
    for signature in changing:
        signature.has_been_shown |= signature.shown_organisation_id is not None
        signature.group = numbers[signature.group]
        signature.organisation = becomes or organisation
        signature.shown_organisation = None
        signature.shown_tenure = signature.shown_role = ""
    fields = ["group", "organisation", "has_been_shown"]
    fields += ["shown_organisation", "shown_tenure", "shown_role"]
    Signature.objects.bulk_update(changing, fields, batch_size=100)
