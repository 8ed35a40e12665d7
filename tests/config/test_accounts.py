"""Logging in and out, and what the account library may not do here."""

import base64
import hashlib

import pytest
import redis
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config.sessions import SessionStore
from letters.accounts.adapter import as_counted
from letters.models import User
from tests.factories import make_user, totp_code

pytestmark = pytest.mark.django_db

ADDRESS = "203.0.113.77"
PASSWORD = "a long password"
RIGHT = {"login": "alice", "password": PASSWORD}


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def log_in(client, login="alice", password=PASSWORD, **extra):
    return client.post(
        "/accounts/login/", {"login": login, "password": password}, REMOTE_ADDR=ADDRESS, **extra
    )


# Signing up -----------------------------------------------------------------------------------


def test_sign_up_without_an_invitation_is_closed(client):
    data = {"username": "mallory", "way": "password", "password1": "9 long words"}

    page = client.get("/accounts/signup/")
    answer = client.post("/accounts/signup/", {**data, "password2": "9 long words"})

    assert "<form" not in page.content.decode()
    assert "Accounts by invitation" in answer.content.decode()
    assert not User.objects.exists()
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    "page",
    [
        "password/reset/",
        "password/reset/key/1-x/",
        "email/",
        "confirm-email/",
        "confirm-email/x/",
        "login/code/",
        "login/code/confirm/",
    ],
)
def test_pages_of_the_library_that_write_to_addresses_do_not_exist(client, page):
    data = {"email": "nobody@orrery.example", "action_add": "1", "code": "1"}
    answers = [client.get(f"/accounts/{page}"), client.post(f"/accounts/{page}", data)]
    client.force_login(make_user("alice"))
    answers += [client.get(f"/accounts/{page}"), client.post(f"/accounts/{page}", data)]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert mail.outbox == []


# Logging in -----------------------------------------------------------------------------------


def test_log_in_with_password_and_app_opens_the_admin(client):
    make_user("alice", is_staff=True, is_superuser=True)

    response = log_in(client)

    assert (response.status_code, response["Location"]) == (302, "/accounts/2fa/authenticate/")
    assert client.get("/admin/").status_code == 302
    response = client.post(response["Location"], {"code": totp_code()})
    assert (response.status_code, response["Location"]) == (302, "/manage/")
    assert client.get("/admin/").status_code == 200


def test_log_in_with_a_wrong_code_says_so_and_opens_nothing(client):
    make_user("alice", is_staff=True, is_superuser=True)
    page = log_in(client)["Location"]

    response = client.post(page, {"code": "000000" if totp_code() != "000000" else "000001"})

    assert "This code is not right" in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_code_of_the_app_works_once(client):
    make_user("alice")
    code = totp_code()
    client.post(log_in(client)["Location"], {"code": code})
    other = Client()

    response = other.post(log_in(other)["Location"], {"code": code})

    assert response.status_code == 200
    assert "_auth_user_id" not in other.session


def test_log_in_with_a_recovery_code_uses_it_up(client):
    alice = make_user("alice")
    [code, *others] = RecoveryCodes.activate(alice).get_unused_codes()

    response = client.post(log_in(client)["Location"], {"code": code})

    assert response["Location"] == "/accounts/"
    left = Authenticator.objects.get(user=alice, type="recovery_codes").wrap().get_unused_codes()
    assert left == others


def test_log_in_leads_whoever_is_on_no_team_to_the_own_account(client):
    make_user("alice", second_factor=False)

    assert log_in(client)["Location"] == "/accounts/"


def test_log_in_with_a_wrong_password_says_so_and_keeps_the_name(client):
    make_user("alice")

    response = log_in(client, password="wrong")

    assert response.status_code == 200
    assert response.context["form"].errors
    assert 'value="alice"' in response.content.decode()
    assert "wrong" not in response.content.decode().split("<form")[1]
    assert "_auth_user_id" not in client.session


def test_log_in_says_the_same_of_unknown_and_known_accounts(client):
    make_user("alice")

    answers = [log_in(client, login=name, password="wrong") for name in ("alice", "nobody")]

    errors = [str(answer.context["form"].errors) for answer in answers]
    assert errors[0] == errors[1]


def test_log_in_leads_to_no_foreign_page(client):
    make_user("alice", is_staff=True, second_factor=False)

    response = client.post(
        "/accounts/login/?next=https://otherplace.example/",
        {"login": "alice", "password": PASSWORD, "next": "https://otherplace.example/"},
    )

    assert response["Location"] == "/manage/"


def test_admin_asks_whoever_is_not_logged_in_to_log_in(client):
    response = client.get("/admin/", follow=True)

    assert response.redirect_chain[-1][0].startswith("/accounts/login/?next=")


