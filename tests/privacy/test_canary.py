"""One name, one address and one network, found nowhere else, go through the whole journey.

Then everything that keeps anything is searched for them: tables, cache and queue, sessions,
audit entries, log, keys, and the heads of the mails; in clear, in other spellings, and as digests.
"""

import io
import logging
import re
import smtplib
from email.message import EmailMessage

import pytest
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client

from config import logs
from letters.actions import audit
from letters.models import AuditEntry, Letter, ReviewPolicy
from signatories import addresses, tasks
from signatories.actions import batches, erasing, moderation
from signatories.models import (
    Import,
    ImportPart,
    Invited,
    InvitedMailbox,
    Signature,
    State,
    Tally,
    UsedAddress,
    Verification,
)
from tests.admin_pages import make_moderator
from tests.factories import make_anonymous, make_letter, make_organisation, make_user
from tests.privacy.taken_along import files_of
from tests.privacy.witnesses import heap_of_redis, heap_of_rows, redis_client
from tests.processes.leaks import holds_code, leaks
from tests.worker import check_all

# A worker reads the queue in another transaction, so these tests commit.
pytestmark = pytest.mark.django_db(transaction=True)

NAME = "Zephyrine Quennevant-Okoro"
TITLE = "Keeper of the seventh lantern"
LOCAL = "zquennevant.lantern"
ADDRESS = f"{LOCAL}@google.example"
NETWORK = "198.51.100.213"
PREFIX = "198.51.100.0/24"
BROWSER = "Lantern/7 (an unusual browser)"


class FailingBackend(BaseEmailBackend):
    error: Exception

    def send_messages(self, messages):
        raise self.error


@pytest.fixture
def log():
    """Everything that is logged, through the formatter of the settings."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.ScrubbingFormatter(settings.LOGGING["formatters"]["plain"]["format"]))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def browser():
    redis_client().flushdb()
    return Client(
        REMOTE_ADDR=NETWORK,
        HTTP_X_FORWARDED_FOR=NETWORK,
        HTTP_USER_AGENT=BROWSER,
        HTTP_REFERER=f"http://testserver/?q={NAME}",
    )


@pytest.fixture
def letter():
    google = make_organisation("Google", "google.example")
    letter = make_letter(review_policy=ReviewPolicy.BEFORE)
    for _each in range(4):
        make_anonymous(letter, google)
    return letter


def form_data(**fields):
    return {
        "name": NAME,
        "email": ADDRESS,
        "organisation": "Google",
        "tenure": "current",
        "title": TITLE,
        "role": "",
        "appearance": "named",
        **fields,
    }


def work_off_the_queue():
    """What a worker would do: take the messages from the broker and execute them."""
    for verification in Verification.objects.unsent():
        tasks.send_code(str(verification.pk))
    tasks.sweep_codes()
    return mail.outbox[-1]


def code_in(message):
    return re.search(r"\b(\d{4} \d{4})\b", message.body)[1]


def heads_of_mails():
    """The mails without the recipient's line and without their text."""
    heads = []
    for message in mail.outbox:
        head = message.message()
        del head["To"]
        heads.append(str(EmailMessage.items(head)))
    return "\n".join(heads).encode()


