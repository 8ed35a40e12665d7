"""Verification by login, against a provider that is one, and against one that lies."""

import re
import time
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.core import signing as signed
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config import openid, providers
from letters.models import Status, Visibility
from signatories import statistics
from signatories.actions import appearing, own
from signatories.models import (
    Appearance,
    Method,
    Signature,
    State,
    UsedAddress,
    Verification,
)
from signatories.verification import login
from signatories.views.login import sentence_for
from tests.factories import make_letter, make_organisation, make_signature
from tests.privacy.witnesses import all_rows
from tests.provider import ALICE, CLIENT, SECRET, OpenIdProvider

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running():
    provider = OpenIdProvider()
    yield provider
    provider.stop()


@pytest.fixture
def provider(running, settings):
    running.person, running.claims, running.faults = dict(ALICE), {}, set()
    running.description = {}
    running.requests.clear()
    settings.LOGIN_PROVIDERS = {"openid": openid_of(running)}
    return running


@pytest.fixture
def google():
    return make_organisation("Google", "google.example")


@pytest.fixture
def letter(google):
    return make_letter()


def openid_of(running):
    return providers.generic(running.issuer, CLIENT, SECRET, ["google.example"])


def typed(**fields):
    return {
        "name": "Alice Featherstonehaugh",
        "email": "alice@google.example",
        "organisation": "Google",
        "tenure": "current",
        "title": "Astronomer",
        "role": "",
        "appearance": "named",
        "proof": "login",
        **fields,
    }


def enter(client, letter, **fields):
    """Fill in the form and choose the login; return the address of the page before it."""
    sent = client.post(f"/letters/{letter.slug}/sign/", typed(**fields))
    assert sent.status_code == 302, sent.content.decode()
    return sent["Location"]


def leave(client, page, key="openid"):
    """Press the button; return the address at the provider to which the browser goes."""
    left = client.post(page, {"provider": key})
    assert left.status_code == 200
    return unescape(re.search(r'content="0; url=([^"]+)"', left.content.decode())[1])


def log_in(url):
    """Log in at the provider; return the path and query with which it sends the browser back."""
    back = urlsplit(httpx.get(url, trust_env=False).headers["Location"])
    assert f"{back.scheme}://{back.netloc}" == "http://testserver"
    return f"{back.path}?{back.query}"


def sign(client, letter, **fields):
    """Everything, up to the answer to the browser that comes back."""
    page = enter(client, letter, **fields)
    return client.get(log_in(leave(client, page)))


def problem_of(response):
    return parse_qs(urlsplit(response["Location"]).query).get("problem", [""])[0]


# It works -----------------------------------------------------------------------------------


def test_login_proves_address_and_organisation_and_leads_to_the_receipt(
    client, provider, letter, google, mailoutbox
):
    response = sign(client, letter)

    signature = Signature.objects.get()
    assert response.status_code == 302
    assert re.fullmatch(r"/signature/[\w-]{43}/receipt/", response["Location"])
    assert client.get(response["Location"]).status_code == 200
    assert (signature.state, signature.method) == (State.IN_REVIEW, Method.LOGIN)
    assert (signature.name, signature.organisation) == ("Alice Featherstonehaugh", google)
    assert signature.address_digest == UsedAddress.objects.get().digest
    assert not Verification.objects.exists()
    assert mailoutbox == []


def test_login_stores_nothing_that_the_provider_sent(client, provider, letter, caplog):
    sign(client, letter)

    kept = str(all_rows()) + caplog.text
    kept += str([cache.get(key) for key in cache._cache.get_client().keys("*")])
    for secret in [*provider.issued, ALICE["sub"], ALICE["email"]]:
        assert secret not in kept
    assert client.cookies["login"].value == ""
    assert "sessionid" not in client.cookies
    assert not any("social" in table for table in all_rows())


def test_provider_learns_neither_letter_nor_address_nor_name_from_us(client, provider, letter):
    sign(client, letter)

    asked = str(provider.requests)
    for word in (letter.slug, letter.title, "alice", "Featherstonehaugh", "google.example"):
        assert word not in asked


