"""What columns hold, and what rows say of people."""

import pytest

from signatories import addresses, columns
from signatories.columns import Column, Names, Person, Read, guess, read_row
from signatories.models import Fault
from signatories.spreadsheets import Table
from tests.factories import make_organisation

OUT, NAME, FIRST, LAST = Column.OUT, Column.NAME, Column.FIRST_NAME, Column.LAST_NAME
EMAIL, ORGANISATION, TITLE = Column.EMAIL, Column.ORGANISATION, Column.TITLE


@pytest.mark.parametrize(
    ("heads", "found"),
    [
        (["Timestamp", "Name", "E-mail", "Comment"], [OUT, NAME, EMAIL, OUT]),
        (["First Name", "Last name", "Email Address"], [FIRST, LAST, EMAIL]),
        (
            ["Zeitstempel", "Vorname", "Nachname", "E-Mail-Adresse", "Arbeitgeber", "Beruf"],
            [OUT, FIRST, LAST, EMAIL, ORGANISATION, TITLE],
        ),
        (
            ["Horodateur", "Prénom", "Nom de famille", "Adresse e-mail", "Entreprise", "Métier"],
            [OUT, FIRST, LAST, EMAIL, ORGANISATION, TITLE],
        ),
        (
            ["Marca temporal", "Nombre", "Apellidos", "Correo electrónico", "Organi" "zación"],
            [OUT, FIRST, LAST, EMAIL, ORGANISATION],
        ),
        (["Nome", "Cognome", "Indirizzo e-mail", "Azienda"], [FIRST, LAST, EMAIL, ORGANISATION]),
        (["Nombre", "Correo"], [NAME, EMAIL]),
        (["Nazwisko", "Imię", "Zeit", "E-mail"], [LAST, FIRST, OUT, EMAIL]),
        (["What is your name?", "Your email", "Where do you work? (company)", "Job title"],
         [NAME, EMAIL, ORGANISATION, TITLE]),
        (["Name of your company", "Name", "Mail"], [ORGANISATION, NAME, EMAIL]),
        (["Name", "Email", "Email", "Date signed"], [NAME, EMAIL, OUT, OUT]),
        (["Name", "First name", "Last name", "Email"], [NAME, OUT, OUT, EMAIL]),
        (["Date", "Day", "", "?"], [OUT, OUT, OUT, OUT]),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_columns_are_guessed_by_their_heads(heads, found):
    assert guess(Table(heads, [(2, ["x"] * len(heads))])) == found


def test_column_of_addresses_is_found_without_a_head():
    rows = [(1, ["Ada", "ada@gmail.com"]), (2, ["Bo", "bo@gmail.com"]), (3, ["Cy", "none"])]

    assert guess(Table(["", ""], rows)) == [OUT, EMAIL]


@pytest.mark.parametrize(
    ("head", "cells", "is_dates"),
    [
        ("Timestamp", ["x"], True),
        ("Zeitstempel", [], True),
        ("When", ["2026-01-02", "2026-01-02 10:11:12"], True),
        ("When", ["1/2/2026", "02.01.2026 10:11"], True),
        ("When", ["2026-01-02", "yesterday"], False),
        ("Name", ["Ada"], False),
        ("Name", [], False),
    ],
)
def test_dates_are_recognised(head, cells, is_dates):
    assert columns.looks_like_dates(head, cells) == is_dates


def test_samples_hide_addresses():
    rows = [(2, ["Ada", "ada.o@gmail.com"]), (3, ["", "a@b@c"]), (4, ["Bo"]), (5, ["Cy", "x"])]

    assert columns.samples(rows, 0) == ["Ada", "Bo", "Cy"]
    assert columns.samples(rows, 1) == ["a•••@gmail.com", "•••@•••", "x"]


# Rows ---------------------------------------------------------------------------------------

MAPPING = {"name": 0, "email": 1, "organisation": 2, "title": 3}
GOOD = ["Zoë Ñandú", "zoe@gmail.com", "Gödel GmbH", "Engineer"]
RIGHT_TO_LEFT = "\u202e"


def test_row_says_who_is_to_be_invited():
    zoe = Person(addresses.read("zoe@gmail.com"), "Zoë Ñandú", "Engineer", "Gödel GmbH")

    assert read_row((7, GOOD), MAPPING) == Read(7, zoe, [])
    assert read_row((7, GOOD[:2]), MAPPING).person == Person(zoe.address, "Zoë Ñandú")


def test_name_is_put_together_of_two_columns():
    mapping = {"first_name": 1, "last_name": 0, "email": 2}

    read = read_row((2, ["Otterbourne", "Ada", "ada@gmail.com"]), mapping)

    assert read.person.name == "Ada Otterbourne"


@pytest.mark.parametrize(
    ("place", "cell", "fault"),
    [
        (1, "", Fault.NO_ADDRESS),
        (1, "zoe", Fault.BAD_ADDRESS),
        (1, "zoe@gmail.com, ada@gmail.com", Fault.BAD_ADDRESS),
        (1, "=HYPERLINK(zoe@gmail.com)", Fault.BAD_ADDRESS),
        (1, "x" * 300 + "@gmail.com", Fault.BAD_ADDRESS),
        (1, "info@gmail.com", Fault.ROLE_ADDRESS),
        (1, "Office+letters@gmail.com", Fault.ROLE_ADDRESS),
        (1, "zoe@google.com", Fault.WORK_MAILBOX),
        (1, "zoe@nandu.example.org", Fault.WORK_MAILBOX),
        (0, "", Fault.NO_NAME),
        (0, "12345", Fault.BAD_NAME),
        (0, "=1+1", Fault.BAD_NAME),
        (0, "@SUM(A1)", Fault.BAD_NAME),
        (0, f"Zoë {RIGHT_TO_LEFT}udnaÑ", Fault.BAD_NAME),
        (0, "Zo\ufffd", Fault.BAD_NAME),
        (0, "www.buy.example", Fault.BAD_NAME),
        (0, "<b>Zoë</b>", Fault.BAD_NAME),
        (0, "Win at evil.example now", Fault.BAD_NAME),
        (0, "Your account: T.Co", Fault.BAD_NAME),
        (0, "Call +49 (30) 901820", Fault.BAD_NAME),
        (0, "Z" * 121, Fault.LONG_NAME),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_row_that_invites_nobody_says_why(place, cell, fault):
    cells = [*GOOD[:place], cell, *GOOD[place + 1 :]]

    assert read_row((3, cells), MAPPING) == Read(3, None, [fault])


@pytest.mark.parametrize("word", ["=1+1", "x" * 121, "https://buy.example", RIGHT_TO_LEFT])
def test_words_that_cannot_stand_on_a_line_are_left_out(word):
    read = read_row((3, [*GOOD[:2], word, word]), MAPPING)

    assert (read.person.title, read.person.organisation) == ("", "")
    assert read.faults == [Fault.TITLE, Fault.ORGANISATION]


@pytest.mark.parametrize("name", ["Dr.Zoë Ñandú, Ph.D.", "J.R.R.Otterbourne", "Zoë Ñandú II 1999"])
def test_name_with_dots_and_numbers_is_a_name(name):
    assert read_row((3, [name, *GOOD[1:]]), MAPPING).person.name == name


@pytest.mark.django_db
def test_organisation_called_like_its_domain_has_to_be_listed():
    cells = [*GOOD[:2], "Orrery.com", "see evil.example"]

    read = read_row((3, cells), MAPPING)
    make_organisation("Orrery.com")
    listed = read_row((3, cells), MAPPING)

    assert (read.person.organisation, listed.person.organisation) == ("", "Orrery.com")
    assert (read.person.title, listed.person.title) == ("", "")


# Organisations ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_names_find_spellings_and_ask_about_close_ones(django_assert_num_queries):
    orrery = make_organisation("Orrery Systems")
    names = Names()

    assert names.listed("ORRERY SYSTEMS, Inc.") == orrery
    assert names.suggestion("Orrery Systens") == orrery
    assert names.suggestion("Orrery Systems Ltd") is None
    assert names.listed("") is names.suggestion("") is names.suggestion("Elsewhere") is None
    with django_assert_num_queries(0):
        assert names.listed("orrery systems") == orrery
        assert names.suggestion("Orrery  systens") == orrery


@pytest.mark.django_db
def test_person_is_shown_at_the_listed_name():
    make_organisation("Orrery Systems")
    zoe = Person(addresses.read("zoe@gmail.com"), "Zoë", "", "orrery systems inc")

    assert Names().as_listed(zoe).organisation == "Orrery Systems"
