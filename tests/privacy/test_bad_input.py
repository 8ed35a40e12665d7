"""Whatever is sent: a clear answer, never an error of ours, nothing stored, nothing typed lost."""

import re

import pytest
import time_machine
from django.core import mail
from django.core.mail import BadHeaderError
from django.test import Client

from config import mail as config_mail
from signatories.models import Signature, Verification
from tests.factories import make_letter, make_organisation, make_signature
from tests.privacy.witnesses import all_rows, forget_limits, value_of, words

pytestmark = pytest.mark.django_db

RIGHT_TO_LEFT = "\u202e"


@pytest.fixture
def letter():
    make_organisation("Google", "google.example")
    letter = make_letter()
    make_signature(letter, state="published")
    return letter


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


def form_data(**fields):
    return {
        "name": "Wilhelmina Otterbourne",
        "email": "w.otterbourne@google.example",
        "organisation": "Google",
        "tenure": "current",
        "title": "Research engineer",
        "role": "research",
        "appearance": "named",
        **fields,
    }


# Fields of the sign form --------------------------------------------------------------------

INVISIBLE = (
    "This contains invisible characters that could change how the line reads. "
    "Delete the text and type it again."
)
NULL = "Null characters are not allowed."
TOO_LONG = "Use at most 120 characters."
BAD_TEXT = [
    ("x" * 121, TOO_LONG),
    ("x" * 50_000, TOO_LONG),
    ("Wilhelmina\0Otterbourne", (NULL, INVISIBLE)),
    (f"Wilhelmina{RIGHT_TO_LEFT}Otterbourne", INVISIBLE),
    ("Wilhelmina\u2066Otterbourne\u2069", INVISIBLE),
    ("Wilhelmina\u200bOtterbourne", INVISIBLE),
    ("Wilhelmina\u00adOtterbourne", INVISIBLE),
    ("Wilhelmina\ufeffOtterbourne", INVISIBLE),
    ("Wilhelmina\x1b[31mOtterbourne", INVISIBLE),
    ("Wilhelmina\x85Otterbourne", INVISIBLE),
    ("Wilhelmina\u2028Otterbourne", INVISIBLE),
    ("Wilhelmina\ue000Otterbourne", INVISIBLE),
    ("Wilhelmina\U000e0041Otterbourne", INVISIBLE),
    ("Wilhelmina\r\nBcc: everybody@example.org", INVISIBLE),
    ("<script>alert(1)</script>", "Leave out the characters < > { } and \\."),
    ("Wilhelmina <b>Otterbourne</b>", "Leave out the characters < > { } and \\."),
    ("{{ settings.SECRET_KEY }}", "Leave out the characters < > { } and \\."),
    ("{% debug %}", "Leave out the characters < > { } and \\."),
    ("C:\\Windows", "Leave out the characters < > { } and \\."),
    ("https://shop.example/buy", "Leave out web addresses."),
    ("Buy at www.shop.example", "Leave out web addresses."),
    ("=HYPERLINK(A1)", "Begin with a letter or a number."),
    ("+4912345678", "Begin with a letter or a number."),
    ("-1+1", "Begin with a letter or a number."),
    ("@SUM(A1)", "Begin with a letter or a number."),
    ("|cmd", "Begin with a letter or a number."),
    ("%0aBcc", "Begin with a letter or a number."),
    ("\uff1dHYPERLINK(A1)", "Begin with a letter or a number."),
    ("Zalgo" + "\u0301" * 40, "There are too many accents on one letter."),
    ("\ufffd\ufffd", "Some characters did not arrive readably. Type them again."),
]


@pytest.mark.parametrize(("text", "sentence"), BAD_TEXT, ids=lambda value: ascii(value)[:40])
def test_sign_with_text_that_is_no_line_of_words(client, letter, text, sentence):
    fields = ("name", "title", "organisation")
    rows = all_rows()

    response = client.post(
        f"/letters/{letter.slug}/sign/", form_data(**dict.fromkeys(fields, text))
    )

    assert response.status_code == 200
    assert set(response.context["form"].errors) == set(fields)
    for field in fields:
        [error] = response.context["form"].errors[field]
        assert error in (sentence if isinstance(sentence, tuple) else (sentence,))
        assert error in words(response)
        assert value_of(response, field).replace("\r\n", "\n") == text.replace("\r\n", "\n")
    assert value_of(response, "email") == "w.otterbourne@google.example"
    assert 'value="research" selected' in response.content.decode()
    assert "<script>" not in response.content.decode()
    assert all_rows() == rows


