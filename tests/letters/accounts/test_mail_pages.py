"""The page of the address for notices, and the link that ends a kind of mail."""

import re

import pytest
from django.core import mail
from django.test import Client

from letters.accounts.codes import send_code
from letters.actions import noticing
from letters.models import AccountMail, Membership, NoticeChoice, Role
from tests.admin_pages import messages_of, text_of
from tests.factories import make_letter, make_user
from tests.letters.accounts.test_views import come_in

pytestmark = pytest.mark.django_db

PAGE = "/accounts/mail/"


@pytest.fixture
def alice(client):
    user = make_user("alice", is_staff=True)
    come_in(client, user)
    return user


def give(client, address="heron@gmail.com"):
    return client.post(PAGE, {"do": "address", "email": address})


def sent_code():
    [row] = AccountMail.objects.all()
    send_code(row.pk)
    return re.search(r"\b\d{4} \d{4}\b", mail.outbox[-1].body)[0]


def test_address_is_given_confirmed_and_erased_on_one_page(client, alice):
    assert client.get(PAGE).status_code == 200
    assert give(client)["Location"] == PAGE
    page = text_of(client.get(PAGE))
    assert "We are writing to h•••@gmail.com , with the subject “Your code”." in page

    done = client.post(PAGE, {"do": "code", "code": sent_code()}, follow=True)
    assert "The address is confirmed." in text_of(done)
    assert "Notices go to h•••@gmail.com" in text_of(done)
    assert "heron" not in done.content.decode()
    erased = client.post(PAGE, {"do": "remove"}, follow=True)

    assert "The address is erased." in text_of(erased)
    assert not AccountMail.objects.exists()


def test_page_says_what_a_demand_would_find(client, alice):
    page = text_of(client.get(PAGE))

    assert "Nobody can sign in with it, and nobody comes in again by it" in page
    assert "Whoever compels the host of this site" in page


def test_opening_the_page_changes_nothing(client, alice):
    give(client)
    before = AccountMail.objects.values().get()

    for _each in range(2):
        client.get(PAGE)
        client.head(PAGE)

    assert AccountMail.objects.values().get() == before


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("w.otterbourne@google.example", "an employer could read there which letters you work on"),
        ("heron", "This one has no @."),
        ("", "Enter your email address."),
        ("x" * 300 + "@gmail.com", "This address is longer than mail allows."),
    ],
)
def test_address_that_cannot_be_taken_comes_back_with_the_reason(client, alice, typed, sentence):
    answer = give(client, typed)

    assert answer.status_code == 200
    assert sentence in text_of(answer)
    assert not typed or f'value="{typed}"' in answer.content.decode()
    assert not AccountMail.objects.exists()
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("12", "The code has eight digits."),
        ("", "Enter the eight digits from the message."),
        ("0000 0000", "This is not the code that was sent last."),
    ],
)
def test_code_that_is_wrong_comes_back_with_the_reason(client, alice, typed, sentence):
    give(client)
    if sent_code() == "0000 0000":
        return

    answer = client.post(PAGE, {"do": "code", "code": typed})

    assert sentence in text_of(answer)
    assert not AccountMail.objects.confirmed().exists()


def test_buttons_without_an_address_are_answered_in_words(client, alice):
    for data in ({"do": "code", "code": "12345678"}, {"do": "again"}):
        answer = client.post(PAGE, data)
        assert "This code counts no more. Have another one sent." in text_of(answer)
    assert client.post(PAGE, {"do": "remove"}).status_code == 302
    assert client.post(PAGE, {"do": "nonsense\0"}).status_code == 302


def test_address_of_another_account_gets_the_same_answer(client, alice):
    bob = make_user("bob")
    heron = {"do": "address", "email": "heron@gmail.com"}
    other = come_in(Client(), bob)
    other.post(PAGE, heron)
    AccountMail.objects.update(confirmed_on="2026-01-20", erase_after=None, due_at=None)

    known, unknown = give(client), give(client, "egret@gmail.com")

    assert (known.status_code, known["Location"], messages_of(known)[-1]) == (
        unknown.status_code,
        unknown["Location"],
        messages_of(unknown)[-1],
    )


def test_giving_addresses_is_limited_by_account(client, alice, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "mail:account": "1/d"}
    give(client)

    answer = give(client, "egret@gmail.com")

    assert answer.status_code == 429
    assert "That was often enough for today." in text_of(answer)
    assert 'value="egret@gmail.com"' in answer.content.decode()


def test_page_asks_once_more_who_is_there(client):
    client.force_login(make_user("alice"))

    answers = [client.get(PAGE), give(client)]

    assert all(one["Location"].startswith("/accounts/reauthenticate/") for one in answers)
    assert not AccountMail.objects.exists()


def test_forged_form_gives_no_address(client, alice):
    forged = Client(enforce_csrf_checks=True)
    forged.cookies = client.cookies

    answer = give(forged)

    assert answer.status_code == 403
    assert not AccountMail.objects.exists()


def test_hosts_choose_whether_they_are_written_to(client):
    harriet = make_user("harriet", is_staff=True, is_superuser=True)
    come_in(client, harriet)
    assert "A letter waits for your approval" in text_of(client.get(PAGE))

    client.post(PAGE, {"do": "choose"})

    assert not noticing.is_wanted(harriet, None, "approval")
    client.post(PAGE, {"do": "choose", "wanted": "approval"})
    assert noticing.is_wanted(harriet, None, "approval")


def test_others_have_nothing_to_choose_there(client, alice):
    client.post(PAGE, {"do": "choose", "wanted": "approval"})

    assert "waits for your approval" not in text_of(client.get(PAGE))
    assert not NoticeChoice.objects.exists()


# The link in a mail -------------------------------------------------------------------------------


@pytest.fixture
def link():
    letter = make_letter(title="Pick up the phone", slug="pick-up")
    user = make_user("erin")
    Membership.objects.create(letter=letter, user=user, role=Role.OWNER)
    token = noticing.link_token(noticing.choice_of(user, letter, "surge"))
    return f"/accounts/notices/{token}/"


def is_on():
    return NoticeChoice.objects.get().is_on


def test_opening_the_link_shows_a_button_and_changes_nothing(client, link):
    page = client.get(link)

    assert "Write no more about this" in text_of(page)
    assert client.head(link).status_code == 200
    assert is_on()


def test_link_names_neither_letter_nor_account(client, link):
    for answer in (client.get(link), client.post(link)):
        page = answer.content.decode()
        assert "erin" not in page
        assert "pick-up" not in page
        assert "Pick up" not in page
        assert answer["Cache-Control"] == "no-store"


def test_pressing_the_button_ends_the_kind_and_twice_is_once(link):
    browser = Client(enforce_csrf_checks=True)

    pages = [text_of(browser.post(link)) for _twice in range(2)]

    assert pages[0] == pages[1]
    assert "About this you are not written to any more" in pages[0]
    assert not is_on()
    assert browser.cookies == {}


def test_mail_program_ends_the_kind_by_one_post(link):
    """RFC 8058, section 3.2: no cookie, no referrer, this one member."""
    answer = Client(enforce_csrf_checks=True).post(
        link, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
    )

    assert answer.status_code == 200
    assert not is_on()


def test_link_that_leads_nowhere_is_not_found(client):
    path = f"/accounts/notices/{'x' * 43}/"

    assert [client.get(path).status_code, client.post(path).status_code] == [404, 404]
