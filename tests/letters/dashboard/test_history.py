"""What was published, by whom and how it changed; and writing on from an older text."""

import pytest
from django.test import Client
from django.utils import timezone

from letters.actions import Text, drafts, publish_text
from letters.actions.drafts import Written
from letters.models import Draft, Membership, Role, Status
from signatories.actions import batches
from signatories.models import State
from tests.factories import make_letter, make_signature, make_user
from tests.privacy.witnesses import words

pytestmark = pytest.mark.django_db

PAGE = "/manage/letters/library/versions/"


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def browser(alice):
    browser = Client()
    browser.force_login(alice)
    return browser


@pytest.fixture
def letter(alice):
    """One of two versions: the first by nobody's account, with one signature."""
    letter = make_letter(slug="library")
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    make_signature(letter, state=State.PUBLISHED)
    text = Text(letter.title, "*Dear all,*\n\nWe ask two things.\n", (("Do", "it."),))
    publish_text(letter=letter, text=text, actor=alice, on=timezone.localdate())
    batches.refresh_count(letter=letter)
    letter.refresh_from_db()
    return letter


def test_history_lists_each_version_with_its_publisher_and_its_signatures(letter, browser):
    page = words(browser.get(PAGE))

    assert page.index("Version 2") < page.index("Version 1")
    rows = page.split("Version 2", 1)[1].split("Version 1", 1)
    assert "(current)" in rows[0] and "alice" in rows[0] and rows[0].rstrip().endswith("0")
    assert "this site" in rows[1] and " 1" in rows[1]


def test_history_is_read_in_pages(letter, browser, monkeypatch):
    monkeypatch.setattr("signatories.dashboard.history.VERSIONS_A_PAGE", 1)

    first = words(browser.get(PAGE))
    second = words(browser.get(f"{PAGE}?after=2"))

    assert "Version 2" in first and "Version 1" not in first and "Next page" in first
    assert "Version 1" in second and "Version 2" not in second and "Next page" not in second
    assert browser.get(f"{PAGE}?after=²").status_code == 200


def test_history_of_a_draft_says_that_nothing_is_published(alice, browser):
    drafts.start(title="Library", language="en", actor=alice)

    assert "Nothing is published yet." in words(browser.get(PAGE))


def test_version_shows_what_it_changed(letter, browser):
    page = browser.get(f"{PAGE}2/")

    assert "What changed since version 1" in words(page)
    assert "<ins>" in page.content.decode()
    assert "0 signatures of the roll stand under it." in words(page)
    assert "1 signature of the roll stands under it." in words(browser.get(f"{PAGE}1/"))
    assert browser.get(f"{PAGE}3/").status_code == 404


def test_draft_begins_from_an_older_version(letter, browser):
    done = browser.post(f"{PAGE}1/", {"revision": "0"})

    assert done.url == "/manage/letters/library/text/"
    draft = Draft.objects.get()
    assert (draft.text, draft.demands) == ("*Dear all,*\n\nWe ask one thing.\n", "Do | it.")
    letter.refresh_from_db()
    assert letter.current_version.number == 2
    assert "The draft says this already." in words(browser.get(f"{PAGE}1/"))


def test_draft_is_replaced_only_by_somebody_who_says_so(letter, alice, browser):
    drafts.save(letter=letter, written=Written("Mine", "Mine.\n"), revision=0, actor=alice)
    assert "It would be gone." in words(browser.get(f"{PAGE}1/"))

    refused = browser.post(f"{PAGE}1/", {"revision": "1"})
    assert "Say that the draft may go." in words(refused)
    assert Draft.objects.get().text == "Mine.\n"
    browser.post(f"{PAGE}1/", {"revision": "1", "replace": "on"})

    assert Draft.objects.get().text == "*Dear all,*\n\nWe ask one thing.\n"


def test_draft_that_somebody_saved_meanwhile_is_not_replaced(letter, alice, browser):
    drafts.save(letter=letter, written=Written("Mine", "Mine.\n"), revision=0, actor=alice)
    drafts.save(letter=letter, written=Written("Mine", "Newer.\n"), revision=1, actor=alice)

    answer = browser.post(f"{PAGE}1/", {"revision": "1", "replace": "on"})

    assert answer.status_code == 409
    assert "Somebody has saved another draft meanwhile." in words(answer)
    assert 'name="revision" value="2"' in answer.content.decode()
    assert Draft.objects.get().text == "Newer.\n"


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.PRESS])
def test_team_reads_the_history_and_editors_write_on(letter, role):
    bob = make_user("bob")
    Membership.objects.create(letter=letter, user=bob, role=role)
    browser = Client()
    browser.force_login(bob)

    page = words(browser.get(f"{PAGE}1/"))

    assert "Write on from this version" not in page
    assert browser.post(f"{PAGE}1/", {"revision": "0"}).status_code == 404
    assert not Draft.objects.exists()


def test_sealed_letter_offers_no_draft_and_takes_none(letter, alice, browser):
    letter.status, letter.closed_on = Status.SEALED, timezone.localdate()
    letter.sealed_on = timezone.localdate()
    letter.save()

    assert "Write on from this version" not in words(browser.get(f"{PAGE}1/"))
    assert "A sealed letter keeps its text." in words(browser.post(f"{PAGE}1/", {"revision": "0"}))
    assert not Draft.objects.exists()
