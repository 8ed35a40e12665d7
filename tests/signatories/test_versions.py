"""The texts of a letter as they stood, for everybody."""

import hashlib
from dataclasses import replace
from datetime import date

import pytest

from letters.actions import Text, publish_text
from letters.models import Status, Visibility
from signatories.actions import batches
from signatories.models import State
from tests.admin_pages import count_queries, text_of
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature

pytestmark = pytest.mark.django_db

SECOND = Text("A better title", "*Dear all,*\n\nWe ask two things.\n", (("Do", "it now."),))


def publish_second(letter, **changes):
    text = replace(SECOND, **changes)
    return publish_text(letter=letter, text=text, actor=None, on=date(2026, 3, 1))


def make_two_versions():
    letter = make_letter(slug="phone", title="Pick up the phone")
    for _number in range(3):
        make_signature(letter, state=State.PUBLISHED)
    second = publish_second(letter)
    make_signature(letter, state=State.PUBLISHED, version=second)
    batches.refresh_count(letter=letter)
    letter.refresh_from_db()
    return letter


# The list -------------------------------------------------------------------------------------


def test_versions_lists_number_day_digest_and_count_the_newest_first(client):
    letter = make_two_versions()
    first, second = letter.versions.order_by("number")

    words = text_of(client.get("/letters/phone/versions/"))

    assert "2 versions" in words
    assert (
        f"Version 2 the current text 1 March 2026 · 1 signature of the roll · what changed in version 2 SHA-256 {second.sha256}"
        in words
    )
    assert f"· 3 signatures of the roll SHA-256 {first.sha256}" in words
    assert words.index("Version 2") < words.index("Version 1 ")


def test_versions_counts_anonymous_lines_as_of_the_last_batch(client):
    letter = make_letter(slug="phone")
    make_anonymous(letter, make_organisation("Google"))
    batches.refresh_count(letter=letter)

    assert "0 signatures of the roll" in text_of(client.get("/letters/phone/versions/"))


# One version ------------------------------------------------------------------------------------


def test_version_shows_its_text_demands_and_digest(client):
    letter = make_two_versions()
    first = letter.versions.get(number=1)

    words = text_of(client.get("/letters/phone/versions/1/"))

    assert "Version 1 Pick up the phone" in words
    assert "Dear all, We ask one thing. Do it." in words
    assert first.sha256 in words
    assert "3 signatures of the roll are bound to this version." in words
    assert "There is a newer one: the letter now has version 2." in words
    assert "What changed" not in words


def test_version_shows_what_changed_since_the_one_before(client):
    make_letter(title="Of another letter")
    make_two_versions()
    make_letter(title="Of another letter")

    page = client.get("/letters/phone/versions/2/")

    words = text_of(page)
    assert "This is the current text of the letter ." in words
    assert "1 signature of the roll is bound to this version." in words
    assert "What changed since version 1" in words
    changes = words.partition("Since version 1")[2]
    assert "(removed: Pick up the phone end) (added: A better title end)" in changes
    assert "*Dear all,*" in changes
    assert "We ask (removed: one thing end) (added: two things end) ." in changes
    assert "Do it (added: now end) ." in changes


def test_version_shows_what_is_written_as_text_and_not_as_markup(client):
    letter = make_letter(slug="phone")
    publish_second(letter, title="<b>T</b>", markdown="<script>x</script>", demands=(("", "<i>"),))

    content = client.get("/letters/phone/versions/2/").content.decode()

    for markup in ("<script>x", "<b>T", "<i>"):
        assert markup not in content
    assert "&lt;script&gt;x&lt;/script&gt;" in content


@pytest.mark.parametrize("number", ["0", "3", "-1", "one", "9" * 30, "1/x"])
def test_version_that_does_not_exist_is_not_found(client, number):
    make_two_versions()

    assert client.get(f"/letters/phone/versions/{number}/").status_code == 404


def test_version_of_another_letter_is_not_found(client):
    make_letter(slug="other")
    make_two_versions()

    assert client.get("/letters/other/versions/2/").status_code == 404


# For whom, and for how long -------------------------------------------------------------------


@pytest.mark.parametrize("page", ["versions/", "versions/1/", "versions/2/"])
@pytest.mark.parametrize(
    "fields", [{"status": Status.DRAFT}, {"visibility": Visibility.INTERNAL}], ids=str
)
def test_versions_of_letters_that_are_not_for_everybody_answer_like_an_unknown_slug(
    client, page, fields
):
    publish_second(make_letter(slug="a-draft-or-so", **fields))

    answers = []
    for slug in ("a-draft-or-so", "not-a-letter"):
        response = client.get(f"/letters/{slug}/{page}")
        content = response.content.decode().replace(slug, "SLUG")
        answers.append((response.status_code, dict(response.headers), content))

    assert answers[0] == answers[1]
    assert answers[0][0] == 404


@pytest.mark.parametrize("status", [Status.PUBLISHED, Status.CLOSED, Status.SEALED])
@pytest.mark.parametrize("page", ["versions/", "versions/1/"])
def test_versions_may_be_cached_and_set_no_cookie(client, status, page):
    make_letter(slug="phone", status=status)

    response = client.get(f"/letters/phone/{page}")

    assert response.status_code == 200
    assert "public" in response["Cache-Control"]
    assert "max-age=30" in response["Cache-Control"]
    assert response.cookies == {}
    assert "Cookie" not in response.get("Vary", "")
    assert client.post(f"/letters/phone/{page}").status_code == 405


@pytest.mark.parametrize("page", ["", "versions/", "versions/2/"])
def test_versions_ask_as_many_queries_for_four_as_for_two(client, page):
    letter = make_two_versions()
    path = f"/letters/phone/{page}"
    with_two = count_queries(client, path)

    publish_second(letter, title="Three")
    publish_second(letter, title="Four")

    assert count_queries(client, path) == with_two


def test_text_is_offered_as_the_bytes_that_the_digest_was_taken_of(client):
    letter = make_two_versions()

    for version in letter.versions.all():
        answer = client.get(f"/letters/phone/versions/{version.number}/text.json")

        assert hashlib.sha256(answer.content).hexdigest() == version.sha256
        assert answer["Content-Type"] == "application/json"
        assert answer["Cache-Control"] == "public, max-age=30"
        demands = [[demand.lead, demand.text] for demand in version.demands.all()]
        assert answer.json() == {
            "title": version.title,
            "text": version.text,
            "demands": demands,
        }


def test_text_of_no_version_is_not_found(client):
    make_two_versions()

    assert client.get("/letters/phone/versions/3/text.json").status_code == 404


# The letter's page ----------------------------------------------------------------------------


def test_letter_page_with_one_version_says_that_nothing_changed(client):
    make_letter(slug="phone")

    page = client.get("/letters/phone/")

    assert "The text has not changed since it was published." in text_of(page)
    assert "How many signed which" not in text_of(page)
    assert 'href="/letters/phone/versions/"' in page.content.decode()


def test_letter_page_shows_how_many_signed_which_version_and_leads_to_the_difference(client):
    letter = make_two_versions()
    day = letter.versions.get(number=1).published_on

    page = client.get("/letters/phone/")

    words, content = text_of(page), page.content.decode()
    assert "Version 2 , of 1 March 2026: 1 signature ( what changed in version 2 )" in words
    assert f"Version 1 , of {day.day} {day:%B %Y}: 3 signatures" in words
    assert content.count('href="/letters/phone/versions/2/#changes"') == 2
    assert 'id="changes"' in client.get("/letters/phone/versions/2/").content.decode()
