"""From the form through the real worker to a mail server, and back with the code."""

import re
import socket

import pytest

pytestmark = pytest.mark.processes


def test_sign_by_name_leads_from_the_form_over_the_mail_to_the_receipt(stack):
    with stack.visitor() as visitor:
        page = visitor.sign(name="Perpetua Inkpen", email="p.inkpen@google.com")
        mail = stack.sink.wait_for("p.inkpen@google.com")

        receipt = visitor.type_code(page, mail.code)

    assert receipt.status_code == 200
    assert "You have signed" in receipt.text
    state = stack.one("SELECT state FROM signatories_signature WHERE name = ?", "Perpetua Inkpen")
    assert state == "in_review"
    assert len(stack.sink.to("p.inkpen@google.com")) == 1


def test_mail_to_a_work_mailbox_tells_nothing(stack):
    with stack.visitor() as visitor:
        visitor.sign(
            name="Zephyrine Wrenfield", email="z.wrenfield@google.com", title="Chief gardener"
        )
        mail = stack.sink.wait_for("z.wrenfield@google.com")

    message = mail.message
    assert message["Subject"] == "Your code"
    assert message["From"] == "Codes <codes@letters.example.org>"
    assert message["To"] == "z.wrenfield@google.com"
    assert re.fullmatch(r"<[0-9a-f]{32}@letters\.example\.org>", message["Message-ID"])
    assert sorted(name.lower() for name in message) == [
        "auto-submitted",
        "content-type",
        "date",
        "from",
        "message-id",
        "mime-version",
        "subject",
        "to",
        "x-auto-response-suppress",
    ]
    # Decoded, so that no transfer encoding hides a word; without markup, whose words are not ours.
    headers = mail.raw.decode().partition("\r\n\r\n")[0]
    readable = "\n".join([headers, mail.text, re.sub(r"<[^>]+>", " ", mail.html)]).lower()
    assert "z.wrenfield@google.com" in readable
    for known in ("z.wrenfield@google.com", "letters.example.org"):
        readable = readable.replace(known, "")
    for word in ("zephyrine", "wrenfield", "gardener", "google", "iceout", "pick up", "letter"):
        assert word not in readable
    for link in ("http", "href", "www.", "/confirm/"):
        assert link not in (readable + mail.html).lower()
    assert not re.search(rf"\b{re.escape(socket.gethostname().lower())}\b", readable)


def test_mail_to_a_work_mailbox_is_the_same_for_everybody(stack):
    with stack.visitor() as visitor:
        page = visitor.sign(name="Rosalba Yarrow", email="r.yarrow@google.com")
        first = stack.sink.wait_for("r.yarrow@google.com")
        visitor.type_code(page, first.code)
        visitor.sign(appearance="anonymous", email="r.yarrow@google.com")
        visitor.submit("/signature/find/", email="r.yarrow@google.com")

        others = [stack.sink.wait_for("r.yarrow@google.com", number) for number in (2, 3)]

    assert [without_chance(mail) for mail in others] == [without_chance(first)] * 2


def without_chance(mail):
    """The message without what is drawn for each: code, date, id, and the line between parts."""
    raw = mail.raw.decode().replace(mail.code, "CODE")
    raw = re.sub(r"={15}\d+==", "BOUNDARY", raw)
    return re.sub(r"(?m)^(Date|Message-ID): .*$", r"\1", raw)