ADDRESSES = [
    ("", "Enter your email address."),
    ("   ", "Enter your email address."),
    ("w.otterbourne", "Enter a complete address, such as name@example.org. This one has no @."),
    (
        "@google.example",
        "Enter a complete address, such as name@example.org. Nothing stands before the @.",
    ),
    ("w@google", "Enter a complete address, such as name@example.org. This one ends too early."),
    ("x" * 300 + "@google.example", "This address is longer than mail allows."),
    ("w@" + "x" * 100_000, "This address is longer than mail allows."),
    ("ünder@google.example", "We can only write to addresses with plain letters before the @."),
    (
        "a@google.example, b@google.example",
        "Enter one address, such as name@example.org, without spaces or brackets.",
    ),
    (
        "a@google.example\r\nBcc: b@google.example",
        "Enter one address, such as name@example.org, without spaces or brackets.",
    ),
    (
        "a@google.example\nSubject: x",
        "Enter one address, such as name@example.org, without spaces or brackets.",
    ),
    (
        "W <w@google.example>",
        "Enter one address, such as name@example.org, without spaces or brackets.",
    ),
    (
        '"w;rm -rf"@google.example',
        "Enter one address, such as name@example.org, without spaces or brackets.",
    ),
    ("w@[127.0.0.1]", None),
    ("w@127.0.0.1", None),
    ("w@localhost", None),
    ("w@google..example", None),
    ("w@-google.example", None),
    (".w@google.example", None),
    ("w@goo\u200bgle.example", None),
    (f"w{RIGHT_TO_LEFT}@google.example", None),
    ("w\0@google.example", None),
    ("<script>@google.example", None),
    ("=cmd()@google.example", None),
]


@pytest.mark.parametrize("url", ["/letters/{}/sign/", "/signature/find/"])
@pytest.mark.parametrize(("email", "sentence"), ADDRESSES, ids=lambda value: ascii(value)[:40])
def test_address_that_cannot_be_written_to(client, letter, url, email, sentence):
    rows = all_rows()

    response = client.post(url.format(letter.slug), form_data(email=email))

    assert response.status_code == 200
    [error] = response.context["form"].errors["email"]
    assert error == sentence or sentence is None
    assert error in words(response)
    assert value_of(response, "email").strip() == email.strip()
    assert all_rows() == rows
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("tenure", "future", "Choose one of the two."),
        ("tenure", "current\0", "Choose one of the two."),
        ("role", "emperor", "Choose one of the kinds of work listed."),
        ("role", "x" * 10_000, "Choose one of the kinds of work listed."),
        ("appearance", "", "Choose how you appear."),
        ("appearance", "pledged", "Choose one of the ways offered."),
        ("appearance", "counted", "Choose one of the ways offered."),
        ("appearance", "NAMED", "Choose one of the ways offered."),
        ("version", "x", "Enter a whole number."),
        ("version", "9" * 5000, None),
        ("version", "99", "has changed while you were here"),
    ],
)
def test_sign_with_a_choice_that_was_not_offered(client, letter, field, value, sentence):
    rows = all_rows()

    response = client.post(f"/letters/{letter.slug}/sign/", form_data(**{field: value}))

    assert response.status_code == 200
    [error] = response.context["form"].errors[field]
    assert sentence is None or sentence in error
    assert error in words(response)
    assert value_of(response, "name") == "Wilhelmina Otterbourne"
    assert all_rows() == rows


def test_sign_with_fields_many_times_or_none_at_all(client, letter):
    url = f"/letters/{letter.slug}/sign/"
    rows = all_rows()

    nothing = client.post(url, {})
    twice = client.post(url, {**form_data(), "name": ["", ""], "email": ["a@b.example", "x"]})
    unknown = client.post(url, {"state": "published", "is_demonstration": "1"})

    for response in (nothing, twice, unknown):
        assert response.status_code == 200
        assert "another look" in words(response)
    assert all_rows() == rows


def test_sign_takes_no_more_from_the_form_than_it_asks_for(client, letter):
    extra = {"state": "published", "method": "mailbox", "roll_key": "a", "address_digest": "0" * 64}

    response = client.post(f"/letters/{letter.slug}/sign/", form_data(email="w@x.example", **extra))

    assert response.status_code == 302
    signature = Signature.objects.unconfirmed().get()
    assert signature.method == "none"
    assert signature.roll_key == ""
    assert signature.address_digest is None


