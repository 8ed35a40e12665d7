"""Names shown first, on the pages: the team's, the signatory's, and the public's."""

import json
import re
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config import crypto
from letters.models import Letter, Membership, Role, Visibility
from signatories.actions import batches, prominence
from signatories.exports import archive, files
from signatories.models import Prominence, Signature, State
from tests.admin_pages import text_of
from tests.factories import make_letter, make_organisation, make_signature, make_user

pytestmark = pytest.mark.django_db

TOKEN = "t" * 43


@pytest.fixture
def letter():
    return make_letter(slug="library")


@pytest.fixture
def erin(letter):
    erin = make_user("erin")
    Membership.objects.create(letter=letter, user=erin, role=Role.EDITOR)
    return erin


@pytest.fixture
def office(erin):
    browser = Client()
    browser.force_login(erin)
    return browser


def make_name(letter, name, *, answer=None, position=1, token=None, **fields):
    digest = crypto.digest("manage", token or f"{name.replace(' ', '_'):t<43}")
    fields = {"state": State.PUBLISHED, **fields}
    signature = make_signature(letter, name=name, manage_digest=digest, **fields)
    if answer:
        today = timezone.localdate()
        Prominence.objects.create(
            signature=signature, position=position, asked_on=today, answer=answer
        )
    return signature


PAGE = "/manage/letters/library/prominent/"


def press(office, tool, signature, **more):
    return office.post(PAGE, {"do": f"{tool}:{signature.pk}", **more})


# The team's page ---------------------------------------------------------------------------------


def test_page_finds_names_that_can_be_asked_and_nobody_else(letter, office):
    google = make_organisation("Google")
    found = make_name(letter, "Ottoline Fairweather", title="Director", organisation=google)
    make_name(letter, "Ottoline Asked", answer="asked")
    make_name(letter, "Ottoline Hidden", is_hidden_from_search=True)
    make_name(letter, "Ottoline Waiting", state=State.IN_REVIEW)
    make_name(make_letter(), "Ottoline Elsewhere")
    make_name(letter, "Ada Marchetti")

    page = office.get(PAGE, {"q": "  ottoline "})

    assert [one.line.name for one in page.context["found"]] == ["Ottoline Fairweather"]
    assert f'value="ask:{found.pk}"' in page.content.decode()
    assert "Director, says Google; not verified" in text_of(page)


def test_page_without_anybody_says_what_to_do(letter, office):
    assert "Nobody yet. Look for a name on the roll, and ask." in text_of(office.get(PAGE))
    assert "No name on the roll that can be asked contains this." in text_of(
        office.get(PAGE, {"q": "zzz"})
    )


def test_asking_comes_back_to_the_search_and_the_line(letter, office):
    signature = make_name(letter, "Ottoline Fairweather")

    answer = press(office, "ask", signature, q="ottoline")

    assert answer.url == f"{PAGE}?q=ottoline#entry-{signature.pk}"
    assert Prominence.objects.get().signature == signature
    assert "The question stands on that person’s own page now." in text_of(office.get(PAGE))


def test_page_tells_a_no_from_no_answer_nowhere(letter, office):
    row = make_name(letter, "Ottoline Fairweather", answer="asked")
    asked = office.get(PAGE)

    Prominence.objects.update(answer="declined")

    declined = office.get(PAGE)
    assert "Place 1: not agreed" in text_of(asked)
    assert without_tokens(asked) == without_tokens(declined)
    assert declined.context["chosen"] == asked.context["chosen"]
    assert row.prominence.answer == "asked"


def without_tokens(page):
    return re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]*"', "", page.content.decode())


@pytest.mark.parametrize(
    ("tool", "which", "place", "after"),
    [
        ("up", "C", "", "ACB"),
        ("up", "A", "", "ABC"),
        ("down", "A", "", "BAC"),
        ("place", "C", "1", "CAB"),
        ("place", "A", "3", "BCA"),
        ("place", "B", "not a number", "ABC"),
        ("place", "B", "9" * 30, "ABC"),
        ("something else", "B", "", "ABC"),
    ],
)
def test_buttons_move_somebody(letter, office, tool, which, place, after):
    rows = {n: make_name(letter, n, answer="agreed", position=i) for i, n in enumerate("ABC", 1)}
    chosen = rows[which]

    answer = press(office, tool, chosen, **{f"place-{chosen.pk}": place})

    assert answer.url == f"{PAGE}#entry-{chosen.pk}"
    names = [row.signature.name for row in prominence.of_letter(letter)]
    assert names == list(after)


