"""The journeys of signing, over HTTP, with the mail read from the outbox."""

import re

import pytest
from django.utils import timezone

from letters.models import ReviewPolicy
from signatories.actions import batches, moderation
from signatories.models import Signature, State, Tally, UsedAddress, Verification
from tests.factories import make_letter, make_organisation, make_signature, make_user

pytestmark = pytest.mark.django_db


def form_data(**fields):
    return {
        "name": "Wilhelmina Otterbourne",
        "email": "w.otterbourne@google.example",
        "organisation": "Google",
        "tenure": "current",
        "title": "Research engineer",
        "role": "",
        "appearance": "named",
        **fields,
    }


def move_batch(letter):
    batches.start_tally(letter)
    Tally.objects.filter(letter=letter).update(next_batch_at=timezone.now())
    return batches.publish_batch(letter=letter, now=timezone.now())


def sign_and_confirm(client, letter, deliver, code_of, **fields):
    page = client.post(f"/letters/{letter.slug}/sign/", form_data(**fields))
    assert page.status_code == 302, page.context["form"].errors
    [message] = deliver()
    return client.post(page.url, {"code": code_of(message)})


def test_sign_by_name_from_form_to_roll(client, deliver, code_of, check):
    organisation = make_organisation("Google", "google.example")
    letter = make_letter()
    host = make_user("alice", is_superuser=True, is_staff=True)

    confirmed = sign_and_confirm(client, letter, deliver, code_of)

    assert confirmed.status_code == 302
    receipt = client.get(confirmed.url)
    assert receipt.status_code == 200
    assert receipt["Cache-Control"] == "no-store"
    assert "Research engineer, Google" in receipt.content.decode()
    signature = Signature.objects.get()
    assert signature.state == State.IN_REVIEW
    assert signature.organisation == organisation
    assert signature.is_verified
    assert not Verification.objects.exists()
    assert UsedAddress.objects.count() == 1

    check()
    moderation.approve(signature=signature, actor=host)

    roll = client.get(f"/letters/{letter.slug}/roll/").content.decode()
    assert "Wilhelmina Otterbourne" in roll
    assert "Research engineer, Google" in roll


def test_sign_by_name_without_review_stands_on_the_roll_once_checked(
    client, deliver, code_of, check
):
    letter = make_letter(review_policy=ReviewPolicy.AFTER)

    sign_and_confirm(client, letter, deliver, code_of, organisation="", email="w@gmail.com")
    check()

    roll = client.get(f"/letters/{letter.slug}/roll/").content.decode()
    assert "Wilhelmina Otterbourne" in roll


def test_sign_by_name_from_a_private_address_says_not_verified(client, deliver, code_of, check):
    make_organisation("Google", "google.example")
    letter = make_letter(review_policy=ReviewPolicy.AFTER)

    sign_and_confirm(client, letter, deliver, code_of, email="w@gmail.com")
    check()

    page = client.get(f"/letters/{letter.slug}/roll/").content.decode()
    assert "Research engineer, says Google; not verified" in page


def test_sign_anonymously_appears_with_the_next_batch(client, deliver, code_of):
    google = make_organisation("Google", "google.example")
    letter = make_letter()
    for _each in range(4):
        make_signature(
            letter,
            appearance="anonymous",
            state=State.APPROVED,
            organisation=google,
            method="mailbox",
        )

    sign_and_confirm(client, letter, deliver, code_of, appearance="anonymous")

    signature = Signature.objects.get(manage_digest__isnull=False)
    assert signature.name == signature.title == ""
    assert signature.address_digest is None
    assert client.get(f"/letters/{letter.slug}/roll/").context["lines"] == []

    assert move_batch(letter) == 5

    lines = client.get(f"/letters/{letter.slug}/roll/").context["lines"]
    assert [line.name for line in lines] == ["Anonymous"] * 5
    assert {line.detail for line in lines} == {"Verified employee, Google"}


def test_sign_with_a_private_address_by_the_mailed_button(client, deliver):
    letter = make_letter()
    page = client.post(
        f"/letters/{letter.slug}/sign/", form_data(email="w@gmail.com", organisation="")
    )
    [message] = deliver()
    button = re.search(r"/confirm/[\w-]{43}/", message.body)[0]

    for method in (client.get, client.head, client.options):
        method(button)
    assert Verification.objects.count() == 1
    assert Signature.objects.get().state == State.UNCONFIRMED

    confirmed = client.post(button, {"decision": "confirm"})

    assert client.get(confirmed.url).status_code == 200
    assert client.get(page.url).status_code == 404
    assert client.post(button, {"decision": "confirm"}).url == confirmed.url


