"""The roll and the numbers as files: the same lines in each, and nothing but lines."""

import csv
import io
import json

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from letters.models import Letter, Visibility
from signatories import roll, statistics
from signatories.actions import batches
from signatories.exports import files
from signatories.exports.rows import COLUMNS
from signatories.models import Appearance, Method, Signature, State, Tally, Tenure
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature

pytestmark = pytest.mark.django_db


def written(letter, file):
    return b"".join(files.FILES[file][1](letter))


def csv_of(letter, file="roll.csv"):
    text = written(letter, file).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def sheet_of(letter, file="roll.xlsx", which=0):
    book = openpyxl.load_workbook(io.BytesIO(written(letter, file)))
    rows = book.worksheets[which].iter_rows()
    return [[cell.value if cell.value is not None else "" for cell in row] for row in rows]


def json_of(letter, file="roll.json"):
    return json.loads(written(letter, file))


def move_batch(letter):
    now = timezone.now()
    batches.start_tally(letter)
    Tally.objects.filter(letter=letter).update(next_batch_at=now)
    batches.publish_batch(letter=letter, now=now)
    batches.refresh_count(letter=letter)


@pytest.fixture
def google():
    return make_organisation("Google", "google.example")


@pytest.fixture
def letter(google):
    """Two names, and three lines that show their organisation."""
    letter = make_letter(slug="taken-along", minimum_group_size=3)
    for _each in range(3):
        make_anonymous(letter, google, role="engineering")
    make_signature(
        letter,
        state=State.PUBLISHED,
        name="Zoë Ångström; Jr.",
        title='Poet, "first class"',
        organisation=google,
        method=Method.MAILBOX,
    )
    make_signature(
        letter,
        state=State.PUBLISHED,
        name="Anna Aa",
        organisation_text="Tea & <Co>",
        tenure="former",
    )
    move_batch(letter)
    return Letter.objects.get(pk=letter.pk)


def test_roll_has_the_lines_of_the_page_in_their_order(letter):
    lines = roll.page(letter).lines

    rows = csv_of(letter)

    assert rows[0] == list(COLUMNS)
    assert [row[:2] for row in rows[1:]] == [[line.name, line.detail] for line in lines]
    by_name = {row[0]: row[1:] for row in rows[1:]}
    assert by_name["Anna Aa"] == [
        "says formerly Tea & <Co>; not verified",
        "",
        "Tea & <Co>",
        "former",
        "",
        "no",
        "no",
        "no",
        "",
    ]
    assert by_name["Zoë Ångström; Jr."] == [
        'Poet, "first class", Google',
        'Poet, "first class"',
        "Google",
        "",
        "",
        "yes",
        "no",
        "no",
        "",
    ]
    assert by_name["Anonymous"] == [
        "Verified employee, Google, Engineering and operations",
        "",
        "Google",
        "",
        "Engineering and operations",
        "yes",
        "yes",
        "no",
        "",
    ]


def test_all_formats_have_the_same_rows(letter):
    rows = csv_of(letter)

    assert sheet_of(letter) == rows
    words = {True: "yes", False: "no", None: ""}
    found = json_of(letter)["lines"]
    assert [[words.get(value, value) for value in line.values()] for line in found] == rows[1:]
    assert [list(line) for line in found] == [list(COLUMNS)] * 5
    assert csv_of(letter, "statistics.csv")[0] == sheet_of(letter, "statistics.xlsx")[0]
    numbers = sheet_of(letter, "statistics.xlsx")[1:]
    assert [list(map(str, row)) for row in numbers] == csv_of(letter, "statistics.csv")[1:]


def test_statistics_are_the_public_numbers(letter):
    public = statistics.public_statistics(letter)

    rows = csv_of(letter, "statistics.csv")

    assert json_of(letter, "statistics.json") == public
    today = timezone.localdate().isoformat()
    assert ["published", "total", "5", today] in rows
    assert ["by_method", "mailbox", "4", today] in rows
    assert ["verified_by_organisation", "Google", "4", today] in rows
    assert ["by_version", "1", "5", today] in rows


def test_file_says_of_which_letter_it_is_and_what_is_left_out(letter):
    document = json_of(letter)

    assert {name: document[name] for name in list(document) if name not in ("notes", "lines")} == {
        "letter": "taken-along",
        "title": letter.title,
        "address": "http://testserver/letters/taken-along/",
        "counted_on": timezone.localdate().isoformat(),
        "for_members_only": False,
        "minimum_group_size": 3,
    }
    assert any("at least 3 verified anonymous" in note for note in document["notes"])
    about = sheet_of(letter, which=1)
    assert ["Letter", letter.title] in about
    assert [row[1] for row in about if row[0] == "Note"] == document["notes"]
    day = timezone.localdate().isoformat()
    assert files.name_of(letter, "roll.csv") == f"taken-along-roll-{day}.csv"


