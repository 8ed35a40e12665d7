"""Verification by login through the running application, with production's settings and TLS."""

import re
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import httpx
import pytest

from tests.processes.leaks import leaks
from tests.processes.stack import Stack, make_certificate
from tests.processes.stores import dump_broker, dump_database
from tests.provider import CLIENT, SECRET, OpenIdProvider

pytestmark = pytest.mark.processes

ADDRESS = "w.login-canary@google.com"


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    folder = tmp_path_factory.mktemp("provider")
    provider = OpenIdProvider(make_certificate(folder))
    provider.person |= {"sub": "subject-canary-77", "email": ADDRESS}
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def stack_with_login(provider):
    stack = Stack(
        TRUSTED_PROXIES="1",
        OPENID_LOGIN_ISSUER=provider.issuer,
        OPENID_LOGIN_ID=CLIENT,
        OPENID_LOGIN_SECRET=SECRET,
        OPENID_LOGIN_DOMAINS="google.com",
        REQUESTS_CA_BUNDLE=provider.certificate,
    )
    yield stack
    stack.stop()


@pytest.fixture(autouse=True)
def well_behaved(provider):
    provider.faults = set()


def enter(visitor, name="Wilhelmina Otterbourne"):
    return visitor.send_signature(name=name, email=ADDRESS, proof="login")


def leave(visitor, page):
    left = visitor.submit(page, provider="openid")
    return unescape(re.search(r'content="0; url=([^"]+)"', left.text)[1])


def log_in(provider, url):
    trust = ssl.create_default_context(cafile=provider.certificate)
    return httpx.get(url, verify=trust, trust_env=False).headers["Location"]


def test_login_leads_from_the_form_to_the_receipt_and_leaves_nothing(stack_with_login, provider):
    stack = stack_with_login
    with stack.visitor() as visitor:
        back = log_in(provider, leave(visitor, enter(visitor)))
        assert back.startswith(f"{stack.url}/login/openid/?")
        answer = visitor.get(back)
        receipt = visitor.get(answer.headers["Location"])

    assert re.fullmatch(r"/signature/[\w-]{43}/receipt/", answer.headers["Location"])
    assert receipt.status_code == 200
    statement = "SELECT method, state FROM signatories_signature WHERE name = ?"
    assert stack.ask(statement, "Wilhelmina Otterbourne") == [("login", "in_review")]
    assert stack.one("SELECT count(*) FROM signatories_verification") == 0
    logs = "".join(stack.log_of(process.name) for process in stack.processes)
    heap = dump_database(stack.database) + dump_broker(stack.broker) + logs.encode()
    for secret in (ADDRESS, "subject-canary-77", *provider.issued):
        assert leaks(secret, heap) == []


def test_browser_is_led_out_by_a_page_under_the_strict_policy(stack_with_login, provider):
    with stack_with_login.visitor() as visitor:
        left = visitor.submit(enter(visitor), provider="openid")

    policy = left.headers["Content-Security-Policy"]
    assert left.status_code == 200
    assert "form-action 'self'" in policy
    assert provider.issuer not in policy
    assert left.headers["Cache-Control"] == "no-store"
    assert left.headers["Referrer-Policy"] == "no-referrer"
    cookie = next(one for one in left.headers.get_list("Set-Cookie") if one.startswith("login="))
    for part in ("HttpOnly", "Secure", "SameSite=Lax", "Max-Age=600", "Path=/login/"):
        assert part in cookie


def test_provider_that_hangs_does_not_hold_up_those_who_read(stack_with_login, provider):
    stack = stack_with_login
    visitors = [stack.visitor() for _each in range(12)]
    pages = [enter(visitor) for visitor in visitors]
    provider.faults = {"sleep /.well-known/openid-configuration"}

    with ThreadPoolExecutor(12) as pool:
        sent = [
            pool.submit(visitor.submit, page, provider="openid")
            for visitor, page in zip(visitors, pages, strict=True)
        ]
        time.sleep(0.7)
        began = time.monotonic()
        with stack.visitor() as reader:
            answer = reader.get("/letters/iceout-tech/")
        lasted = time.monotonic() - began
        texts = [one.result().text for one in sent]

    assert answer.status_code == 200
    assert lasted < 5
    assert all("The login provider does not answer now." in text for text in texts)
    for visitor in visitors:
        visitor.close()
