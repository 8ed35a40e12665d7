"""What every answer has in common: error pages, headers, and forms from elsewhere."""

import re
from html import unescape
from urllib.robotparser import RobotFileParser

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpResponse
from django.test import Client
from django.urls import path

from config import http, keys, urls
from signatories.models import Signature, Verification
from signatories.views import signing
from tests.factories import make_letter, make_organisation, make_user

PUBLIC_POLICY = {
    "default-src": {"'none'"},
    "style-src": {"'self'"},
    "font-src": {"'self'"},
    "img-src": {"'self'"},
    "form-action": {"'self'"},
    "base-uri": {"'none'"},
    "frame-ancestors": {"'none'"},
}
FORM_POLICY = {
    **PUBLIC_POLICY,
    "script-src": {"'self'"},
    "connect-src": {"'self'"},
    "worker-src": {"'self'"},  # The check under pressure.
}
ADMIN_POLICY = {
    **PUBLIC_POLICY,
    "script-src": {"'self'"},
    "connect-src": {"'self'"},
    "img-src": {"'self'", "data:"},
}


def raises(error):
    def view(request):
        raise error

    return view


urlpatterns = [
    path("400/", raises(SuspiciousOperation("w.otterbourne@google.example"))),
    path("403/", raises(PermissionDenied("w.otterbourne@google.example"))),
    path("404/", raises(Http404("w.otterbourne@google.example"))),
    path("429/", lambda request: http.too_many(request, 120)),
    path("500/", raises(RuntimeError("w.otterbourne@google.example"))),
    path("503/", http.unavailable),
    path("plain/", lambda request: HttpResponse("plain")),
    path("public/", http.public_for(30)(lambda request: HttpResponse("public"))),
    path("gone/", http.public_for(30)(lambda request: HttpResponse("gone", status=410))),
    *urls.urlpatterns,
]
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500


def policy_of(response):
    rows = [row.split() for row in response["Content-Security-Policy"].split(";") if row.strip()]
    return {name: set(sources) for name, *sources in rows}