def test_take_away_button_takes_the_name_from_the_top(letter, office):
    signature = make_name(letter, "Ottoline Fairweather", answer="agreed")

    press(office, "take_away", signature)

    assert not Prominence.objects.exists()
    assert "The name is no longer shown first, nor asked." in text_of(office.get(PAGE))


@pytest.mark.parametrize("do", ["", "ask", "ask:", "ask:17", "take_away:\0"])
def test_button_about_nobody_is_refused_in_words(letter, office, do):
    page = office.post(PAGE, {"do": do, "q": "Ottoline"})

    assert page.status_code == 200
    assert "Choose somebody." in text_of(page)
    assert page.context["q"] == "Ottoline"


def test_refusal_of_a_verb_is_shown(letter, office):
    signature = make_name(letter, "Ottoline Fairweather", is_hidden_from_search=True)

    page = press(office, "ask", signature)

    assert "does not stand on the roll any more, or cannot be asked" in text_of(page)


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.PRESS])
def test_page_is_not_there_for_others_on_the_team(letter, role):
    bob = make_user("bob")
    Membership.objects.create(letter=letter, user=bob, role=role)
    browser = Client()
    browser.force_login(bob)

    assert browser.get(PAGE).status_code == 404
    assert "Shown first" not in text_of(browser.get("/manage/letters/library/"))


def test_page_of_an_internal_letter_is_for_those_who_read_its_names(letter, office):
    assert "Shown first" in text_of(office.get("/manage/letters/library/"))
    Letter.objects.update(visibility=Visibility.INTERNAL)

    assert office.get(PAGE).status_code == 404
    assert "Shown first" not in text_of(office.get("/manage/letters/library/"))


def test_page_asks_as_much_of_the_database_for_three_as_for_one(letter, office):
    def queries():
        with CaptureQueriesContext(connection) as found:
            office.get(PAGE, {"q": "Found"})
            Client().get("/letters/library/")
            Client().get("/letters/library/roll/")
        return len(found)

    google = make_organisation("Google")
    make_name(letter, "One", answer="agreed", organisation=google)
    make_name(letter, "Found One", organisation=google)
    one = queries()
    for position in (2, 3):
        make_name(
            letter, f"Name {position}", answer="agreed", position=position, organisation=google
        )
        make_name(letter, f"Found {position}", organisation=google)

    assert queries() == one


# The signatory's page ----------------------------------------------------------------------------

OWN = f"/signature/{TOKEN}/"


def test_own_page_asks_and_the_buttons_answer(client, letter):
    make_name(letter, "Ottoline Fairweather", answer="asked", token=TOKEN)
    question = "The organisers would like to show your name at the top."
    assert question in text_of(client.get(OWN))

    answer = client.post(f"{OWN}prominent/", {"answer": "yes"})

    assert answer.url == OWN
    assert "You have agreed that the organisers show your name first" in text_of(client.get(OWN))
    assert "Ottoline Fairweather" in first_names(client, "/letters/library/")
    client.post(f"{OWN}prominent/", {"answer": "no"})
    declined = text_of(client.get(OWN))
    assert "You have declined. You can leave it at that." in declined
    assert "Yes, show my name first" in declined
    assert first_names(client, "/letters/library/") == []


def first_names(client, url):
    return [line.name for line in client.get(url).context["prominent"]]


def test_own_page_of_somebody_who_was_not_asked_asks_nothing(client, letter):
    make_name(letter, "Ottoline Fairweather", token=TOKEN)

    page = text_of(client.get(OWN))
    answer = client.post(f"{OWN}prominent/", {"answer": "yes"})

    assert "at the top" not in page
    assert "A name that engines are asked not to list is not shown first" in page
    assert answer.url == OWN
    assert not Prominence.objects.exists()


def test_answer_by_an_unknown_capability_is_not_found(client):
    assert client.post(f"/signature/{'u' * 43}/prominent/", {"answer": "yes"}).status_code == 404


@pytest.mark.parametrize(
    ("answer", "words"),
    [("asked", "not answered"), ("agreed", "agreed"), ("declined", "declined")],
)
def test_what_is_held_says_that_one_was_asked(client, letter, answer, words, time_machine):
    time_machine.move_to("2026-01-21T12:00:00Z", tick=False)
    make_name(letter, "Ottoline Fairweather", answer=answer, token=TOKEN)

    document = client.get(f"{OWN}data.json").json()

    assert document["asked_to_be_shown_first_on"] == "2026-01-21"
    assert document["answer_to_that"] == answer
    assert f"Asked to be shown first on 21 January 2026; you have {words}" in text_of(
        client.get(OWN)
    )


