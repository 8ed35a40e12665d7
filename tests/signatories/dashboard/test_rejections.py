"""The owners' page about rejections. Alice owns, Bob moderates, Charlie is nobody."""

import pytest
from django.test import Client
from django.utils import timezone

from letters.actions.noticing import announce
from letters.models import NoticeKind, Role
from letters.news import page_of, sentence
from signatories.actions import bulk, moderation
from signatories.models import BulkDecision, BulkState, State
from tests.admin_pages import count_queries, make_moderator
from tests.factories import make_letter, make_signature
from tests.privacy.witnesses import words

pytestmark = pytest.mark.django_db
URL = "/manage/letters/library/rejections/"


@pytest.fixture
def letter():
    return make_letter(slug="library")


@pytest.fixture
def bob(letter):
    return make_moderator("bob", letter)


@pytest.fixture
def browser(letter):
    browser = Client()
    browser.force_login(make_moderator("alice", letter, Role.OWNER))
    return browser


def reject(letter, actor, *names, **fields):
    for name in names:
        entry = make_signature(letter, name=name, **fields)
        moderation.reject(signature=entry, actor=actor, reason="abuse", note="Not here.")


def button(wish, person):
    return {"do": f"{wish}:{person.pk}:{timezone.localdate().isoformat()}"}


def finish():
    while bulk.go_on(bulk_id=str(BulkDecision.objects.get().pk)):
        pass


def test_page_shows_numbers_and_reasons_and_no_names(letter, bob, browser):
    reject(letter, bob, "Ada Lovelace", "Grace Hopper")

    page = words(browser.get(URL))

    assert "bob" in page
    assert "Abuse or advertising: 2" in page
    assert "Lovelace" not in page
    assert "Not here." not in page


def test_page_without_rejections_says_so(browser, letter):
    page = browser.get(URL)

    assert "Nobody has taken out an entry in this time." in words(page)
    assert 'value="ask:' not in page.content.decode()


def test_taking_back_is_asked_first(letter, bob, browser):
    reject(letter, bob, "Ada", "Grace")

    page = words(browser.post(URL, button("ask", bob)))

    assert "Take back all 2 entries that bob took out since" in page
    assert not BulkDecision.objects.exists()
    assert {entry.state for entry in letter.signatures.all()} == {State.REJECTED}


def test_taking_back_takes_all_of_it_back_and_shows_how_far_it_is(letter, bob, browser):
    reject(letter, bob, "Ada", state=State.PUBLISHED)
    reject(letter, bob, "Grace")

    answer = browser.post(URL, button("take_back", bob))

    assert answer["Location"] == URL
    under_way = browser.get(URL)
    assert "0 of 2 entries are dealt with." in words(under_way)
    assert 'value="ask:' not in under_way.content.decode()
    assert "HX-Redirect" not in browser.get(URL, HTTP_HX_REQUEST="true")
    finish()
    assert dict(letter.signatures.values_list("name", "state")) == {
        "Ada": State.PUBLISHED,
        "Grace": State.IN_REVIEW,
    }
    assert browser.get(URL, HTTP_HX_REQUEST="true")["HX-Redirect"] == URL
    assert "2 of 2 taken back" in words(browser.get(URL))


def test_taking_back_is_stopped_by_button(letter, bob, browser):
    reject(letter, bob, "Ada")
    browser.post(URL, button("take_back", bob))

    browser.post(URL, {"do": "cancel"})
    finish()

    assert BulkDecision.objects.get().state == BulkState.CANCELLED
    assert letter.signatures.get().state == State.REJECTED
    assert "stopped" in words(browser.get(URL))


def test_nothing_in_place_any_more_is_said(letter, bob, browser):
    reject(letter, bob, "Ada")
    moderation.approve(signature=letter.signatures.get(), actor=bob)

    assert "Nothing of it is in place any more." in words(browser.post(URL, button("ask", bob)))


@pytest.mark.parametrize(
    "do", ["", "ask", "take_back:", "take_back:x:y", "take_back:1:2026-02-30", "take_back:9:today"]
)
def test_buttons_that_nobody_made_do_nothing(letter, bob, browser, do):
    reject(letter, bob, "Ada")

    assert browser.post(URL, {"do": do})["Location"] == URL
    assert not BulkDecision.objects.exists()


@pytest.mark.parametrize("do", ["ask", "take_back"])
def test_account_without_factor_takes_nothing_back(letter, bob, do):
    reject(letter, bob, "Ada")
    olga = make_moderator("olga", letter, Role.OWNER)
    olga.authenticator_set.all().delete()
    browser = Client()
    browser.force_login(olga)

    page = browser.post(URL, button(do, bob))

    assert "Your account needs a second factor for this." in words(page)
    assert not BulkDecision.objects.exists()


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.EDITOR, Role.PRESS])
def test_page_is_for_owners(letter, bob, role):
    reject(letter, bob, "Ada")
    browser = Client()
    browser.force_login(make_moderator("erin", letter, role))

    assert browser.get(URL).status_code == 404
    assert browser.post(URL, button("take_back", bob)).status_code == 404
    assert letter.signatures.get().state == State.REJECTED


def test_owners_of_other_letters_do_not_find_it(letter, bob):
    reject(letter, bob, "Ada")
    browser = Client()
    browser.force_login(make_moderator("charlie", make_letter(), Role.OWNER))

    assert browser.get(URL).status_code == 404
    assert browser.post(URL, button("take_back", bob)).status_code == 404
    assert letter.signatures.get().state == State.REJECTED


def test_page_asks_as_many_queries_for_three_as_for_one(letter, bob, browser):
    reject(letter, bob, "Ada")
    before = count_queries(browser, URL)
    for name in ("carol", "dave"):
        reject(letter, make_moderator(name, letter), name)

    assert count_queries(browser, URL) == before


def test_news_lead_here(letter, browser):
    occasion = announce(
        letter=letter,
        kind=NoticeKind.REJECTION,
        day=timezone.localdate(),
        due_at=timezone.now(),
        figures={"rejected": 21},
    )

    assert page_of(occasion) == URL
    assert sentence(occasion) == (
        "Somebody of your team has rejected 21 entries today. Look whether that is right."
    )
    assert "has rejected 21 entries today" in words(browser.get("/manage/news/"))
    assert [notice.user.username for notice in occasion.notices.all()] == ["alice"]


def test_team_page_leads_owners_there(letter, bob, browser):
    assert URL in browser.get("/manage/letters/library/team/").content.decode()
    moderator = Client()
    moderator.force_login(bob)
    assert URL not in moderator.get("/manage/letters/library/team/").content.decode()