def words(response):
    """What a person reads in the main part of the page."""
    main = response.content.decode().split("<main", 1)[1].split("</main>", 1)[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", "<main" + main)).split())


def sign_data(**fields):
    return {
        "name": "Wilhelmina Otterbourne",
        "email": "w.otterbourne@google.example",
        "organisation": "Google",
        "tenure": "former",
        "title": "Research engineer",
        "role": "research",
        "appearance": "named",
        **fields,
    }


# Error pages ----------------------------------------------------------------------------

SENTENCES = {
    400: "Your browser sent something that this page does not understand. Nothing was stored.",
    403: "This page is meant for other people than the one who is signed in here.",
    404: "There is nothing here under this address.",
    429: "More came from your network, or to this page, than people usually send. "
    "Wait 2 minutes, then go back and try again.",
    500: "This is our fault and not yours. Whoever was thanked for signing has signed",
    503: "The site is being looked after, or cannot reach its own records.",
}


@pytest.mark.urls("tests.config.test_http")
@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("status", SENTENCES)
def test_error_pages_say_clearly_what_happened(client, settings, status, debug):
    settings.DEBUG = debug
    client.raise_request_exception = False

    response = client.get(f"/{status}/")

    assert response.status_code == status
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert f"Error {status}" in words(response)
    assert SENTENCES[status] in words(response)
    assert '<meta name="robots" content="noindex">' in response.content.decode()
    assert "otterbourne" not in response.content.decode()
    assert "Traceback" not in response.content.decode()
    assert "Set-Cookie" not in response.headers
    if status == 429:
        assert response["Retry-After"] == "120"


@pytest.mark.urls("tests.config.test_http")
@pytest.mark.parametrize("status", SENTENCES)
def test_error_pages_are_the_same_with_debug_on(client, settings, status):
    client.raise_request_exception = False
    settings.DEBUG = False
    without = client.get(f"/{status}/")
    settings.DEBUG = True

    response = client.get(f"/{status}/")

    assert words(response) == words(without)
    assert response.status_code == without.status_code == status


@pytest.mark.parametrize("debug", [False, True])
def test_unknown_address_is_not_found(client, settings, debug):
    settings.DEBUG = debug

    response = client.get("/no-such-page/")

    assert response.status_code == 404
    assert SENTENCES[404] in words(response)


@pytest.mark.parametrize("debug", [False, True])
def test_unknown_host_is_a_bad_request(client, settings, debug):
    settings.DEBUG = debug

    response = client.get("/", HTTP_HOST="otherplace.example")

    assert response.status_code == 400
    assert SENTENCES[400] in words(response)
    assert "otherplace" not in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_method_that_a_page_does_not_know_is_answered_in_words(client, method):
    letter = make_letter()

    response = getattr(client, method)(f"/letters/{letter.slug}/roll/")

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"
    assert response["Cache-Control"] == "no-store"
    assert policy_of(response) == PUBLIC_POLICY
    assert "This page cannot be used like that" in words(response)


@pytest.mark.django_db
def test_lost_letter_key_stops_confirming_with_a_page_in_words(client, deliver, code_of, caplog):
    letter = make_letter()
    page = client.post(f"/letters/{letter.slug}/sign/", sign_data(organisation=""))
    [message] = deliver()
    client.post(page.url, {"code": "00000000"})  # makes nothing yet
    confirmed = client.post(page.url, {"code": code_of(message)})
    assert confirmed.status_code == 302
    keys.destroy("letter", str(letter.pk))
    page = client.post(
        f"/letters/{letter.slug}/sign/", sign_data(organisation="", email="b@orrery.example")
    )
    [message] = deliver()

    response = client.post(page.url, {"code": code_of(message)})

    assert response.status_code == 503
    assert SENTENCES[503] in words(response)
    assert "Confirming has stopped" in caplog.text
    assert Verification.objects.count() == 1
    assert Signature.objects.unconfirmed().count() == 1


@pytest.mark.django_db
def test_own_error_pages_leave_a_spent_link_its_own_words(client, settings):
    settings.DEBUG = True

    response = client.get("/signature/" + "x" * 43 + "/")

    assert response.status_code == 404
    assert "This link has done its work, or expired" in words(response)


# Forms from elsewhere ---------------------------------------------------------------------


@pytest.fixture
def strict_client():
    return Client(enforce_csrf_checks=True)


def token_in(response):
    return re.search(r'name="csrfmiddlewaretoken" value="(\w{64})"', response.content.decode())[1]


@pytest.mark.django_db
def test_csrf_failure_on_signing_keeps_what_was_typed(strict_client):
    letter = make_letter()
    strict_client.get(f"/letters/{letter.slug}/sign/")

    response = strict_client.post(f"/letters/{letter.slug}/sign/", sign_data())

    content = response.content.decode()
    assert response.status_code == 403
    assert response["Cache-Control"] == "no-store"
    assert "Please press the button once more" in words(response)
    assert "Everything you entered is still here. Nothing has been sent." in words(response)
    for typed in ("Wilhelmina Otterbourne", "w.otterbourne@google.example", "Google"):
        assert f'value="{typed}"' in content
    assert 'value="Research engineer"' in content
    assert re.search(r'value="former" checked', content)
    assert re.search(r'value="research" selected', content)
    assert re.search(r'value="named"[^>]* checked', content)
    assert not Signature.objects.exists()


@pytest.mark.django_db
def test_csrf_failure_on_signing_can_be_sent_again_at_once(strict_client):
    letter = make_letter()

    refused = strict_client.post(f"/letters/{letter.slug}/sign/", sign_data())
    again = strict_client.post(
        f"/letters/{letter.slug}/sign/",
        sign_data(csrfmiddlewaretoken=token_in(refused)),
    )

    assert refused.status_code == 403
    assert again.status_code == 302
    assert Signature.objects.count() == 1


@pytest.mark.django_db
def test_csrf_failure_on_finding_keeps_what_was_typed(strict_client):
    response = strict_client.post("/signature/find/", {"email": "w.otterbourne@google.example"})

    assert response.status_code == 403
    assert 'value="w.otterbourne@google.example"' in response.content.decode()
    assert "Please press the button once more" in words(response)
    assert not Verification.objects.exists()


@pytest.mark.django_db
def test_csrf_failure_on_confirming_changes_nothing(strict_client, deliver, code_of):
    letter = make_letter()
    form = strict_client.get(f"/letters/{letter.slug}/sign/")
    page = strict_client.post(
        f"/letters/{letter.slug}/sign/", sign_data(csrfmiddlewaretoken=token_in(form))
    )
    [message] = deliver()

    response = strict_client.post(page.url, {"code": code_of(message)})

    assert response.status_code == 403
    assert "We could not tell that the form you sent came from this site." in words(response)
    assert "Nothing was stored." in words(response)
    verification = Verification.objects.get()
    assert verification.tries == 0
    code_page = strict_client.get(page.url)
    confirmed = strict_client.post(
        page.url, {"code": code_of(message), "csrfmiddlewaretoken": token_in(code_page)}
    )
    assert confirmed.status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 302),
        ({"origin": "http://testserver"}, 302),
        ({"origin": "null"}, 302),
        ({"origin": "null", "sec-fetch-site": "same-origin"}, 302),
        ({"origin": "null", "sec-fetch-site": "same-site"}, 403),
        ({"origin": "null", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "null", "sec-fetch-site": "none"}, 403),
        ({"origin": "http://otherplace.example"}, 403),
        ({"origin": "http://otherplace.example", "sec-fetch-site": "same-origin"}, 403),
        ({"origin": "https://testserver"}, 403),
    ],
)
def test_form_is_taken_from_our_own_pages_only(strict_client, headers, status):
    letter = make_letter()
    token = token_in(strict_client.get(f"/letters/{letter.slug}/sign/"))

    response = strict_client.post(
        f"/letters/{letter.slug}/sign/", sign_data(csrfmiddlewaretoken=token), headers=headers
    )

    assert response.status_code == status
    assert Signature.objects.count() == (1 if status == 302 else 0)


