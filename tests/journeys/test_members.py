"""Journey 3: a letter for members of an organisation, from the one not-found page to the roll."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from config import crypto
from letters.actions import ask_to_go_public, earliest_public_day
from letters.models import Letter, Reach, Visibility
from signatories import tasks
from signatories.actions import batches
from signatories.models import Signature, State, Tally, Verification
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

    after = all_rows()
    # How many codes left on this day, in the whole installation.
    [day] = after.pop("signatories_mailday")
    assert "'sent', 1]" in day
    assert after == {name: rows for name, rows in before.items() if name != "signatories_mailday"}
    assert not Verification.objects.exists()
    cookie = browser.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", "")
    content = json.loads(crypto.decrypt(cookie.value.encode()))
    assert content.keys() == {letter.organisations.get().slug}
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


def test_member_signs_and_colleagues_see_it(letter, enter, deliver, code_of, check):
    letter.review_policy = "after"
    letter.save()
    browser, _page = enter("w.otter@salesforce.example")

    code_page = sign(browser).url
    [mail] = deliver()
    receipt = browser.post(code_page, {"code": code_of(mail)}, follow=True)
    check()

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


def test_member_is_counted_without_a_line(letter, enter, deliver, code_of, settings):
    settings.BATCH_MINIMUM = 1
    letter.organisations.add(make_organisation("Another"))
    browser, _page = enter("w.otter@salesforce.example")
    form = browser.get("/letters/inside/sign/")
    assert 'value="counted"' in form.content.decode()
    assert "Everybody inside can read it, managers among them." in words(form)

    code_page = sign(browser, appearance="counted", title="Engineer", role="design").url
    assert "One more in the number; no line on the roll" in words(browser.get(code_page))
    [mail] = deliver()
    receipt = browser.post(code_page, {"code": code_of(mail)}, follow=True)

    assert "in the number, without a line" in words(receipt)
    assert "You are counted with one of the next batches." in words(receipt)
    own_page = browser.get(receipt.redirect_chain[-1][0].removesuffix("receipt/"))
    assert "No line stands on the roll." in words(own_page)
    assert "Have an anonymous line" in words(own_page)
    assert "Wilhelmina" not in str(Signature.objects.values().get(appearance="counted"))
    batches.start_tally(letter)
    Tally.objects.update(next_batch_at=timezone.now())
    batches.publish_batch(letter=letter, now=timezone.now())
    entry = Signature.objects.get(appearance="counted")
    assert (entry.name, entry.title, entry.role, entry.state, entry.roll_key) == (
        "",
        "",
        "",
        State.PUBLISHED,
        "",
    )
    numbers = browser.get("/letters/inside/stats.json").json()["published"]
    assert numbers == {"total": 2, "named": 1, "anonymous": 0, "counted": 1}
    read = words(browser.get("/letters/inside/"))
    assert "1 by name, 0 anonymously, 1 counted without a line" in read
    assert "1 more is counted without a line." in words(browser.get("/letters/inside/roll/"))


def test_those_inside_read_that_the_letter_becomes_public_and_decide(
    letter, enter, deliver, code_of, check
):
    letter.review_policy = "after"
    letter.save()
    ask_to_go_public(letter=letter, on=earliest_public_day(), actor=None)
    browser, _page = enter("w.otter@salesforce.example")
    assert "the organisers make this letter public." in words(browser.get("/letters/inside/"))

    code_page = sign(browser).url
    [mail] = deliver()
    receipt = browser.post(code_page, {"code": code_of(mail)}, follow=True)
    check()
    assert "The organisers make this letter public on" in words(receipt)
    own_url = receipt.redirect_chain[-1][0].removesuffix("receipt/")
    assert "you will be counted then, without a line." in words(browser.get(own_url))

    agreed = browser.post(own_url + "everybody/", {"shown": "1"}, follow=True)
    assert "everybody will see your line then" in words(agreed)
    taken_back = browser.post(own_url + "everybody/", {"shown": "0"}, follow=True)
    assert "you will be counted then, without a line." in words(taken_back)

    Letter.objects.update(public_on=timezone.localdate())
    tasks.open_letters()
    public = Client()
    assert "Wilhelmina" not in public.get("/letters/inside/roll/").content.decode()
    own_page = public.get(own_url)
    assert "nobody sees your name until you say so below." in words(own_page)
    assert public.get(own_url + "data.json").json()["state"] == "confirmed"
    shown = public.post(own_url + "everybody/", {"shown": "1"}, follow=True)
    assert "Your line stands on the roll." in words(shown)
    assert "Wilhelmina Otterbourne" in words(public.get("/letters/inside/roll/"))


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
