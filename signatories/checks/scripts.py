"""Letters that make a line read as something else than it is.

Capitals, repetitions and rare alphabets are nobody's fault, and none of this looks at them.
"""

import re
import unicodedata

from letters.folding import LOOKALIKES
from signatories.checks.finding import LONGEST_DETAIL, Finding
from signatories.models import FlagKind

# What a flag names where it does not name scripts.
DECORATED, INVISIBLE, POSING = "decorated", "invisible", "posing"
# Scripts that one word mixes by custom.
EAST_ASIAN = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "KATAKANA-HIRAGANA"}
# Scripts whose words a joiner shapes; in any other it is invisible and does nothing.
JOINED = {
    *("ARABIC", "SYRIAC", "MONGOLIAN", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA"),
    *("TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "TIBETAN", "MYANMAR", "KHMER"),
}
# Letters made for formulas and ornaments; no keyboard writes a name in them.
DECORATIONS = re.compile(
    r"MATHEMATICAL|CIRCLED|SQUARED|PARENTHESIZED|FULLWIDTH LATIN|REGIONAL INDICATOR"
    r"|LATIN LETTER SMALL CAPITAL|MODIFIER LETTER (CAPITAL|SMALL)"
)
# Letters by their category, which are written beside those of any script: "Mª", "Nº", "µm".
SIGNS = "ªºµ"
MOST_NAMED = 3  # of the scripts that one word mixes
JOINERS = "\u200c\u200d"
WORD = re.compile(rf"[\w{JOINERS}]+")


def found_in(*texts: str) -> list[Finding]:
    """The flag for texts with such letters, if there is one."""
    for text in texts:
        said = _unusual_in(text)
        if said:
            return [Finding(FlagKind.SCRIPTS, said)]
    return []


def _unusual_in(text: str) -> str:
    words = WORD.findall(text)
    for word in words:
        said = _unusual_in_word(word)
        if said:
            return said
    scripts = [_scripts_of(word) for word in words]
    has_latin = {"LATIN"} in scripts
    if has_latin and any(_poses_as_latin(word) for word in words):
        return POSING
    return ""


def _unusual_in_word(word: str) -> str:
    scripts = _scripts_of(word)
    if len(scripts - EAST_ASIAN) > 1 or (scripts & EAST_ASIAN and scripts - EAST_ASIAN):
        named = sorted(script.capitalize() for script in scripts)[:MOST_NAMED]
        return " + ".join(named)[:LONGEST_DETAIL]
    if any(DECORATIONS.match(unicodedata.name(c, "")) for c in word):
        return DECORATED
    if any(c in JOINERS for c in word) and not scripts & JOINED:
        return INVISIBLE
    return ""


def _poses_as_latin(word: str) -> bool:
    """Whether a word of another script is made of nothing but look-alikes of Latin letters."""
    letters = [c for c in unicodedata.normalize("NFD", word).casefold() if c.isalpha()]
    return len(letters) > 1 and all(c in LOOKALIKES for c in letters)


def is_east_asian(character: str) -> bool:
    return bool(_scripts_of(character) & EAST_ASIAN)


def _scripts_of(word: str) -> set[str]:
    return {unicodedata.name(c, "").split(" ")[0] for c in word if _is_of_a_script(c)}


def _is_of_a_script(character: str) -> bool:
    """Marks and modifiers go with any script, and so do the letters that are decorated."""
    name = unicodedata.name(character, "")
    is_letter = unicodedata.category(character) in ("Ll", "Lu", "Lt", "Lo")
    return is_letter and character not in SIGNS and not DECORATIONS.match(name)
