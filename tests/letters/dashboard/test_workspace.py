"""From nothing to a published letter, and what each page says on the way."""

import re

import pytest
from django.test import Client

from letters.models import Draft, Letter, LetterVersion, Membership, Role, Status
from tests.factories import make_user
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
