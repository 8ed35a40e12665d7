"""What stays of written words when case, accents and look-alike letters are taken away.

Two spellings that a reader takes for one are folded into the same letters, in the sense of the
skeletons of UTS #39, by a small table of our own: of the scripts in which names are forged here
(Latin, Cyrillic, Greek, Armenian, and Lisu and Cherokee, which are written in shapes of Latin
capitals), and of the digits that stand for letters. The result is compared, never shown.
"""

import re
import unicodedata

LONGEST_KEY = 200

# Letters that look like a Latin one, small or capital. The table knows both cases of one letter
# under one answer: words are compared without case. What looks like an l stands under i, as l does.
CYRILLIC = dict(zip("авеікмнорстухѕјһԛԝѵӏүԁ", "abeikmhopctyxsjhqwviyd", strict=True))
ARMENIAN = dict(zip("սօոհյցզլտ", "uonhjgqis", strict=True))
LISU = dict(zip("ꓐꓑꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ", "bpdtgkjczfmnisrvhwxyaeiou", strict=True))
# Small letters of Cherokee are the same ones without case.
CHEROKEE = dict(zip("ᎠᎡᎢᎥᎩᎪᎫᎬᎳᎷᎻᎽᎾᏀᏂᏃᏏᏒᏔᏙᏚᏞᏟᏢᏦᏧᏴᏳ", "drtiyajewmhyoghzbrwvsicpkdbg", strict=True))
GREEK = dict(zip("αβεζηικμνορτυχω", "abezhikmnoptyxw", strict=True))
# Latin letters that do not come apart into a plain one and an accent.
LATIN = {"ø": "o", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
LATIN |= {"ħ": "h", "ŧ": "t", "ɑ": "a", "ɡ": "g"}
# A capital i is a small l to the eye: "EIon". Few names differ in nothing else.
LATIN |= {"l": "i", "ł": "i"}
# Letters with a hook, a bar or a tail, of African languages and of phonetic writing.
LATIN |= dict(
    zip(
        "ƀɓɕƈɖɗɛƒɠɦɨɩƙɱŋɲɳɵƥʠɾɽɍʂȿƭʈʉʋⱳƴɏƶȥʐɀǀɫɬɭƚʝɉɇȼꞓⱥǥꝁꝃⱪⱡꝉⱦꝑ",
        "bbccddefghiikmnnnopqrrrssttuvwyyzzzziiiiijjeccagkkkiitp",
        strict=True,
    )
) | {"ꝏ": "oo"}
LOOKALIKES = CYRILLIC | GREEK | ARMENIAN | LISU | CHEROKEE
DIGITS = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t"}

_LETTERS = str.maketrans(LOOKALIKES | LATIN)
_DIGITS = str.maketrans(DIGITS)
_APOSTROPHES = re.compile("['’‘ʼ`´\u200c\u200d]")
# Canonical combining classes, as in the Unicode Character Database.
OVERLAID = 1
POINTS = range(10, 37)
ACCENTS = 200
# Which shape of a sign is meant, in Mongolian, in emoji and in ideographs. Nobody sees them.
SELECTORS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def words_of(text: str) -> list[str]:
    """The words of a text, folded, in the order in which they stand.

    "O’Brien" is one word, "Anne-Marie" are two. Digits count as letters only beside letters.
    """
    plain = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text)).casefold()
    plain = "".join(c for c in plain if not _is_accent(c)).translate(_LETTERS)
    apart = "".join(c if _is_of_a_word(c) else " " for c in plain)
    return [_without_digits(word) for word in apart.split()]


def _is_accent(character: str) -> bool:
    """Whether a mark is one that readers pass over: above or below a letter, through or around
    it, the points of Hebrew and Arabic, and what chooses the shape of a sign. In other scripts,
    such as Devanagari or Thai, marks are vowels."""
    place = unicodedata.combining(character)
    if place == OVERLAID or place in POINTS or place >= ACCENTS:
        return True
    return unicodedata.category(character) == "Me" or bool(SELECTORS.match(character))


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
