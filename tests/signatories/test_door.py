"""Machines and people at the form to sign: what each gets, and that the answer depends on nothing
that is known about an address."""

import json
import re
import time
from dataclasses import replace
from datetime import timedelta
from html import unescape
from math import ceil

import altcha
import pytest
from django.core.cache import cache
from django.test import Client
from redis.exceptions import ConnectionError

from config import crypto, outage, pressure
from letters.actions import pausing
from letters.models import Letter
from signatories.actions import confirming, signing
from signatories.actions.signing import Entry
from signatories.addresses import Address
from signatories.affiliation import Affiliation
from signatories.forms import SignForm
from signatories.models import Signature, UsedAddress, Verification, Vouch
from signatories.views import door
from tests.factories import make_letter, make_organisation, make_user
from tests.privacy.witnesses import answer, value_of, words

pytestmark = pytest.mark.django_db

FORM = {
    "name": "Wilhelmina Otterbourne",
    "email": "w.otterbourne@gmail.com",
    "organisation": "",
    "tenure": "current",
    "title": "Research engineer",
    "role": "",
    "appearance": "named",
}
ONCE_MORE = "Please press the button once more"
PAGE = "/letters/library/sign/"
LINK = "v" * 43


@pytest.fixture(autouse=True)
def clock(time_machine, settings):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    settings.DEFENCES = replace(
        settings.DEFENCES,
        minimum_fill_seconds=2,
        proof_of_work="auto",
        proof_of_work_keys=4,
        pressure_letter=3,
        pressure_site=50,
    )
    limits = {"sign:network": "1000/h", "sign:letter": "1000/m", "sign:slow": "2/h"}
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, **limits}
    return time_machine


@pytest.fixture
def letter():
    return make_letter(slug="library")


def use(settings, **changes):
    settings.DEFENCES = replace(settings.DEFENCES, **changes)


def press(letter, number=3):
    for _each in range(number):
        pressure.count(f"letter:{letter.pk}", pressure.SITE)


def carried(page):
    """What the form that was served takes along, as a browser without JavaScript sends it."""
    html = page.content.decode()
    found = {"served": re.search(r'name="served" value="([^"]*)"', html)[1]}
    if 'name="altcha"' in html:
        found["altcha"] = ""
    return found


def solution_on(page):
    """What a browser with JavaScript works out."""
    text = re.search(r'data-challenge="([^"]*)"', page.content.decode())[1]
    challenge = altcha.Challenge.from_dict(json.loads(unescape(text)))
    return altcha.Payload(challenge, altcha.solve_challenge(challenge)).to_base64()


def fill_in(browser, clock, seconds=30, **fields):
    """Open the form, take some time, and send it."""
    page = browser.get(PAGE)
    clock.shift(timedelta(seconds=seconds))
    return browser.post(PAGE, {**FORM, **carried(page), **fields})


def is_taken(response):
    return response.status_code == 302 and response.url.startswith("/confirm/")


# Time and the field that nobody sees --------------------------------------------------------------


def test_person_who_takes_their_time_signs(client, clock, letter):
    assert is_taken(fill_in(client, clock))
    assert Signature.objects.count() == 1


def test_form_sent_at_once_comes_back_filled_in_and_passes_when_pressed_again(
    client, clock, letter
):
    response = fill_in(client, clock, seconds=1)

    assert response.status_code == 200
    assert ONCE_MORE in words(response)
    assert [value_of(response, name) for name in ("name", "email", "title")] == [
        "Wilhelmina Otterbourne",
        "w.otterbourne@gmail.com",
        "Research engineer",
    ]
    assert Verification.objects.count() == Signature.objects.count() == 0

    clock.shift(timedelta(seconds=1))
    assert is_taken(client.post(PAGE, {**FORM, **carried(response)}))


def test_form_that_was_never_served_comes_back_and_can_be_sent_then(client, clock, letter):
    response = client.post(PAGE, FORM)
    assert ONCE_MORE in words(response)

    clock.shift(timedelta(seconds=2))
    assert is_taken(client.post(PAGE, {**FORM, **carried(response)}))


