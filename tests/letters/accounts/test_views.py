"""The doors of accounts: making one, entering it again, sessions, helping others."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.test import Client

from config.sessions import row_key
from letters.accounts import actions
from letters.accounts.adapter import SIGNED_IN_AT
from letters.models import AuditEntry, Invitation, Membership, Recovery, Role, User
from tests.admin_pages import text_of
from tests.factories import PASSWORD, make_letter, make_user, totp_code

pytestmark = pytest.mark.django_db

ADDRESS = "203.0.113.77"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
NEW = {"password1": "three small stones", "password2": "three small stones"}
BY_PASSWORD = {"username": "heron", "way": "password"}


def invitation():
    return f"/accounts/invitation/{actions.invite(actor=None)}/"


def recovery(user):
    return f"/accounts/recovery/{actions.offer_recovery(user=user, actor=None)}/"


def sign_up(client, page, **fields):
    return client.post(page, {**BY_PASSWORD, **NEW, **fields}, REMOTE_ADDR=ADDRESS)


# Making an account ----------------------------------------------------------------------------


def test_opening_an_invitation_uses_nothing_up(client):
    page = invitation()

    answers = [client.get(page), client.head(page), client.get(page)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert Invitation.objects.count() == 1
    assert not Session.objects.exists()


def test_sign_up_in_two_steps_with_password_and_app(client):
    page = invitation()

    second = client.post(page, BY_PASSWORD)
    assert 'name="password1"' in second.content.decode()
    assert Invitation.objects.count() == 1
    done = sign_up(client, page)

    assert done["Location"] == "/accounts/app/add/"
    app = client.get(done["Location"])
    secret = re.search(r"data-secret>(\w+)<", app.content.decode())[1]
    assert '<svg class="qr-code"' in app.content.decode()
    done = client.post(done["Location"], {"code": totp_code(secret)})
    assert done["Location"] == "/accounts/codes/"
    assert len(re.findall(r"<li>\d{8}</li>", client.get("/accounts/codes/").content.decode())) == 10
    assert client.get(page).status_code == 302, "Whoever is signed in needs no account."
    assert Client().get(page).status_code == 404


def test_sign_up_that_is_wrong_says_so_beside_the_field_and_keeps_the_name(client):
    page = invitation()

    answers = {
        "Choose a name, for example Heron.": {"username": ""},
        "Choose a name that is no mail address": {"username": "w.otterbourne@orrery.example"},
        "Enter a valid username": {"username": "two words"},
        "Somebody has this name already": {"username": "ALICE"},
        "Choose how you want to sign in.": {"way": ""},
    }
    make_user("alice")

    for sentence, fields in answers.items():
        answer = client.post(page, {**BY_PASSWORD, **fields})
        shown = answer.content.decode()
        assert shown.count(sentence) == 2, sentence
        assert f'value="{fields.get("username", "heron")}"' in shown or not fields.get("username")
    assert User.objects.count() == 1
    assert Invitation.objects.count() == 1


def test_sign_up_with_a_bad_password_says_so_and_keeps_nothing_of_it(client):
    page = invitation()

    answers = {
        "This password is too short": {"password1": "q7 x", "password2": "q7 x"},
        "This is not the same password as above.": {"password2": "something else"},
        "Choose a password.": {"password1": ""},
    }

    for sentence, fields in answers.items():
        shown = sign_up(client, page, **fields).content.decode()
        assert shown.count(sentence) == 2, sentence
        assert 'value="heron"' in shown
        assert "q7 x" not in shown
        assert "three small stones" not in shown
    assert not User.objects.exists()


def test_sign_up_in_open_registration_needs_no_invitation(client, settings):
    settings.REGISTRATION = "open"

    sign_up(client, "/accounts/signup/")

    assert User.objects.get().username == "heron"


def test_sign_up_is_limited_by_network(client, settings):
    settings.REGISTRATION = "open"
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "account:network": "1/h"}
    sign_up(Client(), "/accounts/signup/")

    answer = sign_up(client, "/accounts/signup/", username="ibis")

    assert answer.status_code == 429
    assert User.objects.count() == 1


def test_sign_up_by_passkey_asks_for_one_that_is_bound_to_a_number(client):
    """The rest of the ceremony is in the browser's tests."""
    page = invitation()
    data = {"username": "heron", "way": "passkey"}

    asked = client.post(page, data, headers={"host": "localhost"})
    answer = client.post(page, {**data, "credential": "{}"}, headers={"host": "localhost"})

    options = asked.context["js_data"]["creation_options"]["publicKey"]
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["user"]["name"] == "heron"
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not User.objects.exists()
    assert Invitation.objects.count() == 1


