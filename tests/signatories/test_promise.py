"""The pages of promises: all of the inventory, and the advice where it is needed."""

import re
from html import unescape

import pytest

from signatories import inventory
from tests.factories import make_letter

PAGES = ["/privacy/", "/what-an-employer-can-see/"]
ONION = f"http://{'abcdefg234567' * 4}aaaa.onion"


def words(response):
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_page_asks_the_database_nothing_and_may_be_cached_for_an_hour(
    client, page, django_assert_num_queries
):
    with django_assert_num_queries(0):
        response = client.get(page)

    assert response.status_code == 200
    assert response["Cache-Control"] == "public, max-age=3600"
    assert not response.cookies


def test_privacy_page_shows_the_whole_inventory(client):
    page = words(client.get("/privacy/"))

    for entry in inventory.entries():
        for text in (entry.title, entry.what, entry.seen_by, entry.kept_until, entry.protected):
            assert text in page


def test_privacy_page_follows_the_settings(client, settings):
    settings.REJECTED_DAYS = 1017

    assert "1017 days" in words(client.get("/privacy/"))


def test_privacy_page_leads_to_the_hosts_notice_or_says_that_there_is_none(client, settings):
    settings.NOTICE_URL = ""
    without = client.get("/privacy/").content.decode()
    settings.NOTICE_URL = "https://host.example/privacy"
    with_one = client.get("/privacy/").content.decode()

    assert "The host has not named such a notice here." in without
    assert "The host has not named such a notice here." not in with_one
    assert '<a class="link" href="https://host.example/privacy" rel="noreferrer">' in with_one


@pytest.mark.parametrize("page", PAGES)
def test_links_within_a_page_lead_somewhere(client, page):
    content = client.get(page).content.decode()

    targets = set(re.findall(r'href="#([\w-]+)"', content)) - {"main"}
    assert len(targets) >= 7
    assert targets <= set(re.findall(r'id="([\w-]+)"', content))


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["/", "/how-it-works/", "/letters/{slug}/sign/"])
def test_pages_of_promises_are_linked(client, page):
    content = client.get(page.format(slug=make_letter().slug)).content.decode()

    for target in PAGES:
        assert f'href="{target}"' in content


def test_employer_page_has_a_place_for_those_who_are_asked(client):
    content = client.get("/what-an-employer-can-see/").content.decode()

    section = content.split('id="asked"', 1)[1].split("</section>", 1)[0]
    assert "My employer asks me about this" in section
    assert "no legal advice" in section


@pytest.mark.django_db
@pytest.mark.parametrize(
    "page", ["/what-an-employer-can-see/", "/letters/{slug}/sign/", "/signature/find/"]
)
def test_advice_leads_to_the_onion_address_where_there_is_one(client, settings, page):
    page = page.format(slug=make_letter().slug)
    without = client.get(page)
    settings.ONION_LOCATION = ONION
    with_one = client.get(page)

    assert "Tor Browser" in words(without)
    assert ".onion" not in without.content.decode()
    assert f'href="{ONION}/"' in with_one.content.decode()


@pytest.mark.django_db
def test_advice_on_the_form_stands_beside_the_address(client):
    content = client.get(f"/letters/{make_letter().slug}/sign/").content.decode()

    beside = content.split('name="email"', 1)[1].split('name="organisation"', 1)[0]
    assert "Your own device and network." in beside
    assert "Tor Browser" in beside