def test_form_that_lay_open_for_more_than_a_day_comes_back_and_can_be_sent_then(
    client, clock, letter
):
    response = fill_in(client, clock, seconds=24 * 60 * 60 + 1)
    assert ONCE_MORE in words(response)

    clock.shift(timedelta(seconds=2))
    assert is_taken(client.post(PAGE, {**FORM, **carried(response)}))


def test_form_of_another_letter_comes_back(client, clock, letter):
    make_letter(slug="museum")
    stamp = carried(client.get("/letters/museum/sign/"))
    clock.shift(timedelta(seconds=30))

    assert ONCE_MORE in words(client.post(PAGE, {**FORM, **stamp}))


def test_machine_that_fills_in_everything_gets_the_form_and_stores_nothing(client, clock, letter):
    response = fill_in(client, clock, further_remarks="Buy now")

    assert response.status_code == 200
    assert ONCE_MORE in words(response)
    assert value_of(response, "further_remarks") == ""
    assert Verification.objects.count() == Signature.objects.count() == 0


def test_person_whose_browser_filled_the_unseen_field_is_through_at_the_second_press(
    client, clock, letter
):
    response = fill_in(client, clock, further_remarks="https://example.org")

    assert is_taken(client.post(PAGE, {**FORM, **carried(response), "further_remarks": ""}))


def test_unseen_field_is_out_of_reach_for_eyes_ears_and_keys(client, letter):
    html = client.get(PAGE).content.decode()

    box = re.search(r'<div class="leave-empty"[^>]*>.*?</div>', html, re.DOTALL)[0]
    assert 'aria-hidden="true"' in box
    assert 'tabindex="-1"' in box
    assert 'autocomplete="off"' in box


def test_form_is_never_cached_so_that_stamp_and_challenge_are_its_own(client, letter):
    press(letter)

    pages = [client.get(PAGE) for _each in range(2)]

    assert {page["Cache-Control"] for page in pages} == {"no-store"}
    assert solution_on(pages[0]) != solution_on(pages[1])


# The check ----------------------------------------------------------------------------------------


def test_form_asks_for_no_check_while_few_forms_arrive(client, letter):
    press(letter, 2)

    assert "data-challenge" not in client.get(PAGE).content.decode()


def test_form_asks_for_the_check_under_pressure_on_the_letter(client, letter):
    press(letter)
    other = make_letter(slug="museum")

    assert "data-challenge" in client.get(PAGE).content.decode()
    assert "data-challenge" not in client.get(f"/letters/{other.slug}/sign/").content.decode()


def test_form_asks_for_the_check_under_pressure_on_the_site(client, settings, letter):
    use(settings, pressure_site=3)
    press(make_letter(slug="museum"))

    assert "data-challenge" in client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("when", "by_letter", "expected"),
    [
        ("auto", False, False),
        ("auto", True, True),
        ("always", False, True),
        ("never", False, False),
        ("never", True, False),
    ],
)
def test_check_follows_the_setting_and_the_letters_switch(
    client, settings, letter, when, by_letter, expected
):
    use(settings, proof_of_work=when)
    Letter.objects.update(asks_for_check=by_letter)

    assert ("data-challenge" in client.get(PAGE).content.decode()) is expected


def test_pressure_ends_by_itself(client, clock, letter):
    press(letter)
    clock.shift(timedelta(minutes=10))

    assert "data-challenge" not in client.get(PAGE).content.decode()


def test_forms_that_pass_the_check_are_taken_beyond_the_slow_limit(client, clock, letter):
    press(letter)
    taken = []
    for number in range(4):
        page = client.get(PAGE)
        clock.shift(timedelta(seconds=5))
        form = {**FORM, "email": f"w{number}@gmail.com", **carried(page)}
        taken.append(is_taken(client.post(PAGE, {**form, "altcha": solution_on(page)})))

    assert taken == [True] * 4


def test_solution_opens_the_door_once(client, clock, settings, letter):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "sign:slow": "0/h"}
    press(letter)
    page = client.get(PAGE)
    clock.shift(timedelta(seconds=5))
    form = {**FORM, **carried(page), "altcha": solution_on(page)}

    assert [client.post(PAGE, form).status_code for _each in range(2)] == [302, 429]