# The code page and the button --------------------------------------------------------------


@pytest.fixture
def code_page(client, letter, deliver):
    page = client.post(f"/letters/{letter.slug}/sign/", form_data()).url
    deliver()
    return page


@pytest.mark.parametrize(
    "code",
    [
        "",
        "   ",
        "1",
        "1234567",
        "123456789",
        "1" * 41,
        "1" * 100_000,
        "abcdefgh",
        "1234\x005678",
        "12345678\r\nX: y",
        "<script>",
        "=1+1",
        "½½½½½½½½",
        "\U0001d7db" * 7,
        f"1234{RIGHT_TO_LEFT}5678",
        "' OR 1=1 --",
        "-1234567",
        "1e10",
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_code_that_is_none(client, code_page, code):
    rows = all_rows()

    response = client.post(code_page, {"code": code})

    assert response.status_code == 200
    assert response.context["form"].errors["code"]
    assert response.context["form"].errors["code"][0] in words(response)
    assert all_rows() == rows, "What cannot be a code is no try."


@pytest.mark.parametrize(
    "data",
    [{}, {"decision": "maybe"}, {"decision": "confirm\0"}, {"decision": "x" * 9999}, {"x": "1"}],
    ids=str,
)
def test_button_with_another_decision_asks_again(client, letter, deliver, data):
    client.post(f"/letters/{letter.slug}/sign/", form_data(email="w@gmail.com", organisation=""))
    [message] = deliver()
    button = re.search(r"/confirm/[\w-]{43}/", message.body)[0]
    rows = all_rows()

    response = client.post(button, data)

    assert response.status_code == 200
    assert "Opening this page did nothing" in words(response)
    assert all_rows() == rows


@pytest.mark.parametrize(
    "url", ["/confirm/{}/", "/signature/{}/", "/signature/{}/receipt/", "/signature/{}/withdraw/"]
)
def test_capability_that_was_never_given_out(client, letter, url):
    rows = all_rows()
    tokens = ["x" * 42, "x" * 44, "x" * 43, "%00" * 43, "../" * 15, "é" * 43, "x" * 5000, "'" * 43]

    for token in tokens:
        for method in (client.get, client.head, client.post):
            assert method(url.format(token)).status_code in (404, 405), token

    assert all_rows() == rows


# Limits ----------------------------------------------------------------------------------------


@time_machine.travel("2026-01-20T12:00:00Z", tick=False)
def test_too_many_forms_are_answered_in_words_and_keep_what_was_typed(client, letter, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "sign:network": "1/h", "find:network": "1/h"}
    for number in range(2):
        signing = client.post(
            f"/letters/{letter.slug}/sign/", form_data(email=f"w{number}@x.example")
        )
        finding = client.post("/signature/find/", {"email": f"w{number}@x.example"})

    for response in (signing, finding):
        assert response.status_code == 429
        assert "Too many attempts from your network." in words(response)
        assert "try again in 60 minutes" in words(response)
        assert value_of(response, "email") == "w1@x.example"
    assert signing["Retry-After"] == "3600"
    assert value_of(signing, "name") == "Wilhelmina Otterbourne"
    assert Signature.objects.unconfirmed().count() == 1


def test_too_many_codes_are_answered_in_words(client, letter, code_page, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "confirm:network": "1/h"}
    forget_limits()
    client.post(code_page, {"code": "00000000"})

    response = client.post(code_page, {"code": "00000001"})

    assert response.status_code == 429
    assert "Too many attempts" in words(response)
    assert Verification.objects.get().tries == 1


@time_machine.travel("2026-01-20T12:00:00Z", tick=False)
def test_too_many_guesses_at_capabilities_are_answered_in_words(client, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "confirm:network": "1/h"}
    client.post("/confirm/" + "x" * 43 + "/", {"code": "00000000"})

    response = client.post("/confirm/" + "y" * 43 + "/", {"code": "00000000"})

    assert response.status_code == 429
    assert response["Retry-After"] == "3600"
    assert "Too much at once" in words(response)


# Mail -------------------------------------------------------------------------------------------


def test_mail_takes_no_headers_from_an_address():
    """The form refuses such an address; if one came through all the same, no mail would leave."""
    with pytest.raises(BadHeaderError):
        config_mail.send(
            "mail/code",
            "w@google.example\r\nBcc: everybody@google.example",
            {"code": "1234 5678", "minutes": 30},
        )

    assert mail.outbox == []