# Entering again -------------------------------------------------------------------------------


def test_opening_a_recovery_changes_nothing(client):
    bob = make_user("bob")
    page = recovery(bob)

    answers = [client.get(page), client.head(page), client.post(page, {"way": "password"})]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert "This link gives the account bob a new way in." in text_of(answers[0])
    assert Recovery.objects.count() == Authenticator.objects.count() == 1


def test_recover_with_a_password_leads_to_setting_up_the_app(client):
    bob = make_user("bob")
    page = recovery(bob)

    done = client.post(page, {"way": "password", **NEW})

    assert done["Location"] == "/accounts/app/add/"
    assert client.get(done["Location"]).status_code == 200
    assert Client().get(page).status_code == 404
    bob.refresh_from_db()
    assert bob.check_password(NEW["password1"])


def test_recover_with_a_bad_password_changes_nothing(client):
    bob = make_user("bob")

    answer = client.post(recovery(bob), {"way": "password", "password1": "1", "password2": "1"})

    assert answer.status_code == 200
    bob.refresh_from_db()
    assert bob.check_password(PASSWORD)
    assert Authenticator.objects.count() == 1


# Sessions -------------------------------------------------------------------------------------


def log_in(client, **extra):
    """All the way, as somebody would."""
    data = {"login": "alice", "password": PASSWORD}
    return client.post("/accounts/login/", data, REMOTE_ADDR=ADDRESS, **extra)


def test_sessions_are_listed_by_kind_of_browser_and_without_any_address(client):
    make_user("alice", second_factor=False)
    log_in(client, HTTP_USER_AGENT=FIREFOX)

    page = text_of(client.get("/accounts/sessions/"))

    assert "Firefox, Linux" in page
    assert "This one" in page
    [row] = User.objects.get().account_sessions.values()
    assert set(row) == {"id", "session_id", "user_id", "browser", "began_on"}
    assert row["browser"] == "Firefox, Linux"
    assert ADDRESS not in page


def test_sessions_can_be_ended_one_by_one_and_all_at_once(client):
    alice = make_user("alice", second_factor=False)
    others = [Client() for _number in range(3)]
    for browser in (client, *others):
        log_in(browser, HTTP_USER_AGENT=FIREFOX)
    first = alice.account_sessions.get(session_id=row_key(others[0].session.session_key))

    client.post("/accounts/sessions/", {"session": first.pk})
    after_one = [browser.get("/accounts/").status_code for browser in others]
    client.post("/accounts/sessions/")
    after_all = [browser.get("/accounts/").status_code for browser in others]

    assert (after_one, after_all) == ([302, 200, 200], [302, 302, 302])
    assert client.get("/accounts/").status_code == 200