def test_provider_that_takes_the_secret_in_the_form_only_is_served(client, provider, letter):
    provider.faults = {"post only"}

    sign(client, letter)

    assert Signature.objects.get().method == Method.LOGIN


def test_address_at_the_userinfo_door_counts_for_the_same_person(client, provider, letter):
    provider.faults = {"address elsewhere"}

    sign(client, letter)

    assert Signature.objects.get().method == Method.LOGIN


def test_answer_sent_twice_leads_to_the_same_receipt(client, provider, letter):
    page = enter(client, letter)
    back = log_in(leave(client, page))
    cookie = client.cookies["login"].value

    first = client.get(back)
    client.cookies["login"] = cookie  # The first answer was lost on its way.
    second = client.get(back)

    assert first["Location"] == second["Location"]
    assert Signature.objects.count() == UsedAddress.objects.count() == 1


def test_login_is_counted_by_method_in_the_statistics(client, provider, letter):
    sign(client, letter)
    Signature.objects.update(
        state=State.PUBLISHED, published_on="2026-01-20", roll_key="a", address_digest=None
    )

    figures = statistics.count_figures(letter)

    counted = {"none": 0, "mailbox": 0, "login": 1, "vouch": 0, "shown": 0}
    assert figures["by_method"] == counted


# One address, one signature -----------------------------------------------------------------


def receipt_without_secrets(client, response):
    page = client.get(response["Location"]).content.decode()
    page = re.sub(r'name="served" value="[^"]*"', "when it was served", page)
    return re.sub(r"[\w-]{43,64}|\w{4}-\w{4}-\w{4}", "secret", page)


def test_second_login_with_the_same_address_is_a_duplicate_that_looks_the_same(provider, letter):
    first = receipt_without_secrets(Client(), sign(Client(), letter))
    second = receipt_without_secrets(Client(), sign(Client(), letter))

    assert first == second
    assert sorted(Signature.objects.values_list("state", flat=True)) == ["duplicate", "in_review"]
    assert UsedAddress.objects.count() == 1


def test_login_asks_as_much_of_the_database_for_a_known_address(provider, letter):
    """Up to the answer nothing looks whether an address has signed, and then only a constraint."""
    counts = {}
    for name in ("first of all", "new", "known"):
        provider.person["email"] = address = (
            "bob@google.example" if name == "first of all" else "alice@google.example"
        )
        with CaptureQueriesContext(connection) as queries:
            sign(Client(), letter, email=address)
        counts[name] = len(queries)

    assert counts["new"] == counts["known"]


@pytest.mark.parametrize("first", ["code", "login"])
def test_code_and_login_use_up_the_same_address(client, provider, letter, deliver, code_of, first):
    def by_code():
        page = client.post(f"/letters/{letter.slug}/sign/", typed(proof=""))["Location"]
        [message] = deliver()
        return client.post(page, {"code": code_of(message)})

    def by_login():
        provider.person["email"] = "Alice+tag@google.example"
        return sign(client, letter)

    ways = [by_code, by_login] if first == "code" else [by_login, by_code]
    for way in ways:
        assert way().status_code == 302

    assert Signature.objects.filter(state=State.DUPLICATE).count() == 1
    assert UsedAddress.objects.count() == 1


# Where it is offered ---------------------------------------------------------------------------


def form_of(client, letter):
    return client.get(f"/letters/{letter.slug}/sign/").content.decode()


def test_login_is_not_offered_unless_configured(client, letter):
    page = client.post(f"/letters/{letter.slug}/sign/", typed())["Location"]

    assert "work login" not in form_of(client, letter)
    assert page.endswith("/") and not page.endswith("/login/")
    assert client.get(f"{page}login/").status_code == 404
    assert client.get("/login/openid/").status_code == 404


@pytest.mark.parametrize("fields", [{"allows_login": False}, {"allows_named": False}])
def test_login_is_offered_as_the_letter_wants(client, provider, google, fields):
    assert "work login" in form_of(client, make_letter())
    assert "work login" not in form_of(client, make_letter(**fields))


