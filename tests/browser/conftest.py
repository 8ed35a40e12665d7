import logging
import os
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.browser import steps
from tests.browser.watching import open_page
from tests.factories import TOTP_SECRET
from tests.processes.stack import WIDE_LIMITS, Stack, make_certificate
from tests.provider import CLIENT, SECRET, OpenIdProvider

logging.getLogger("mail.log").setLevel(logging.WARNING)

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]

# Browsers open connections in advance. Behind a proxy none of them arrives here, and without TLS the
# server puts it aside; here each holds a thread until it is used or closed, after a minute.
THREADS = 32

MODERATOR = ("margit", "three small stones", TOTP_SECRET)

FILL = """
from letters import seeds
from letters.models import Letter, Organisation
from signatories import demonstration
from signatories.actions import batches
from signatories.models import Appearance, Method, Signature, State, Tally, Tenure
from django.utils import timezone

letter = Letter.objects.get(slug="iceout-tech")
seeds.load_organisations(demonstration.ORGANISATIONS, is_demonstration=True)
for chunk in demonstration.invent(letter, 450, 1):
    Signature.objects.bulk_create(chunk)
today = timezone.localdate()
for _colleague in range(4):
    Signature.objects.create(
        letter=letter, version=letter.current_version, appearance=Appearance.ANONYMOUS,
        state=State.APPROVED, organisation=Organisation.objects.get(slug="google"),
        method=Method.MAILBOX, tenure=Tenure.CURRENT, submitted_on=today, confirmed_on=today,
    )
batches.start_tally(letter)
Tally.objects.filter(letter=letter).update(next_batch_at=timezone.now())
batches.publish_batch(letter=letter, now=timezone.now())
batches.refresh_count(letter=letter)
"""


def make_moderator(username: str, password: str, secret: str) -> str:
    """The code that makes an account for a moderator of the first letter."""
    return f"""
from allauth.mfa.totp.internal.auth import TOTP
from letters.models import Letter, Membership, Role, User

moderator = User.objects.create_user("{username}", password="{password}", is_staff=True)
TOTP.activate(moderator, "{secret}")
letter = Letter.objects.get(slug="iceout-tech")
Membership.objects.create(letter=letter, user=moderator, role=Role.MODERATOR)
"""


@pytest.fixture(scope="session")
def provider(tmp_path_factory):
    """A login at work, on another site than the letters."""
    provider = OpenIdProvider(make_certificate(tmp_path_factory.mktemp("provider")))
    yield provider
    provider.stop()


@pytest.fixture(scope="package")
def site(provider):
    """One installation for all tests of this folder, with 454 lines and a moderator. It ends with
    them: its worker and clock would take the processor from the tests that follow.

    One page may be tried out six times an hour, so that a test can reach that limit.
    """
    stack = Stack(
        threads=THREADS,
        TESTS_LOOK_AT_FILES="1",
        TESTS_CLOCK="3",  # Pages wait for little that a sweep does; the processor is for the browser.
        ALLOWED_HOSTS="127.0.0.1,localhost",  # Passkeys need a name.
        BATCH_INTERVAL="2",
        BATCH_MINIMUM="1",
        RATE_LIMITS=f"{WIDE_LIMITS},confirm:page=6/h,sign:slow=2/h",
        PROOF_OF_WORK="auto",  # Few forms are sent here: it comes on where a letter asks for it.
        OPENID_LOGIN_ISSUER=provider.issuer,
        OPENID_LOGIN_ID=CLIENT,
        OPENID_LOGIN_SECRET=SECRET,
        OPENID_LOGIN_DOMAINS="google.com",
        OPENID_LOGIN_NAME="Google’s staff account",
        REQUESTS_CA_BUNDLE=provider.certificate,
    )
    try:
        stack.python(FILL)
        stack.python(make_moderator(*MODERATOR))
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="package")
def browser():
    """Chromium. Playwright's loop stays in this thread as long as it is open, and Django lets
    nobody near the database there: it ends with the tests of this folder."""
    program = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    assert Path(program).exists(), f"No Chromium at {program}; set CHROMIUM to its path."
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def moderator(browser, site):
    """The cookies of the moderator, who comes in once: each code of the second factor opens once,
    and the next is half a minute away."""
    with open_page(browser, site.url) as page:
        steps.log_in(page, *MODERATOR)
        return page.context.storage_state()


@pytest.fixture
def page(browser, site):
    """A visitor on a phone, without JavaScript; foreign requests and complaints fail the test."""
    with open_page(browser, site.url) as page:
        yield page
