"""What stays of written words when case, accents and look-alike letters are taken away.

Two spellings that a reader takes for one are folded into the same letters, in the sense of the
skeletons of UTS #39, by a small table of our own: of the scripts in which names are forged here
(Latin, Cyrillic, Greek), and of the digits that stand for letters. The result is compared, never
shown.
"""

import re
import unicodedata

LONGEST_KEY = 200

# Letters that look like a Latin one, small or capital. The table knows both cases of one letter
# under one answer: words are compared without case.
CYRILLIC = dict(zip("авеікмнорстухѕјһԛԝѵӏү", "abeikmhopctyxsjhqwviy", strict=True))
GREEK = dict(zip("αβεζηικμνορτυχω", "abezhikmnoptyxw", strict=True))
# Latin letters that do not come apart into a plain one and an accent.
LATIN = {"ø": "o", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
LATIN |= {"ħ": "h", "ŧ": "t", "ɑ": "a", "ɡ": "g"}
# A capital i is a small l to the eye: "EIon". Few names differ in nothing else.
LATIN |= {"l": "i", "ł": "i"}
LOOKALIKES = CYRILLIC | GREEK
DIGITS = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t"}

_LETTERS = str.maketrans(LOOKALIKES | LATIN)
_DIGITS = str.maketrans(DIGITS)
_APOSTROPHES = re.compile("['’‘ʼ`´\u200c\u200d]")
# Canonical combining classes, as in the Unicode Character Database.
POINTS = range(10, 37)
ACCENTS = 200


def words_of(text: str) -> list[str]:
    """The words of a text, folded, in the order in which they stand.

    "O’Brien" is one word, "Anne-Marie" are two. Digits count as letters only beside letters.
    """
    plain = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text)).casefold()
    plain = "".join(c for c in plain if not _is_accent(c)).translate(_LETTERS)
    apart = "".join(c if _is_of_a_word(c) else " " for c in plain)
    return [_without_digits(word) for word in apart.split()]


def _is_accent(character: str) -> bool:
    """Whether a mark is one that readers pass over: above or below a letter, and the points of
    Hebrew and Arabic. In other scripts, such as Devanagari or Thai, marks are vowels."""
    place = unicodedata.combining(character)
    return place in POINTS or place >= ACCENTS


def _is_of_a_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")


def key_of(text: str) -> str:
    """What all spellings of a phrase have in common, word for word."""
    return " ".join(words_of(text))[:LONGEST_KEY].rstrip()


def stands_in(key: str, text_key: str) -> bool:
    """Whether a folded phrase stands in a folded text, as whole words."""
    return bool(key) and f" {key} " in f" {text_key} "


def _without_digits(word: str) -> str:
    return word if word.isdecimal() else word.translate(_DIGITS)
