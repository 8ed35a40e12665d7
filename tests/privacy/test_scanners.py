"""Mail scanners and previews open every link. Opening one changes nothing, whatever it shows."""

import re
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from django.core import mail
from django.test import Client

from signatories.models import Invited, Signature, State, UsedAddress, Verification
from signatories.verification import invitation
from tests.admin_pages import make_moderator
from tests.factories import make_anonymous, make_letter, make_organisation, make_signature
from tests.privacy.witnesses import all_rows
from tests.signatories.actions.test_importing import started
from tests.signatories.spreadsheets_of import people

pytestmark = pytest.mark.django_db

PREFETCH = {
    "purpose": "prefetch",
    "sec-purpose": "prefetch;prerender",
    "sec-fetch-mode": "navigate",
}
VISITS = [("get", {}), ("head", {}), ("options", {}), ("get", PREFETCH)]


def form_data(**fields):
    return {
        "name": "Wilhelmina Otterbourne",
        "email": "w.otterbourne@google.example",
        "organisation": "Google",
        "tenure": "current",
        "title": "",
        "role": "",
        "appearance": "named",
        **fields,
    }


@pytest.fixture
def everything(client, deliver, code_of):
    """Entries in every state, and the addresses that their owners and mailboxes hold."""
    google = make_organisation("Google", "google.example")
    letter = make_letter()
    for _each in range(70):
        make_signature(letter, state=State.PUBLISHED)
    make_anonymous(letter, google)
    held = []

    def sign(**fields):
        page = client.post(f"/letters/{letter.slug}/sign/", form_data(**fields))
        held.append(page.url)
        return page.url, deliver()[-1]

    def confirm(page, message):
        receipt = client.post(page, {"code": code_of(message)}).url
        held.extend(
            [receipt, receipt.replace("receipt/", ""), receipt.replace("receipt", "withdraw")]
        )

    sign()
    sign(appearance="anonymous", email="anonymous@google.example")
    _page, message = sign(email="w@gmail.com", organisation="")
    held.append(re.search(r"/confirm/[\w-]{43}/", message.body)[0])
    confirm(*sign(email="b@google.example"))
    confirm(*sign(email="c@google.example", appearance="anonymous"))
    confirm(*sign(email="b@google.example"))
    for email in ("b@google.example", "wil@gmail.com"):
        held.append(client.post("/signature/find/", {"email": email}).url)
        deliver()
    started(letter, make_moderator("alice", letter, "owner"), *people(1))
    invitation.send(str(Invited.objects.get().pk))
    held.append(re.search(r"/invitation/[\w-]{43}/", mail.outbox[-1].body)[0])
    assert Verification.objects.count() == 5
    assert Signature.objects.duplicates().count() == 1
    assert UsedAddress.objects.count() == 2
    return held


def links_in(text):
    """Addresses in a page or a mail: of links, of images, and where forms are sent."""
    found = re.findall(r'\b(?:href|src|action|formaction)="([^"]*)"', text)
    found += re.findall(r"https?://[^\s<>\"]+", text)
    return {unescape(url) for url in found}


def own_path(url, page):
    """The path and query on this site, or None where the link leads elsewhere."""
    parts = urlsplit(urljoin(f"http://testserver{page}", url))
    if parts.scheme not in ("http", "https") or parts.netloc != "testserver":
        return None
    return parts.path + (f"?{parts.query}" if parts.query else "")


def crawl(seeds):
    """Open everything, and what stands on it, in every way that should change nothing."""
    waiting, done = sorted(seeds), set()
    while waiting:
        page = waiting.pop()
        if page in done or page.startswith("/static/"):
            continue
        done.add(page)
        for method, headers in VISITS:
            response = getattr(Client(), method)(page, headers=headers)
            assert response.status_code < 500, page
            if method == "get" and not headers and response["Content-Type"].startswith("text/html"):
                found = {own_path(url, page) for url in links_in(response.content.decode())}
                waiting.extend(sorted(found - done - {None}))
    return done


def files_in(folder):
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def test_opening_every_link_changes_nothing(everything, settings):
    mailed = {own_path(url, "/") for message in mail.outbox for url in links_in(message.body)}
    for message in mail.outbox:
        mailed |= {own_path(url, "/") for url in links_in(message.alternatives[0].content)}
    rows, keys, mails = all_rows(), files_in(settings.KEYS_DIR), len(mail.outbox)
    assert sum(map(len, rows.values())) > 100

    opened = crawl({"/", *everything, *(mailed - {None})})

    assert set(everything) <= opened
    assert mailed - {None} <= opened
    assert len(opened) > 40
    assert all_rows() == rows
    assert files_in(settings.KEYS_DIR) == keys
    assert len(mail.outbox) == mails


def test_opening_links_with_guesses_behind_them_changes_nothing(everything, client):
    """Scanners also try variations, and put answers of forms into the query."""
    rows = all_rows()

    for page in everything:
        for query in (
            "decision=confirm",
            "decision=refuse",
            "again=1",
            "code=12345678",
            "_method=POST",
            "csrfmiddlewaretoken=x&decision=confirm",
        ):
            for method in ("get", "head", "options"):
                response = getattr(client, method)(
                    f"{page}?{query}", headers={"x-http-method-override": "POST"}
                )
                assert response.status_code in (200, 404, 405)

    assert all_rows() == rows


def test_the_owner_can_still_confirm_afterwards(client, deliver, code_of):
    make_organisation("Google", "google.example")
    letter = make_letter()
    page = client.post(f"/letters/{letter.slug}/sign/", form_data()).url
    [message] = deliver()

    crawl({page, *(own_path(url, "/") for url in links_in(message.body))} - {None})

    assert Verification.objects.get().tries == 0
    assert client.post(page, {"code": code_of(message)}).status_code == 302
    assert Signature.objects.get().state == State.IN_REVIEW


def test_mail_to_a_work_mailbox_gives_scanners_nothing_to_open(everything):
    work = [message for message in mail.outbox if message.to[0].endswith("@google.example")]

    assert len(work) == 6
    for message in work:
        assert links_in(message.body) == links_in(message.alternatives[0].content) == set()
