import re
import smtplib
import ssl
import traceback
from email import message_from_bytes, policy

import pytest
from django.core import mail as django_mail
from django.core.mail.backends.base import BaseEmailBackend

from config import mail

WORK, PRIVATE = "mail/code", "signatories/mail/code_private"
ADDRESS = "w.otterbourne@google.example"
CONTEXT = {"code": "1234 5678", "minutes": 30}
BUTTON = "http://testserver/confirm/" + "b" * 43 + "/"


class FailingBackend(BaseEmailBackend):
    """A mail server that answers with `error`."""

    error: Exception

    def send_messages(self, messages):
        raise self.error


@pytest.fixture
def failing(settings, monkeypatch):
    settings.EMAIL_BACKEND = "tests.config.test_mail.FailingBackend"

    def fail_with(error):
        monkeypatch.setattr(FailingBackend, "error", error, raising=False)

    return fail_with


def refused_with(code, text=b"no such mailbox"):
    return smtplib.SMTPRecipientsRefused({ADDRESS: (code, text + b" " + ADDRESS.encode())})


# Failing --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [550, 551, 552, 553, 554])
def test_send_to_a_mailbox_refused_for_good_raises_refused(failing, code):
    failing(refused_with(code))

    with pytest.raises(mail.Refused) as caught:
        mail.send(WORK, ADDRESS, CONTEXT)

    assert caught.value.args == ("SMTPRecipientsRefused",)


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (550, b"5.1.1 no such user", mail.Unknown),
        (550, b"#5.1.0 Address rejected", mail.Unknown),
        (550, b"5.1.10 RecipientNotFound", mail.Unknown),
        (550, b"5.2.1 disabled", mail.Refused),
        (550, b"no such user", mail.Refused),
        (551, b"user not local", mail.Refused),
        (553, b"mailbox name not allowed", mail.Refused),
        (550, b"5.0.0 no such user", mail.Refused),
        (554, b"5.7.1 blocked using Spamhaus", mail.TurnedAway),
        (550, b"5.7.26 unauthenticated", mail.TurnedAway),
        (550, b"5.1.8 bad sender address", mail.TurnedAway),
        (552, b"5.2.2 mailbox full", mail.TurnedAway),
        (552, b"mailbox full", mail.TurnedAway),
        (554, b"transaction failed", mail.TurnedAway),
        (550, b"5.3.0 other", mail.TurnedAway),
        (550, b"5.4.7 expired", mail.TurnedAway),
        (450, b"5.1.1 wait", mail.Deferred),
    ],
)
def test_send_tells_a_mailbox_that_is_not_there_from_other_refusals(failing, code, text, kind):
    failing(refused_with(code, text))

    with pytest.raises((mail.Refused, mail.Unreachable)) as caught:
        mail.send(WORK, ADDRESS, CONTEXT)

    assert type(caught.value) is kind
    assert ADDRESS not in str(caught.value)


UNREACHABLE = [
    refused_with(421),
    refused_with(450),
    refused_with(451),
    smtplib.SMTPSenderRefused(550, b"not from here " + ADDRESS.encode(), ADDRESS),
    smtplib.SMTPDataError(554, b"looks like spam to " + ADDRESS.encode()),
    smtplib.SMTPAuthenticationError(535, b"wrong password"),
    smtplib.SMTPServerDisconnected(f"gone while sending to {ADDRESS}"),
    smtplib.SMTPNotSupportedError("no SMTPUTF8"),
    smtplib.SMTPHeloError(500, b"who?"),
    ConnectionRefusedError(111, f"refused, {ADDRESS}"),
    TimeoutError(f"timed out, {ADDRESS}"),
    ssl.SSLCertVerificationError(1, f"certificate, {ADDRESS}"),
    BrokenPipeError(32, "broken pipe"),
]


@pytest.mark.parametrize("error", UNREACHABLE, ids=lambda error: type(error).__name__)
def test_send_through_a_server_in_trouble_raises_unreachable(failing, error):
    failing(error)

    with pytest.raises(mail.Unreachable) as caught:
        mail.send(WORK, ADDRESS, CONTEXT)

    assert caught.value.args == (type(error).__name__,)


