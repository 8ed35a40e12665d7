"""Requests that no browser sends: a clear answer each time, never an error of ours, no trace."""

import re

import pytest
from django.test import Client

from signatories.models import Signature, Verification
from tests.factories import make_letter, make_organisation, make_signature
from tests.privacy.witnesses import all_rows, value_of, words

pytestmark = pytest.mark.django_db

RIGHT_TO_LEFT = "\u202e"
FORM = "application/x-www-form-urlencoded"
INVISIBLE = (
    "This contains invisible characters that could change how the line reads. "
    "Delete the text and type it again."
)


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


# Parameters of addresses ---------------------------------------------------------------------

OWN_SCRIPT = r"<script src=\"/static/(mfa/js/webauthn-json|js/passkeys).js\" defer></script>"
PARAMETERS = [
    "",
    "\0",
    "a\0b",
    "x" * 10_000,
    RIGHT_TO_LEFT,
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' OR '1'='1",
    "%",
    "_",
    "\\",
    "%s%s%n",
    "=1+1",
    "a\r\nSet-Cookie: x=y",
    "../../etc/passwd",
    "-1",
    "9" * 400,
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "e\u0301",
    "{{ 7*7 }}",
]


@pytest.mark.parametrize("value", PARAMETERS, ids=lambda value: ascii(value)[:30])
def test_parameters_of_public_pages_can_be_anything(client, letter, value):
    rows = all_rows()
    everything = dict.fromkeys(("after", "organisation", "q", "next", "name", "email"), value)
    requests = [
        ("/", everything),
        (f"/letters/{letter.slug}/roll/", everything),
        (f"/letters/{letter.slug}/roll/", {"organisation": value}),
        (f"/letters/{letter.slug}/sign/", everything),
        ("/accounts/login/", everything),
    ]

    for url, query in requests:
        response = client.get(url, query)
        assert response.status_code == 200, url
        content = re.sub(OWN_SCRIPT, "", response.content.decode())
        assert "<script>" not in content
        assert "<img src=x" not in content
        assert "Set-Cookie" not in response.headers

    assert all_rows() == rows


@pytest.mark.parametrize(
    "query",
    [
        "q=" + "a" * 200_000,
        "&".join("q=a" for _each in range(900)),
        "q=%E9%FF",
        "q=%ED%A0%80",
        "q=%",
        "q=%zz",
        "q=%C0%AF",
        "=&=&&&",
        "q[]=1&q[a]=2",
        "%00=%00",
        "q=\xff\xfe",
    ],
    ids=lambda query: ascii(query)[:20],
)
def test_query_that_is_huge_or_broken(client, letter, query):
    response = client.generic("GET", f"/letters/{letter.slug}/roll/", QUERY_STRING=query)

    assert response.status_code == 200


def test_query_with_too_many_parameters_is_answered_in_words(client, letter):
    query = "&".join(f"p{i}=1" for i in range(1001))

    response = client.generic("GET", f"/letters/{letter.slug}/roll/", QUERY_STRING=query)

    assert response.status_code == 400
    assert "We could not read this" in words(response)


@pytest.mark.parametrize("slug", ["a%00b", "a" * 5000, "%2e%2e", "é", "a b", "<script>", "a'b"])
def test_address_of_no_letter_is_not_found(client, letter, slug):
    for suffix in ("", "sign/", "roll/", "stats.json"):
        response = client.get(f"/letters/{slug}/{suffix}")

        assert response.status_code == 404
        assert "There is nothing here under this address." in words(response)


# Bodies ------------------------------------------------------------------------------------

FORMS = ["/letters/{}/sign/", "/signature/find/", "/accounts/login/"]
LONE_PART = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'


def multipart(**fields):
    parts = b"".join(LONE_PART % (name.encode(), value) for name, value in fields.items())
    return parts + b"--x--\r\n"


