"""The roll of a letter whose team asks programs not to collect the names."""

import pytest
import time_machine
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from config import ratelimit
from letters.models import AuditEntry, Letter, Membership, Role, Visibility
from signatories.actions import batches
from signatories.exports import archive
from signatories.models import Prominence, State
from signatories.urls import public_patterns
from tests.admin_pages import text_of
from tests.factories import make_letter, make_organisation, make_signature, make_user

pytestmark = pytest.mark.django_db

ROLL = "/letters/library/roll/"


@pytest.fixture
def letter():
    letter = make_letter(slug="library", roll_for_people=True)
    make_signature(letter, state=State.PUBLISHED, name="Ottoline Fairweather")
    batches.refresh_count(letter=letter)
    return letter


@pytest.fixture
def few(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "roll:network": "2/10m"}


def read(browser, network="192.0.2.7", query=""):
    return browser.get(f"{ROLL}{query}", REMOTE_ADDR=network)


# How much one network reads ----------------------------------------------------------------------


@time_machine.travel("2026-01-20T12:00:00Z", tick=False)
def test_one_network_reads_so_many_pages_and_another_goes_on(client, letter, few):
    for _each in range(2):
        assert read(client).status_code == 200

    refused = read(client)

    assert refused.status_code == 429
    assert refused["Retry-After"] == "600"
    assert refused["Cache-Control"] == "no-store"
    words = text_of(refused)
    assert "More pages of a roll were read from your network" in words
    assert "Wait 10 minutes, then go back and try again." in words
    assert "Nothing was stored" not in words
    assert "Fairweather" not in refused.content.decode()
    assert read(client, "192.0.2.200").status_code == 429  # The same network.
    assert read(client, "198.51.100.7").status_code == 200


def test_letter_and_numbers_stay_open_to_a_network_that_read_too_much(client, letter, few):
    for _each in range(3):
        read(client)

    for page in ("", "verification/", "stats.json", "versions/"):
        answer = client.get(f"/letters/library/{page}", REMOTE_ADDR="192.0.2.7")
        assert answer.status_code == 200, page


def test_roll_of_any_other_letter_is_not_counted_and_stays_in_caches(client, letter, few):
    Letter.objects.update(roll_for_people=False)

    for _each in range(4):
        answer = read(client)
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "public, max-age=30"
        assert "X-Robots-Tag" not in answer


def test_roll_inside_an_organisation_is_counted_too(client, letter, few, settings):
    """Nobody outside gets as far as to be counted."""
    Letter.objects.update(visibility=Visibility.INTERNAL)

    assert [read(client).status_code for _each in range(3)] == [404, 404, 404]


def test_reading_is_counted_where_the_privacy_page_says_so_and_nowhere_else(
    client, letter, monkeypatch
):
    counted = set()
    monkeypatch.setattr(ratelimit, "check", lambda limit, key: counted.add(limit))
    patterns, _namespace = public_patterns
    for pattern in patterns:
        url = "/" + str(pattern.pattern).replace("<slug:slug>", "library")
        client.get(url.replace("<int:number>", "1"))

    words = text_of(client.get("/privacy/"))

    assert counted == {"roll:network", "suggest:network"}
    assert "we count for some minutes how many pages of such rolls a network reads" in words
    assert "when you open a page of a roll that is kept for people" in words
    assert "how many pages of rolls that are kept for people a network read" in words
    assert "when the form completes the name of an organisation while you type it" in words
    assert "no record of your visit" not in words


def test_page_may_be_kept_by_the_reader_and_by_no_cache_that_others_share(client, letter):
    answer = read(client)

    assert answer["Cache-Control"] == "private, max-age=30"
    assert not answer.cookies


