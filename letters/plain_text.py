"""One line of words, as people type names of themselves and of organisations."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from letters.folding import SELECTORS

# Joiners shape words in Persian, Hindi and other languages; all other invisible
# characters can make a line read otherwise than it is.
ALLOWED_INVISIBLE = {"\u200c", "\u200d"}
MISPLACED_JOINERS = re.compile("^[\u200c\u200d]|[\u200c\u200d]{2}")
VIRAMA = 9  # The canonical combining class of what a joiner may follow at the end of a word.
# Unicode calls these letters, symbols or marks, and nobody sees them.
BLANKS = set("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Scripts in which a letter has several shapes, of which an invisible selector takes one.
SHAPED = ("CJK ", "MONGOLIAN ", "MYANMAR ", "PHAGS-PA ", "MANICHAEAN ")
ENCLOSING_KEYCAP = "\u20e3"
WEB_ADDRESS = re.compile(r"https?:|www\.|://", re.IGNORECASE)


def read_plain_text(value: str) -> str:
    """One line of words as somebody would write them by hand; raise ValidationError otherwise."""
    value = unicodedata.normalize("NFC", value)
    if "\ufffd" in value:
        raise ValidationError(_("Some characters did not arrive readably. Type them again."))
    if _hides_something(value):
        raise ValidationError(
            _(
                "This contains invisible characters that could change how the line reads. "
                "Delete the text and type it again."
            )
        )
    if re.search(r"[<>{}\\]", value):
        raise ValidationError(_("Leave out the characters < > { } and \\."))
    if WEB_ADDRESS.search(value):
        raise ValidationError(_("Leave out web addresses."))
    if begins_like_a_formula(value):
        raise ValidationError(_("Begin with a letter or a number."))
    if _has_stacked_marks(value):
        raise ValidationError(_("There are too many accents on one letter."))
    if not any(map(str.isalnum, value)):
        raise ValidationError(_("Write it in words."))
    return " ".join(value.split())


def begins_like_a_formula(value: str) -> bool:
    """Whether a spreadsheet would calculate it, also in the wide letters of East Asia."""
    return unicodedata.normalize("NFKC", value).startswith(tuple("=+-@|%\t\r\n"))


def guarded(cell: str) -> str:
    """The cell of a CSV file, with an apostrophe before it where it would be calculated."""
    return f"'{cell}" if begins_like_a_formula(cell.lstrip("' ")) else cell


def is_invisible(character: str) -> bool:
    """Whether nobody would see that it is there; joiners shape what one sees."""
    kind = unicodedata.category(character)
    is_hidden = kind in ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")
    return character in BLANKS or (is_hidden and character not in ALLOWED_INVISIBLE)


def _hides_something(value: str) -> bool:
    is_misplaced = bool(MISPLACED_JOINERS.search(value)) or _ends_with_a_joiner(value)
    return is_misplaced or _has_misplaced_selectors(value) or any(map(is_invisible, value))


def _ends_with_a_joiner(value: str) -> bool:
    """Whether one stands at the end, where it shapes nothing but letters as of Malayalam."""
    is_last = value[-1:] in ALLOWED_INVISIBLE
    return is_last and unicodedata.combining(value[-2:-1] or " ") != VIRAMA


def _has_misplaced_selectors(value: str) -> bool:
    """Whether a selector stands where it does nothing but keep a word from being recognised."""
    return not all(_is_placed(value, found.start()) for found in SELECTORS.finditer(value))


def _is_placed(value: str, place: int) -> bool:
    """Whether the selector there is behind an emoji or another symbol, a digit on a key, or a
    letter that has several shapes, as the ideograph of the Japanese name 辻󠄀."""
    before, after = value[max(place - 1, 0) : place], value[place + 1 : place + 2]
    if not before:
        return False
    if after == ENCLOSING_KEYCAP or before == "ℹ" or unicodedata.category(before)[0] in "SP":
        return True
    return unicodedata.name(before, "").startswith(SHAPED)


def _has_stacked_marks(value: str) -> bool:
    run = 0
    for character in unicodedata.normalize("NFD", value):
        run = run + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if run > 4:
            return True
    return False
