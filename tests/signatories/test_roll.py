"""The roll: what a line says, where it stands, and that paging meets everybody once."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signatories import roll
from signatories.models import Method, Signature, State
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature

# What lines say --------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({}, "Signs for themself"),
        ({"title": "Poet"}, "Poet"),
        ({"organisation": "Google", "method": Method.MAILBOX}, "Google"),
        (
            {"title": "Engineer", "organisation": "Google", "method": Method.MAILBOX},
            "Engineer, Google",
        ),
        ({"organisation": "Google", "tenure": "current"}, "says Google; not verified"),
        (
            {"title": "Engineer", "organisation": "Google", "tenure": "former"},
            "Engineer, says formerly Google; not verified",
        ),
        ({"organisation_text": "Gogle"}, "says Gogle; not verified"),
        (
            {"organisation_text": "Gogle", "tenure": "former"},
            "says formerly Gogle; not verified",
        ),
    ],
)
def test_line_of_a_named_signature(fields, detail):
    if "organisation" in fields:
        fields["organisation"] = make_organisation(fields["organisation"])
    signature = make_signature(make_letter(), state=State.PUBLISHED, **fields)

    assert roll.line(signature) == roll.Line(
        name="Wilhelmina Otterbourne",
        detail=detail,
        is_verified=fields.get("method") == Method.MAILBOX,
        is_anonymous=False,
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("shows", "detail"),
    [
        ([], "Verified employee of an organisation not shown"),
        (["organisation"], "Verified employee, Google"),
        (["organisation", "tenure"], "Verified employee, Google"),
        (["organisation", "role"], "Verified employee, Google, Leadership"),
    ],
)
def test_line_of_an_anonymous_signature_says_only_what_shows(shows, detail):
    google = make_organisation("Google")
    values = {"organisation": google, "tenure": "current", "role": "leadership"}
    shown = {f"shown_{field}": values[field] for field in shows}
    signature = make_anonymous(
        make_letter(), google, state=State.PUBLISHED, role="leadership", **shown
    )

    assert roll.line(signature) == roll.Line(
        name="Anonymous", detail=detail, is_verified=True, is_anonymous=True
    )


def test_line_of_a_former_employee_shows_tenure_only_with_the_organisation():
    assert roll.anonymous_detail("Google", "former", "", True) == "Verified former employee, Google"
    assert roll.anonymous_detail("Google", "", "", True) == "Verified employee, Google"
    assert roll.anonymous_detail("", "", "", False) == "Not verified"


@pytest.mark.django_db
def test_line_for_its_own_signer_has_the_organisation_that_the_roll_hides():
    signature = make_anonymous(make_letter(), make_organisation("Google"), role="design")

    own = roll.line_with_organisation(signature)

    assert own.detail == "Verified employee, Google, Design and writing"
    assert roll.line(signature).detail == "Verified employee of an organisation not shown"


# Places ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Wilhelmina Otterbourne", "otterbourne wilhelmina"),
        ("WILHELMINA OTTERBOURNE", "otterbourne wilhelmina"),
        ("  Wilhelmina   Otterbourne ", "otterbourne wilhelmina"),
        ("Perpetua Abara-Quill", "abaraquill perpetua"),
        ("Jean-Luc O’Neill", "oneill jeanluc"),
        ("Jean-Luc O'Neill", "oneill jeanluc"),
        ("Ludwig van Beethoven", "beethoven ludwig van"),
        ("Åsa Öberg", "oberg asa"),
        ("Evariste Großmann", "grossmann evariste"),
        ("Nguyễn Thị Hạnh", "hanh nguyen thi"),
        ("J. R. R. Tolkien", "tolkien j r r"),
        ("Prince", "prince"),
        ("Иван Петров", "петров иван"),
        ("Νίκος Παππάς", "παππασ νικοσ"),
        ("李小龙", "李小龙"),
        ("李 小龙", "小龙 李"),
        ("محمد علي", "علي محمد"),
        ("יוסף כהן", "כהן יוסף"),
        ("राम कुमारी", "कुमारी राम"),
        ("สมชาย ใจดี", "ใจดี สมชาย"),
        ("ＷＩＤＥ Ｎａｍｅ", "name wide"),
        ("Wilhelmina Otterbourne †", "otterbourne wilhelmina"),
        ("???", "~"),
    ],
)
def test_sort_key_puts_the_last_word_first_without_accents_and_case(name, key):
    assert roll.sort_key(name) == key


def test_sort_keys_stand_in_the_order_a_reader_expects():
    names = ["Ferdinand Achterberg", "Perpetua Abara-Quill", "Zoë Zandersee", "Zephyrine Abbott"]
    names += ["Évariste Ayscough", "Ines Ayscough", "Иван Петров"]

    assert sorted(names, key=roll.sort_key) == [
        "Perpetua Abara-Quill",
        "Zephyrine Abbott",
        "Ferdinand Achterberg",
        "Évariste Ayscough",
        "Ines Ayscough",
        "Zoë Zandersee",
        "Иван Петров",
    ]


@given(st.text(min_size=1, max_size=120))
def test_place_of_any_name_fits_its_column_and_keeps_no_spaces_at_the_ends(name):
    place = roll.place_of(name)

    assert len(place) <= Signature._meta.get_field("roll_key").max_length
    assert place == place.strip()
    assert "\0" not in place


def test_places_of_equal_names_differ():
    places = {roll.place_of("Wilhelmina Otterbourne") for _each in range(20)}

    assert len(places) == 20
    assert {place.rpartition(" ")[0] for place in places} == {"otterbourne wilhelmina"}


def test_places_by_lot_spread_as_the_names_do():
    names = ["otterbourne wilhelmina x"] * 9 + ["петров иван x"] * 1 + ["~ x", "3com x"]

    starts = Counter(place[:2] for place in roll.places_by_lot(names, 2000))

    assert set(starts) == {"ot", "пе"}
    assert 1700 < starts["ot"] < 1900


def test_places_by_lot_without_names_go_from_a_to_z():
    places = roll.places_by_lot([], 500)

    assert len(set(places)) == 500
    assert {place[0] for place in places} == set("abcdefghijklmnopqrstuvwxyz")


# Pages -------------------------------------------------------------------------------------------


def read_all(letter, size, **wishes):
    """All lines in the order of the pages, and how many each page has."""
    lines, sizes, after = [], [], ""
    while True:
        page = roll.page(letter, after=after, size=size, **wishes)
        lines += page.lines
        sizes.append(len(page.lines))
        if not page.next_after:
            return lines, sizes
        after = page.next_after


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("size", "sizes"), [(1, [1] * 12), (4, [4, 4, 4]), (5, [5, 5, 2]), (12, [12]), (60, [12])]
)
def test_page_by_key_visits_every_line_once_also_with_equal_names(size, sizes):
    letter = make_letter()
    google = make_organisation("Google")
    for title in "abcdef":
        make_signature(letter, state=State.PUBLISHED, title=title)
    for name in ("Åsa Öberg", "Asa Oberg", "Иван Петров", "李小龙"):
        make_signature(letter, state=State.PUBLISHED, name=name)
    for place in roll.places_by_lot(["otterbourne"], 2):
        make_anonymous(letter, google, state=State.PUBLISHED, roll_key=place)
    make_signature(letter, name="Waits Inreview")
    make_signature(make_letter(), state=State.PUBLISHED, name="Other Letter")

    lines, found_sizes = read_all(letter, size)

    assert found_sizes == sizes
    assert Counter((line.name, line.detail) for line in lines) == Counter(
        {("Wilhelmina Otterbourne", title): 1 for title in "abcdef"}
        | {(name, "Signs for themself"): 1 for name in ("Åsa Öberg", "Asa Oberg")}
        | {(name, "Signs for themself"): 1 for name in ("Иван Петров", "李小龙")}
        | {("Anonymous", "Verified employee of an organisation not shown"): 2}
    )


@pytest.mark.django_db
def test_page_keeps_its_place_when_lines_come_and_go():
    letter = make_letter()
    for name in ("Ada Alder", "Ben Birch", "Cleo Cedar", "Dora Dogwood"):
        make_signature(letter, state=State.PUBLISHED, name=name)
    first = roll.page(letter, size=2)
    letter.signatures.filter(name="Ben Birch").delete()
    make_signature(letter, state=State.PUBLISHED, name="Abe Acacia")

    second = roll.page(letter, after=first.next_after, size=2)

    assert [line.name for line in first.lines] == ["Ada Alder", "Ben Birch"]
    assert [line.name for line in second.lines] == ["Cleo Cedar", "Dora Dogwood"]
    assert second.next_after == ""


@pytest.mark.django_db
def test_filter_by_organisation_finds_verified_lines_that_show_it():
    letter = make_letter()
    google, meta = make_organisation("Google"), make_organisation("Meta")
    published = {"state": State.PUBLISHED}
    make_signature(letter, name="Ada Alder", organisation=google, method="mailbox", **published)
    make_signature(letter, name="Ben Birch", organisation=google, tenure="current", **published)
    make_signature(letter, name="Cleo Cedar", organisation=meta, method="mailbox", **published)
    make_signature(letter, name="Dora Dogwood", organisation_text="Google", **published)
    make_anonymous(letter, google, shown_organisation=google, roll_key="b", **published)
    make_anonymous(letter, google, roll_key="c", **published)

    lines = roll.page(letter, organisation=google.slug).lines

    assert [line.name for line in lines] == ["Ada Alder", "Anonymous"]
    assert roll.page(letter, organisation="nobody").lines == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("otter", ["Wilhelmina Otterbourne"]),
        ("WILHELMINA", ["Wilhelmina Otterbourne"]),
        ("na ott", ["Wilhelmina Otterbourne"]),
        ("otterbourne, wil", ["Wilhelmina Otterbourne"]),
        ("Петров", ["Иван Петров"]),
        ("петров", ["Иван Петров"]),
        ("Élise Nunez", ["Elise Núñez"]),
        ("elise núñez", ["Elise Núñez"]),
        ("otter nunez", []),
        ("qqqq", []),
        ("Anonymous", []),
        ("Google", []),
        ("Verified", []),
        ("%", []),
        ("_", []),
        ("'; DROP TABLE letters_letter", []),
    ],
)
def test_search_finds_names_of_named_lines_only(q, names):
    letter = make_letter()
    google = make_organisation("Google")
    published = {"state": State.PUBLISHED, "organisation": google, "method": "mailbox"}
    make_signature(letter, **published)
    make_signature(letter, name="Иван Петров", **published)
    make_signature(letter, name="Elise Núñez", roll_key="nunez elise qqqqqqqqqq", **published)
    make_anonymous(
        letter, google, state=State.PUBLISHED, shown_organisation=google, roll_key="otter o"
    )
    assert [line.name for line in roll.page(letter, q=q).lines] == names


@pytest.mark.django_db
def test_page_whose_address_names_somebody_hidden_or_gone_is_not_for_search_engines():
    letter = make_letter()
    ada, *_others = (
        make_signature(letter, name=name, state=State.PUBLISHED, roll_key=roll.place_of(name))
        for name in ("Ada A", "Bea B", "Cem C")
    )

    def is_listed(after):
        return roll.page(letter, after=after, size=1).is_for_search

    assert [is_listed(after) for after in ("", "b", ada.roll_key)] == [True, True, True]
    Signature.objects.filter(pk=ada.pk).update(is_hidden_from_search=True)
    assert [is_listed(after) for after in ("", "b", ada.roll_key)] == [False, True, False]
    Signature.objects.filter(pk=ada.pk).delete()
    assert [is_listed(after) for after in ("", "b", ada.roll_key)] == [True, True, False]


@pytest.mark.django_db
def test_page_says_which_lines_are_invented():
    letter = make_letter()
    make_signature(letter, state=State.PUBLISHED, is_demonstration=True)

    [line] = roll.page(letter).lines

    assert line.is_demonstration