def test_log_out_needs_a_press(client):
    client.force_login(make_user("alice"))

    page = client.get("/accounts/logout/")
    assert page.status_code == 200
    assert "_auth_user_id" in client.session
    client.post("/accounts/logout/")

    assert "_auth_user_id" not in client.session


def test_session_cookie_ends_with_the_browser_and_is_out_of_reach_of_scripts(client):
    make_user("alice", second_factor=False)

    cookie = log_in(client).cookies["sessionid"]

    assert cookie["max-age"] == cookie["expires"] == ""
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"


# Limits ---------------------------------------------------------------------------------------


def test_log_in_is_limited_by_network(client):
    make_user("alice")
    for number in range(10):
        log_in(client, login=f"nobody{number}", password="wrong")

    answer = log_in(client)

    assert "_auth_user_id" not in client.session
    assert answer.status_code in (200, 429)
    elsewhere = client.post(
        "/accounts/login/", {"login": "alice", "password": PASSWORD}, REMOTE_ADDR="198.51.100.9"
    )
    assert elsewhere.status_code == 302


def test_wrong_passwords_shut_out_their_own_network_and_not_the_owner(client):
    make_user("alice", second_factor=False)
    for _number in range(6):
        log_in(client, password="wrong")

    assert log_in(client).status_code != 302
    assert "_auth_user_id" not in client.session
    owner = Client()
    owner.post("/accounts/login/", RIGHT, REMOTE_ADDR="198.51.100.9")
    assert "_auth_user_id" in owner.session


def test_other_spellings_of_a_name_are_counted_as_the_same(client):
    make_user("alice", second_factor=False)
    for name in ("alice", "ALICE", "Alice", "ａlice", "alıce"):
        log_in(client, login=name, password="wrong")

    assert log_in(client).status_code != 302
    assert as_counted("ſtraße") == as_counted("STRASSE")


def test_many_networks_together_get_no_further_than_the_account_s_limit(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login:account": "3/h"}
    make_user("alice", second_factor=False)
    owner, thief = Client(), Client()
    owner.post("/accounts/login/", RIGHT, REMOTE_ADDR="198.51.100.9")
    owner.post("/accounts/logout/")
    for number in range(3):
        wrong = {"login": "alice", "password": "wrong"}
        thief.post("/accounts/login/", wrong, REMOTE_ADDR=f"203.0.{number}.7")

    thief.post("/accounts/login/", RIGHT, REMOTE_ADDR="203.0.99.7")
    assert "_auth_user_id" not in thief.session
    owner.post("/accounts/login/", RIGHT, REMOTE_ADDR="198.51.100.200")
    assert "_auth_user_id" in owner.session  # From the network where they came in before.


def test_log_in_takes_as_long_whoever_is_named(monkeypatch):
    """By the hashes that are computed, which take a third of a second each, and the statements."""
    make_user("alice")
    make_user("off", is_active=False)
    User.objects.create_user("passkey")
    hashed = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher,
        "encode",
        lambda *about: hashed.append(1) or encode(*about),
    )
    found = set()
    for number, name in enumerate(("alice", "off", "passkey", "nobody")):
        hashed.clear()
        with CaptureQueriesContext(connection) as queries:
            wrong = {"login": name, "password": "wrong"}
            Client().post("/accounts/login/", wrong, REMOTE_ADDR=f"203.0.{number}.7")
        found.add((len(hashed), len(queries)))

    assert len(found) == 1
    assert found.pop()[0] > 0


def test_limits_of_the_library_see_no_address(client, settings):
    make_user("alice")
    store = redis.from_url(settings.CACHES["default"]["LOCATION"])
    cache.set(f"planted:{ADDRESS}", 1)
    assert holds(store, ADDRESS), "The search must be able to find something."
    cache.delete(f"planted:{ADDRESS}")

    log_in(client, password="wrong", HTTP_USER_AGENT="A browser of its own kind")
    log_in(client)

    keys = store.keys("*allauth*")
    assert any(b":ip:" in key for key in keys), "The library must have counted this network."
    assert holds(store, ADDRESS) == []
    assert holds(store, "A browser of its own kind") == []
    assert client.session["account_authentication_methods"], "The session must hold something."
    for row in Session.objects.all():
        assert ADDRESS not in str(SessionStore().decode(row.session_data))


def holds(connection, secret):
    raw = secret.encode()
    forms = [raw, base64.b64encode(raw).rstrip(b"="), raw.hex().encode()]
    forms += [hashlib.new(name, raw).hexdigest().encode() for name in ("md5", "sha1", "sha256")]
    return [
        key
        for key in connection.keys("*")
        for form in forms
        if form in key or form in connection.dump(key)
    ]
