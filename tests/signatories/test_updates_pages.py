"""The pages of updates: asking for them, proving the mailbox, and the way out."""

import re

import pytest
import time_machine
from django.core import mail
from django.test import Client

from letters.models import Status, Visibility
from signatories.models import Signature, Subscription, UsedAddress, Verification
from tests.factories import make_letter, make_organisation
from tests.privacy.witnesses import all_rows, answer, value_of, words

pytestmark = pytest.mark.django_db

SUBSCRIBE = "/letters/open/updates/subscribe/"
EMAIL = "w.otterbourne@gmail.com"


@pytest.fixture
def letter():
    return make_letter(slug="open", title="Pick up the phone")


def subscribe(client, deliver, code_of, email=EMAIL):
    """By form and typed code; the address of the subscription."""
    page = client.post(SUBSCRIBE, {"email": email}).url
    [message] = deliver()
    return client.post(page, {"code": code_of(message)}).url


# The form ----------------------------------------------------------------------------------------


def test_subscribe_page_is_not_stored_nor_listed_and_looking_changes_nothing(client, letter):
    before = all_rows()

    page = client.get(SUBSCRIBE, {"email": EMAIL})
    client.head(SUBSCRIBE)

    assert page.status_code == 200
    assert page["Cache-Control"] == "no-store"
    assert '<meta name="robots" content="noindex">' in page.content.decode()
    assert "Pick up the phone" in words(page)
    assert all_rows() == before


def test_subscribe_from_form_to_subscription(client, letter, deliver, code_of):
    page = client.post(SUBSCRIBE, {"email": EMAIL})

    assert (page.status_code, page["Cache-Control"]) == (302, "no-store")
    assert "You get no updates until then." in words(client.get(page.url))
    assert not Subscription.objects.exists()
    [message] = deliver()
    assert message.to == [EMAIL]
    done = client.post(page.url, {"code": code_of(message)})
    assert done.status_code == 302
    subscription = client.get(done.url)
    assert subscription["Cache-Control"] == "no-store"
    assert '<meta name="robots" content="noindex">' in subscription.content.decode()
    assert "You get the updates" in words(subscription)
    assert EMAIL not in subscription.content.decode()
    assert Subscription.objects.get().letter == letter
    assert not Verification.objects.exists()
    assert not Signature.objects.exists()
    assert not UsedAddress.objects.exists()


def test_subscribe_by_the_mailed_button(client, letter, deliver):
    client.post(SUBSCRIBE, {"email": EMAIL})
    [message] = deliver()
    button = re.search(r"/confirm/[\w-]{43}/", message.body)[0]

    page = client.get(button)

    assert "Receive the updates of this letter" in words(page)
    assert not Subscription.objects.exists()
    done = client.post(button, {"decision": "confirm"})
    assert client.get(done.url).status_code == 200
    assert Subscription.objects.count() == 1


def test_subscribe_refused_by_the_mailbox_keeps_nothing(client, letter, deliver):
    client.post(SUBSCRIBE, {"email": EMAIL})
    [message] = deliver()
    button = re.search(r"/confirm/[\w-]{43}/", message.body)[0]

    client.post(button, {"decision": "refuse"})

    assert not Subscription.objects.exists()
    assert not Verification.objects.exists()


def test_subscribe_pressed_twice_leads_to_the_same_page(client, letter, deliver, code_of):
    page = client.post(SUBSCRIBE, {"email": EMAIL}).url
    [message] = deliver()

    pressed = [client.post(page, {"code": code_of(message)}).url for _twice in range(2)]

    assert pressed[0] == pressed[1]
    assert Subscription.objects.count() == 1


@pytest.mark.parametrize(
    ("email", "reason"),
    [
        ("", "Enter your email address."),
        ("nonsense", "Enter a complete address, such as name@example.org. This one has no @."),
        ("w@google.example", "a mailbox at work belongs to the employer"),
        ("w@unheard-of.example", "a mailbox at work belongs to the employer"),
    ],
)
def test_subscribe_with_a_wrong_address_says_why_and_keeps_it(client, letter, email, reason):
    make_organisation("Google", "google.example")

    response = client.post(SUBSCRIBE, {"email": email})

    assert response.status_code == 200
    [error] = response.context["form"].errors["email"]
    assert reason in error
    assert value_of(response, "email") == email
    assert "Problem: updates of the letter" in response.content.decode()
    assert not Verification.objects.exists()
    assert mail.outbox == []