def keys():
    folder = settings.KEYS_DIR
    return b"\n".join(
        str(path.relative_to(folder)).encode()
        + b"\n"
        + (path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    )


def traces(log, *secrets, rows=True):
    """Where and how each of the secrets is found: (place, secret, spelling)."""
    places = {
        "redis": heap_of_redis(),
        "log": log.getvalue().encode(),
        "mail": heads_of_mails(),
        "keys": keys(),
    }
    if rows:
        places["rows"] = heap_of_rows()
    return {
        (place, secret, spelling)
        for place, heap in places.items()
        for secret in secrets
        for spelling in leaks(secret, heap)
    }


def move_batch(letter):
    batches.start_tally(letter)
    Tally.objects.filter(letter=letter).update(next_batch_at="2020-01-01T00:00:00Z")
    tasks.publish_batches()
    tasks.refresh_counts()


# The search itself ------------------------------------------------------------


def test_search_finds_what_is_planted(log, letter):
    assert traces(log, ADDRESS, NAME, NETWORK) == set()

    audit(verb="planted", actor=None, target=ADDRESS)
    cache.set(f"planted:{NETWORK}", NAME)
    logging.getLogger("signatories").info("from %s", NETWORK)
    settings.KEYS_DIR.mkdir(exist_ok=True)
    (settings.KEYS_DIR / "planted").write_text(ADDRESS.encode().hex())
    mail.EmailMessage("Dear " + NAME, "", "a@b.example", [ADDRESS]).send()

    assert traces(log, ADDRESS, NAME, NETWORK) >= {
        ("rows", ADDRESS, "clear"),
        ("redis", NETWORK, "clear"),
        ("redis", NAME, "clear"),
        ("log", NETWORK, "clear"),
        ("keys", ADDRESS, "hex"),
        ("mail", NAME, "clear"),
    }


# By name ------------------------------------------------------------


def test_signing_by_name_leaves_the_name_and_no_address(browser, letter, log):
    code_page = browser.post(f"/letters/{letter.slug}/sign/", form_data()).url
    browser.get(code_page)

    # Unconfirmed and unsent: the address is there, and only encrypted.
    verification = Verification.objects.get()
    assert str(addresses.decrypt(verification.address, verification.key_name)) == ADDRESS
    assert traces(log, ADDRESS, LOCAL, NETWORK, PREFIX, BROWSER) == set()
    token = code_page.split("/")[2]
    assert traces(log, token) == set()

    code = code_in(work_off_the_queue())
    assert traces(log, ADDRESS, LOCAL, NETWORK, PREFIX, token) == set()
    assert not holds_code(code, heap_of_rows() + heap_of_redis() + log.getvalue().encode())

    browser.post(code_page, {"code": "00000000"})
    receipt = browser.post(code_page, {"code": code}).url
    browser.get(receipt)
    browser.get(receipt.replace("receipt/", ""))
    assert not Verification.objects.exists()
    manage_token = receipt.split("/")[2]
    assert traces(log, ADDRESS, LOCAL, NETWORK, PREFIX, BROWSER, token, manage_token) == set()

    check_all()
    host = make_user("alice", is_superuser=True, is_staff=True)
    moderation.approve(signature=Signature.objects.get(name=NAME), actor=host)
    move_batch(letter)
    assert NAME in browser.get(f"/letters/{letter.slug}/roll/").content.decode()
    assert traces(log, ADDRESS, LOCAL, NETWORK, PREFIX, token, manage_token) == set()
    assert traces(log, NAME, TITLE, rows=False) == set()
    assert AuditEntry.objects.filter(verb="signature.approved").count() == 1

    browser.post(receipt.replace("receipt", "withdraw"))
    assert not Signature.objects.filter(name=NAME).exists()
    assert traces(log, NAME, TITLE, ADDRESS, LOCAL, NETWORK, PREFIX, manage_token) == set()


def test_signing_by_name_from_a_private_address_leaves_no_address(browser, letter, log):
    address = f"{LOCAL}@gmail.com"
    data = form_data(email=address, organisation="")
    code_page = browser.post(f"/letters/{letter.slug}/sign/", data).url
    button = re.search(r"/confirm/([\w-]{43})/", work_off_the_queue().body)
    browser.get(button[0])
    assert traces(log, address, LOCAL, NETWORK, button[1]) == set()

    receipt = browser.post(button[0], {"decision": "confirm"}).url
    browser.get(code_page)
    browser.get(receipt)

    assert Signature.objects.filter(name=NAME).count() == 1
    assert UsedAddress.objects.count() == 1
    gmail = f"{LOCAL.replace('.', '')}@gmail.com"
    assert traces(log, address, gmail, LOCAL, NETWORK, PREFIX, button[1]) == set()


# Anonymously ------------------------------------------------------------


def test_signing_anonymously_leaves_nothing_of_the_person_at_any_time(browser, letter, log):
    person = (NAME, TITLE, "Quennevant", ADDRESS, LOCAL, NETWORK, PREFIX, BROWSER)
    data = form_data(appearance="anonymous")

    code_page = browser.post(f"/letters/{letter.slug}/sign/", data).url
    browser.get(code_page)
    assert Signature.objects.unconfirmed().count() == 1
    assert traces(log, *person) == set()

    code = code_in(work_off_the_queue())
    assert traces(log, *person) == set()

    receipt = browser.post(code_page, {"code": code}).url
    browser.get(receipt)
    assert not Verification.objects.exists()
    assert traces(log, *person) == set()

    move_batch(letter)
    roll = browser.get(f"/letters/{letter.slug}/roll/").content.decode()
    assert roll.count("Verified employee, Google") == 5
    assert traces(log, *person, receipt.split("/")[2]) == set()
    signature = Signature.objects.exclude(manage_digest=None).get()
    assert signature.address_digest is None

    browser.post(receipt.replace("receipt", "withdraw"))
    move_batch(letter)
    assert Signature.objects.filter(state=State.PUBLISHED).count() == 4
    assert traces(log, *person) == set()


# Roads that end early ------------------------------------------------------------


def test_an_entry_nobody_confirms_leaves_nothing(browser, letter, log):
    code_page = browser.post(f"/letters/{letter.slug}/sign/", form_data()).url
    work_off_the_queue()
    Verification.objects.update(erase_after="2020-01-01T00:00:00Z")

    tasks.erase_expired()

    assert browser.get(code_page).status_code == 404
    assert not Signature.objects.filter(name=NAME).exists()
    assert "Erased 1 unconfirmed entries" in log.getvalue()
    assert traces(log, NAME, TITLE, ADDRESS, LOCAL, NETWORK, PREFIX) == set()


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPRecipientsRefused({ADDRESS: (550, b"no such user " + ADDRESS.encode())}),
        smtplib.SMTPServerDisconnected(f"lost while talking about {ADDRESS}"),
        TimeoutError(f"{ADDRESS} took too long"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_mail_that_cannot_be_sent_leaves_nothing(browser, letter, log, monkeypatch, error):
    monkeypatch.setattr(settings, "EMAIL_BACKEND", f"{__name__}.FailingBackend")
    monkeypatch.setattr(FailingBackend, "error", error, raising=False)
    browser.post(f"/letters/{letter.slug}/sign/", form_data())

    tasks.send_code(str(Verification.objects.get().pk))
    tasks.sweep_codes()

    assert traces(log, ADDRESS, LOCAL, NETWORK, PREFIX) == set()
    assert Verification.objects.exists() != isinstance(error, smtplib.SMTPRecipientsRefused)


def test_an_entry_whose_key_is_lost_leaves_nothing(browser, letter, log):
    browser.post(f"/letters/{letter.slug}/sign/", form_data())
    for path in (settings.KEYS_DIR / "day").iterdir():
        path.unlink()

    assert erasing.erase_without_key() == 1

    assert not Verification.objects.exists()
    assert traces(log, NAME, TITLE, ADDRESS, LOCAL, NETWORK, PREFIX) == set()
    assert AuditEntry.objects.filter(verb="keys.day_key_lost").count() == 1


def test_refused_and_limited_attempts_leave_nothing(browser, letter, log):
    for _each in range(3):
        browser.post(f"/letters/{letter.slug}/sign/", form_data(appearance="nonsense"))
    settings_limits = dict(settings.RATE_LIMITS)
    try:
        settings.RATE_LIMITS["sign:network"] = "0/h"
        response = browser.post(f"/letters/{letter.slug}/sign/", form_data())
        assert response.status_code == 429
        assert NAME in response.content.decode()
    finally:
        settings.RATE_LIMITS.update(settings_limits)
    strict = Client(enforce_csrf_checks=True, REMOTE_ADDR=NETWORK)
    assert strict.post(f"/letters/{letter.slug}/sign/", form_data()).status_code == 403
    browser.get(f"/letters/{letter.slug}/roll/", {"q": NAME})

    assert not Signature.objects.filter(name=NAME).exists()
    assert traces(log, NAME, TITLE, ADDRESS, LOCAL, NETWORK, PREFIX, BROWSER) == set()


def test_finding_leaves_no_address(browser, letter, log):
    code_page = browser.post("/signature/find/", {"email": ADDRESS}).url
    browser.get(code_page)
    assert Verification.objects.count() == 1
    assert traces(log, ADDRESS, LOCAL, NETWORK, PREFIX) == set()

    code = code_in(work_off_the_queue())
    browser.post(code_page, {"code": code})

    assert not Verification.objects.exists()
    assert traces(log, ADDRESS, LOCAL, NETWORK, PREFIX) == set()


# After the letter ------------------------------------------------------------


def test_digests_are_useless_without_the_key_of_the_letter(browser, letter, log):
    """A dump with all of FIELD_KEYS, but without KEYS_DIR, cannot try addresses out."""
    code_page = browser.post(f"/letters/{letter.slug}/sign/", form_data()).url
    browser.post(code_page, {"code": code_in(work_off_the_queue())})
    used = UsedAddress.objects.get()
    read = addresses.read(ADDRESS)
    assert addresses.digest(letter, read) == used.digest

    from config import crypto
    from config import keys as key_files

    key_files.destroy("letter", str(letter.pk))

    with pytest.raises(key_files.KeyLost):
        addresses.digest(letter, read)
    candidates = [ADDRESS, read.mailbox()]
    keyless = {crypto.digest("address", one) for one in candidates}
    keyless |= {
        crypto.mac(key.encode(), "address", one).hex()
        for key in settings.FIELD_KEYS
        for one in candidates
    }
    assert used.digest not in keyless


# In what a team takes along ------------------------------------------------------------


def test_files_hold_the_line_and_nothing_that_leads_to_its_signer(browser, letter, log):
    code_page = browser.post(f"/letters/{letter.slug}/sign/", form_data()).url
    receipt = browser.post(code_page, {"code": code_in(work_off_the_queue())}).url
    check_all()
    signature = Signature.objects.get(name=NAME)
    host = make_user("host", is_superuser=True)
    moderation.approve(signature=signature, actor=host)
    signature.refresh_from_db()
    move_batch(letter)
    browser.post(f"/letters/{letter.slug}/sign/", form_data(email=f"second.{ADDRESS}"))

    files = files_of(Letter.objects.get(pk=letter.pk))

    secrets = [ADDRESS, LOCAL, NETWORK, str(signature.pk), signature.pk.hex, signature.roll_key]
    secrets += [signature.address_digest, signature.manage_digest, receipt.split("/")[2]]
    heap = "\n".join(files.values()).encode()
    assert [(secret, leaks(secret, heap)) for secret in secrets if leaks(secret, heap)] == []
    with_name = {name for name, text in files.items() if NAME in text}
    assert with_name == {
        *("roll.csv", "roll.xlsx", "roll.json"),
        *(f"archive/{name}" for name in ("index.html", "roll/1.html", "roll.csv", "roll.json")),
    }


# On a list that organisers bring ------------------------------------------------------------


def bring(letter, name, address):
    """Upload a list as its owner would; return the owner's browser and the page of the import."""
    owner = Client()
    owner.force_login(make_moderator("alice", letter, "owner"))
    page = f"/manage/letters/{letter.slug}/import/"
    file = SimpleUploadedFile("people.csv", f"Name,Email,Title\n{name},{address},{TITLE}".encode())
    return owner, owner.post(page, {"file": file}).url


def work_off_the_list(owner, page):
    owner.post(page, {"do": "read", "column-0": "name", "column-1": "email", "column-2": "title"})
    tasks.read_import(str(Import.objects.get().pk))
    owner.post(page, {"do": "start", "asked": "on"})
    tasks.sweep_imports()
    for invited in Invited.objects.unsent():
        tasks.send_invitation(str(invited.pk))
    return re.search(r"/invitation/([\w-]{43})/", mail.outbox[-1].body)


def test_list_is_readable_nowhere_before_during_and_after(browser, letter, log):
    address = f"{LOCAL}@gmail.com"
    person = (NAME, TITLE, address, LOCAL, NETWORK, PREFIX)
    owner, page = bring(letter, NAME, address)
    assert NAME in owner.get(page).content.decode()
    assert ImportPart.objects.count() == 1
    assert traces(log, *person) == set()

    link = work_off_the_list(owner, page)
    assert Invited.objects.count() == 1
    assert traces(log, *person, link[1]) == set()

    owner.get(f"{page}report/")
    owner.post(page, {"do": "cancel"})
    assert browser.get(link[0]).status_code == 404
    assert traces(log, *person, link[1]) == set()
    assert InvitedMailbox.objects.count() == 1


def test_signing_by_invitation_leaves_the_name_and_no_address(browser, letter, log):
    address = f"{LOCAL}@gmail.com"
    gmail = f"{LOCAL.replace('.', '')}@gmail.com"
    link = work_off_the_list(*bring(letter, NAME, address))
    browser.get(link[0])

    receipt = browser.post(link[0], {"name": NAME, "title": TITLE, "decision": "sign"}).url
    browser.get(receipt)

    assert not Invited.objects.exists()
    assert not Verification.objects.exists()
    secrets = (address, gmail, LOCAL, NETWORK, PREFIX, link[1], receipt.split("/")[2])
    assert traces(log, *secrets) == set()
    browser.post(receipt.replace("receipt", "withdraw"))
    assert traces(log, NAME, TITLE, *secrets) == set()


def test_refusing_an_invitation_leaves_a_digest_and_nothing_else(browser, letter, log):
    address = f"{LOCAL}@gmail.com"
    link = work_off_the_list(*bring(letter, NAME, address))

    browser.post(link[0], {"decision": "refuse"})

    assert InvitedMailbox.objects.filter(refuses=True).count() == 1
    assert traces(log, NAME, TITLE, address, LOCAL, NETWORK, PREFIX, link[1]) == set()