BODIES = [
    ("too large", FORM, b"name=" + b"x" * (700 * 1024)),
    ("too many fields", FORM, b"&".join(b"a%d=1" % i for i in range(1001))),
    ("another charset", FORM + "; charset=utf-16", "name=Zoë".encode("utf-16")),
    ("a codec that is none of text", FORM + "; charset=hex", b"name=4142"),
    ("a charset nobody knows", FORM + "; charset=klingon", b"name=x"),
    ("multipart without boundary", "multipart/form-data", multipart(name=b"x")),
    ("multipart with an empty boundary", "multipart/form-data; boundary=", multipart(name=b"x")),
    ("multipart with a huge boundary", f"multipart/form-data; boundary={'x' * 300}", b"x"),
    ("multipart in another charset", "multipart/form-data; boundary=x; charset=hex", multipart()),
    (
        "multipart with too many parts",
        "multipart/form-data; boundary=x",
        b"".join(LONE_PART % (b"a%d" % i, b"1") for i in range(1001)) + b"--x--\r\n",
    ),
    (
        "multipart with a large field",
        "multipart/form-data; boundary=x",
        multipart(name=b"x" * (700 * 1024)),
    ),
]


@pytest.mark.parametrize(
    ("content_type", "body"), [row[1:] for row in BODIES], ids=[row[0] for row in BODIES]
)
def test_body_that_cannot_be_read_is_answered_in_words(client, letter, content_type, body):
    rows = all_rows()

    for url in FORMS:
        response = client.generic("POST", url.format(letter.slug), body, content_type=content_type)
        assert response.status_code == 400, url
        assert "Your browser sent something that this page does not understand." in words(response)
        assert "Nothing was stored." in words(response)
        assert response["Cache-Control"] == "no-store"

    assert all_rows() == rows


UNREADABLE_FIELDS = [
    ("latin-1, escaped", FORM, b"name=Jos%E9&appearance=named&email=w%40x.example"),
    ("utf-16", FORM, b"appearance=named&email=w%40x.example&name=" + "Zoë".encode("utf-16")),
    ("half of a pair", FORM, b"name=%ED%A0%80&appearance=named&email=w%40x.example"),
    ("too long for its value", FORM, b"name=%C0%AF&appearance=named&email=w%40x.example"),
    (
        "latin-1 in multipart",
        "multipart/form-data; boundary=x",
        multipart(name=b"Jos\xe9", appearance=b"named", email=b"w@x.example"),
    ),
]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [row[1:] for row in UNREADABLE_FIELDS],
    ids=[row[0] for row in UNREADABLE_FIELDS],
)
def test_name_in_another_encoding_is_asked_for_again(client, letter, content_type, body):
    rows = all_rows()

    response = client.generic(
        "POST", f"/letters/{letter.slug}/sign/", body, content_type=content_type
    )

    assert response.status_code == 200
    [error] = response.context["form"].errors["name"]
    assert error in ("Some characters did not arrive readably. Type them again.", INVISIBLE)
    assert value_of(response, "email") == "w@x.example"
    assert all_rows() == rows


def test_name_in_latin_1_as_it_is_is_read_as_it_is_meant(client, letter):
    body = b"name=Jos\xe9&appearance=named&email=w%40x.example"

    response = client.generic("POST", f"/letters/{letter.slug}/sign/", body, content_type=FORM)

    assert response.status_code == 302
    assert Signature.objects.unconfirmed().get().name == "José"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", b""),
        ("", b"name=x"),
        (";;;", b"name=x"),
        ("text/plain", b"name=x"),
        ("application/json5", b"{" * 5000),
        ("text/xml", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'),
        ("multipart/form-data; boundary=other", multipart(name=b"x")),
        ("multipart/form-data; boundary=x", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"\0" * 100),
        (FORM, b"\0\0\0"),
        (FORM, b"&&&===%%%"),
        (FORM, bytes(range(256))),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="name"\r\n'
            b"Content-Transfer-Encoding: base64\r\n\r\n!\r\n--x--\r\n",
        ),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_body_of_another_kind_is_like_an_empty_form(client, letter, content_type, body):
    rows = all_rows()

    for url in FORMS:
        response = client.generic("POST", url.format(letter.slug), body, content_type=content_type)
        assert response.status_code == 200, url
        assert response.context["form"].errors

    assert all_rows() == rows


