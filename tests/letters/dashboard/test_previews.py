"""The whole page and the form, before anybody sees them: nothing works there, nothing is kept."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from letters.actions import drafts
from letters.actions.drafts import Written
from letters.models import Letter, Membership, Role, Status, Visibility
from signatories.actions import batches
from signatories.models import State
from tests.factories import make_letter, make_organisation, make_signature, make_user
from tests.privacy.witnesses import all_rows, words

pytestmark = pytest.mark.django_db

WRITTEN = Written("Keep it open", "We ask **much**.\n", "Open it. | Daily.")
PAGE = "/manage/letters/library/preview/"
FORM = "/manage/letters/library/preview/sign/"


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
    letter = drafts.start(title="Library", language="en", actor=alice)
    drafts.save(letter=letter, written=WRITTEN, revision=0, actor=alice)
    letter.recipients.create(position=1, name="The mayor", role="Town hall")
    Letter.objects.update(summary="Readers ask the mayor.", organiser_line="Friends of books")
    return letter


def test_preview_of_a_draft_is_the_public_page_with_a_banner(letter, browser, settings, alice):
    seen = browser.get(PAGE)
    page = words(seen)

    assert "Preview: only owners and editors see this" in page
    for text in (
        "Keep it open",
        "Readers ask the mayor.",
        "The mayor",
        "Friends of books",
        "Daily.",
    ):
        assert text in page
    assert "<strong>much</strong>" in seen.content.decode()
    assert "Nobody stands on the roll yet." in page
    settings.LETTERS_NEED_APPROVAL = False
    browser.post("/manage/letters/library/publish/", {"revision": "1"})
    public = Client().get("/letters/library/")
    digest = re.search(r"[0-9a-f]{64}", public.content.decode())[0]
    assert digest in seen.content.decode(), "It names the digest that the text got afterwards."


def test_preview_has_no_place_to_sign_and_is_kept_by_nobody(letter, browser):
    for path in (PAGE, FORM):
        page = browser.get(path)
        content = page.content.decode()
        main = content.split("<main", 1)[1].split("</main>", 1)[0]
        assert page["Cache-Control"] == "no-store", path
        assert '<meta name="robots" content="noindex, nofollow">' in content
        assert "/letters/library/sign/" not in content
        assert 'type="submit"' not in main and 'method="post"' not in main
        assert "<script" not in content
        assert browser.post(path).status_code == 405


def test_preview_changes_nothing(letter, browser):
    browser.get("/manage/")
    before = all_rows()

    for path in (PAGE, FORM):
        assert browser.get(path).status_code == 200

    assert all_rows() == before


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.PRESS, None])
def test_draft_is_shown_to_those_who_write_only(letter, role):
    """The press reads along, and is not of the team that writes."""
    bob = make_user("bob")
    if role:
        Membership.objects.create(letter=letter, user=bob, role=role)
    browser = Client()
    browser.force_login(bob)

    assert [browser.get(path).status_code for path in (PAGE, FORM)] == [404, 404]


def test_preview_of_a_new_version_stands_among_the_present_signatures(alice, browser):
    letter = make_letter(slug="library", addressed_to="the mayor")
    Membership.objects.create(letter=letter, user=alice, role=Role.EDITOR)
    make_signature(letter, state=State.PUBLISHED)
    assert "There is no draft: this is the published text." in words(browser.get(PAGE))
    drafts.save(letter=letter, written=WRITTEN, revision=0, actor=alice)

    page = words(browser.get(PAGE))

    assert "With the draft as it is saved now." in page
    assert "This is version 2 of the text" in page
    assert "Wilhelmina Otterbourne" in page
    assert "We ask one thing." not in page
    letter.refresh_from_db()
    assert letter.current_version.number == 1


def test_preview_says_when_signing_begins(letter, browser):
    opens_at = timezone.now() + timedelta(days=3)
    Letter.objects.update(opens_at=opens_at)

    assert f"Signing begins on {opens_at:%-d %B %Y, %H:%M} UTC." in words(browser.get(PAGE))


def test_preview_of_the_form_follows_the_rules(letter, browser):
    google = make_organisation("Google", "google.example")
    letter.organisations.add(google)
    Letter.objects.update(visibility="internal", allows_anonymous=False)

    form = words(browser.get(FORM))

    assert "Everybody inside can read it, managers among them." in form
    assert "Counted only" in form
    assert "Anonymously, affiliation verified" not in form
    assert "Here stands the button “Sign the letter”." in form
    assert "Open it." in form or "Daily." in form


def test_preview_of_an_empty_draft_is_a_page_too(alice, browser):
    drafts.start(title="Library", language="en", actor=alice)

    assert [browser.get(path).status_code for path in (PAGE, FORM)] == [200, 200]


def test_preview_is_one_press_from_text_rules_and_publication(letter, browser):
    one = "/manage/letters/library/"

    assert f'href="{PAGE}"' in browser.get(f"{one}text/").content.decode()
    assert f'href="{PAGE}"' in browser.get(f"{one}publish/").content.decode()
    assert f'href="{FORM}"' in browser.get(f"{one}rules/").content.decode()


@pytest.mark.parametrize("status", [Status.CLOSED, Status.SEALED])
def test_preview_of_a_letter_that_has_ended(alice, browser, status):
    letter = make_letter(slug="library", status=status)
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)

    assert [browser.get(path).status_code for path in (PAGE, FORM)] == [200, 200]


@pytest.mark.parametrize(("role", "reads"), [(Role.EDITOR, False), (Role.OWNER, True)])
def test_preview_of_an_internal_letter_shows_names_to_those_who_decide(browser, alice, role, reads):
    letter = make_letter(slug="library", visibility=Visibility.INTERNAL)
    letter.organisations.add(make_organisation("Acme"))
    Membership.objects.create(letter=letter, user=alice, role=role)
    make_signature(letter, state=State.PUBLISHED)
    batches.refresh_count(letter=letter)

    page = words(browser.get(PAGE))

    assert ("Wilhelmina Otterbourne" in page) == reads
    assert "Nobody stands on the roll yet" not in page