@pytest.mark.django_db
def test_form_over_https_without_a_referrer_is_taken_from_our_own_pages_only(strict_client):
    """Under `Referrer-Policy: no-referrer` browsers send `Origin: null` and no Referer."""
    letter = make_letter()
    token = token_in(strict_client.get(f"/letters/{letter.slug}/sign/", secure=True))
    data = sign_data(csrfmiddlewaretoken=token)

    def send(site):
        return strict_client.post(
            f"/letters/{letter.slug}/sign/",
            data,
            secure=True,
            headers={"origin": "null", "sec-fetch-site": site},
        )

    assert send("cross-site").status_code == 403
    assert send("same-origin").status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{"origin": "null"}, {"sec-fetch-site": "same-origin"}])
def test_form_without_a_token_is_refused_whatever_the_headers_say(strict_client, headers):
    letter = make_letter()
    strict_client.get(f"/letters/{letter.slug}/sign/")

    response = strict_client.post(f"/letters/{letter.slug}/sign/", sign_data(), headers=headers)

    assert response.status_code == 403
    assert not Signature.objects.exists()


def test_views_that_keep_what_was_typed_look_at_the_failed_check():
    """A marked view runs although the check failed, so it has to know."""
    from signatories.views import changes, own, updates

    marked = (signing.sign, own.find, own.withdraw, changes.title, changes.named, updates.subscribe)
    for view in marked:
        assert view.keeps_what_was_typed is True
    for view in (
        signing.confirm,
        changes.anonymous,
        changes.text,
        changes.search,
        updates.subscription,
    ):
        assert not hasattr(view, "keeps_what_was_typed")


# Headers ----------------------------------------------------------------------------------