# Search engines and searching --------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "?after=a", "?q=fairweather"])
def test_engines_are_asked_to_leave_the_roll_out(client, letter, query):
    page = read(client, query=query)

    assert page["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in page.content.decode()
    assert [line.name for line in page.context["lines"]] == ["Ottoline Fairweather"]


@pytest.mark.parametrize(
    ("fields", "query", "is_listed"),
    [
        ({}, "", True),
        ({"roll_in_search": False}, "", False),
        ({"roll_for_people": True}, "", False),
        ({}, "?q=fair", False),
    ],
)
def test_header_and_page_say_the_same_to_engines(client, letter, fields, query, is_listed):
    Letter.objects.update(**{"roll_for_people": False, **fields})

    page = read(client, query=query)

    assert ("X-Robots-Tag" not in page) == is_listed
    assert ('name="robots"' not in page.content.decode()) == is_listed


PAGES = ["", "roll/", "verification/", "versions/", "versions/1/", "updates/"]
FOR_PROGRAMS = ["stats.json", "versions/1/text.json"]


@pytest.mark.parametrize("page", [*PAGES, *FOR_PROGRAMS])
@pytest.mark.parametrize("visibility", [Visibility.PUBLIC, Visibility.UNLISTED])
def test_every_page_of_an_unlisted_letter_asks_engines_to_leave_it_out(
    client, letter, visibility, page
):
    Letter.objects.update(visibility=visibility, roll_for_people=False)

    answer = client.get(f"/letters/library/{page}")

    is_listed = visibility == Visibility.PUBLIC
    assert answer.get("X-Robots-Tag") == (None if is_listed else "noindex, nofollow")
    if page not in FOR_PROGRAMS:
        assert ('name="robots"' in answer.content.decode()) != is_listed
    assert answer["Cache-Control"] == "public, max-age=30"


def test_unlisted_letter_shows_the_beginning_of_its_roll_to_whoever_has_the_link(client, letter):
    Letter.objects.update(visibility=Visibility.UNLISTED, roll_for_people=False)

    assert [line.name for line in client.get("/letters/library/").context["lines"]] == [
        "Ottoline Fairweather"
    ]
    assert "search engines will find it" not in text_of(client.get("/letters/library/sign/"))


def test_archive_of_an_unlisted_letter_asks_engines_to_leave_every_page_out(letter):
    Letter.objects.update(visibility=Visibility.UNLISTED, roll_for_people=False)
    letter.refresh_from_db()

    pages = {name: b"".join(content) for name, content in archive.archive(letter)}

    pages = {name: content for name, content in pages.items() if name.endswith(".html")}
    assert len(pages) == 5
    assert all(b'<meta name="robots" content="noindex' in content for content in pages.values())


def test_letter_page_shows_no_part_of_the_roll_but_names_shown_first(client, letter):
    make_signature(letter, state=State.PUBLISHED, name="Ada Marchetti")
    agreed = letter.signatures.get(name="Ottoline Fairweather")
    Prominence.objects.create(
        signature=agreed, position=1, asked_on=timezone.localdate(), answer="agreed"
    )

    page = client.get("/letters/library/")

    assert page.context["lines"] == []
    assert [line.name for line in page.context["prominent"]] == ["Ottoline Fairweather"]
    assert "Ada Marchetti" not in page.content.decode()
    assert "The roll stands on pages of their own" in text_of(page)
    assert page["Cache-Control"] == "public, max-age=30"


@pytest.mark.parametrize("q", ["f", "fa", "O.", " a ", "…", "a a a", "f a i", "fa FA fa"])
def test_search_by_fewer_than_three_letters_says_so_and_keeps_what_was_typed(client, letter, q):
    page = client.get(ROLL, {"q": q})

    assert page.status_code == 200
    assert "Type at least 3 letters of the name." in text_of(page)
    assert page.context["is_filtered"] is False
    assert f'value="{page.context["form"]["q"].value()}"' in page.content.decode()
    Letter.objects.update(roll_for_people=False)
    assert "Type at least" not in text_of(client.get(ROLL, {"q": q}))


@pytest.mark.parametrize("name", ["王伟", "김준", "ゆき"])
def test_search_by_two_characters_that_are_syllables_or_words_finds(client, letter, name):
    make_signature(letter, name=name, state=State.PUBLISHED)

    assert [line.name for line in client.get(ROLL, {"q": name}).context["lines"]] == [name]
    refused = client.get(ROLL, {"q": name[0]})
    assert "Type at least 2 letters of the name." in text_of(refused)


def test_search_by_three_letters_finds(client, letter):
    found = client.get(ROLL, {"q": "fai"})

    assert [line.name for line in found.context["lines"]] == ["Ottoline Fairweather"]


def test_robots_txt_names_no_letter_and_lets_engines_read_what_a_roll_says(client, letter):
    words = client.get("/robots.txt").content.decode()

    assert "X-Robots-Tag" in words
    assert "library" not in words
    assert "/letters/" not in words


def test_archive_asks_engines_to_leave_the_roll_out(letter):
    found = {name: b"".join(content) for name, content in archive.archive(letter)}

    assert b'<meta name="robots" content="noindex">' in found["roll/1.html"]
    assert b"Fairweather" not in found["index.html"]
    assert b"Fairweather" in found["roll/1.html"]


# Doors that give many names ----------------------------------------------------------------------


def test_no_public_door_but_the_roll_gives_more_names_than_the_letter_page(client, letter):
    """Whoever wants all the names reads the roll, page by page."""
    Letter.objects.update(roll_for_people=False)
    names = [f"Signer {number} Zzyzx" for number in range(40)]
    for name in names:
        make_signature(letter, state=State.PUBLISHED, name=name)
    patterns, _namespace = public_patterns
    given = {}
    for pattern in patterns:
        url = "/" + str(pattern.pattern).replace("<slug:slug>", "library")
        text = client.get(url.replace("<int:number>", "1")).content.decode()
        given[pattern.name] = sum(f"{name}<" in text or f'"{name}"' in text for name in names)

    assert {name for name, number in given.items() if number} == {"letter", "roll"}
    assert given["letter"] <= 30
    assert "public" in get_resolver().namespace_dict


# The setting -------------------------------------------------------------------------------------


def test_owner_turns_it_on_and_off_after_people_have_signed(letter):
    alice = make_user("alice")
    Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
    browser = Client()
    browser.force_login(alice)
    url = "/manage/letters/library/rules/"
    page = browser.get(url)
    assert "a network can read some pages only in ten minutes" in text_of(page)
    form = page.context["form"]
    sent = {name: value for name, value in form.initial.items() if value not in (None, False)}
    sent |= {"seen": page.context["seen"], "organisations": ""}

    sent.pop("roll_for_people")
    assert browser.post(url, sent).status_code == 302
    assert not Letter.objects.get().roll_for_people

    sent |= {"roll_for_people": "on", "seen": browser.get(url).context["seen"]}
    assert browser.post(url, sent).status_code == 302
    assert Letter.objects.get().roll_for_people
    assert [entry.verb for entry in AuditEntry.objects.all()] == ["letter.rules_changed"] * 2


def test_filter_by_organisation_stays(client, letter):
    google = make_organisation("Google")
    make_signature(
        letter, state=State.PUBLISHED, name="Ada Marchetti", organisation=google, method="mailbox"
    )
    batches.refresh_count(letter=letter)

    page = client.get(ROLL, {"organisation": google.slug})

    assert [line.name for line in page.context["lines"]] == ["Ada Marchetti"]
