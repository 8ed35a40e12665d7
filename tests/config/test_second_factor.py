"""Who has a second factor, what the administration demands, and what lies in the database."""

import time
from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from config.second_factor import Adapter, AddPasskeyForm, has_second_factor, passkeys_work_here
from letters.accounts.adapter import SIGNED_IN_AT
from letters.models import User
from tests.factories import PASSWORD, TOTP_SECRET, make_letter, make_user, totp_code
from tests.privacy.witnesses import heap_of_rows

pytestmark = pytest.mark.django_db

# What a browser answers on making a passkey is in the browser's tests.
PASSKEY = {"name": "phone", "credential": {}}


def add_passkey(user):
    return Authenticator.objects.create(user=user, type="webauthn", data=PASSKEY)


# Who has one ----------------------------------------------------------------------------------


def test_app_or_passkey_is_a_second_factor_and_recovery_codes_are_none():
    alice = make_user("alice", second_factor=False)
    RecoveryCodes.activate(alice)
    assert not has_second_factor(alice)

    passkey = add_passkey(alice)
    assert has_second_factor(alice)
    passkey.delete()

    assert not has_second_factor(alice)
    assert has_second_factor(make_user("bob"))


def test_nobody_and_accounts_that_are_switched_off_have_none():
    assert not has_second_factor(AnonymousUser())
    assert not has_second_factor(make_user("bob", is_active=False))


@pytest.mark.parametrize("debug", [True, False])
def test_demonstration_accounts_are_excepted_under_debug_only(settings, debug):
    settings.DEBUG = debug

    real = make_user("alice", second_factor=False)
    invented = make_user("organiser", second_factor=False, is_demonstration=True)

    assert (has_second_factor(real), has_second_factor(invented)) == (False, debug)


# The administration ---------------------------------------------------------------------------

PAGES = ["/admin/", "/admin/letters/letter/", "/admin/letters/user/", "/admin/jsi18n/"]


@pytest.mark.parametrize("page", PAGES)
def test_admin_leads_whoever_has_no_second_factor_to_set_one_up(client, page):
    make_letter()
    client.force_login(make_user("alice", is_staff=True, is_superuser=True, second_factor=False))

    answers = [client.get(page), client.post(page, {})]

    assert [answer["Location"] for answer in answers] == ["/accounts/"] * 2
    account = client.get("/accounts/").content.decode()
    assert "Set up a second factor" in account
    assert "To the administration" not in account


def test_admin_opens_once_the_app_is_set_up(client):
    alice = make_user("alice", is_staff=True, second_factor=False)
    client.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    assert client.get("/admin/").status_code == 302
    secret = client.get("/accounts/app/add/").context["form"].secret

    client.post("/accounts/app/add/", {"code": totp_code(secret)})

    assert has_second_factor(alice)
    assert client.get("/admin/").status_code == 200


def test_setting_up_keeps_the_secret_where_the_code_was_wrong(client):
    make_user("alice", second_factor=False)
    client.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    secret = client.get("/accounts/app/add/").context["form"].secret

    answer = client.post("/accounts/app/add/", {"code": "1"})

    assert answer.context["form"].secret == secret
    assert 'value="1"' in answer.content.decode()
    assert answer.content.decode().count("This code is not right") == 2


def test_factors_change_only_for_whoever_has_just_shown_who_they_are():
    alice = make_user("alice")
    browser = Client()
    browser.force_login(alice)  # Without having typed anything.

    for page in ("app/remove/", "passkeys/add/", "codes/", "codes/renew/", "password/set/"):
        if page == "codes/":
            RecoveryCodes.activate(alice)
        answer = (
            browser.post(f"/accounts/{page}")
            if page != "codes/"
            else browser.get(f"/accounts/{page}")
        )
        assert answer["Location"].startswith("/accounts/reauthenticate/"), page

    assert Authenticator.objects.filter(user=alice, type="totp").exists()


def test_the_only_way_into_an_account_cannot_be_removed(client):
    alice = make_user("alice", second_factor=False)
    client.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    first, second = add_passkey(alice), add_passkey(alice)
    alice.set_unusable_password()
    adapter = Adapter()

    assert adapter.can_delete_authenticator(first)
    second.delete()

    first.user = alice
    assert not adapter.can_delete_authenticator(first)
    alice.set_password(PASSWORD)
    assert adapter.can_delete_authenticator(first)


def test_page_refuses_to_remove_the_only_way_into_an_account(client):
    alice = make_user("alice", second_factor=False)
    client.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    passkey = add_passkey(alice)
    User.objects.update(password=make_password(None))
    client.force_login(User.objects.get())
    session = client.session
    session[SIGNED_IN_AT] = time.time()
    session.save()

    answer = client.post(f"/accounts/passkeys/{passkey.pk}/remove/", follow=True)

    assert "This is the only way into your account." in answer.content.decode()
    assert Authenticator.objects.filter(pk=passkey.pk).exists()


def test_passkey_is_asked_to_verify_its_user_wherever_it_is_used(client):
    make_user("alice", second_factor=False)
    asked = client.get("/accounts/passkeys/login/", headers={"accept": "application/json"})
    login = asked.json()["request_options"]["publicKey"]
    client.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    adding = client.get("/accounts/passkeys/add/").context["js_data"]["creation_options"]

    assert login["userVerification"] == "required"
    assert adding["publicKey"]["authenticatorSelection"]["userVerification"] == "required"


# At rest --------------------------------------------------------------------------------------


def test_secrets_and_recovery_codes_cannot_be_read_in_the_database():
    alice = make_user("alice")
    codes = RecoveryCodes.activate(alice)
    heap = heap_of_rows()

    assert b"alice" in heap, "The search must find something."
    assert TOTP_SECRET.encode() not in heap
    seed = Adapter().decrypt(codes.instance.data["seed"])
    assert seed.encode() not in heap
    for code in codes.get_unused_codes():
        assert code.encode() not in heap