@pytest.mark.parametrize("error", [refused_with(550), *UNREACHABLE[:4]], ids=str)
def test_errors_and_their_tracebacks_never_carry_the_address(failing, error):
    assert ADDRESS in str(error), "There must be something to leak."
    failing(error)

    with pytest.raises((mail.Refused, mail.Unreachable)) as caught:
        mail.send(WORK, ADDRESS, CONTEXT)

    text = "".join(traceback.format_exception(caught.value))
    assert "config/mail.py" in text
    assert ADDRESS not in text
    assert "otterbourne" not in text
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ is True


# What is sent ---------------------------------------------------------------------------


def sent(folder, **context):
    mail.send(folder, ADDRESS, {**CONTEXT, **context})
    [message] = django_mail.outbox
    return message_from_bytes(message.message().as_bytes(), policy=policy.default)


def test_send_writes_these_headers_and_no_other(settings):
    settings.MAIL_FROM = "Codes <codes@letters.example.org>"

    message = sent(WORK)

    assert message["From"] == "Codes <codes@letters.example.org>"
    assert message["To"] == ADDRESS
    assert message["Subject"] == "Your code"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert re.fullmatch(r"<[0-9a-f]{32}@letters\.example\.org>", message["Message-ID"])
    assert sorted(message.keys()) == [
        "Auto-Submitted",
        "Content-Type",
        "Date",
        "From",
        "MIME-Version",
        "Message-ID",
        "Subject",
        "To",
        "X-Auto-Response-Suppress",
    ]


def test_send_gives_every_message_an_id_of_its_own():
    mail.send(WORK, ADDRESS, CONTEXT)
    mail.send(WORK, ADDRESS, CONTEXT)

    first, second = (message.extra_headers["Message-ID"] for message in django_mail.outbox)
    assert first != second


def test_send_writes_text_first_and_html_that_says_the_same():
    message = sent(WORK)

    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    for part in message.iter_parts():
        assert "1234 5678" in part.get_content()
        assert "30 minutes" in part.get_content()


def test_work_mail_holds_no_link_and_nothing_of_the_site(settings):
    settings.SITE_NAME = "Letters of the valley"

    message = sent(WORK, button_url=BUTTON)

    text = "".join(part.get_content() for part in message.iter_parts())
    text = re.sub(r' style="[^"]*"', "", text)
    for word in ("http:", "https:", "href", "src=", "testserver", "valley", "letter", "sign"):
        assert word not in text.lower(), word


def test_private_mail_holds_one_link_that_needs_a_press():
    message = sent(PRIVATE, button_url=BUTTON)

    plain, html = (part.get_content() for part in message.iter_parts())
    assert re.findall(r"https?://\S+", plain) == [BUTTON]
    assert set(re.findall(r"https?://[^\s<\"]+", html)) == {BUTTON}
    assert "src=" not in html


@pytest.mark.parametrize("folder", [WORK, PRIVATE])
def test_subject_is_neutral_and_the_same_for_all(folder):
    assert mail.subject(folder) == "Your code"


# The folder in development ----------------------------------------------------------------


def test_folder_backend_writes_one_file_for_each_message(settings):
    settings.EMAIL_BACKEND = "config.mail.FolderBackend"

    mail.send(WORK, ADDRESS, CONTEXT)
    mail.send(WORK, "somebody.else@google.example", CONTEXT)

    files = sorted(settings.MAIL_DIR.iterdir())
    assert [path.suffix for path in files] == [".eml", ".eml"]
    parsed = message_from_bytes(files[0].read_bytes(), policy=policy.default)
    assert parsed["To"] == ADDRESS
    assert "1234 5678" in parsed.get_body(("plain",)).get_content()
    assert settings.MAIL_DIR.stat().st_mode & 0o777 == 0o700


def test_folder_backend_that_cannot_write_is_unreachable(settings, tmp_path):
    settings.EMAIL_BACKEND = "config.mail.FolderBackend"
    settings.MAIL_DIR = tmp_path / "file"
    settings.MAIL_DIR.write_text("not a folder")

    with pytest.raises(mail.Unreachable):
        mail.send(WORK, ADDRESS, CONTEXT)
