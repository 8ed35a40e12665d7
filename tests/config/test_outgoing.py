"""Mail through a provider: what leaves, what errors mean, and which settings are refused."""

import json
import traceback

import environ
import pytest
import requests

from config import mail, outgoing

ADDRESS = "w.otterbourne@gmail.com"
CONTEXT = {"code": "1234 5678", "minutes": 30}
SECRET = "letters:a-long-password-of-a-provider"


def settings_for(url, **more):
    class Environment(environ.Env):
        ENVIRON = {"EMAIL_URL": url, **more} if url else dict(more)

    return outgoing.settings_of(Environment(), is_development=False)


def complaints_about(mail_settings, bounce_address="", reminder_hours=24):
    found = outgoing.complaints(mail_settings, bounce_address, reminder_hours)
    return [sentence for sentence, is_so in found.items() if is_so]


# Settings ---------------------------------------------------------------------------------------


def test_mail_server_stays_what_is_usual():
    for url in ("", "smtp://127.0.0.1:25", "smtp+tls://user:word@mail.example.org:587"):
        found = settings_for(url)
        assert found["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
        assert (found["MAIL_PROVIDER"], found["ANYMAIL"]) == ("", {})
        assert complaints_about(found) == []


def test_provider_is_named_by_its_address():
    found = settings_for("anymail+postmark://server-token@", MAIL_EVENTS_SECRET=SECRET)

    assert found == {
        "EMAIL_BACKEND": "anymail.backends.postmark.EmailBackend",
        "MAIL_PROVIDER": "postmark",
        "ANYMAIL": {
            "POSTMARK_SERVER_TOKEN": "server-token",
            "WEBHOOK_SECRET": SECRET,
            "SEND_DEFAULTS": {"track_opens": False, "track_clicks": False},
            "REQUESTS_TIMEOUT": 20,
        },
    }
    assert complaints_about(found) == []


def test_provider_in_another_region_is_asked_there():
    url = "anymail+mailgun://key%2F1@mail.example.org?region=eu"
    found = settings_for(url, MAIL_EVENTS_SECRET=SECRET, MAIL_EVENTS_KEY="signing")["ANYMAIL"]

    assert found["MAILGUN_API_KEY"] == "key/1"
    assert found["MAILGUN_SENDER_DOMAIN"] == "mail.example.org"
    assert found["MAILGUN_API_URL"] == "https://api.eu.mailgun.net/v3"
    assert found["MAILGUN_WEBHOOK_SIGNING_KEY"] == "signing"


@pytest.mark.parametrize(
    ("url", "more", "word"),
    [
        ("anymail+pigeon://key@", {}, "not known"),
        ("anymail+postmark://@", {}, "provider's key"),
        ("anymail+postmark://key@", {"MAIL_EVENTS_SECRET": "short:short"}, "name:password"),
        ("anymail+postmark://key@", {"MAIL_EVENTS_SECRET": "a" * 40}, "name:password"),
        ("anymail+mailgun://key@", {"MAIL_EVENTS_SECRET": SECRET}, "need each other"),
        ("anymail+mailgun://key@", {"MAIL_EVENTS_KEY": "signing"}, "need each other"),
    ],
)
def test_settings_that_cannot_work_are_refused(url, more, word):
    [complaint] = complaints_about(settings_for(url, **more))

    assert word in complaint


@pytest.mark.parametrize(
    "address", ["bounce", "Bounce <b@x.example>", "b+c@x.example", "b@localhost", "b" * 25 + "@x.y"]
)
def test_bounce_address_that_cannot_carry_a_ticket_is_refused(address):
    [complaint] = complaints_about(settings_for(""), bounce_address=address)

    assert complaint.startswith("BOUNCE_ADDRESS must be")


@pytest.mark.parametrize("hours", [-1, 49])
def test_reminder_that_leaves_no_time_is_refused(hours):
    [complaint] = complaints_about(settings_for(""), reminder_hours=hours)

    assert complaint == "REMINDER_HOURS must be a number from 0 to 48"


# Sending ----------------------------------------------------------------------------------------


@pytest.fixture
def provider(settings, monkeypatch):
    """The provider's interface: what was posted to it, and what it answers."""
    found = settings_for("anymail+postmark://server-token@", MAIL_EVENTS_SECRET=SECRET)
    for name, value in found.items():
        setattr(settings, name, value)

    class Provider:
        posted = []
        status, answer, error = 200, {}, None

    def request(session, method, url, data=None, **options):
        if Provider.error:
            raise Provider.error
        Provider.posted.append(json.loads(data))
        response = requests.Response()
        response.status_code = Provider.status
        response._content = json.dumps(Provider.answer).encode()
        return response

    Provider.posted = []
    Provider.answer = {"ErrorCode": 0, "Message": "OK", "MessageID": "1", "To": ADDRESS}
    monkeypatch.setattr(requests.Session, "request", request)
    return Provider


def test_provider_gets_the_ticket_beside_the_mail_and_tracks_nothing(provider, settings):
    settings.BOUNCE_ADDRESS = "bounce@letters.example.org"
    ticket = mail.new_ticket()

    mail.send("mail/code", ADDRESS, CONTEXT, ticket=ticket)

    [posted] = provider.posted
    assert posted["TrackOpens"] is False
    assert posted["TrackLinks"] == "None"
    assert posted["Metadata"] == {"ticket": ticket}
    assert posted["From"] == settings.MAIL_FROM
    assert posted["To"] == ADDRESS
    assert posted["Subject"] == "Your code"
    assert ticket not in json.dumps({**posted, "Metadata": None})


def test_mailbox_that_the_provider_does_not_write_to_is_refused(provider):
    provider.status = 422
    provider.answer = {
        "ErrorCode": 406,
        "Message": f"You tried to send to recipient(s) that have been marked as inactive. "
        f"Found inactive addresses: {ADDRESS}. Inactive recipients are ones that have bounced.",
    }

    with pytest.raises(mail.Refused):
        mail.send("mail/code", ADDRESS, CONTEXT)


def test_answer_in_unknown_words_does_not_count_as_taken(provider):
    provider.status, provider.answer = 422, {"ErrorCode": 406, "Message": "Something else"}

    with pytest.raises(mail.Unreachable):
        mail.send("mail/code", ADDRESS, CONTEXT)


@pytest.mark.parametrize(("status", "code"), [(401, 10), (422, 412), (429, 0), (500, 0)])
def test_trouble_with_the_provider_is_about_nobodys_mailbox(provider, status, code):
    provider.status, provider.answer = status, {"ErrorCode": code, "Message": f"No {ADDRESS}"}

    with pytest.raises(mail.Unreachable) as caught:
        mail.send("mail/code", ADDRESS, CONTEXT)

    assert type(caught.value) is mail.Unreachable
    assert "otterbourne" not in "".join(traceback.format_exception(caught.value))


def test_provider_that_falls_silent_may_have_taken_the_mail(provider):
    provider.error = requests.ReadTimeout(f"while sending to {ADDRESS}")

    with pytest.raises(mail.Silent) as caught:
        mail.send("mail/code", ADDRESS, CONTEXT)

    assert "otterbourne" not in "".join(traceback.format_exception(caught.value))
