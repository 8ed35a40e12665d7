"""What stays of words when case, accents and look-alike letters are gone."""

import pytest

from letters.folding import LONGEST_KEY, key_of, stands_in


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Mickey  MOUSE", "mickey mouse"),
        ("Müller, Łukasz", "muiier iukasz"),
        ("O’Brien O'Brien", "obrien obrien"),
        ("Anne-Marie", "anne marie"),
        ("Ｍｉｃｋｅｙ 𝐌𝐨𝐮𝐬𝐞", "mickey mouse"),
        ("Міckеу Моusе", "mickey mouse"),  # і, е, у, М, о, е are Cyrillic.
        ("Αlice ΝΑΟΜΙ", "aiice naomi"),  # Α, and all of the second word, are Greek.
        ("M1ckey M0use", "mickey mouse"),
        ("EIon A1ice", "eion aiice"),  # A capital i, and a digit, for an l.
        ("Elon Alice", "eion aiice"),
        ("Area 51", "area 51"),
        ("Ludwig van der Straße", "iudwig van der strasse"),
        ("佐藤 花子", "佐藤 花子"),
        ("Mick\u200dey", "mickey"),
        # Nobody sees which shape of a letter is chosen, nor takes what is struck for another word.
        ("Mic\ufe0fkey M\U000e0101ouse M\u180bo", "mickey mouse mo"),
        ("Coo\u0338k Co\u20ddok Coo\u0489k", "cook cook cook"),
        ("辻\U000e0100 太郎", "辻 太郎"),
        ("ꓔꓲꓟ ꓚꓳꓳꓗ", "tim cook"),  # Lisu.
        ("ᎢᎥᎷ ꮯᎾᎾᏦ", "tim cook"),  # Cherokee, one letter of it small.
        ("ՏՕՍ ԁԀ", "sou dd"),  # Armenian and Cyrillic.
        ("Eǀon Cɵɵk Muʂk", "eion cook musk"),
        ("Ɇⱡon Ȼooꝁ Cꝏk", "eion cook cook"),
        ("— !", ""),
    ],
)
def test_key_of_takes_away_what_a_reader_does_not_tell_apart(text, key):
    assert key_of(text) == key


def test_key_of_is_the_same_for_small_and_capital_letters_of_other_scripts():
    assert key_of("ВИКТОР НИКОНОВ") == key_of("Виктор Никонов")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("अमित", "अमिता"),
        ("สมชาย", "สมชัย"),
        ("ᏍᏏᏉᏯ", "ᏍᏏᏉᏱ"),
        ("ꓮꓡ ꓐꓬꓽ", "ꓮꓡ ꓐꓬꓸ"),
        ("Հակոբ", "Հովիկ"),
    ],
)
def test_key_of_keeps_names_apart_that_readers_tell_apart(one, other):
    assert key_of(one) != key_of(other)


def test_key_of_is_never_longer_than_its_column():
    assert len(key_of("\ufdfa" * 120)) <= LONGEST_KEY


def test_stands_in_means_whole_words():
    assert stands_in("mickey mouse", key_of("The Mickey Mouse club"))
    assert not stands_in("cock", key_of("Alister Cockburn"))
    assert not stands_in("mouse", key_of("Mousetrap"))
    assert not stands_in("", key_of("Mickey"))
