"""An internal letter, a draft and an address that was never given out answer alike.

A work computer's proxy must not learn that there is such a letter, let alone its title.
"""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from signatories.models import Signature
from signatories.urls import public_patterns
from tests.factories import make_letter, make_organisation, make_signature, make_user
from tests.privacy.witnesses import all_rows, answer

pytestmark = pytest.mark.django_db

SUFFIXES = [
    "",
    "sign/",
    "roll/",
    "report/",
    "report/sent/",
    "updates/",
    "updates/subscribe/",
    "verification/",
    "versions/",
    "versions/1/",
    "versions/1/text.json",
    "stats.json",
]
METHODS = ["get", "head", "post", "put", "patch", "delete", "options"]
UNKNOWN = "letter-nobody-wrote"


@pytest.fixture(params=["internal", "draft", "internal draft"])
def hidden(request):
    fields = {"title": "Nobody may know this title", "summary": "Nor this summary"}
    if "internal" in request.param:
        fields["visibility"] = "internal"
    if "draft" in request.param:
        fields["status"] = "draft"
    letter = make_letter(**fields)
    letter.organisations.add(make_organisation("Salesforce", "salesforce.example"))
    make_signature(letter, name="Somebody of the inside", state="published")
    return letter


def form_data():
    return {
        "name": "Wilhelmina Otterbourne",
        "email": "w.otterbourne@salesforce.example",
        "organisation": "Salesforce",
        "tenure": "current",
        "appearance": "named",
    }


def ask(client, method, url):
    data = {"data": form_data()} if method == "post" else {}
    response = getattr(client, method)(url, **data)
    return answer(response)


def test_the_list_of_addresses_is_complete():
    routes = [str(pattern.pattern) for pattern in public_patterns[0]]

    of_letters = {route for route in routes if "<slug:slug>" in route}
    known = {suffix.replace("1", "<int:number>") for suffix in SUFFIXES}
    assert of_letters == {f"letters/<slug:slug>/{suffix}" for suffix in known}


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_hidden_letter_answers_like_an_unknown_one(hidden, settings, suffix, debug):
    settings.DEBUG = debug
    visible = make_letter()
    rows = all_rows()

    for method in METHODS:
        answers = {
            ask(Client(), method, f"/letters/{slug}/{suffix}") for slug in (hidden.slug, UNKNOWN)
        }
        [(status, _headers, body)] = answers
        assert status == (404 if method in ("get", "head") else status)
        assert status in (404, 405)
        assert "Nobody may know" not in body
        assert "Somebody of the inside" not in body

    assert ask(Client(), "get", f"/letters/{visible.slug}/{suffix}")[0] == 200
    assert all_rows() == rows


@pytest.mark.parametrize("token", [None, "x" * 64])
def test_hidden_letter_answers_alike_where_the_form_comes_without_a_token(hidden, token):
    answers = set()
    for slug in (hidden.slug, UNKNOWN):
        client = Client(enforce_csrf_checks=True)
        if token:
            client.cookies["csrftoken"] = token[:32]
        data = {**form_data(), "csrfmiddlewaretoken": token} if token else form_data()
        answers.add(answer(client.post(f"/letters/{slug}/sign/", data)))

    [(status, _headers, body)] = answers
    assert status == 404
    assert "Otterbourne" not in body
    assert not Signature.objects.unconfirmed().exists()


def test_hidden_letter_redirects_alike_without_the_last_stroke(hidden):
    answers = {
        answer(Client().get(f"/letters/{slug}")) for slug in (hidden.slug, "x" * len(hidden.slug))
    }

    statuses = {status for status, _headers, _body in answers}
    bodies = {body for _status, _headers, body in answers}
    assert statuses == {301}
    assert len(bodies) == 1


def test_hidden_letter_costs_as_many_queries_as_an_unknown_one(hidden):
    for suffix in SUFFIXES:
        numbers = set()
        for slug in (hidden.slug, UNKNOWN):
            with CaptureQueriesContext(connection) as captured:
                Client().get(f"/letters/{slug}/{suffix}")
            numbers.add(len(captured))
        assert len(numbers) == 1


def test_hidden_letter_stands_on_no_list(hidden, client):
    pages = [
        client.get(url).content.decode()
        for url in ("/", "/?after=", "/how-it-works/", "/signature/find/", "/letters/", "/readyz")
    ]

    for page in pages:
        assert "Nobody may know" not in page
        assert hidden.slug not in page


def test_hidden_letter_stays_hidden_from_whoever_is_logged_in(hidden, client):
    client.force_login(make_user("alice", is_staff=True, is_superuser=True))

    for suffix in SUFFIXES:
        known, unknown = (
            answer(client.get(f"/letters/{slug}/{suffix}")) for slug in (hidden.slug, UNKNOWN)
        )
        assert known == unknown
        assert known[0] == 404


def test_hidden_letter_comes_to_light_once_it_is_public(hidden, client):
    """The tests above would also pass if no page of any letter worked."""
    hidden.visibility = "public"
    hidden.status = "published"
    hidden.published_on = hidden.current_version.published_on
    hidden.save()

    for suffix in SUFFIXES:
        assert client.get(f"/letters/{hidden.slug}/{suffix}").status_code == 200
    assert "Nobody may know this title" in client.get("/").content.decode()
