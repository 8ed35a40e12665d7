"""Journey 3: a letter for members of an organisation, from the one not-found page to the roll."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from config import crypto
from letters.models import Reach, Visibility
from signatories.models import Signature, State, Verification
from signatories.views.access import COOKIE
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature
from tests.privacy.witnesses import all_rows, answer, words

pytestmark = pytest.mark.django_db

TITLE = "To our own chief executive"


@pytest.fixture
def salesforce():
    return make_organisation("Salesforce", "salesforce.example")


@pytest.fixture
def letter(salesforce):
    letter = make_letter(
        slug="inside", title=TITLE, visibility=Visibility.INTERNAL, accepts_unverified=False
    )
    letter.organisations.add(salesforce)
    make_signature(
        letter,
        name="Colleague Larkspur",
        organisation=salesforce,
        method="mailbox",
        state=State.PUBLISHED,
    )
    return letter


@pytest.fixture
def enter(deliver, code_of):
    """Prove a mailbox as people do; return the browser, and the page that it came to."""

    def prove(email, browser=None):
        browser = browser or Client()
        asked = browser.post("/members/", {"email": email})
        [mail] = deliver()
        code_page = asked.url
        assert "Check your email" in words(browser.get(code_page))
        return browser, browser.post(code_page, {"code": code_of(mail)}, follow=True)

    return prove


def test_member_finds_the_letter_behind_the_not_found_page(letter, enter):
    gate = Client().get("/letters/inside/")
    assert gate.status_code == 404
    assert 'href="/members/"' in gate.content.decode()

    browser, page = enter("w.otter@salesforce.example")

    assert page.redirect_chain == [("/members/", 302)]
    assert "You have proven a mailbox at Salesforce." in words(page)
    assert f'href="/letters/inside/" lang="en">{TITLE}<' in page.content.decode()
    read = browser.get("/letters/inside/")
    assert read.status_code == 200
    assert "For members of Salesforce" in words(read)
    assert "managers have mailboxes there too" in words(read)
    assert "Colleague Larkspur" in words(browser.get("/letters/inside/roll/"))


@pytest.mark.parametrize(
    "page", ["", "roll/", "sign/", "versions/", "versions/1/", "versions/1/text.json", "stats.json"]
)
def test_pages_inside_are_kept_by_nobody(letter, enter, page):
    browser, _page = enter("w.otter@salesforce.example")

    response = browser.get(f"/letters/inside/{page}")

    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert b"og:title" not in response.content


def test_outsider_with_a_proven_mailbox_sees_the_one_not_found_page(letter, enter):
    make_organisation("Elsewhere", "elsewhere.example")
    nobody = answer(Client().get("/letters/unknown/"))

    for email in ("w.otter@elsewhere.example", "w.otter@gmail.com", "w.otter@unknown.example"):
        browser, page = enter(email)

        assert TITLE not in page.content.decode()
        assert answer(browser.get("/letters/inside/")) == nobody
        for form in ({}, {"email": email, "name": "Wilhelmina", "appearance": "named"}):
            assert browser.post("/letters/inside/sign/", form).status_code == 404
    assert not Signature.objects.unconfirmed().exists()


def test_code_page_and_mail_are_the_same_for_members_and_others(letter, deliver):
    seen, mails = set(), set()
    for email in ("w.one@salesforce.example", "w.one@elsewhere1.example"):
        browser = Client()
        asked = browser.post("/members/", {"email": email})
        page = browser.get(asked.url)
        page.content = page.content.replace(email.partition("@")[2].encode(), b"DOMAIN")
        seen.add((asked.status_code, answer(page)))
        [mail] = deliver()
        mails.add((mail.subject, mail.from_email, len(mail.body)))

    assert len(seen) == len(mails) == 1


def test_nothing_of_the_person_stays_but_a_cookie_that_names_an_organisation(letter, enter):
    before = all_rows()

    browser, _page = enter("w.otter@salesforce.example")

    assert all_rows() == before
    assert not Verification.objects.exists()
    cookie = browser.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", "")
    content = json.loads(crypto.decrypt(cookie.value.encode()))
    assert content.keys() == {"organisations", "until"}
    assert "otter" not in cookie.value + json.dumps(content)


def test_membership_ends_after_some_hours(letter, enter, time_machine, settings):
    time_machine.move_to("2026-01-20T09:00:00Z", tick=False)
    browser, _page = enter("w.otter@salesforce.example")

    time_machine.shift(timedelta(hours=settings.MEMBER_HOURS, seconds=-1))
    assert browser.get("/letters/inside/").status_code == 200
    time_machine.shift(timedelta(seconds=1))
    assert browser.get("/letters/inside/").status_code == 404


@pytest.mark.parametrize("cookie", ["", "x", "ü", "gAAAA", "salesforce", "[1]"])
def test_cookie_that_we_did_not_make_opens_nothing(letter, cookie):
    browser = Client()
    browser.cookies[COOKIE] = cookie

    assert answer(browser.get("/letters/inside/")) == answer(Client().get("/letters/inside/"))


def test_membership_can_be_forgotten_at_once(letter, enter):
    browser, _page = enter("w.otter@salesforce.example")

    assert browser.get("/members/leave/").status_code == 405
    browser.post("/members/leave/")

    assert browser.get("/letters/inside/").status_code == 404


def test_two_mailboxes_open_the_letters_of_both(letter, enter):
    other = make_letter(slug="other-inside", visibility=Visibility.INTERNAL)
    other.organisations.add(make_organisation("Elsewhere", "elsewhere.example"))

    browser, _page = enter("w.otter@salesforce.example")
    assert browser.get("/letters/other-inside/").status_code == 404
    enter("w.otter@elsewhere.example", browser)

    assert browser.get("/letters/inside/").status_code == 200
    assert browser.get("/letters/other-inside/").status_code == 200


@pytest.mark.parametrize(
    ("reach", "opens_for"),
    [
        (Reach.ONLY, {"salesforce.example"}),
        (Reach.BELOW, {"salesforce.example", "slack.example"}),
        (Reach.FAMILY, {"salesforce.example", "slack.example", "holding.example"}),
    ],
)
def test_reach_decides_about_subsidiaries_and_parents(letter, salesforce, enter, reach, opens_for):
    salesforce.parent = make_organisation("Holding", "holding.example")
    salesforce.save()
    make_organisation("Slack", "slack.example", parent=salesforce)
    letter.reach = reach
    letter.save()

    for domain in ("salesforce.example", "slack.example", "holding.example"):
        browser, _page = enter(f"w.otter@{domain}")
        status = browser.get("/letters/inside/").status_code
        assert status == (200 if domain in opens_for else 404), domain


def sign(browser, **fields):
    form = {
        "name": "Wilhelmina Otterbourne",
        "email": "w.otter@salesforce.example",
        "organisation": "Salesforce",
        "tenure": "current",
        "appearance": "named",
        **fields,
    }
    return browser.post("/letters/inside/sign/", form)


def test_member_signs_and_colleagues_see_it(letter, enter, deliver, code_of):
    letter.review_policy = "after"
    letter.save()
    browser, _page = enter("w.otter@salesforce.example")

    code_page = sign(browser).url
    [mail] = deliver()
    receipt = browser.post(code_page, {"code": code_of(mail)}, follow=True)

    assert "You have signed" in words(receipt)
    assert "Only colleagues can open this letter" in words(receipt)
    assert "Wilhelmina Otterbourne" in words(browser.get("/letters/inside/roll/"))
    assert Client().get("/letters/inside/roll/").status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "w.otter@gmail.com"},
        {"email": "w.otter@elsewhere.example", "organisation": "Elsewhere"},
        {"tenure": "former"},
        {"organisation": ""},
    ],
)
@pytest.mark.parametrize("accepts_unverified", [False, True])
def test_only_members_with_their_own_mailbox_can_sign(letter, enter, fields, accepts_unverified):
    make_organisation("Elsewhere", "elsewhere.example")
    letter.accepts_unverified = accepts_unverified
    letter.save()
    browser, _page = enter("w.otter@salesforce.example")

    page = sign(browser, **fields)

    assert page.status_code == 200
    assert "This letter is for members of its organisation" in words(page)
    assert 'value="Wilhelmina Otterbourne"' in page.content.decode()
    assert not Signature.objects.unconfirmed().exists()


def test_colleagues_see_no_anonymous_line_below_the_minimum(letter, salesforce, enter):
    browser, _page = enter("w.otter@salesforce.example")
    for _each in range(letter.minimum_group_size - 1):
        make_anonymous(letter, salesforce)

    assert browser.get("/letters/inside/stats.json").json()["published"]["anonymous"] == 0


def test_too_many_askings_are_answered_in_words(letter, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "enter:network": "1/h"}
    browser = Client()
    browser.post("/members/", {"email": "w.one@salesforce.example"})

    page = browser.post("/members/", {"email": "w.two@salesforce.example"})

    assert page.status_code == 429
    assert "Too many attempts" in words(page)
    assert 'value="w.two@salesforce.example"' in page.content.decode()


def test_letters_inside_stand_on_no_list_of_everybody(letter, enter):
    browser, _page = enter("w.otter@salesforce.example")

    for path in ("/", "/robots.txt", "/how-it-works/"):
        assert TITLE not in browser.get(path).content.decode()