def test_without_javascript_some_are_taken_and_then_nothing_typed_is_lost(client, clock, letter):
    press(letter)

    responses = [fill_in(client, clock, email=f"w{number}@gmail.com") for number in range(3)]

    assert [response.status_code for response in responses] == [302, 302, 429]
    seconds = int(responses[2]["Retry-After"])
    assert 3000 < seconds < 3600  # Until the hour is full, which began at noon.
    told = f"few forms are taken from a network: try again in {ceil(seconds / 60)} minutes"
    assert told in words(responses[2])
    assert value_of(responses[2], "name") == "Wilhelmina Otterbourne"
    assert value_of(responses[2], "email") == "w2@gmail.com"
    assert Signature.objects.count() == 2


def test_form_held_back_brings_a_new_check_and_passes_with_it(client, clock, settings, letter):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "sign:slow": "0/h"}
    press(letter)
    held = fill_in(client, clock)
    assert held.status_code == 429

    form = {**FORM, **carried(held), "altcha": solution_on(held)}
    assert is_taken(client.post(PAGE, form))


def test_other_networks_have_a_slow_way_of_their_own(clock, letter):
    press(letter)
    statuses = []
    for number in range(6):
        browser = Client(REMOTE_ADDR=f"203.0.{number % 2}.7")
        statuses.append(fill_in(browser, clock, email=f"w{number}@gmail.com").status_code)

    assert statuses == [302, 302, 302, 302, 429, 429]


def test_flood_of_a_script_brings_the_check_and_takes_few(clock, letter):
    """A script as it would be written: it opens the form, waits, and sends it for each address."""
    statuses = []
    for number in range(12):
        statuses.append(fill_in(Client(), clock, 3, email=f"bot{number}@gmail.com").status_code)

    assert statuses == [302, 302, 302, 302] + [429] * 8
    assert Signature.objects.count() == 4


def test_network_over_its_limit_brings_no_check_upon_the_others(clock, settings, letter):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "sign:network": "2/h"}
    flood = [fill_in(Client(), clock, 3, email=f"bot{number}@gmail.com") for number in range(9)]

    assert [response.status_code for response in flood] == [302, 302] + [429] * 7
    assert not door.is_checking_now(letter)
    other = Client(REMOTE_ADDR="203.0.113.7")
    assert "data-challenge" not in other.get(PAGE).content.decode()


def test_forms_that_do_not_pass_do_not_use_up_the_letters_limit(client, clock, settings, letter):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "sign:letter": "1/m", "sign:slow": "0/h"}
    press(letter)
    for _each in range(3):
        client.post(PAGE, {**FORM, **carried(client.get(PAGE))})
        fill_in(client, clock, seconds=0, further_remarks="x")
    clock.move_to("2026-01-20T12:10:00Z", tick=False)
    press(letter)
    page = client.get(PAGE)
    clock.shift(timedelta(seconds=5))

    form = {**FORM, **carried(page), "altcha": solution_on(page)}
    assert is_taken(client.post(PAGE, form))


def test_letter_that_gets_too_much_says_so_and_blames_no_network(client, clock, settings, letter):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "sign:letter": "0/m"}

    response = fill_in(client, clock)

    assert response.status_code == 429
    assert "More people sign this letter just now than we can take." in words(response)
    assert value_of(response, "email") == "w.otterbourne@gmail.com"


def give_link(letter):
    """The path of a colleague's link."""
    Letter.objects.update(allows_vouching=True)
    Vouch.objects.create(
        letter=letter,
        organisation=make_organisation("Google"),
        link_digest=crypto.digest("vouch", LINK),
        voucher_digest="a" * 64,
        expires_on="2026-01-27",
    )
    return f"/vouch/{LINK}/"


def test_colleagues_link_has_the_same_door(client, clock, letter):
    path = give_link(letter)
    page = client.get(path)
    form = {**FORM, **carried(page)}

    assert ONCE_MORE in words(client.post(path, form))
    clock.shift(timedelta(seconds=3))
    pausing.pause(letter=letter, actor=None)
    assert client.post(path, form).status_code == 409
    assert "please come back later" in words(client.get(path))
    pausing.resume(letter=letter, actor=None)
    assert is_taken(client.post(path, form))