def test_subscribe_typed_before_the_check_failed_is_kept(letter):
    response = Client(enforce_csrf_checks=True).post(SUBSCRIBE, {"email": EMAIL})

    assert response.status_code == 403
    assert value_of(response, "email") == EMAIL
    assert not Verification.objects.exists()


@time_machine.travel("2026-01-20T12:00:00Z", tick=False)
def test_subscribe_too_often_comes_back_with_when_to_try_again(client, letter, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "updates:network": "2/h"}
    for email in ("a@gmail.com", "b@gmail.com"):
        assert client.post(SUBSCRIBE, {"email": email}).status_code == 302

    response = client.post(SUBSCRIBE, {"email": EMAIL})

    assert response.status_code == 429
    assert "try again in 60 minutes" in words(response)
    assert value_of(response, "email") == EMAIL
    assert Verification.objects.count() == 2


def test_subscribe_answers_a_subscribed_mailbox_like_another(client, letter, deliver, code_of):
    subscribe(client, deliver, code_of)

    def look(email):
        visitor = Client()
        asked = visitor.post(SUBSCRIBE, {"email": email})
        [message] = deliver()
        page = visitor.get(asked.url)
        done = visitor.post(asked.url, {"code": code_of(message)})
        return [answer(one) for one in (asked, page, done, visitor.get(done.url))]

    assert look(EMAIL) == look("w.quillfeather@gmail.com")
    assert Subscription.objects.count() == 2


def test_subscribe_form_stands_on_the_receipt(client, letter, deliver, code_of):
    form = {"name": "W. Otterbourne", "email": EMAIL, "appearance": "named"}
    signed = client.post("/letters/open/sign/", form)
    [message] = deliver()

    receipt = client.get(client.post(signed.url, {"code": code_of(message)}).url)

    assert f'action="{SUBSCRIBE}"' in receipt.content.decode()
    assert value_of(receipt, "email") == ""


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": Status.DRAFT}, 404),
        ({"status": Status.SEALED}, 404),
        ({"visibility": Visibility.INTERNAL}, 404),
        ({"visibility": Visibility.UNLISTED}, 200),
        ({"status": Status.CLOSED}, 200),
    ],
)
def test_subscribe_page_exists_where_updates_can_come(client, fields, status):
    make_letter(slug="open", **fields)

    assert client.get(SUBSCRIBE).status_code == status
    assert client.post(SUBSCRIBE, {"email": ""}).status_code == status
    assert not Verification.objects.exists()


# The subscription -------------------------------------------------------------------------------


def test_unsubscribe_asks_on_get_and_acts_on_post(client, letter, deliver, code_of):
    url = subscribe(client, deliver, code_of)
    before = all_rows()
    client.get(url)
    client.head(url)
    assert all_rows() == before

    done = client.post(url)

    assert "Your address is erased" in words(done)
    assert done["Cache-Control"] == "no-store"
    assert not Subscription.objects.exists()
    for again in (client.get(url), client.post(url)):
        assert again.status_code == 404
        assert again.templates[0].name == "signatories/gone.html"


def test_unsubscribe_without_the_form_s_token_is_refused(client, letter, deliver, code_of):
    url = subscribe(client, deliver, code_of)

    response = Client(enforce_csrf_checks=True).post(url)

    assert response.status_code == 403
    assert Subscription.objects.count() == 1


def test_unsubscribe_ends_one_letter_s_updates_only(client, letter, deliver, code_of):
    url = subscribe(client, deliver, code_of)
    other = make_letter(slug="other")
    page = client.post("/letters/other/updates/subscribe/", {"email": EMAIL}).url
    [message] = deliver()
    client.post(page, {"code": code_of(message)})

    client.post(url)

    assert Subscription.objects.get().letter == other


def test_capability_of_a_subscription_opens_no_signature(client, letter, deliver, code_of):
    token = re.search(r"[\w-]{43}", subscribe(client, deliver, code_of))[0]

    for page in ("", "data.json", "receipt/", "withdraw/", "title/", "anonymous/", "text/"):
        response = client.get(f"/signature/{token}/{page}")
        assert response.status_code == 404
        assert response.templates[0].name == "signatories/gone.html"


def test_earlier_capability_of_a_mailbox_that_subscribed_again_is_gone(
    client, letter, deliver, code_of
):
    first, second = (subscribe(client, deliver, code_of) for _twice in range(2))

    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200
