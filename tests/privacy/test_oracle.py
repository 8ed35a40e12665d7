"""The first answer, before any mailbox is proven, never depends on what is stored about it."""

import re

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config import crypto
from letters.models import ReviewPolicy
from signatories import roll
from signatories.actions import batches, confirming, moderation
from signatories.models import Signature, State, UsedAddress, Verification
from tests.factories import make_anonymous, make_letter, make_organisation, make_user
from tests.privacy.witnesses import answer

pytestmark = pytest.mark.django_db

ASKED = "w.one@google.example"
UNKNOWN = "w.two@google.example"
HISTORIES = [
    "unconfirmed",
    "named, in review",
    "named, published",
    "named, rejected",
    "anonymous, waiting",
    "duplicate",
    "withdrawn",
    "under another letter",
    "too many codes",
]


@pytest.fixture(autouse=True)
def one_moment():
    with time_machine.travel("2026-01-20T12:00:00Z", tick=False):
        yield


def form_data(email, appearance="named"):
    return {
        "name": "Wilhelmina Otterbourne",
        "email": email,
        "organisation": "Google",
        "tenure": "current",
        "title": "Research engineer",
        "role": "",
        "appearance": appearance,
    }


@pytest.fixture
def letter():
    make_organisation("Google", "google.example")
    return make_letter(review_policy=ReviewPolicy.BEFORE)


@pytest.fixture
def bring_about(letter, deliver, code_of, check):
    """Give `ASKED` a history under the letter."""

    def sign(appearance="named", under=letter, confirms=True):
        page = Client().post(f"/letters/{under.slug}/sign/", form_data(ASKED, appearance))
        messages = deliver()
        if confirms:
            Client().post(page.url, {"code": code_of(messages[0])})
        return page

    def decide(verb, **reason):
        check()
        host = make_user("alice", is_superuser=True)
        verb(signature=Signature.objects.get(), actor=host, **reason)

    def bring(history):
        if history == "unconfirmed":
            sign(confirms=False)
            assert Verification.objects.count() == 1
        elif history == "under another letter":
            sign(under=make_letter())
        elif history == "anonymous, waiting":
            sign("anonymous")
        elif history == "too many codes":
            for _each in range(6):
                sign(confirms=False)
            # Four for one letter; the fifth of the day is left for others.
            assert Verification.objects.filter(sent_at__isnull=True).count() == 2
        else:
            sign()
        if history == "named, published":
            decide(moderation.approve)
        elif history == "named, rejected":
            decide(moderation.reject, reason="other")
        elif history == "duplicate":
            sign()
            assert Signature.objects.filter(state=State.DUPLICATE).count() == 1
        elif history == "withdrawn":
            sign("anonymous")
            Signature.objects.all().delete()
            assert UsedAddress.objects.count() == 1

    return bring


def ask(method, url, *data):
    """One request from a browser that was never here: the answer, and the statements it took."""
    with CaptureQueriesContext(connection) as captured:
        response = getattr(Client(), method)(url, *data)
    statements = [shape(query["sql"]) for query in captured.captured_queries]
    return answer(response), statements


def shape(sql):
    """A statement without its values."""
    values = (
        r"E?'(?:[^']|'')*'(?:::\w+)?|X'[0-9A-F]*'|\b\d+(?:\.\d+)?\b|\bNULL\b|\b(?:true|false)\b"
    )
    return re.sub(r'"s\d+_x\d+"', "?", re.sub(values, "?", sql))


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("appearance", ["named", "anonymous"])
def test_sign_answers_the_same_whatever_the_address_did(letter, bring_about, history, appearance):
    bring_about(history)
    url = f"/letters/{letter.slug}/sign/"

    known = ask("post", url, form_data(ASKED, appearance))
    unknown = ask("post", url, form_data(UNKNOWN, appearance))

    assert known[0][0] == 302
    assert known[0] == unknown[0]
    assert known[1] == unknown[1]
    assert len(known[1]) > 5


@pytest.mark.parametrize("history", HISTORIES)
def test_find_answers_the_same_whatever_the_address_did(bring_about, history):
    bring_about(history)

    known = ask("post", "/signature/find/", {"email": ASKED})
    unknown = ask("post", "/signature/find/", {"email": UNKNOWN})

    assert known[0][0] == 302
    assert known == unknown


@pytest.mark.parametrize("history", ["named, published", "anonymous, waiting", "too many codes"])
def test_code_page_is_the_same_whatever_the_address_did(letter, bring_about, history):
    bring_about(history)
    url = f"/letters/{letter.slug}/sign/"
    pages = [Client().post(url, form_data(email)).url for email in (ASKED, UNKNOWN)]

    for act in (("get",), ("post", {"code": "00000000"}), ("post", {"again": "1"}), ("get",)):
        known, unknown = (ask(act[0], page, *act[1:]) for page in pages)
        assert known[0] == unknown[0]
        if history != "too many codes":  # What is not sent again is not stored again.
            assert known[1] == unknown[1]


def test_confirm_takes_the_same_statements_up_to_the_entry_itself(
    letter, bring_about, deliver, code_of
):
    bring_about("named, published")
    url = f"/letters/{letter.slug}/sign/"
    asked = []
    for email in (ASKED, UNKNOWN):
        page = Client().post(url, form_data(email)).url
        [message] = deliver()
        asked.append(ask("post", page, {"code": code_of(message)}))

    (known, known_statements), (unknown, unknown_statements) = asked
    assert known == unknown
    assert known_statements == unknown_statements


def test_errors_of_the_form_are_the_same_whatever_the_address_did(letter, bring_about):
    bring_about("named, published")
    url = f"/letters/{letter.slug}/sign/"

    known = ask("post", url, {**form_data(ASKED), "name": ""})
    unknown = ask("post", url, {**form_data(UNKNOWN), "name": ""})

    assert known[0][0] == 200
    assert known[0][2].replace(ASKED, "") == unknown[0][2].replace(UNKNOWN, "")
    assert known[1] == unknown[1]


@pytest.mark.parametrize(("before", "after"), [("anonymous", "counted"), ("counted", "anonymous")])
def test_change_of_the_line_takes_as_long_for_a_line_that_stands_as_for_a_duplicate(before, after):
    google = make_organisation("Google", "google.example")
    letter = make_letter(visibility="internal")
    letter.organisations.add(google)
    batches.start_tally(letter)
    asked = {}
    for state in (State.PUBLISHED, State.APPROVED, State.DUPLICATE):
        token = f"{state:x<43}"
        place = roll.place_of(state) if state == "published" and before == "anonymous" else ""
        make_anonymous(
            letter,
            google,
            state=state,
            appearance=before,
            roll_key=place,
            is_for_colleagues=True,
            manage_digest=crypto.digest("manage", token),
        )
        asked[state] = ask("post", f"/signature/{token}/{after}/", {"readers": "internal"})
        assert confirming.by_token(token).appearance == after

    assert {answer[0] for answer, _statements in asked.values()} == {302}
    assert len({len(statements) for _answer, statements in asked.values()}) == 1
