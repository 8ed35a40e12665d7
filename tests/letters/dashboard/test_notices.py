"""News for a member of a team, and the page on which one chooses what is mailed."""

from datetime import date

import pytest
from django.test import Client
from django.utils import timezone

from letters.actions import noticing
from letters.models import AccountMail, Membership, Notice, NoticeChoice, Role
from letters.permissions import kinds_told
from tests.admin_pages import count_queries, text_of
from tests.factories import make_letter, make_user

pytestmark = pytest.mark.django_db

TODAY = date(2026, 1, 20)
PAGE = "/manage/letters/library/notices/"


@pytest.fixture
def letter():
    return make_letter(slug="library", title="Keep the library open")


def member(letter, name, role):
    user = make_user(name)
    Membership.objects.create(letter=letter, user=user, role=role)
    return user


def browser(user):
    client = Client()
    client.force_login(user)
    return client


def announce(letter, kind="surge", **fields):
    values = {"day": TODAY, "due_at": timezone.now(), **fields}
    noticing.announce(letter=letter, kind=kind, **values)


def offered(client):
    page = client.get(PAGE).content.decode()
    return [kind for kind in noticing.NoticeKind.values if f'value="{kind}"' in page]


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        ("owner", "waiting surge rejection pressure goal submitted returned approved digest"),
        ("moderator", "waiting surge pressure goal approved digest"),
        ("editor", "surge goal submitted returned approved digest"),
        ("press", "surge goal approved digest"),
    ],
)
def test_page_offers_what_the_role_may_know(letter, role, kinds):
    assert offered(browser(member(letter, "bob", role))) == kinds.split()


def test_choosing_is_saved_for_oneself_only(letter):
    alice, bob = member(letter, "alice", Role.OWNER), member(letter, "bob", Role.OWNER)
    client = browser(alice)

    answer = client.post(PAGE, {"wanted": ["goal", "digest", "approval", "nonsense\0"]})

    assert answer["Location"] == PAGE
    told = kinds_told(alice, letter)
    on = {kind for kind in told if noticing.is_wanted(alice, letter, kind)}
    assert on == {"goal", "digest"}
    page = client.get(PAGE).content.decode()
    assert page.count(" checked") == 2
    assert "Your choice is saved." in page
    assert noticing.is_wanted(bob, letter, "surge")


def test_opening_the_page_stores_nothing(letter):
    client = browser(member(letter, "alice", Role.OWNER))

    client.get(PAGE)
    client.head(PAGE)

    assert not NoticeChoice.objects.exists()


def test_page_says_whether_anything_is_mailed(letter):
    alice = member(letter, "alice", Role.OWNER)
    client = browser(alice)
    assert "Nothing is mailed to you yet" in text_of(client.get(PAGE))

    AccountMail.objects.create(user=alice, address=b"x", confirmed_on=TODAY)

    assert "Nothing is mailed to you yet" not in text_of(client.get(PAGE))


def test_others_can_neither_see_nor_choose(letter):
    charlie = member(make_letter(), "charlie", Role.OWNER)

    answers = [browser(charlie).get(PAGE), browser(charlie).post(PAGE, {"wanted": "goal"})]

    assert [one.status_code for one in answers] == [404, 404]
    assert not NoticeChoice.objects.exists()


# News ---------------------------------------------------------------------------------------------


def test_news_stand_above_the_letters_until_they_are_read(letter):
    client = browser(member(letter, "alice", Role.OWNER))
    announce(letter)
    page = text_of(client.get("/manage/"))
    assert "News for you Keep the library open New: Many more people than on other days" in page

    client.get("/manage/news/")
    assert "News for you" in text_of(client.get("/manage/"))
    done = client.post("/manage/news/")

    assert done["Location"] == "/manage/news/"
    assert "News for you" not in text_of(client.get("/manage/"))
    every = text_of(client.get("/manage/news/"))
    assert "Many more people than on other days signed by name. 20 January 2026" in every
    assert "I have read all news" not in every


def test_reading_ones_news_leaves_those_of_others(letter):
    alice, bob = member(letter, "alice", Role.OWNER), member(letter, "bob", Role.OWNER)
    announce(letter)

    browser(alice).post("/manage/news/")

    assert "News for you" in text_of(browser(bob).get("/manage/"))


def test_news_of_a_letter_that_one_left_are_gone(letter):
    alice = member(letter, "alice", Role.OWNER)
    announce(letter)
    Membership.objects.filter(user=alice).delete()
    client = browser(alice)

    for path in ("/manage/", "/manage/news/"):
        assert "Keep the library open" not in text_of(client.get(path))


def test_news_come_in_pages_by_key_the_newest_first(letter):
    client = browser(member(letter, "alice", Role.OWNER))
    for day in range(1, 32):
        announce(letter, "approved", day=date(2026, 1, day))
    oldest = Notice.objects.order_by("pk")[1].pk

    first = client.get("/manage/news/")
    second = client.get(f"/manage/news/?after={oldest}")

    assert [item.notice.occasion.day.day for item in first.context["items"]][:2] == [31, 30]
    assert (len(first.context["items"]), first.context["next_after"]) == (30, oldest)
    assert [item.notice.occasion.day.day for item in second.context["items"]] == [1]
    for nonsense in ("x", "-1", "9" * 40, "%00"):
        assert client.get(f"/manage/news/?after={nonsense}").status_code == 200


def test_news_need_as_many_queries_for_three_as_for_one(letter):
    client = browser(member(letter, "alice", Role.OWNER))
    announce(letter)
    one = [count_queries(client, path) for path in ("/manage/", "/manage/news/", PAGE)]
    for day in (21, 22):
        announce(letter, day=date(2026, 1, day))

    assert [count_queries(client, path) for path in ("/manage/", "/manage/news/", PAGE)] == one
