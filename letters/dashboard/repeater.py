"""Rows in a form that can be added, moved and removed, without scripts: each tool is a button.

The fields of row 3 are called `demand-3-lead`, its buttons `do` with the value `demand:up:3`.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext

from letters.dashboard.numbers import number_in

MOST_ROWS = 200


@dataclass(frozen=True)
class Row:
    """`focus` is the tool that a keyboard goes on with after the page came back; `faults` says
    what is wrong with which field."""

    number: int
    values: dict[str, str]
    focus: str = ""
    faults: defaultdict[str, str] = field(default_factory=lambda: defaultdict(str))


def rows_in(data: Mapping[str, str], name: str, fields: tuple[str, ...]) -> list[dict[str, str]]:
    """What was typed, row by row, in the order of their numbers, however many."""
    numbers = {
        number_in(parts[1], otherwise=0)
        for parts in (key.split("-") for key in data)
        if len(parts) == 3 and parts[0] == name and parts[2] in fields
    }
    return [
        {part: data.get(f"{name}-{number}-{part}", "").replace("\0", "") for part in fields}
        for number in sorted(numbers - {0})
    ]


def why_too_many(rows: list[Row], name: str, wish: str) -> str:
    """What to say where more rows are there, or wanted, than can be saved; else nothing."""
    is_full = len(rows) == MOST_ROWS and wish == f"{name}:add"
    if not is_full and len(rows) <= MOST_ROWS:
        return ""
    return gettext(
        "There is room for %(most)d, and no more. Nothing has been saved; everything you typed is "
        "still here."
    ) % {"most": MOST_ROWS}


def act(rows: list[dict[str, str]], name: str, fields: tuple[str, ...], wish: str) -> list[Row]:
    """The rows after a press of one of the buttons; as they are for any other wish."""
    target, tool, number = [*wish.split(":"), "", "", ""][:3]
    place = number_in(number, otherwise=0) - 1
    rows, focused = list(rows), -1
    if target != name:
        tool = ""
    if tool == "add" and len(rows) < MOST_ROWS:
        rows.append(dict.fromkeys(fields, ""))
        focused, tool = len(rows) - 1, fields[0]
    elif 0 <= place < len(rows):
        if tool == "remove":
            del rows[place]
            focused = min(place, len(rows) - 1)
        elif tool == "up" and place > 0:
            rows[place - 1 : place + 1] = rows[place], rows[place - 1]
            focused = place - 1
        elif tool == "down" and place < len(rows) - 1:
            rows[place : place + 2] = rows[place + 1], rows[place]
            focused = place + 1
    last = len(rows) - 1
    return [
        Row(n + 1, row, _still_there(tool, n, last) if n == focused else "")
        for n, row in enumerate(rows)
    ]


def _still_there(tool: str, place: int, last: int) -> str:
    """The tool that was pressed, or its counterpart where the row has reached an end."""
    if tool == "up" and place == 0:
        return "down" if last else "remove"
    if tool == "down" and place == last:
        return "up"
    return tool