@pytest.fixture
def unread(settings, monkeypatch):
    """A network that has sent as many forms as it may, mistakes or not; nobody reads more."""
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "form:network": "2/h"}

    def read(form):
        raise AssertionError("The form was read.")

    return lambda: monkeypatch.setattr(SignForm, "clean", read)


@pytest.mark.parametrize("browser", [Client(), Client(enforce_csrf_checks=True)])
def test_forms_with_mistakes_are_counted_and_come_back_unread_in_the_end(letter, unread, browser):
    wrong = {**FORM, "appearance": "", "organisation": "Gogle"}
    press(letter)
    for _twice in range(2):
        assert browser.post(PAGE, wrong).status_code in (200, 403)
    unread()

    response = browser.post(PAGE, wrong)

    assert (response.status_code, int(response["Retry-After"]) > 0) == (429, True)
    assert "Too many attempts from your network" in words(response)
    assert [value_of(response, name) for name in ("name", "email", "organisation")] == [
        "Wilhelmina Otterbourne",
        "w.otterbourne@gmail.com",
        "Gogle",
    ]
    assert "data-challenge" not in response.content.decode()


def test_forms_with_mistakes_by_a_colleagues_link_are_counted_too(client, letter, unread):
    path = give_link(letter)
    for _twice in range(2):
        assert client.post(path, {**FORM, "name": ""}).status_code == 200
    unread()

    assert client.post(path, {**FORM, "name": ""}).status_code == 429


# What the answers tell ----------------------------------------------------------------------------


def has_signed(letter):
    token = signing.sign(
        letter=letter,
        entry=Entry("named", "Wilhelmina Otterbourne"),
        address=Address("w.otterbourne", "gmail.com"),
        affiliation=Affiliation(),
    )
    confirming.confirm(verification=Verification.objects.get(), secrets=(token,))
    assert UsedAddress.objects.count() == 1


@pytest.mark.parametrize(
    "how", ["too soon", "unseen field", "no check", "letter full", "paused", "codes used up"]
)
def test_answers_at_the_door_are_the_same_for_an_address_that_has_signed(
    clock, settings, letter, how
):
    has_signed(letter)
    limits = {
        "no check": {"sign:slow": "0/h"},
        "letter full": {"sign:letter": "0/m"},
        "codes used up": {"code:mailbox": "0/d", "sign:mailbox": "0/d", "code:domain": "0/h"},
    }
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, **limits.get(how, {})}
    use(settings, pressure_letter=1000)
    Letter.objects.update(asks_for_check=how == "no check")
    stamp = carried(Client().get(PAGE))
    if how == "paused":
        pausing.pause(letter=letter, actor=None)
    clock.shift(timedelta(seconds=1 if how == "too soon" else 30))
    unseen = {"further_remarks": "x"} if how == "unseen field" else {}

    answers = []
    for email in ("w.otterbourne@gmail.com", "x.otterbourne@gmail.com"):
        status, headers, body = answer(
            Client().post(PAGE, {**FORM, **stamp, **unseen, "email": email})
        )
        body = re.sub(r'data-challenge="[^"]*"', "", body.replace(email, "ADDRESS"))
        answers.append((status, headers, body))

    assert answers[0] == answers[1]


@pytest.mark.parametrize("limit", ["code:mailbox", "sign:mailbox", "code:domain"])
def test_page_is_the_same_where_no_code_is_due(clock, settings, letter, limit):
    pages = []
    for allowed in ("9/h", "0/h"):
        settings.RATE_LIMITS = {**settings.RATE_LIMITS, limit: allowed}
        browser = Client()
        response = fill_in(browser, clock, email="w@labs.example")
        text = browser.get(response.url).content.decode().replace(response.url, "PAGE")
        pages.append(re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text))

    assert pages[0] == pages[1]
    assert Verification.objects.unsent().count() == 1