def test_sign_refused_by_the_owner_of_the_mailbox_is_erased(client, deliver):
    letter = make_letter()
    client.post(f"/letters/{letter.slug}/sign/", form_data(email="w@gmail.com", organisation=""))
    [message] = deliver()
    button = re.search(r"/confirm/[\w-]{43}/", message.body)[0]

    assert client.post(button, {"decision": "refuse"}).status_code == 200

    assert not Signature.objects.exists()
    assert not Verification.objects.exists()
    assert letter.departures.get().fate == "refused"


def test_confirm_twice_leads_to_the_same_receipt(client, deliver, code_of):
    letter = make_letter()
    page = client.post(f"/letters/{letter.slug}/sign/", form_data())
    [message] = deliver()
    code = code_of(message)

    first = client.post(page.url, {"code": code})
    second = client.post(page.url, {"code": code.replace(" ", "-")})

    assert first.url == second.url
    assert Signature.objects.count() == 1


def test_confirm_again_with_another_code_opens_nothing(client, deliver, code_of):
    letter = make_letter()
    page = client.post(f"/letters/{letter.slug}/sign/", form_data())
    [message] = deliver()
    client.post(page.url, {"code": code_of(message)})

    assert client.post(page.url, {"code": "00000000"}).status_code == 404


def test_confirm_with_five_wrong_codes_needs_a_new_one(client, deliver, code_of):
    letter = make_letter()
    page = client.post(f"/letters/{letter.slug}/sign/", form_data())
    [message] = deliver()
    right = code_of(message)
    wrong = "11111111" if right.replace(" ", "") != "11111111" else "22222222"

    for _try in range(5):
        assert client.post(page.url, {"code": wrong}).status_code == 200
    assert client.post(page.url, {"code": right}).status_code == 200
    assert Signature.objects.get().state == State.UNCONFIRMED

    client.post(page.url, {"again": "1"})
    [message] = deliver()
    assert client.post(page.url, {"code": code_of(message)}).status_code == 302


def test_withdraw_named_frees_the_address(client, deliver, code_of, check):
    letter = make_letter(review_policy=ReviewPolicy.AFTER)
    confirmed = sign_and_confirm(client, letter, deliver, code_of)
    withdraw = confirmed.url.replace("receipt", "withdraw")

    assert client.get(withdraw).status_code == 200
    assert Signature.objects.count() == 1
    assert client.post(withdraw).status_code == 200

    assert not Signature.objects.exists()
    assert not UsedAddress.objects.exists()
    assert client.get(confirmed.url).status_code == 404
    sign_and_confirm(client, letter, deliver, code_of)
    check()
    assert Signature.objects.get().state == State.PUBLISHED


def test_withdraw_anonymous_leaves_with_the_next_batch(client, deliver, code_of):
    make_organisation("Google", "google.example")
    letter = make_letter()
    confirmed = sign_and_confirm(client, letter, deliver, code_of, appearance="anonymous")
    move_batch(letter)
    own = confirmed.url.replace("receipt/", "")
    assert client.get(own).status_code == 200

    client.post(own + "withdraw/")

    assert client.get(own).status_code == 404
    assert len(client.get(f"/letters/{letter.slug}/roll/").context["lines"]) == 1
    move_batch(letter)
    assert len(client.get(f"/letters/{letter.slug}/roll/").context["lines"]) == 0
    assert UsedAddress.objects.count() == 1


def test_find_gives_a_named_signature_a_new_link(client, deliver, code_of):
    letter = make_letter()
    confirmed = sign_and_confirm(client, letter, deliver, code_of)
    page = client.post("/signature/find/", {"email": "W.Otterbourne+x@google.example"})
    [message] = deliver()

    found = client.post(page.url, {"code": code_of(message)})

    [entry] = found.context["entries"]
    assert entry["line"].name == "Wilhelmina Otterbourne"
    assert client.get(f"/signature/{entry['token']}/").status_code == 200
    assert client.get(confirmed.url).status_code == 404
    again = client.post(page.url, {"code": code_of(message)})
    assert again.context["entries"][0]["token"] == entry["token"]


def test_find_says_the_same_until_the_code_is_typed(client, deliver, code_of):
    letter = make_letter()
    sign_and_confirm(client, letter, deliver, code_of)

    pages = []
    for email in ("w.otterbourne@google.example", "w.nobody@google.example"):
        response = client.post("/signature/find/", {"email": email})
        pages.append(client.get(response.url).content.decode().replace(response.url, "PAGE"))
        [message] = deliver()
        pages[-1] += message.body.replace(code_of(message), "CODE")
    strip = lambda page: re.sub(r'value="[\w]{64}"', "", page)  # noqa: E731
    assert strip(pages[0]) == strip(pages[1])