@pytest.fixture
def every_page(client, deliver, code_of):
    """One answer of every kind of page: name → response."""
    make_organisation("Google", "google.example")
    letter = make_letter()
    closed = make_letter(status="closed")
    base = f"/letters/{letter.slug}/"
    pages = {
        "index": client.get("/"),
        "how": client.get("/how-it-works/"),
        "privacy": client.get("/privacy/"),
        "employer": client.get("/what-an-employer-can-see/"),
        "robots": client.get("/robots.txt"),
        "letter": client.get(base),
        "roll": client.get(base + "roll/"),
        "stats": client.get(base + "stats.json"),
        "sign": client.get(base + "sign/"),
        "closed": client.get(f"/letters/{closed.slug}/sign/"),
        "sign with errors": client.post(base + "sign/", sign_data(email="")),
        "find": client.get("/signature/find/"),
        "not found": client.get("/letters/unknown/"),
        "gone": client.get("/signature/" + "x" * 43 + "/"),
        "not allowed": client.put(base),
        "healthz": client.get("/healthz"),
        "readyz": client.get("/readyz"),
        "login": client.get("/accounts/login/"),
        "sign-up": client.get("/accounts/signup/"),
        "mailbox without DEBUG": client.get("/dev/mailbox/"),
    }
    to_code = client.post(base + "sign/", sign_data(tenure="current"))
    pages |= {"signed": to_code, "code": client.get(to_code.url)}
    pages["wrong code"] = client.post(to_code.url, {"code": "00000000"})
    [message] = deliver()
    to_receipt = client.post(to_code.url, {"code": code_of(message)})
    own = to_receipt.url.replace("receipt/", "")
    pages |= {
        "confirmed": to_receipt,
        "receipt": client.get(to_receipt.url),
        "own": client.get(own),
        "withdraw": client.get(own + "withdraw/"),
    }
    client.post(base + "sign/", sign_data(email="w@gmail.com", tenure="current"))
    [message] = deliver()
    button = re.search(r"/confirm/[\w-]{43}/", message.body)[0]
    pages["button"] = client.get(button)
    pages["refused"] = client.post(button, {"decision": "refuse"})
    finding = client.post("/signature/find/", {"email": "w.otterbourne@google.example"})
    [message] = deliver()
    pages["found"] = client.post(finding.url, {"code": code_of(message)})
    token = pages["found"].context["entries"][0]["token"]
    pages["withdrawn"] = client.post(f"/signature/{token}/withdraw/")
    return pages


@pytest.fixture
def every_admin_page(admin_client):
    return {
        path: admin_client.get(path)
        for path in ("/admin/", "/admin/letters/letter/", "/admin/signatories/signature/")
    }


@pytest.fixture
def admin_client(client):
    client.force_login(make_user("alice", is_superuser=True, is_staff=True))
    return client


FORMS = {"sign", "sign with errors", "signed", "closed"}
PUBLIC = {"index", "how", "privacy", "employer", "robots", "letter", "roll", "stats"}


@pytest.mark.django_db
def test_every_page_has_the_policy_without_foreign_scripts(every_page):
    every_page.pop("login")  # Passkeys need scripts.
    for name, response in every_page.items():
        content = response.content.decode()
        scripts = re.findall(r"<script[^>]*>", content)
        if name in FORMS:
            # The form completes names by our own script, and works without it.
            assert policy_of(response) == FORM_POLICY, name
            ours = r'<script src="/static/django_htmx/htmx-2[\w.]*\.js" defer>'
            assert all(re.fullmatch(ours, script) for script in scripts), name
            assert len(scripts) == ('list="organisations"' in content), name
        else:
            assert policy_of(response) == PUBLIC_POLICY, name
            assert scripts == [], name
        assert "javascript:" not in content, name
        assert not re.search(r"<[^>]+\son\w+=", content), name


PASSKEYS = {"mfa/js/webauthn-json.js", "js/passkeys.js"}


@pytest.mark.django_db
def test_pages_with_passkeys_run_our_own_scripts_and_no_others(client, settings):
    settings.REGISTRATION = "open"
    data = {"username": "heron", "way": "passkey"}
    pages = {
        "login": client.get("/accounts/login/"),
        "sign up": client.post("/accounts/signup/", data, headers={"host": "localhost"}),
    }
    client.force_login(make_user("alice", second_factor=False))
    pages["reauthenticate"] = client.get("/accounts/reauthenticate/")

    for name, response in pages.items():
        page, policy = response.content.decode(), policy_of(response)
        has_passkeys = name != "reauthenticate"
        found = set(re.findall(r"<script src=\"/static/([\w/.-]+)\" defer></script>", page))
        assert found == (PASSKEYS if has_passkeys else set()), name
        left = re.sub(r"<script (src=|id=\"passkey-options\" type=\"application/json\")", "", page)
        assert "<script" not in left, name
        assert policy.pop("script-src", None) == ({"'self'"} if has_passkeys else None), name
        assert policy.pop("connect-src", None) == ({"'self'"} if name == "login" else None), name
        assert policy == PUBLIC_POLICY, name


@pytest.mark.django_db
def test_admin_pages_run_scripts_from_files_only(every_admin_page):
    for name, response in every_admin_page.items():
        assert response.status_code == 200, name
        assert policy_of(response) == ADMIN_POLICY, name
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", response.content.decode()), name


