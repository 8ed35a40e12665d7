"""What providers post about mail that they could not deliver."""

import base64
import hashlib
import hmac
import json
import logging

import pytest

from signatories.actions import signing
from signatories.actions.signing import Entry
from signatories.addresses import Address
from signatories.affiliation import Affiliation
from signatories.models import MailDay, Signature, Verification
from signatories.verification.mailbox import ticket_digest
from tests.factories import make_letter

pytestmark = pytest.mark.django_db

ADDRESS = Address("w.otterbourne", "gmail.com")
TICKET = "0123456789abcdef0123456789abcdef"
SECRET = "letters:a-long-password-of-a-provider"
SIGNING_KEY = "a-signing-key"


@pytest.fixture
def take_from(settings):
    def configure(provider):
        settings.MAIL_PROVIDER = provider
        settings.ANYMAIL = {
            "WEBHOOK_SECRET": SECRET,
            "MAILGUN_API_KEY": "key",
            "MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING_KEY,
        }

    return configure


@pytest.fixture
def entry():
    signing.sign(
        letter=make_letter(),
        entry=Entry("named", name="Wilhelmina Otterbourne"),
        address=ADDRESS,
        affiliation=Affiliation(),
    )
    Verification.objects.update(ticket_digest=ticket_digest(TICKET))
    return Verification.objects.get()


def post(client, provider, event, secret=SECRET):
    headers = {}
    if secret:
        headers["Authorization"] = f"Basic {base64.b64encode(secret.encode()).decode()}"
    body = event if isinstance(event, str) else json.dumps(event)
    return client.post(
        f"/mail/events/{provider}/", body, content_type="application/json", headers=headers
    )


def postmark(kind="HardBounce", ticket=TICKET, record="Bounce"):
    return {
        "RecordType": record,
        "Type": kind,
        "Email": str(ADDRESS),
        "BouncedAt": "2026-01-20T12:00:00Z",
        "ID": 1,
        "Metadata": {"ticket": ticket},
    }


def mailgun(event="failed", severity="permanent", reason="bounce", ticket=TICKET, key=SIGNING_KEY):
    signed = hmac.new(key.encode(), b"1768910400nonce", hashlib.sha256).hexdigest()
    return {
        "signature": {"timestamp": "1768910400", "token": "nonce", "signature": signed},
        "event-data": {
            "event": event,
            "severity": severity,
            "reason": reason,
            "recipient": str(ADDRESS),
            "timestamp": 1768910400.5,
            "user-variables": {"ticket": ticket},
        },
    }


EVENTS = {"postmark": postmark, "mailgun": mailgun}


@pytest.mark.parametrize("provider", EVENTS)
def test_permanent_failure_erases_the_unconfirmed_entry_and_twice_is_once(
    client, take_from, entry, provider
):
    take_from(provider)

    first = post(client, provider, EVENTS[provider]())
    again = post(client, provider, EVENTS[provider]())

    assert (first.status_code, first.content) == (again.status_code, again.content) == (200, b"")
    assert first["Cache-Control"] == "no-store"
    assert not Signature.objects.exists()
    assert dict(MailDay.objects.values_list("kind", "number")) == {"read": 2, "returned": 1}


@pytest.mark.parametrize("provider", EVENTS)
@pytest.mark.parametrize("secret", ["", "letters:wrong", "wrong:" + SECRET.partition(":")[2]])
def test_whoever_does_not_know_the_secret_changes_nothing(
    client, take_from, entry, provider, secret
):
    take_from(provider)

    response = post(client, provider, EVENTS[provider](), secret)

    assert response.status_code == 400
    assert Signature.objects.count() == 1
    assert not MailDay.objects.exists()


def test_event_with_a_wrong_signature_changes_nothing(client, take_from, entry):
    take_from("mailgun")

    assert post(client, "mailgun", mailgun(key="another")).status_code == 400
    assert Signature.objects.count() == 1


@pytest.mark.parametrize("provider", EVENTS)
@pytest.mark.parametrize("ticket", ["f" * 32, "", "x", None, 7, str(ADDRESS)])
def test_forged_ticket_changes_nothing_and_the_answer_is_the_same(
    client, take_from, entry, provider, ticket
):
    take_from(provider)

    response = post(client, provider, EVENTS[provider](ticket=ticket))

    assert (response.status_code, response.content) == (200, b"")
    assert Signature.objects.count() == 1


@pytest.mark.parametrize(
    "event",
    [
        postmark("SoftBounce"),
        postmark("Transient"),
        postmark("AutoResponder"),
        postmark("Blocked"),
        postmark("SpamComplaint", record="SpamComplaint"),
        postmark(record="Delivery"),
        postmark(record="Open"),
        postmark(record="Click"),
    ],
    ids=lambda event: f"{event['RecordType']} {event['Type']}",
)
def test_whatever_is_no_permanent_failure_is_ignored(client, take_from, entry, event):
    take_from("postmark")

    assert post(client, "postmark", event).status_code == 200
    assert Signature.objects.count() == 1


@pytest.mark.parametrize(
    "event",
    [mailgun(severity="temporary"), mailgun(reason="generic"), mailgun("delivered", reason="")],
)
def test_what_mailgun_tries_again_or_has_delivered_is_ignored(client, take_from, entry, event):
    take_from("mailgun")

    assert post(client, "mailgun", event).status_code == 200
    assert Signature.objects.count() == 1


@pytest.mark.parametrize("provider", EVENTS)
@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"word"', '{"Metadata": null}'])
def test_broken_event_is_answered_without_a_word(client, take_from, entry, provider, body, caplog):
    take_from(provider)

    assert post(client, provider, body).status_code == 400
    assert Signature.objects.count() == 1
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("configured", ["", "mailgun"])
def test_there_is_no_such_page_for_a_provider_that_is_not_ours(
    client, settings, take_from, entry, configured
):
    if configured:
        take_from(configured)

    missing = client.post("/mail/events/postmark/", {})

    assert missing.status_code == 404
    assert Signature.objects.count() == 1


def test_there_is_no_such_page_without_a_secret(client, take_from, settings, entry):
    take_from("postmark")
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "key"}

    assert post(client, "postmark", postmark()).status_code == 404
    assert Signature.objects.count() == 1


def test_provider_may_look_whether_the_page_is_there(client, take_from):
    take_from("postmark")

    assert client.head("/mail/events/postmark/").status_code == 200
    assert client.get("/mail/events/postmark/").status_code == 405