# The pages ------------------------------------------------------------------------------------


def test_qr_code_holds_the_secret_and_needs_no_style():
    svg = Adapter().build_totp_svg("otpauth://totp/heron?secret=ABC&issuer=x")

    assert svg.startswith('<svg class="qr-code" viewBox="0 0 ')
    assert "style" not in svg
    assert svg.count("h1v1h-1z") > 300


@pytest.mark.parametrize(
    ("host", "work"),
    [
        ("letters.example.org", True),
        ("localhost:8000", True),
        ("127.0.0.1:8000", False),
        ("127.0.0.1", False),
        ("[::1]:8000", False),
    ],
)
def test_passkeys_work_under_names_only(rf, settings, host, work):
    settings.ALLOWED_HOSTS = ["*"]

    assert passkeys_work_here(rf.get("/", headers={"host": host})) is work


# What the session has shown -------------------------------------------------------------------


def log_in(browser):
    return browser.post("/accounts/login/", {"login": "alice", "password": PASSWORD})


def test_adding_an_app_ends_all_other_sessions(client):
    make_user("alice", is_staff=True, is_superuser=True, second_factor=False)
    thief = Client()
    for browser in (thief, client):
        log_in(browser)
    secret = client.get("/accounts/app/add/").context["form"].secret

    client.post("/accounts/app/add/", {"code": totp_code(secret)})

    assert client.get("/admin/").status_code == 200
    assert thief.get("/accounts/")["Location"].startswith("/accounts/login/")


def test_adding_a_passkey_ends_all_other_sessions(client, monkeypatch):
    alice = make_user("alice", is_staff=True, second_factor=False)
    thief = Client()
    for browser in (thief, client):
        log_in(browser)
    monkeypatch.setattr(AddPasskeyForm, "clean", lambda form: form.cleaned_data)
    monkeypatch.setattr(
        "allauth.mfa.webauthn.internal.flows.auth.WebAuthn.add",
        lambda user, name, credential: SimpleNamespace(instance=add_passkey(user)),
    )

    client.post("/accounts/passkeys/add/", {"name": "key", "credential": '{"made": 1}'})

    assert has_second_factor(alice)
    assert client.get("/admin/").status_code == 200
    assert thief.get("/accounts/")["Location"].startswith("/accounts/login/")


def test_session_that_showed_a_password_only_does_not_open_the_admin(client):
    """Whatever was forgotten when the factor was added: the session itself is asked."""
    alice = make_user("alice", is_staff=True, is_superuser=True, second_factor=False)
    log_in(client)
    TOTP.activate(alice, TOTP_SECRET)

    answer = client.get("/admin/letters/letter/")

    page = "/accounts/2fa/reauthenticate/?next=%2Fadmin%2Fletters%2Fletter%2F"
    assert answer["Location"] == page
    assert client.post("/admin/letters/letter/", {})["Location"].startswith("/accounts/2fa/")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.get("/admin/").status_code == 302  # The password again is no second factor.
    answer = client.post(page, {"code": totp_code()})
    assert answer["Location"] == "/admin/letters/letter/"
    assert client.get("/admin/letters/letter/").status_code == 200


def test_session_that_showed_a_password_only_neither_publishes_nor_helps(client):
    alice = make_user("alice", is_superuser=True, second_factor=False)
    letter = make_letter(status="draft")
    log_in(client)
    TOTP.activate(alice, TOTP_SECRET)
    page = f"/manage/letters/{letter.slug}/publish/"

    answers = [client.get(page), client.post(page, {}), client.get("/accounts/people/")]

    for answer in answers:
        assert answer["Location"].startswith("/accounts/2fa/reauthenticate/?next=")


@pytest.mark.parametrize(
    "page",
    [
        "app/add/",
        "app/remove/",
        "codes/",
        "codes/download/",
        "codes/renew/",
        "mail/",
        "passkeys/add/",
        "passkeys/{}/name/",
        "passkeys/{}/remove/",
        "password/change/",
        "password/set/",
    ],
)
def test_session_that_showed_a_password_only_changes_no_way_in(client, page):
    """Else a thief who came in a moment too early would take the factor away again."""
    alice = make_user("alice", second_factor=False)
    log_in(client)
    TOTP.activate(alice, TOTP_SECRET)
    RecoveryCodes.activate(alice)
    page = f"/accounts/{page.format(add_passkey(alice).pk)}"
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    before = list(Authenticator.objects.values_list("pk", "type", "data"))

    answers = [client.get(page), client.post(page, {"name": "mine"})]

    for answer in answers:
        assert answer["Location"].startswith("/accounts/2fa/reauthenticate/?next=")
    assert list(Authenticator.objects.values_list("pk", "type", "data")) == before


def test_whoever_has_only_a_passkey_is_asked_for_it(client):
    alice = make_user("alice", is_staff=True, second_factor=False)
    log_in(client)
    add_passkey(alice)

    assert client.get("/admin/")["Location"].startswith("/accounts/passkeys/reauthenticate/?next=")


def test_what_somebody_else_showed_in_the_same_session_does_not_count(client):
    alice, bob = (make_user(name, is_staff=True) for name in ("alice", "bob"))
    client.force_login(alice)
    records = client.session["account_authentication_methods"]
    client._login(bob, "django.contrib.auth.backends.ModelBackend")
    session = client.session
    session["account_authentication_methods"] = records
    session["account_authentication_methods_user"] = str(alice.pk)
    session.save()

    assert client.get("/admin/").status_code == 302