@pytest.mark.parametrize("field", ["name", "email"])
def test_file_in_place_of_a_field_is_not_kept(client, letter, field):
    body = (
        LONE_PART
        % (b"appearance", b"named")
        + b'--x\r\nContent-Disposition: form-data; name="%s"; filename="x.html"\r\n'
        b"Content-Type: text/html\r\n\r\n<script>\r\n--x--\r\n" % field.encode()
    )

    response = client.generic(
        "POST",
        f"/letters/{letter.slug}/sign/",
        body,
        content_type="multipart/form-data; boundary=x",
    )

    assert response.status_code == 200
    assert field in response.context["form"].errors
    assert not Verification.objects.exists()


# Heads --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": "csrftoken=" + "x" * 5000},
        {"cookie": "csrftoken=\0; sessionid=';DROP TABLE"},
        {"cookie": ";;;===,,,"},
        {"cookie": "messages=" + "x" * 3000 + "; sessionid=" + "y" * 3000},
        {"origin": "null"},
        {"origin": "://"},
        {"origin": "http://[", "referer": "http://["},
        {"accept-language": "x" * 5000 + ";q=nonsense"},
        {"accept-encoding": "*;q=nonsense"},
        {"accept": "application/json"},
        {"if-modified-since": "yesterday", "if-none-match": "\u00e9"},
        {"range": "bytes=5-1,-,x"},
        {"x-forwarded-for": "x" * 5000},
        {"x-forwarded-for": "203.0.113.7, <script>, \r\n"},
        {"x-forwarded-proto": "gopher"},
        {"content-length": "-1"},
        {"content-length": "many"},
        {"expect": "100-continue"},
        {"transfer-encoding": "chunked"},
        {"authorization": "Basic \u00e9"},
    ],
    ids=lambda headers: ascii(headers)[:40],
)
def test_heads_can_be_anything(client, letter, settings, headers):
    settings.TRUSTED_PROXIES = 1
    rows = all_rows()

    for url in ("/", f"/letters/{letter.slug}/", "/admin/"):
        assert client.get(url, headers=headers).status_code in (200, 302), url
    response = client.post(f"/letters/{letter.slug}/sign/", form_data(email=""), headers=headers)

    assert response.status_code in (200, 400)
    assert len(words(response)) > 60
    assert all_rows() == rows


@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "PROPFIND", "x"])
def test_method_nobody_knows_is_answered_in_words(client, letter, method):
    pages = ["/", "/how-it-works/", "/signature/find/", "/healthz", "/readyz"]
    pages += [f"/letters/{letter.slug}/{page}" for page in ("", "sign/", "roll/", "stats.json")]
    rows = all_rows()

    for url in pages:
        response = client.generic(method, url, b"name=x", content_type=FORM)
        assert response.status_code == 405, url
        assert "This page cannot be used like that" in words(response)

    assert all_rows() == rows


# Forms without a token ------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "", "x", "x" * 64, "\0" * 64, "é" * 64, "x" * 9999])
@pytest.mark.parametrize("has_cookie", [False, True])
def test_no_form_is_taken_without_its_token(letter, deliver, token, has_cookie):
    page = Client().post(f"/letters/{letter.slug}/sign/", form_data()).url
    [message] = deliver()
    code = re.search(r"\d{4} \d{4}", message.body)[0]
    rows = all_rows()
    forms = {
        f"/letters/{letter.slug}/sign/": form_data(),
        "/signature/find/": {"email": "w.otterbourne@google.example"},
        page: {"code": code},
        "/accounts/login/": {"login": "alice", "password": "a long password"},
    }

    for url, data in forms.items():
        client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        if has_cookie:
            client.get(url)
        if token is not None:
            data = {**data, "csrfmiddlewaretoken": token}
        response = client.post(url, data)
        assert response.status_code == 403, url
        assert "othing" in words(response), "It says that nothing was stored, or sent."
        for typed in data.values():
            if url.endswith(("sign/", "find/")) and typed in ("Google", data.get("email")):
                assert f'value="{typed}"' in response.content.decode()

    assert {t: r for t, r in all_rows().items() if t != "django_session"} == {
        t: r for t, r in rows.items() if t != "django_session"
    }