# The public pages --------------------------------------------------------------------------------


def test_public_pages_show_those_who_agreed_in_order_with_their_lines(client, letter):
    google = make_organisation("Google")
    make_name(letter, "Asked Only", answer="asked", position=1)
    make_name(letter, "Said No", answer="declined", position=2)
    make_name(letter, "Tuva Hjärtström", answer="agreed", position=4, title="Designer")
    make_name(
        letter,
        "Casimir Okonkwo",
        answer="agreed",
        position=3,
        organisation=google,
        method="mailbox",
    )

    for url in ("/letters/library/", "/letters/library/roll/"):
        page = client.get(url)
        lines = [(one.name, one.detail, one.is_verified) for one in page.context["prominent"]]
        assert lines == [
            ("Casimir Okonkwo", "Google", True),
            ("Tuva Hjärtström", "Designer", False),
        ]
        words = text_of(page)
        assert "Among the signatories Chosen by the organisers, with the consent of each." in words
        # They stand in their places on the roll as well.
        assert [line.name for line in page.context["lines"]].count("Casimir Okonkwo") == 1


@pytest.mark.parametrize("query", ["?after=a", "?q=tuva", "?organisation=organisation-1"])
def test_further_pages_of_the_roll_and_searches_do_not_repeat_them(client, letter, query):
    google = make_organisation("Google")
    Letter.objects.update(slug="library")
    type(google).objects.filter(pk=google.pk).update(slug="organisation-1")
    make_name(letter, "Tuva Hjärtström", answer="agreed", organisation=google, method="mailbox")
    batches.refresh_count(letter=letter)

    assert first_names(client, f"/letters/library/roll/{query}") == []


def test_page_without_anybody_who_agreed_has_no_such_section(client, letter):
    make_name(letter, "Asked Only", answer="asked")

    for url in ("/letters/library/", "/letters/library/roll/"):
        assert "Among the signatories" not in text_of(client.get(url))


def test_name_that_is_hidden_from_search_is_on_no_page_that_engines_list(client, letter):
    signature = make_name(letter, "Zenobia Quill-Hidden", answer="agreed", token=TOKEN)
    before = client.get("/letters/library/").content.decode()
    assert signature.name in before

    client.post(f"{OWN}search/", {"hidden": "1"})

    slug = letter.slug
    for page in ("", "roll/", "updates/", "versions/", "versions/1/", "verification/", "sign/"):
        answer = client.get(f"/letters/{slug}/{page}")
        is_listed = "noindex" not in answer.get("X-Robots-Tag", "")
        assert not (is_listed and signature.name in answer.content.decode()), page
    assert signature.name in client.get(f"/letters/{slug}/roll/").content.decode()
    assert signature.name not in client.get("/").content.decode()


def test_archive_shows_them_where_the_site_does(letter):
    make_name(letter, "Ottoline Fairweather", answer="agreed")
    make_name(letter, "Ada Marchetti", answer="declined", position=2)

    written = archive.archive(letter)
    found = {name: b"".join(content).decode(errors="replace") for name, content in written}

    for name in ("index.html", "roll/1.html"):
        [section] = re.findall(r'<section class="prominent".*?</section>', found[name], re.DOTALL)
        assert re.findall(r'signature__name">([^<]*)<', section) == ["Ottoline Fairweather"]
    rows = json.loads(found["roll.json"])["lines"]
    assert {row["name"]: row["shown_first"] for row in rows} == {
        "Ottoline Fairweather": 1,
        "Ada Marchetti": None,
    }


def test_files_say_who_is_shown_first(letter):
    make_name(letter, "Asked Only", answer="asked", position=1)
    make_name(letter, "Ottoline Fairweather", answer="agreed", position=7)
    make_name(letter, "Ada Marchetti", answer="agreed", position=3)

    lines = b"".join(files.FILES["roll.csv"][1](letter)).decode("utf-8-sig").splitlines()
    [workbook] = [b"".join(files.FILES["roll.xlsx"][1](letter))]

    assert [(line.split(",")[0], line.split(",")[-1]) for line in lines] == [
        ('"name"', '"shown_first"'),
        ('"Ottoline Fairweather"', '"2"'),
        ('"Ada Marchetti"', '"1"'),
        ('"Asked Only"', '""'),
    ]
    assert ZipFile(BytesIO(workbook)).testzip() is None
    assert Signature.objects.count() == 3
