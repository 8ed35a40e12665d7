"""Numbers as rows of a table with bars: where the signatories work, largest first; and, for the
team, what became of what was received, and how affiliations were checked."""

from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from letters.models import Letter, Organisation
from signatories import statistics
from signatories.models import Method, Reason, Tally

ROWS = 8


@dataclass(frozen=True)
class Row:
    name: str
    number: int
    url: str = ""
    is_minor: bool = False


def rows_of(letter: Letter, tally: Tally) -> list[Row]:
    """The largest organisations, then the others together, then whoever names none.

    The row after them holds what no organisation's number contains: unverified and unnamed
    affiliations, and anonymous lines whose organisation is not shown. The last are those
    who are counted without a line.
    """
    sums = statistics.sums_by_organisation(tally)
    large = _largest(sums, letter.minimum_group_size)
    table = [
        Row(organisation.name, number, _filter_url(letter, organisation))
        for organisation, number in large
    ]
    others = len(sums) - len(large)
    if others:
        name = ngettext("%(n)d other organisation", "%(n)d other organisations", others)
        total = sums.total() - sum(number for _organisation, number in large)
        table.append(Row(name % {"n": others}, total, is_minor=True))
    rest = tally.on_roll - sums.total()
    if rest > 0:
        table.append(Row(_("None shown or not verified"), rest, is_minor=True))
    if tally.without_line:
        table.append(Row(_("Counted without a line"), tally.without_line, is_minor=True))
    return table


def _largest(sums: Counter[str], minimum: int) -> list[tuple[Organisation, int]]:
    """Read no more organisations than can stand in the table; a letter may have thousands."""
    least = min(sorted(sums.values(), reverse=True)[:ROWS], default=0)
    kept = {int(pk): number for pk, number in sums.items() if number >= max(least, minimum)}
    found = Organisation.objects.only("name", "slug").in_bulk(kept)
    rows = [(organisation, kept[pk]) for pk, organisation in found.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0].name))[:ROWS]


def states(tally: Tally) -> list[Row]:
    """From received to withdrawn, as of the last batch. All but the first add up to the first."""
    figures = statistics.figures_of(tally)
    reasons = [
        Row(_("Rejected: %(reason)s") % {"reason": Reason(code).label}, number, is_minor=True)
        for code, number in figures["rejected"].items()
    ]
    return [
        Row(_("Received"), figures["received"]),
        Row(_("Published"), figures["published"]),
        Row(_("In review"), figures["waiting"]),
        *reasons,
        Row(_("Withdrawn"), figures["withdrawn"], is_minor=True),
        Row(_("Not confirmed"), figures["received"] - figures["confirmed"], is_minor=True),
    ]


def methods(tally: Tally) -> list[Row]:
    return [
        Row(str(capfirst(method.label)), number, is_minor=method == Method.NONE)
        for method, number in statistics.by_method(tally)
    ]


def _filter_url(letter: Letter, organisation: Organisation) -> str:
    query = urlencode({"organisation": organisation.slug})
    return f"{reverse('public:roll', args=[letter.slug])}?{query}"
