"""From nothing to a published letter, and what each page says on the way."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from letters.models import Draft, Letter, LetterVersion, Membership, Role, Status
from tests.factories import make_letter, make_organisation, make_user
from tests.privacy.witnesses import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def browser(alice):
    browser = Client()
    browser.force_login(alice)
    return browser


def revision_in(page):
    return re.search(r'name="revision"[^>]* value="(\d+)"', page.content.decode())[1]


def typed(page, **changes):
    return {
        "title": "Keep the library open",
        "text": "*Dear mayor,*\n\nWe ask two things.\n",
        "demands": "",
        "demand-1-lead": "Open it.",
        "demand-1-text": "Every day but Sunday.",
        "revision": revision_in(page),
        "do": "save",
        **changes,
    }


def begin(browser):
    begun = browser.post("/manage/new/", {"title": "Library", "language": "en"})
    assert begun.url == "/manage/letters/library/text/"
    return begun.url


def test_letter_is_begun_written_and_published(browser, alice, settings):
    settings.LETTERS_NEED_APPROVAL = False
    text_url = begin(browser)
    letter = Letter.objects.get()
    assert (letter.status, letter.title, letter.slug) == (Status.DRAFT, "Library", "library")
    assert Membership.objects.get().role == Role.OWNER
    assert Client().get("/letters/library/").status_code == 404

    saved = browser.post(text_url, typed(browser.get(text_url)))
    assert saved.status_code == 200
    assert "We ask two things." in words(saved)
    for slug in ("", "recipients/", "responses/", "rules/", "team/", "publish/", "delete/"):
        assert browser.get(f"/manage/letters/library/{slug}").status_code == 200, slug
    missing = browser.get("/manage/letters/library/publish/")
    assert "To whom it is addressed" in words(missing)
    assert browser.post("/manage/letters/library/publish/", {"revision": "1"}).status_code == 200
    assert Letter.objects.get().status == Status.DRAFT
    browser.post(
        "/manage/letters/library/recipients/",
        {
            "to-1-name": "The mayor",
            "to-1-role": "",
            "to-1-organisation": "",
            "to-1-pk": "",
            "do": "save",
        },
    )
    ready = browser.get("/manage/letters/library/publish/")

    done = browser.post("/manage/letters/library/publish/", {"revision": revision_in(ready)})

    assert done.url == "/manage/letters/library/"
    letter = Letter.objects.get()
    assert (letter.status, letter.title) == (Status.PUBLISHED, "Keep the library open")
    public = words(Client().get("/letters/library/"))
    assert "Every day but Sunday." in public and "The mayor" in public
    assert not Draft.objects.exists()
    assert LetterVersion.objects.count() == 1
    assert browser.get("/manage/letters/library/").status_code == 200
    assert "Keep the library open" in words(browser.get("/manage/"))


# Two editors, hostile input, and forms that came without their token --------------------------


def test_second_editor_sees_the_difference_and_loses_nothing(browser, alice):
    text_url = begin(browser)
    bob = make_user("bob")
    Membership.objects.create(letter=Letter.objects.get(), user=bob, role=Role.EDITOR)
    other = Client()
    other.force_login(bob)
    mine, theirs = typed(browser.get(text_url)), typed(other.get(text_url), text="They wrote.\n")
    other.post(text_url, theirs)

    page = browser.post(text_url, mine)

    assert page.status_code == 409
    assert "bob has saved this draft while you were writing" in words(page)
    assert "We ask two things." in page.content.decode()
    assert Draft.objects.get().text == "They wrote.\n"
    again = browser.post(text_url, {**mine, "revision": revision_in(page)})
    assert again.status_code == 200
    assert Draft.objects.get().text == mine["text"]


def test_autosave_answers_with_a_line_and_the_next_revision(browser):
    text_url = begin(browser)
    form = typed(browser.get(text_url))

    saved = browser.post(text_url + "save/", form)

    assert saved.templates[0].name == "manage/_saved.html"
    assert "Only the team can read it." in saved.content.decode()
    assert revision_in(saved) == "1"
    late = browser.post(text_url + "save/", {**form, "text": "Another."})
    assert "Not saved." in late.content.decode()
    assert Draft.objects.get().text == form["text"]


def test_preview_shows_what_was_typed_and_saves_nothing(browser):
    text_url = begin(browser)
    form = typed(browser.get(text_url), text="**Strong** <script>alert(1)</script>\n")

    shown = browser.post(text_url + "preview/", form)

    assert "<strong>Strong</strong>" in shown.content.decode()
    assert "<script>" not in shown.content.decode()
    assert Draft.objects.get().revision == 0


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("demand:add", ["One", "Two", "Three", ""]),
        ("demand:up:2", ["Two", "One", "Three"]),
        ("demand:up:1", ["One", "Two", "Three"]),
        ("demand:down:1", ["Two", "One", "Three"]),
        ("demand:down:3", ["One", "Two", "Three"]),
        ("demand:remove:2", ["One", "Three"]),
        ("demand:remove:9", ["One", "Two", "Three"]),
        ("to:up:2", ["One", "Two", "Three"]),
        ("demand:up:x", ["One", "Two", "Three"]),
    ],
)
def test_demands_are_moved_by_buttons(browser, wish, expected):
    text_url = begin(browser)
    form = typed(browser.get(text_url), do=wish)
    for number, lead in enumerate(("One", "Two", "Three"), start=1):
        form |= {f"demand-{number}-lead": lead, f"demand-{number}-text": f"say {lead}"}

    page = browser.post(text_url, form)

    assert [row.values["lead"] for row in page.context["rows"]] == expected
    kept = [line.partition(" | ")[0] for line in Draft.objects.get().demands.splitlines()]
    assert kept == [lead for lead in expected if lead]
    assert page.content.decode().count("autofocus") == (
        0 if expected == ["One", "Two", "Three"] else 1
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "x" * 5000},
        {"text": "\0" * 9},
        {"text": "x" * 70_000},
        {"revision": "-1"},
        {"revision": "²"},
        {"demand-²-lead": "x"},
        {"demand-1-lead": "a | b \\ c", "demand-1-text": "d | e"},
        {f"demand-{n}-lead": "x" for n in range(1, 400)},
    ],
)
def test_editor_takes_anything_and_breaks_at_nothing(browser, changes):
    text_url = begin(browser)

    page = browser.post(text_url, typed(browser.get(text_url), **changes))

    assert page.status_code in (200, 400, 409)


@pytest.mark.parametrize("path", ["new/", "letters/library/text/", "letters/library/recipients/"])
def test_form_without_its_token_keeps_what_was_typed(alice, browser, path):
    begin(browser)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    before = Draft.objects.values().get()

    page = strict.post(f"/manage/{path}", {"title": "Kept", "to-1-name": "Kept", "text": "Kept"})

    assert page.status_code == 403
    assert "Kept" in page.content.decode()
    assert Draft.objects.values().get() == before


# Recipients and responses ---------------------------------------------------------------------


@pytest.fixture
def published(alice):
    letter = make_letter(slug="library")
    Membership.objects.create(letter=letter, user=alice, role=Role.EDITOR)
    return letter


def rows(*people):
    form = {"do": "save"}
    for number, (pk, name, role, organisation) in enumerate(people, start=1):
        form |= {
            f"to-{number}-pk": pk,
            f"to-{number}-name": name,
            f"to-{number}-role": role,
            f"to-{number}-organisation": organisation,
        }
    return form


def test_recipients_are_kept_moved_and_removed(browser, published):
    google = make_organisation("Google")
    url = "/manage/letters/library/recipients/"
    browser.post(url, rows(("", "A", "chair", "google"), ("", "B", "", ""), ("", "", "", "")))
    first, second = published.recipients.all()
    assert [(r.name, r.role, r.organisation) for r in (first, second)] == [
        ("A", "chair", google),
        ("B", "", None),
    ]

    browser.post(url, rows((second.pk, "B", "", ""), (first.pk, "A", "", "")))
    assert [r.pk for r in published.recipients.all()] == [second.pk, first.pk]
    browser.post(url, rows((first.pk, "A2", "", "")))

    assert [(r.pk, r.name) for r in published.recipients.all()] == [(first.pk, "A2")]


def test_recipients_of_a_sealed_letter_stay(browser, published):
    recipient = published.recipients.create(position=1, name="The mayor")
    today = timezone.localdate()
    Letter.objects.filter(pk=published.pk).update(status="sealed", closed_on=today, sealed_on=today)

    page = browser.post("/manage/letters/library/recipients/", rows((recipient.pk, "Me", "", "")))

    assert "A sealed letter keeps its recipients." in page.content.decode()
    assert published.recipients.get().name == "The mayor"


def test_recipient_of_another_letter_stays_there(browser, published):
    other = make_letter()
    theirs = other.recipients.create(position=1, name="Theirs")

    browser.post("/manage/letters/library/recipients/", rows((str(theirs.pk), "Taken", "", "")))

    theirs.refresh_from_db()
    assert (theirs.letter, theirs.name) == (other, "Theirs")
    assert [one.name for one in published.recipients.all()] == ["Taken"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("", "A", "", "Nobody"), "not listed"),
        (("", "A<b>", "", ""), "Leave out the characters"),
        (("", "x" * 300, "", ""), "at most 200"),
    ],
)
def test_row_of_recipients_says_what_is_wrong_with_it(browser, published, row, why):
    page = browser.post("/manage/letters/library/recipients/", rows(row))

    assert why in words(page)
    assert not published.recipients.exists()


def response_to(recipient, **changes):
    return {
        "recipient": recipient.pk,
        "demand": "",
        "outcome": "declined",
        "responded_on": "2026-01-20",
        "statement": "We shall not.",
        "source": "https://news.example/1",
        **changes,
    }


def test_response_stands_on_the_letter_s_page_and_can_be_deleted(browser, published):
    url = "/manage/letters/library/responses/"
    mayor = published.recipients.create(position=1, name="The mayor")
    browser.post(url, response_to(mayor))
    browser.post(url, response_to(mayor, outcome="met"))
    assert "Met in full" in words(Client().get("/letters/library/"))
    [response] = mayor.responses.all()
    assert (response.outcome, response.statement) == ("met", "We shall not.")
    kept = browser.post("/manage/letters/library/recipients/", rows(("", "Other", "", "")))
    assert "who has responded stays" in words(kept)

    browser.post(url, {"delete": response.pk})

    assert "No response" in words(Client().get("/letters/library/"))


def test_recipients_of_the_same_office_are_told_apart(browser, published):
    for position, name in enumerate(("Northlane", "Fernwood"), start=1):
        published.recipients.create(
            position=position, name="The chief", organisation=make_organisation(name)
        )
    url = "/manage/letters/library/responses/"

    page = browser.get(url)
    browser.post(url, response_to(published.recipients.get(position=2)))

    options = re.findall(r"<option[^>]*>(The chief[^<]*)<", page.content.decode())
    assert options == ["The chief, Northlane", "The chief, Fernwood"]
    assert "The chief, Fernwood: Declined" in words(browser.get(url))
    assert "The chief, Northlane" in words(browser.get("/manage/letters/library/"))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"recipient": ""}, "Choose who has answered"),
        ({"outcome": "none"}, "Choose one of the answers"),
        ({"responded_on": "2999-01-01"}, "has not come yet"),
        ({"responded_on": "soon"}, "year, month and day"),
        ({"source": "javascript:alert(1)"}, "complete address"),
    ],
)
def test_response_says_what_is_wrong_with_it(browser, published, changes, why):
    mayor = published.recipients.create(position=1, name="The mayor")

    page = browser.post("/manage/letters/library/responses/", response_to(mayor) | changes)

    assert why in words(page)
    assert "We shall not." in page.content.decode()
    assert not mayor.responses.exists()


def test_response_of_another_letter_is_neither_written_nor_deleted(browser, published):
    other = make_letter()
    theirs = other.recipients.create(position=1, name="Theirs")
    written = theirs.responses.create(
        demand=other.current_version.demands.get(), outcome="met", responded_on="2026-01-20"
    )

    refused = browser.post("/manage/letters/library/responses/", response_to(theirs))
    browser.post("/manage/letters/library/responses/", {"delete": written.pk})

    assert "Choose one of the recipients" in words(refused)
    assert theirs.responses.count() == 1