def test_entry_by_login_waits_without_a_code_until_one_is_asked_for(
    client, provider, letter, deliver, code_of
):
    page = enter(client, letter)
    assert deliver() == []

    asked = client.post(page, {"code": "1"})
    [message] = deliver()
    client.post(asked["Location"], {"code": code_of(message)})

    assert asked["Location"] == page.removesuffix("login/")
    assert Signature.objects.get().method == Method.MAILBOX


def test_code_page_offers_the_login_too(client, provider, letter):
    page = client.post(f"/letters/{letter.slug}/sign/", typed(proof=""))["Location"]

    assert f'href="{page}login/"' in client.get(page).content.decode()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"appearance": "anonymous"}, "A login is for people who sign by name"),
        ({"tenure": "former"}, "A login proves that you work there now"),
        ({"organisation": ""}, "an organisation we know"),
        ({"organisation": "Nobody Knows Ltd"}, "an organisation we know"),
    ],
)
def test_login_is_refused_on_the_form_for_what_it_cannot_prove(
    client, provider, letter, fields, sentence
):
    response = client.post(f"/letters/{letter.slug}/sign/", typed(**fields))

    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not Signature.objects.exists()


def test_no_login_page_for_an_anonymous_entry(client, provider, letter):
    page = client.post(f"/letters/{letter.slug}/sign/", typed(proof="", appearance="anonymous"))[
        "Location"
    ]

    assert client.get(f"{page}login/").status_code == 404
    assert client.post(f"{page}login/", {"provider": "openid"}).status_code == 404
    assert "work login" not in client.get(page).content.decode()


def test_page_before_the_login_says_who_sees_it_and_asks_nobody(client, provider, letter):
    page = client.get(enter(client, letter))

    text = page.content.decode()
    assert "<b>The provider</b> sees that you" in text
    assert "<b>Your employer</b>, who administers work accounts" in text
    assert "alice@google.example" not in text
    assert provider.requests == []
    assert "login" not in client.cookies


# Who may come back ------------------------------------------------------------------------------


def nothing_was_confirmed():
    signature = Signature.objects.get()
    return signature.state == State.UNCONFIRMED and not UsedAddress.objects.exists()


def test_answer_in_another_browser_proves_nothing(client, provider, letter):
    """Somebody else's answer, slipped in as a link."""
    back = log_in(leave(client, enter(client, letter)))

    response = Client().get(back)

    assert response.status_code == 400
    assert "This login has ended" in response.content.decode()
    assert nothing_was_confirmed()


def test_state_of_another_login_proves_nothing(client, provider, letter):
    stranger = Client()
    foreign = log_in(leave(stranger, enter(stranger, make_letter())))
    leave(client, enter(client, letter))

    response = client.get(foreign)

    assert problem_of(response) == login.ENDED
    assert not UsedAddress.objects.exists()


def test_state_is_good_for_one_answer_only(client, provider, letter):
    provider.faults = {"fail /token"}
    back = log_in(leave(client, enter(client, letter)))
    cookie = client.cookies["login"].value
    assert problem_of(client.get(back)) == login.UNTRUSTED

    provider.faults = set()
    client.cookies["login"] = cookie
    response = client.get(back)

    assert problem_of(response) == login.ENDED
    assert nothing_was_confirmed()


def test_login_begun_anew_ends_the_earlier_one(client, provider, letter):
    page = enter(client, letter)
    first = log_in(leave(client, page))
    cookie = client.cookies["login"].value
    leave(client, page)

    client.cookies["login"] = cookie
    response = client.get(first)

    assert problem_of(response) == login.ENDED
    assert nothing_was_confirmed()


def test_used_code_under_a_fresh_state_proves_nothing(client, provider, letter):
    other = Client()
    used = log_in(leave(other, enter(other, make_letter())))
    code = parse_qs(urlsplit(used).query)["code"][0]
    other.get(used)
    state = parse_qs(urlsplit(leave(client, enter(client, letter))).query)["state"][0]

    response = client.get(f"/login/openid/?state={state}&code={code}")

    assert problem_of(response) == login.UNTRUSTED
    assert letter.signatures.get().state == State.UNCONFIRMED


