"""Forms that ask for a mailbox only: machines and people at their door, as at the form to sign."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client

from config import pressure
from letters.actions import pausing
from letters.models import Letter
from signatories.actions import confirming
from signatories.models import Verification
from tests.factories import make_letter
from tests.privacy.witnesses import answer, value_of, words
from tests.signatories.test_door import ONCE_MORE, carried, has_signed, is_taken, solution_on

pytestmark = pytest.mark.django_db

EMAIL = {"email": "w.otterbourne@gmail.com"}
FIND, ENTER = "/signature/find/", "/members/"
SUBSCRIBE = "/letters/library/updates/subscribe/"
each_form = pytest.mark.parametrize("page", [FIND, ENTER, SUBSCRIBE])
LIMITS = {FIND: "find:network", ENTER: "enter:network", SUBSCRIBE: "updates:network"}


@pytest.fixture(autouse=True)
def clock(time_machine, settings):
    time_machine.move_to("2026-01-20T12:00:00Z", tick=False)
    settings.DEFENCES = replace(
        settings.DEFENCES,
        minimum_fill_seconds=2,
        proof_of_work="auto",
        proof_of_work_keys=4,
        pressure_site=5,
    )
    limits = dict.fromkeys(LIMITS.values(), "1000/h")
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, **limits, "sign:slow": "2/h"}
    return time_machine


@pytest.fixture(autouse=True)
def letter():
    return make_letter(slug="library")


def press():
    for _each in range(5):
        pressure.count(pressure.SITE)


def fill_in(browser, clock, page, seconds=30, **fields):
    served = browser.get(page)
    clock.shift(timedelta(seconds=seconds))
    return browser.post(page, {**EMAIL, **carried(served), **fields})


@each_form
def test_person_who_takes_their_time_gets_a_code(client, clock, page):
    assert is_taken(fill_in(client, clock, page))
    assert Verification.objects.count() == 1


@each_form
@pytest.mark.parametrize("how", ["too soon", "never served", "unseen field", "another form"])
def test_machine_gets_the_form_back_filled_in_and_stores_nothing(client, clock, page, how):
    if how == "too soon":
        response = fill_in(client, clock, page, seconds=1)
    elif how == "unseen field":
        response = fill_in(client, clock, page, further_remarks="Buy now")
    else:
        stamp = carried(client.get("/letters/library/sign/")) if how == "another form" else {}
        clock.shift(timedelta(seconds=30))
        response = client.post(page, {**EMAIL, **stamp})

    assert (response.status_code, value_of(response, "email")) == (200, EMAIL["email"])
    assert ONCE_MORE in words(response)
    assert not Verification.objects.exists()

    clock.shift(timedelta(seconds=2))
    assert is_taken(client.post(page, {**EMAIL, **carried(response)}))


@each_form
@pytest.mark.parametrize("when", ["always", "pressure"])
def test_check_is_asked_for_and_without_it_few_forms_are_taken(client, clock, settings, page, when):
    if when == "always":
        settings.DEFENCES = replace(settings.DEFENCES, proof_of_work="always")
    else:
        press()
    served = client.get(page)
    assert "js/check.js" in served.content.decode()
    assert "script-src 'self'" in served["Content-Security-Policy"]
    clock.shift(timedelta(seconds=30))

    assert [is_taken(fill_in(client, clock, page)) for _each in range(3)] == [True, True, False]

    solved = {**EMAIL, **carried(served), "altcha": solution_on(served)}
    assert is_taken(client.post(page, solved))
    again = client.post(page, solved)
    assert (again.status_code, value_of(again, "email")) == (429, EMAIL["email"])
    assert "guarded against floods" in words(again)
    assert Verification.objects.count() == 3


@each_form
def test_page_without_the_check_runs_no_script(client, page):
    served = client.get(page)

    assert "check.js" not in served.content.decode()
    assert "script-src 'self'" not in served["Content-Security-Policy"]


@each_form
def test_each_form_counts_towards_the_pressure_on_the_site(client, clock, settings, page):
    client.post(page, EMAIL)
    assert pressure.numbers(pressure.SITE) == [1]

    settings.RATE_LIMITS = {**settings.RATE_LIMITS, LIMITS[page]: "0/h"}
    response = client.post(page, EMAIL)

    assert response.status_code == 429 and int(response["Retry-After"]) > 0
    assert value_of(response, "email") == EMAIL["email"]
    assert pressure.numbers(pressure.SITE) == [1]


@each_form
def test_pauses_keep_nobody_from_these_forms(client, clock, letter, page):
    pausing.pause(letter=letter, actor=None)

    assert is_taken(fill_in(client, clock, page))


@each_form
@pytest.mark.parametrize("how", ["too soon", "unseen field", "no check"])
def test_answers_are_the_same_for_an_address_that_has_signed(clock, settings, letter, page, how):
    has_signed(letter)
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "sign:slow": "0/h"}
    if how == "no check":
        settings.DEFENCES = replace(settings.DEFENCES, proof_of_work="always")
    stamp = carried(Client().get(page))
    clock.shift(timedelta(seconds=1 if how == "too soon" else 30))
    unseen = {"further_remarks": "x"} if how == "unseen field" else {}

    answers = []
    for email in ("w.otterbourne@gmail.com", "x.otterbourne@gmail.com"):
        status, headers, body = answer(Client().post(page, {**stamp, **unseen, "email": email}))
        body = re.sub(r'data-challenge="[^"]*"', "", body.replace(email, "ADDRESS"))
        answers.append((status, headers, body))

    assert answers[0] == answers[1]


def test_form_for_updates_on_the_receipt_passes_its_door(client, clock, letter):
    Letter.objects.update(review_policy="after")
    code_page = fill_in(
        client,
        clock,
        "/letters/library/sign/",
        name="Wilhelmina Otterbourne",
        tenure="current",
        appearance="named",
    )
    assert is_taken(code_page)
    verification = Verification.objects.get()
    token = confirming.confirm(verification=verification, secrets=("page", "1"))
    receipt = client.get(f"/signature/{token}/receipt/")
    clock.shift(timedelta(seconds=3))

    assert is_taken(client.post(SUBSCRIBE, {**EMAIL, **carried(receipt)}))
