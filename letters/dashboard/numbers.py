"""Whole numbers in forms and on buttons, as anybody can type them into a request."""

LONGEST = 18  # digits: what every database holds


def number_in(text: str, otherwise: int) -> int:
    """The number that is written in decimal digits; `otherwise` where it is none, or endless."""
    return int(text) if text.isdecimal() and len(text) <= LONGEST else otherwise