def test_unused_code_of_somebody_elses_login_proves_nothing(client, provider, letter):
    """Injected under the victim's own state: the verifier of RFC 7636 does not fit."""
    attacker = Client()
    stolen = log_in(leave(attacker, enter(attacker, make_letter())))
    code = parse_qs(urlsplit(stolen).query)["code"][0]
    state = parse_qs(urlsplit(leave(client, enter(client, letter))).query)["state"][0]

    response = client.get(f"/login/openid/?state={state}&code={code}")

    assert problem_of(response) == login.UNTRUSTED
    assert letter.signatures.get().state == State.UNCONFIRMED


def test_answer_after_ten_minutes_proves_nothing(client, provider, letter, settings):
    back = log_in(leave(client, enter(client, letter)))
    settings.LOGIN_MINUTES = -1

    response = client.get(back)

    assert response.status_code == 400
    assert nothing_was_confirmed()


@pytest.mark.parametrize("cookie", ["", "x", "W10:x:y", "\0", "é" * 400])
def test_answer_with_a_made_up_cookie_proves_nothing(client, provider, letter, cookie):
    back = log_in(leave(client, enter(client, letter)))
    client.cookies["login"] = cookie

    assert client.get(back).status_code == 400
    assert nothing_was_confirmed()


def test_answer_of_another_provider_proves_nothing(client, provider, letter):
    back = log_in(leave(client, enter(client, letter)))
    mixed = re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Fevil.example", back)

    assert problem_of(client.get(mixed)) == login.UNTRUSTED
    assert nothing_was_confirmed()


def test_cancelled_login_keeps_the_entry_and_offers_the_code(client, provider, letter):
    provider.faults = {"cancel"}

    response = sign(client, letter)
    page = client.get(response["Location"])

    assert problem_of(response) == login.CANCELLED
    assert "The login was cancelled." in page.content.decode()
    assert "Have a code sent instead" in page.content.decode()
    assert nothing_was_confirmed()


def test_answer_leads_nowhere_else_whatever_it_asks(client, provider, letter):
    back = log_in(leave(client, enter(client, letter)))

    response = client.get(f"{back}&next=https://evil.example/&redirect_uri=//evil.example")

    assert re.fullmatch(r"/signature/[\w-]{43}/receipt/", response["Location"])


def test_every_problem_has_a_sentence_of_its_own():
    sentences = {sentence_for(problem) for problem in login.PROBLEMS}

    assert "" not in sentences
    assert len(sentences) == len(login.PROBLEMS)


def test_two_answers_at_once_are_one(client, provider, letter):
    leave(client, enter(client, letter))
    secret = signed.loads(client.cookies["login"].value, salt="login")[0]
    verification, made = Verification.objects.get(), openid_of(provider)

    assert login._spend(verification, made, secret)
    assert not login._spend(verification, made, secret)


def test_problem_in_the_address_says_only_what_we_wrote(client, provider, letter):
    page = client.get(f"{enter(client, letter)}?problem=Send+money")

    assert "Send money" not in page.content.decode()


# What proves nothing --------------------------------------------------------------------------

# Read when the tests are collected, and a run of all of them takes a while.
NOW, A_WEEK = int(time.time()), 7 * 86_400


@pytest.mark.parametrize(
    ("claims", "faults"),
    [
        ({"aud": "another client"}, ()),
        ({"aud": "another client", "azp": CLIENT}, ()),
        ({"aud": [CLIENT, "another client"]}, ()),
        ({"aud": [CLIENT, "another client"], "azp": "another client"}, ()),
        ({"iss": "https://evil.example"}, ()),
        ({"exp": NOW - 3600}, ()),
        ({"iat": NOW - 3600}, ()),
        ({"iat": NOW + A_WEEK}, ()),
        ({"iat": float("inf")}, ()),
        ({"nonce": "of another login"}, ()),
        ({"nonce": None}, ()),
        ({"exp": None}, ()),
        ({"sub": None}, ()),
        ({}, {"foreign signature"}),
        ({}, {"no signature"}),
        ({}, {"shared secret"}),
        ({}, {"address elsewhere", "other person"}),
    ],
)
def test_token_that_is_not_ours_now_and_signed_is_not_believed(
    client, provider, letter, claims, faults, caplog
):
    provider.claims, provider.faults = claims, set(faults)

    response = sign(client, letter)

    assert problem_of(response) == login.UNTRUSTED
    assert client.get(response["Location"]).status_code == 200
    assert nothing_was_confirmed()
    assert "alice" not in caplog.text