def test_file_of_an_internal_letter_says_whom_it_is_for(letter):
    letter.visibility = Visibility.INTERNAL
    letter.save()

    document = json_of(letter)

    assert document["for_members_only"] is True
    assert document["notes"][0].startswith("For members of the letter’s organisations only.")
    assert files.name_of(letter, "roll.csv").startswith("taken-along-members-only-roll-")


def test_small_groups_and_what_the_roll_hides_stay_out(letter, google):
    acme = make_organisation("Acme", "acme.example")
    make_anonymous(letter, acme, state=State.PUBLISHED)
    make_signature(letter, name="In Review")
    make_signature(letter, name="Un Confirmed", state=State.UNCONFIRMED)
    make_signature(letter, name="Re Jected", state=State.REJECTED)
    make_signature(letter, name="Dup Licate", state=State.DUPLICATE)
    make_signature(letter, name="For Colleagues", state=State.PUBLISHED, is_for_colleagues=True)
    make_anonymous(
        letter, google, appearance=Appearance.COUNTED, state=State.PUBLISHED, roll_key=""
    )
    make_signature(letter, name="Hidden Search", state=State.PUBLISHED, is_hidden_from_search=True)

    for file in ("roll.csv", "roll.json"):
        text = written(letter, file).decode()
        for word in ("Acme", "Review", "Confirmed", "Jected", "Licate", "Colleagues", "Counted"):
            assert word not in text, (file, word)
        assert "Hidden Search" in text
    details = [row[1] for row in csv_of(letter)]
    assert details.count("Verified employee of an organisation not shown") == 1
    assert len(details) == 1 + 7


def test_that_a_tenure_is_not_shown_tells_nothing(letter, google):
    """The page says "Verified employee" for both, and so does the file."""
    lines = Signature.objects.on_roll().anonymous()
    assert set(lines.values_list("shown_tenure", flat=True)) == {Tenure.CURRENT}
    before = written(letter, "roll.csv")

    lines.update(shown_tenure="")

    assert written(letter, "roll.csv") == before


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "'=1", "＝1", "|calc", "%x", "\r=1"]
)
def test_no_spreadsheet_calculates_a_cell(letter, name):
    make_signature(letter, state=State.PUBLISHED, name=name, title=f"a;{name.strip()}")
    text = written(letter, "roll.csv").decode("utf-8-sig")

    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            for cell in row:
                assert not cell.lstrip().startswith(tuple("=+-@|%＝")), (delimiter, cell)
    book = openpyxl.load_workbook(io.BytesIO(written(letter, "roll.xlsx")))
    kinds = {cell.data_type for row in book.worksheets[0].iter_rows() for cell in row if cell.value}
    assert kinds == {"s"}


def test_characters_that_no_workbook_may_hold_are_left_out(letter):
    make_signature(
        letter, state=State.PUBLISHED, name="Bell\x07 \x1b_x0041_\ufffe", roll_key="bell"
    )

    [row] = [row for row in sheet_of(letter) if row[0].startswith("Bell")]

    assert row[0] == "Bell _x005F_x0041_"


def test_number_of_queries_does_not_grow_with_lines_but_with_chunks(letter, google, monkeypatch):
    def queries():
        with CaptureQueriesContext(connection) as found:
            written(letter, "roll.csv")
        return len(found)

    assert queries() == 6
    for number in range(20):
        make_signature(
            letter, state=State.PUBLISHED, name=f"N {number}", organisation=google, method="mailbox"
        )
    assert queries() == 6
    monkeypatch.setattr(roll, "READ_AT_ONCE", 10)
    assert queries() == 2 + 4 * 3


@pytest.mark.parametrize("size", [1, 2, 4, 5, 6])
def test_chunks_neither_lose_nor_repeat_a_line(letter, monkeypatch, size):
    whole = csv_of(letter)

    monkeypatch.setattr(roll, "READ_AT_ONCE", size)

    assert csv_of(letter) == whole


def test_roll_that_a_batch_moves_meanwhile_breaks_off(letter, monkeypatch):
    """Half of it from before and half from after could show a smaller group."""
    monkeypatch.setattr(roll, "READ_AT_ONCE", 2)
    lines = roll.walk(letter)
    next(lines)

    move_batch(letter)

    with pytest.raises(roll.RollMoved):
        list(lines)


def test_names_that_come_meanwhile_do_not_break_it_off(letter, monkeypatch):
    monkeypatch.setattr(roll, "READ_AT_ONCE", 2)
    lines = roll.walk(letter)
    next(lines)

    make_signature(letter, state=State.PUBLISHED, name="Zz Last")
    batches.refresh_count(letter=letter)

    assert [line.name for line in lines][-1] == "Zz Last"


def test_empty_roll_is_a_file_without_lines():
    letter = make_letter()

    assert csv_of(letter) == [list(COLUMNS)]
    assert json_of(letter)["lines"] == []
    assert sheet_of(letter) == [list(COLUMNS)]
