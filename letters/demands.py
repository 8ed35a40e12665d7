"""Demands in a text field, one a line, and text as it is compared.

What stands before the first bar is the lead, which the page sets in bold:

    Pick up the phone. | Call the White House.
    A demand without a lead.

Read back, a demand is what it was: where there is a bar in it, one stands before it as well, and
a bar within a lead is written \\|.
"""

import re

_LEAD = re.compile(r"((?:[^\\|]|\\.)*)\|(.*)")


def demands_as_lines(demands: tuple[tuple[str, str], ...]) -> str:
    return "\n".join(_as_line(in_one_line(lead), in_one_line(text)) for lead, text in demands)


def lines_as_demands(lines: str) -> tuple[tuple[str, str], ...]:
    return tuple(_as_demand(line.strip()) for line in lines.split("\n") if line.strip())


def _as_line(lead: str, text: str) -> str:
    escaped = re.sub(r"([\\|])", r"\\\1", lead)
    if lead:
        return f"{escaped} | {text}"
    return f"| {text}" if "|" in text else text


def _as_demand(line: str) -> tuple[str, str]:
    found = _LEAD.fullmatch(line)
    if found is None:
        return "", in_one_line(line)
    return in_one_line(re.sub(r"\\([\\|])", r"\1", found[1])), in_one_line(found[2])


def in_one_line(text: str) -> str:
    return " ".join(text.split())


def tidied_markdown(text: str) -> str:
    """No carriage returns, and one line feed at the end: so the digest tells no browsers apart."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip() + "\n"