@pytest.mark.parametrize("is_verified", [False, None, "true", 1])
def test_unverified_address_proves_nothing(client, provider, letter, is_verified):
    provider.person["email_verified"] = is_verified

    assert problem_of(sign(client, letter)) == login.UNVERIFIED
    assert nothing_was_confirmed()


@pytest.mark.parametrize(
    "email", ["bob@google.example", "alice@orrery.example", "alice@google.example.evil.example"]
)
def test_another_address_than_the_one_typed_proves_nothing(client, provider, letter, email):
    provider.person["email"] = email

    assert problem_of(sign(client, letter)) == login.OTHER_ADDRESS
    assert nothing_was_confirmed()


def test_address_typed_anew_between_the_steps_needs_a_login_of_its_own(client, provider, letter):
    back = log_in(leave(client, enter(client, letter)))
    leave(client, enter(client, letter, email="bob@google.example"))

    response = client.get(back)

    assert problem_of(response) == login.ENDED
    assert not UsedAddress.objects.exists()


@pytest.mark.parametrize("email", ["", None, "nobody", "a b@google.example", ["x"]])
def test_what_is_no_address_proves_nothing(client, provider, letter, email):
    provider.person["email"] = email

    sign(client, letter)

    assert nothing_was_confirmed()


def test_private_address_proves_no_organisation(client, provider, letter):
    provider.person["email"] = "alice@gmail.com"

    response = sign(client, letter, email="alice@gmail.com")

    assert problem_of(response) == login.NOT_PROVEN
    assert nothing_was_confirmed()


def test_provider_speaks_for_its_own_domains_only(client, provider, letter):
    """An employer's own provider cannot make signatures of another organisation."""
    make_organisation("Orrery", "orrery.example")
    provider.person["email"] = "alice@orrery.example"

    response = sign(client, letter, email="alice@orrery.example", organisation="Orrery")

    assert problem_of(response) == login.NOT_PROVEN
    assert nothing_was_confirmed()


def test_organisation_claimed_otherwise_is_not_proven(client, provider, letter):
    make_organisation("Orrery", "orrery.example")

    response = sign(client, letter, organisation="Orrery")

    assert problem_of(response) == login.NOT_PROVEN
    assert nothing_was_confirmed()


# Presets --------------------------------------------------------------------------------------


def preset(running, settings, made):
    """A preset that speaks with the provider of the tests instead of the real one."""
    import dataclasses

    made = dataclasses.replace(
        made,
        issuer=running.issuer,
        configuration_url=providers.configuration_of(running.issuer),
    )
    settings.LOGIN_PROVIDERS = {made.key: made}
    return made.key


def sign_by(key, client, letter, **fields):
    return client.get(log_in(leave(client, enter(client, letter, **fields), key)))


def test_google_proves_a_workplace_by_its_organisation_claim(client, provider, letter, settings):
    key = preset(provider, settings, providers.google(CLIENT, SECRET))
    provider.person |= {"hd": "google.example", "email": "alice@chronos.example"}

    sign_by(key, client, letter, email="alice@chronos.example")

    signature = Signature.objects.get()
    assert (signature.method, signature.organisation.name) == (Method.LOGIN, "Google")


