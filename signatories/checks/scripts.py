"""Letters that make a line read as something else than it is.

Capitals, repetitions and rare alphabets are nobody's fault, and none of this looks at them.
"""

import re
import unicodedata
from collections.abc import Callable

from letters.folding import LOOKALIKES
from signatories.checks.finding import LONGEST_DETAIL, Finding
from signatories.models import FlagKind

# What a flag names where it does not name scripts.
DECORATED, INVISIBLE, POSING = "decorated", "invisible", "posing"
# Scripts that one word mixes by custom, with their signs (〆) and half letters (ｱ).
EAST_ASIAN = {
    *("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "KATAKANA-HIRAGANA"),
    *("IDEOGRAPHIC", "HALFWIDTH"),
}
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
# East Asian keyboards write Latin letters so, beside the letters of their own.
WIDE = "FULLWIDTH LATIN"
# Greek letters of formulas. Those that look like Latin ones to everybody are left out.
SCIENTIFIC = set("αβγδεζηθκλμπσφχψωΓΔΘΛΞΠΣΦΨΩ")
LONGEST_FORMULA = 2  # “αβ T-cell”
# Letters by their category, which are written beside those of any script: "Mª", "Nº", "µm".
SIGNS = "ªºµ"
MOST_NAMED = 3  # of the scripts that one word mixes
JOINERS = "\u200c\u200d"
WORD = re.compile(rf"[\w{JOINERS}]+")
# Between two signs a joiner makes one emoji of them: a woman and a computer, a technologist.
OF_AN_EMOJI = re.compile(rf"(?<![\w\s{JOINERS}])\u200d(?![\w\s{JOINERS}])")
# A capital, or a name that begins with one, beside East Asian letters: “田中A子”, “李Li”.
LATIN_PART = re.compile(r"[A-Z][a-z]*")


def found_in(name: str, *beside: str) -> list[Finding]:
    """The flag for texts with such letters, if there is one. Beside the name, words mix what
    trades mix: “AI研究者”, “TGFβ”."""
    for text, may_mix in ((name, _is_mixed_name), *((text, _is_mixed_term) for text in beside)):
        said = _unusual_in(text, may_mix)
        if said:
            return [Finding(FlagKind.SCRIPTS, said)]
    return []


def _unusual_in(text: str, may_mix: Callable[[str, set[str]], bool]) -> str:
    plain = OF_AN_EMOJI.sub("", text)
    # Vowel signs belong to words, and a joiner stands behind some of them.
    plain = "".join(c for c in plain if unicodedata.category(c)[0] != "M")
    if not plain.isascii() and any(map(is_east_asian, plain)):
        plain = _narrow(plain)
    words = WORD.findall(plain)
    scripts = [_scripts_of(word) for word in words]
    for word, some in zip(words, scripts, strict=True):
        said = _unusual_in_word(word, some, may_mix)
        if said:
            return said
    has_latin = {"LATIN"} in scripts
    if has_latin and any(_poses_as_latin(word) for word in words):
        return POSING
    return ""


def _unusual_in_word(word: str, scripts: set[str], may_mix: Callable[[str, set[str]], bool]) -> str:
    others = scripts - EAST_ASIAN
    is_mixed = len(others) > 1 or (others and scripts & EAST_ASIAN)
    if is_mixed and not may_mix(word, others):
        named = sorted(script.capitalize() for script in scripts)[:MOST_NAMED]
        return " + ".join(named)[:LONGEST_DETAIL]
    if any(DECORATIONS.match(unicodedata.name(c, "")) for c in word):
        return DECORATED
    if any(c in JOINERS for c in word) and not scripts & JOINED:
        return INVISIBLE
    return ""


def _is_mixed_name(word: str, others: set[str]) -> bool:
    """Whether East Asian names are written so: Latin ones beside them begin with a capital, and
    no East Asian letter stands for one among Latin ones."""
    latin = "".join(c if _scripts_of(c) == {"LATIN"} else " " for c in word).split()
    return others == {"LATIN"} and len(latin) == 1 and bool(LATIN_PART.fullmatch(latin[0]))


def _is_mixed_term(word: str, others: set[str]) -> bool:
    """Whether a trade writes so: Latin beside East Asian letters, or one Greek letter of a
    formula in a Latin word."""
    if others == {"LATIN"}:
        return True
    greek = [c for c in word if _scripts_of(c) == {"GREEK"}]
    is_formula = len(greek) == 1 and greek[0] in SCIENTIFIC
    return others == {"LATIN", "GREEK"} and is_formula


def _narrow(text: str) -> str:
    """The text with plain Latin letters for wide ones."""
    return "".join(
        unicodedata.normalize("NFKC", c) if unicodedata.name(c, "").startswith(WIDE) else c
        for c in text
    )


def _poses_as_latin(word: str) -> bool:
    """Whether a word of another script is made of nothing but look-alikes of Latin letters."""
    letters = [c for c in unicodedata.normalize("NFD", word).casefold() if c.isalpha()]
    is_formula = len(word) <= LONGEST_FORMULA and set(word) <= SCIENTIFIC
    return len(letters) > 1 and not is_formula and all(c in LOOKALIKES for c in letters)


def is_east_asian(character: str) -> bool:
    return bool(_scripts_of(character) & EAST_ASIAN)


def _scripts_of(word: str) -> set[str]:
    return {unicodedata.name(c, "").split(" ")[0] for c in word if _is_of_a_script(c)}


def _is_of_a_script(character: str) -> bool:
    """Marks and modifiers go with any script, and so do the letters that are decorated."""
    name = unicodedata.name(character, "")
    is_letter = unicodedata.category(character) in ("Ll", "Lu", "Lt", "Lo")
    return is_letter and character not in SIGNS and not DECORATIONS.match(name)
