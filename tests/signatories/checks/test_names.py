"""Which names are the same, and which are nearly so."""

import uuid

import pytest

from signatories.checks.names import Roll, closest, lengths_near, normal

FIRST, SECOND = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Wilhelmina Otterbourne", "OTTERBOURNE, Wilhelmina"),
        ("Wilhelmina Otterbourne", "Dr. Wilhelmína Q. Otterbourne"),
        ("Wilhelmina Otterbourne", "Wіlhеlmіnа Оttеrbоurnе"),  # Half of it is Cyrillic.
        ("Wilhelmina Otterbourne", "W1lhelmina 0tterbourne"),
        ("Anne-Marie O'Neil", "Anne Marie ONeil"),
        ("J. K. Rowling Murray", "Rowling Murray"),
        ("Rowling Murray", "Rowling Murray, MD, PhD"),
        ("王小明", "王 小明"),
        ("山田太郎", "山田 太郎"),
        ("김민준", "김 민준"),
        ("Wang 小 明", "小明 Wang"),
    ],
)
def test_normal_form_is_the_same(one, other):
    assert normal(one) == normal(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("J. Smith", "K. Smith"),
        ("Wilhelmina Otterbourne", "Wilhelm Otterbourne"),
        ("Dr", "Prof"),
        ("Md", "PhD"),
        ("Md. Rahman", "Rahman"),  # In Bengal it is short for Mohammad.
        ("Md Karim Rahman", "Karim Rahman"),
        ("王小明", "王明小"),
        ("Anna Lee", "Annalee"),
        ("佐藤 花子", "佐藤 太郎"),
        ("अमित शर्मा", "अमीन शर्मा"),  # Marks that are vowels, not accents.
        ("अमित शर्मा", "अमिता शर्मा"),
        ("สมชาย ใจดี", "สมชัย ใจดี"),
    ],
)
def test_normal_form_is_another(one, other):
    assert normal(one) != normal(other)
    assert normal(one)


def found(name, *others):
    roll = Roll()
    for pk, other in zip((FIRST, SECOND), others, strict=False):
        roll.add(normal(other), pk)
    return [(one.kind, one.other) for one in roll.found(normal(name))]


def test_same_name_is_found_before_a_similar_one():
    others = ("Wilhelmina Otterburne", "Wilhelmina Otterbourne")

    assert found("otterbourne wilhelmina", *others) == [("same_name", SECOND)]


def test_of_several_similar_names_the_closest_is_named():
    others = ("Wilhelmin Otterburne", "Wilhelmina Otterburne")

    assert found("Wilhelmina Otterbourne", *others) == [("similar_name", SECOND)]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Jon Smith", "John Smith"),  # A letter too many.
        ("Wilhelmina Otterbourne", "Wilhelmena Otterbourne"),  # Another letter.
        ("Hanna Bauer", "Anna Bauer"),  # The first letter, which moves the word in the alphabet.
        ("Annmarie Meier", "Ann Marie Meier"),
    ],
)
def test_one_slip_is_similar(name, other):
    assert found(name, other) == [("similar_name", FIRST)]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Li Wu", "Li Wei"),  # Too short to tell.
        ("Jane Doe", "Jane Roe"),
        ("Wilhelmina Otterbourne", "Wilhelmina Osterberg"),
        ("Maria Schmidt", "Maria Schneider"),
    ],
)
def test_other_names_are_not_similar(name, other):
    assert found(name, other) == []


def test_lengths_leave_nothing_out_that_could_be_similar():
    for length in range(8, 121):
        shortest, longest = lengths_near(length)
        assert closest("a" * length, ["a" * shortest]) == "a" * shortest
        assert closest("a" * length, ["a" * longest]) == "a" * longest
        assert closest("a" * length, ["a" * (shortest - 1), "a" * (longest + 1)]) == ""