@pytest.mark.parametrize(
    ("rules", "hd", "email", "is_proof"),
    [
        ({}, "uni.example", "alice@uni.example", True),
        ({"includes_subdomains": True}, "cs.uni.example", "alice@cs.uni.example", True),
        # Students have accounts there too: "then it proves nothing".
        ({"is_staff_only": False}, "uni.example", "alice@uni.example", False),
        # Domains of one workplace at Google are Google's word, unless the directory knows better.
        ({}, "uni.example", "alice@elsewhere.example", True),
        ({}, "uni.example", "alice@students.example", False),
        ({}, "uni.example", "alice@x.uni.example", False),
        ({}, "uni.example", "alice@alumni.uni.example", False),
        ({}, "uni.example", "alice@orrery.example", False),
        ({}, "UNI.example\0", "alice@uni.example", False),
    ],
)
def test_google_proves_no_workplace_where_a_mailbox_would_not(
    client, provider, letter, settings, rules, hd, email, is_proof
):
    university = make_organisation("University", "uni.example")
    university.domains.update(**rules)
    university.domains.create(
        domain="students.example", mailbox_domain="students.example", is_staff_only=False
    )
    make_organisation("Orrery", "orrery.example")
    key = preset(provider, settings, providers.google(CLIENT, SECRET))
    provider.person |= {"hd": hd, "email": email}

    response = sign_by(key, client, letter, email=email, organisation="University")

    assert problem_of(response) == ("" if is_proof else login.NOT_PROVEN)
    assert (Signature.objects.get().method == Method.LOGIN) == is_proof


@pytest.mark.parametrize("hd", [None, "orrery.example", ["google.example"]])
def test_private_google_account_with_a_work_address_proves_nothing(
    client, provider, letter, settings, hd
):
    key = preset(provider, settings, providers.google(CLIENT, SECRET))
    provider.person["hd"] = hd

    assert problem_of(sign_by(key, client, letter)) == login.NOT_PROVEN
    assert nothing_was_confirmed()


TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"


@pytest.mark.parametrize(
    ("claims", "problem"),
    [
        ({"tid": TENANT}, ""),
        ({"tid": TENANT.upper()}, ""),
        ({"tid": "9188040d-6c67-4c5b-b112-36a304b66dad"}, login.NOT_PROVEN),
        ({"tid": None}, login.NOT_PROVEN),
        ({"tid": TENANT, "idp": "https://sts.windows.net/another/"}, login.NOT_PROVEN),
        ({"tid": TENANT, "acct": 1}, login.NOT_PROVEN),
    ],
)
def test_microsoft_proves_by_a_mapped_tenant_and_its_own_members(
    client, provider, letter, google, settings, claims, problem
):
    tenants = [f"{TENANT}={google.slug}"]
    key = preset(provider, settings, providers.microsoft(CLIENT, SECRET, tenants))
    provider.person |= {"email_verified": None, **claims}

    response = sign_by(key, client, letter)

    assert problem_of(response) == problem
    assert (Signature.objects.get().method == Method.LOGIN) == (not problem)


def test_microsoft_tenant_cannot_give_away_addresses_elsewhere(
    client, provider, letter, google, settings
):
    tenants = [f"{TENANT}={google.slug}"]
    key = preset(provider, settings, providers.microsoft(CLIENT, SECRET, tenants))
    provider.person |= {"tid": TENANT, "email": "victim@gmail.com"}

    response = sign_by(key, client, letter, email="victim@gmail.com")

    assert problem_of(response) == login.NOT_PROVEN
    assert nothing_was_confirmed()


def test_issuer_of_a_microsoft_token_is_that_of_its_tenant(
    client, provider, letter, google, settings
):
    import dataclasses

    tenants = [f"{TENANT}={google.slug}"]
    key = preset(provider, settings, providers.microsoft(CLIENT, SECRET, tenants))
    made = settings.LOGIN_PROVIDERS[key]
    found = openid._configuration(made)
    template = f"{made.issuer}/{{tenantid}}/v2.0"
    settings.LOGIN_PROVIDERS = {key: dataclasses.replace(made, issuer=template)}
    provider.person |= {"tid": TENANT}
    made = settings.LOGIN_PROVIDERS[key]

    def issued(issuer):
        provider.claims = {"iss": issuer}
        tokens = {"id_token": provider.id_token(openid._nonce_of(made, "secret"))}
        return openid._read_token(made, "secret", tokens, found)

    assert issued(template.replace("{tenantid}", TENANT))["tid"] == TENANT
    with pytest.raises(openid.Untrusted):
        issued(template.replace("{tenantid}", "another"))
    with pytest.raises(openid.Untrusted):
        issued(template)