def test_sessions_of_others_cannot_be_ended(client):
    bob = make_user("bob")
    browser = Client()
    browser.force_login(bob)
    actions.note_session(browser.session, bob, "")
    client.force_login(make_user("alice"))

    client.post("/accounts/sessions/", {"session": bob.account_sessions.get().pk})
    client.post("/accounts/sessions/", {"session": "nonsense"})

    assert browser.get("/accounts/").status_code == 200


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000, "²", "nonsense"])
def test_number_that_is_none_ends_no_session_and_helps_nobody(client, number):
    alice, other = make_user("alice"), Client()
    for browser in (client, other):
        browser.force_login(alice)
        actions.note_session(browser.session, alice, "")
    session = client.session
    session[SIGNED_IN_AT] = time.time()
    session.save()

    client.post("/accounts/sessions/", {"session": number})

    assert other.get("/accounts/").status_code == 200
    assert client.post("/accounts/people/", {"account": number}).status_code == 404


def test_new_password_ends_the_other_sessions_and_keeps_this_one(client):
    alice = make_user("alice", second_factor=False)
    other = Client()
    for browser in (client, other):
        log_in(browser)

    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, **NEW})

    assert (client.get("/accounts/").status_code, other.get("/accounts/").status_code) == (200, 302)
    [row] = alice.account_sessions.all()
    assert row.session_id == row_key(client.session.session_key)


# Helping others -------------------------------------------------------------------------------


def make_team():
    letter = make_letter(slug="one")
    people = {"alice": Role.OWNER, "olga": Role.OWNER, "bob": Role.MODERATOR}
    for name, role in people.items():
        user = make_user(name, is_staff=True)
        Membership.objects.create(letter=letter, user=user, role=role)
    return [User.objects.get(username=name) for name in people]


def come_in(client, user):
    """With the password and the six digits."""
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"code": totp_code()})
    return client


def test_owner_gives_a_link_that_is_shown_once_and_lets_the_other_owner_in(client):
    alice, olga, bob = make_team()
    come_in(client, alice)

    page = client.post("/accounts/people/", {"account": olga.pk})
    again = client.get("/accounts/people/")

    link = re.search(r"data-one-time-link>http://testserver(\S+?)</p>", page.content.decode())[1]
    assert page["Cache-Control"] == "no-store"
    assert link not in again.content.decode()
    assert set(again.context["people"]) == {bob, olga}
    done = Client().post(link, {"way": "password", **NEW})
    assert done.status_code == 302
    assert list(AuditEntry.objects.order_by("pk").values_list("verb", "actor", "letter__slug")) == [
        ("account.recovery_offered", alice.pk, "one"),
        ("account.recovered", None, "one"),
    ]


def test_other_owners_see_it_in_the_audit_trail(client):
    alice, olga, bob = make_team()
    actions.offer_recovery(user=bob, actor=alice)
    client.force_login(olga)

    page = text_of(client.get("/admin/letters/auditentry/?letter=one"))

    assert "account.recovery_offered" in page
    assert f"user:{bob.pk}" in page


def test_helping_asks_once_more_who_is_there(client):
    alice, _olga, bob = make_team()
    client.force_login(alice)

    answer = client.post("/accounts/people/", {"account": bob.pk})

    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert not Recovery.objects.exists()


@pytest.mark.parametrize("name", ["harriet", "charlie", "alice", "nonsense"])
def test_helping_anybody_else_is_not_found(client, name):
    alice, *_others = make_team()
    make_user("harriet", is_superuser=True)
    make_user("charlie")
    come_in(client, alice)
    numbers = dict(User.objects.values_list("username", "pk"))

    answer = client.post("/accounts/people/", {"account": numbers.get(name, name)})

    assert answer.status_code == 404
    assert not Recovery.objects.exists()


def test_helping_without_a_second_factor_leads_to_setting_one_up(client):
    make_user("alice", second_factor=False, is_superuser=True, is_staff=True)
    log_in(client)

    assert client.get("/accounts/people/")["Location"] == "/accounts/"


def test_helping_is_limited_by_account(client, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "recovery:account": "1/d"}
    alice, olga, bob = make_team()
    come_in(client, alice)
    client.post("/accounts/people/", {"account": olga.pk})

    answer = client.post("/accounts/people/", {"account": bob.pk})

    assert answer.status_code == 429
    assert Recovery.objects.get().user == olga