@pytest.mark.django_db
def test_no_page_sends_a_referrer_or_lets_itself_be_framed(every_page, every_admin_page):
    for name, response in {**every_page, **every_admin_page}.items():
        assert response["Referrer-Policy"] == "no-referrer", name
        assert response["X-Frame-Options"] == "DENY", name
        assert response["X-Content-Type-Options"] == "nosniff", name
        assert response["Cross-Origin-Opener-Policy"] == "same-origin", name


@pytest.mark.django_db
def test_every_page_but_the_public_ones_is_not_stored(every_page, every_admin_page):
    for name, response in {**every_page, **every_admin_page}.items():
        directives = set(response["Cache-Control"].split(", "))
        assert ("public" in directives) == (name in PUBLIC), name
        assert ("no-store" in directives) == (name not in PUBLIC), name


@pytest.mark.django_db
def test_public_pages_carry_no_cookie_and_vary_by_nothing_personal(every_page):
    assert every_page["sign"].cookies, "The form needs its cookie."
    for name in PUBLIC | {"not found", "gone", "healthz", "readyz", "closed"}:
        response = every_page[name]
        assert not response.cookies, name
        assert "Cookie" not in response.get("Vary", ""), name


@pytest.mark.urls("tests.config.test_http")
def test_a_page_that_says_nothing_about_caching_is_not_stored(client):
    response = client.get("/plain/")

    assert response.content == b"plain"
    assert response["Cache-Control"] == "no-store"


@pytest.mark.urls("tests.config.test_http")
def test_public_for_makes_pages_public_and_no_errors(client):
    assert client.get("/public/")["Cache-Control"] == "public, max-age=30"
    assert client.get("/gone/")["Cache-Control"] == "no-store"
    assert client.get("/letters/")["Cache-Control"] == "no-store"


def test_healthz_answers_without_any_service(client):
    response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok\n")


# The onion service ------------------------------------------------------------------------

ONION = f"http://{'abcdefg234567' * 4}aaaa.onion"


@pytest.fixture
def onion(settings):
    settings.ONION_LOCATION = ONION


@pytest.mark.django_db
def test_onion_is_offered_on_public_pages_and_the_form_alone(onion, every_page, every_admin_page):
    for name, response in {**every_page, **every_admin_page}.items():
        expected = name in PUBLIC | {"sign", "closed"}
        assert ("Onion-Location" in response) == expected, name


@pytest.mark.django_db
def test_onion_offer_names_the_same_page(client, onion):
    letter = make_letter()
    base = f"/letters/{letter.slug}/"

    assert client.get("/")["Onion-Location"] == f"{ONION}/"
    assert client.head(base)["Onion-Location"] == f"{ONION}{base}"
    assert client.get(base + "sign/")["Onion-Location"] == f"{ONION}{base}sign/"
    roll = client.get(base + "roll/", {"q": "ä b\r\nx", "after": ""})
    assert roll["Onion-Location"] == f"{ONION}{base}roll/?q=%C3%A4+b%0D%0Ax&after="


@pytest.mark.django_db
def test_onion_is_not_offered_where_there_is_none(client, settings):
    assert settings.ONION_LOCATION == ""
    assert "Onion-Location" not in client.get("/")


@pytest.mark.django_db
def test_onion_is_not_offered_on_what_somebody_sent(client, onion):
    letter = make_letter()

    response = client.post(f"/letters/{letter.slug}/sign/", sign_data(email=""))

    assert response.status_code == 200
    assert "Onion-Location" not in response


# Search engines ---------------------------------------------------------------------------


@pytest.fixture
def robots(client):
    response = client.get("/robots.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    parser = RobotFileParser()
    parser.parse(response.content.decode().splitlines())
    return parser


@pytest.mark.parametrize(
    "path",
    [
        "/confirm/" + "x" * 43 + "/",
        "/signature/" + "x" * 43 + "/receipt/",
        "/signature/find/",
        "/updates/" + "x" * 43 + "/",
        "/admin/signatories/signature/",
        "/accounts/login/",
    ],
)
def test_robots_are_kept_out_of_what_concerns_one_person(robots, path):
    assert not robots.can_fetch("Anybot", path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/how-it-works/",
        "/privacy/",
        "/letters/x/",
        "/letters/x/roll/?after=b",
        "/letters/x/sign/",
    ],
)
def test_robots_may_read_pages_whose_own_words_tell_them_what_to_list(robots, path):
    assert robots.can_fetch("Anybot", path)