# Trouble with the provider ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        *(f"{kind} /.well-known/openid-configuration" for kind in ("fail", "babble", "list")),
        *(f"{kind} /.well-known/openid-configuration" for kind in ("swell", "wander", "nest")),
        "other issuer",
    ],
)
def test_provider_in_trouble_before_the_login_keeps_the_entry(client, provider, letter, fault):
    page = enter(client, letter)
    provider.faults = {fault}

    response = client.post(page, {"provider": "openid"})

    assert response.status_code == 200
    assert "The login provider does not answer now." in response.content.decode()
    assert "Have a code sent instead" in response.content.decode()
    assert nothing_was_confirmed()


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("fail /token", login.UNTRUSTED),
        ("babble /token", login.UNTRUSTED),
        ("list /token", login.UNTRUSTED),
        ("swell /token", login.DOWN),
        ("wander /token", login.UNTRUSTED),
        ("fail /jwks", login.DOWN),
        ("babble /jwks", login.DOWN),
        ("wander /jwks", login.DOWN),
        ("swell /jwks", login.DOWN),
        ("nest /token", login.DOWN),
        ("nest /jwks", login.DOWN),
        ("plain endpoint", login.DOWN),
    ],
)
def test_provider_in_trouble_after_the_login_keeps_the_entry(
    client, provider, letter, fault, problem
):
    back = log_in(leave(client, enter(client, letter)))
    provider.faults = {fault}

    response = client.get(back)

    assert problem_of(response) == problem
    assert "Have a code sent instead" in client.get(response["Location"]).content.decode()
    assert nothing_was_confirmed()


@pytest.mark.parametrize(
    "description",
    [
        {"authorization_endpoint": "https://[::1"},
        {"authorization_endpoint": ["https://provider.example"]},
        {"authorization_endpoint": None},
        {"issuer": ["https://provider.example"]},
    ],
)
def test_nonsense_of_a_provider_before_the_login_is_no_answer(
    client, provider, letter, description
):
    page = enter(client, letter)
    provider.description = description

    response = client.post(page, {"provider": "openid"})

    assert "The login provider does not answer now." in response.content.decode()
    assert nothing_was_confirmed()


@pytest.mark.parametrize(
    ("description", "claims"),
    [
        ({"token_endpoint": "https://[::1"}, {}),
        ({"token_endpoint_auth_methods_supported": None}, {}),
        ({"token_endpoint_auth_methods_supported": 7}, {}),
        ({"jwks_uri": "https://[::1"}, {}),
        ({"jwks_uri": {"keys": []}}, {}),
        ({}, {"iat": str(int(time.time()))}),
        ({}, {"nonce": "\ud800"}),
    ],
)
def test_nonsense_of_a_provider_after_the_login_is_no_answer(
    client, provider, letter, description, claims, caplog
):
    back = log_in(leave(client, enter(client, letter)))
    provider.description, provider.claims = description, claims

    response = client.get(back)

    assert problem_of(response) == login.DOWN
    assert "Have a code sent instead" in client.get(response["Location"]).content.decode()
    assert nothing_was_confirmed()
    assert "alice" not in caplog.text


@pytest.mark.parametrize("kind", ["sleep", "drip", "trickle"])
@pytest.mark.parametrize("path", ["/token", "/jwks"])
def test_slow_provider_holds_nobody_up(client, provider, letter, monkeypatch, kind, path):
    monkeypatch.setattr(openid, "SECONDS", 0.6)
    back = log_in(leave(client, enter(client, letter)))
    provider.faults = {f"{kind} {path}"}
    began = time.monotonic()

    response = client.get(back)

    assert problem_of(response) == login.DOWN
    assert time.monotonic() - began < 2.5
    assert nothing_was_confirmed()