# Without a cache ----------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["auto", "always"])
@pytest.mark.parametrize("broken", ["refuses", "is silent"])
def test_nobody_is_turned_away_where_the_cache_is_down(
    client, clock, settings, letter, monkeypatch, broken, when
):
    def refuse(*_args, **_kwargs):
        raise ConnectionError

    use(settings, proof_of_work=when)
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "0/h")
    if broken == "refuses":
        for verb in ("add", "incr", "get_many", "get", "get_or_set", "set"):
            monkeypatch.setattr(type(cache._connections[cache._alias]), verb, refuse)
    else:
        monkeypatch.setattr(outage, "_silent_until", time.monotonic() + 600)

    responses = [fill_in(client, clock, email=f"w{number}@gmail.com") for number in range(3)]

    assert [is_taken(response) for response in responses] == [True] * 3


# Pauses -------------------------------------------------------------------------------------------


def pause(letter, by):
    if by == "team":
        pausing.pause(letter=letter, actor=None)
    else:
        pausing.pause_site(actor=None)


@pytest.mark.parametrize("by", ["team", "host"])
def test_form_of_a_paused_letter_says_kindly_that_one_can_come_back(client, letter, by):
    pause(letter, by)

    page = client.get(PAGE)

    assert page.status_code == 200
    assert "Signing pauses" in words(page)
    assert "please come back later" in words(page)
    assert "<form" not in page.content.decode().split("<main", 1)[1].split("</main>")[0]


@pytest.mark.parametrize("by", ["team", "host"])
def test_form_sent_during_a_pause_comes_back_and_passes_afterwards(client, clock, letter, by):
    page = client.get(PAGE)
    clock.shift(timedelta(seconds=30))
    pause(letter, by)

    response = client.post(PAGE, {**FORM, **carried(page)})

    assert response.status_code == 409
    assert "Signing pauses at the moment. Please come back later." in words(response)
    assert value_of(response, "title") == "Research engineer"
    assert Signature.objects.count() == 0
    pausing.resume(letter=letter, actor=None)
    pausing.resume_site(actor=None)
    assert is_taken(client.post(PAGE, {**FORM, **carried(response)}))


def entry_of(address):
    return {
        "entry": Entry("named", "Wilhelmina Otterbourne"),
        "address": Address(address, "gmail.com"),
        "affiliation": Affiliation(),
    }


@pytest.mark.parametrize("by", ["team", "host"])
@pytest.mark.parametrize("verb", [signing.sign, signing.sign_by_login])
def test_sign_while_signing_pauses_is_refused_and_stores_nothing(letter, by, verb):
    pause(letter, by)

    with pytest.raises(pausing.Paused, match="come back later"):
        verb(letter=letter, **entry_of("w.otterbourne"))

    assert Signature.objects.count() == Verification.objects.count() == 0


def test_invitation_can_be_answered_while_signing_pauses(letter):
    pause(letter, "team")

    signing.sign_with_proof(letter=letter, **entry_of("w.otterbourne"))

    assert Signature.objects.count() == 1


@pytest.mark.parametrize("by", ["team", "host"])
def test_letters_page_and_list_say_that_signing_pauses(client, letter, by):
    pause(letter, by)

    assert "Signing pauses just now." in words(client.get("/letters/library/"))
    assert "/letters/library/sign/" not in client.get("/letters/library/").content.decode()
    assert "signing pauses" in words(client.get("/"))


def test_code_that_was_sent_before_the_pause_still_confirms(
    client, clock, letter, deliver, code_of
):
    page = fill_in(client, clock).url
    message = deliver()[0]
    pause(letter, "host")
    pause(letter, "team")

    response = client.post(page, {"code": code_of(message)})

    assert response.status_code == 302
    assert response.url.endswith("/receipt/")


def test_readyz_tells_of_a_pause_and_stays_ready(client):
    assert client.get("/readyz").json()["signing_paused_since"] is None

    pausing.pause_site(actor=make_user("harriet", is_superuser=True))

    response = client.get("/readyz")
    assert response.json()["signing_paused_since"] == "2026-01-20"
    assert response.status_code == 200


# Counting -----------------------------------------------------------------------------------------


def test_each_form_within_its_networks_limit_counts_whatever_becomes_of_it(client, clock, letter):
    fill_in(client, clock)
    fill_in(client, clock, seconds=0)
    fill_in(client, clock, email="nowhere")

    assert pressure.numbers(f"letter:{letter.pk}", pressure.SITE) == [2, 2]
    assert not door.is_checking_now(letter)