def test_provider_that_is_gone_keeps_the_entry(client, provider, letter, settings):
    page = enter(client, letter)
    settings.LOGIN_PROVIDERS = {
        "openid": providers.generic("http://127.0.0.1:9", CLIENT, SECRET, ["google.example"])
    }

    response = client.post(page, {"provider": "openid"})

    assert "The login provider does not answer now." in response.content.decode()
    assert "login" not in client.cookies


def test_few_threads_wait_for_providers_at_once(client, provider, letter):
    page = enter(client, letter)
    for _thread in range(3):
        assert openid.WAITING.acquire(blocking=False)
    try:
        response = client.post(page, {"provider": "openid"})
    finally:
        for _thread in range(3):
            openid.WAITING.release()

    assert "The login provider does not answer now." in response.content.decode()
    assert provider.requests == []


# Around it --------------------------------------------------------------------------------------


def test_entry_of_a_letter_sealed_meanwhile_is_gone(client, provider, letter):
    back = log_in(leave(client, enter(client, letter)))
    letter.status, letter.closed_on, letter.sealed_on = Status.SEALED, "2026-01-20", "2026-01-20"
    letter.save()

    assert client.get(back).status_code == 404
    assert nothing_was_confirmed()


def test_unknown_provider_leaves_the_person_on_the_page(client, provider, letter):
    response = client.post(enter(client, letter), {"provider": "evil"})

    assert response.status_code == 200
    assert provider.requests == []


def test_login_has_the_same_limits_as_a_code(client, provider, letter, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "confirm:network": "0/h"}
    page = enter(client, letter)

    response = client.post(page, {"provider": "openid"})

    assert response.status_code == 429
    assert provider.requests == []


def test_cookie_of_a_login_is_short_and_closed(client, provider, letter, settings):
    settings.IS_HTTPS = True
    leave(client, enter(client, letter))

    cookie = client.cookies["login"]
    assert (cookie["max-age"], cookie["path"]) == (600, "/login/")
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Lax")


def test_internal_letter_is_signed_by_login_from_inside(client, provider, google, deliver, code_of):
    inside = make_letter(visibility=Visibility.INTERNAL)
    inside.organisations.add(google)

    outside = client.post(f"/letters/{inside.slug}/sign/", typed())
    code_page = client.post("/members/", {"email": "alice@google.example"})["Location"]
    [message] = deliver()
    client.post(code_page, {"code": code_of(message)})
    sign(client, inside)

    assert outside.status_code == 404
    assert Signature.objects.get().method == Method.LOGIN


def test_signature_by_login_does_not_become_anonymous(client, provider, letter):
    token = sign(client, letter)["Location"].split("/")[2]

    signature = Signature.objects.get()
    page = client.get(f"/signature/{token}/anonymous/").content.decode()
    client.post(f"/signature/{token}/anonymous/")

    assert "the provider knows that" in appearing.why_not_without_name(signature, "anonymous")
    assert "the provider knows that" in page
    assert Signature.objects.get().appearance == Appearance.NAMED


@pytest.mark.parametrize(
    "fields",
    [
        {"tenure": "former", "state": State.UNCONFIRMED},
        {"tenure": ""},
        {"appearance": Appearance.ANONYMOUS, "tenure": "current"},
    ],
)
def test_database_refuses_what_a_login_cannot_prove(letter, google, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_signature(letter, organisation=google, method=Method.LOGIN, **fields)


def test_key_of_the_day_lost_before_the_answer_erases_the_entry(client, provider, letter, settings):
    back = log_in(leave(client, enter(client, letter)))
    for key in (settings.KEYS_DIR / "day").iterdir():
        key.unlink()

    assert client.get(back).status_code == 404
    assert not Signature.objects.exists()


def test_who_proved_by_login_can_say_that_they_left(client, provider, letter):
    token = sign(client, letter)["Location"].split("/")[2]

    own.leave(token=token)

    left = Signature.objects.get()
    assert (left.method, left.tenure) == (Method.LOGIN, "former")
