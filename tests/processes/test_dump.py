"""Whoever takes database, broker and logs after a campaign finds no address in them."""

import base64
import hashlib
import re
import uuid

import pytest

from tests.processes.leaks import holds_code, leaks
from tests.processes.sink import LATER, NEVER
from tests.processes.stack import VISITOR
from tests.processes.stores import dump_broker, dump_database
from tests.processes.waiting import wait_for

pytestmark = pytest.mark.processes


def test_leaks_are_found_in_every_spelling():
    address = "w.canary@google.com"
    plants = {
        "clear": b"to W.Canary@Google.com.",
        "quoted": b"?email=w.canary%40google.com",
        "utf-16": address.encode("utf-16-le"),
        "hex": b"\\x" + address.encode().hex().encode(),
        "base64": base64.b64encode(b'["' + address.encode() + b'"]'),
        "md5 in hex": hashlib.md5(address.encode()).hexdigest().encode(),
        "sha1": hashlib.sha1(address.encode()).digest(),
        "sha256 in base64": base64.b64encode(b"x" + hashlib.sha256(address.encode()).digest()),
    }

    assert {name: leaks(address, plant)[0] for name, plant in plants.items()} == {
        name: name for name in plants
    }
    assert leaks(address, b"w.canary at google.com") == []
    for plant in (b"x12345678,", b"is 1234 5678.", b'"1234-5678"'):
        assert holds_code("1234 5678", plant), plant
    for chance in (b"123456789", b"c12345678f", b"12345678-9abc", b"9abc-12345678"):
        assert not holds_code("1234 5678", chance), chance


class Campaign:
    """What people did, and what of it must not be found."""

    def __init__(self, stack):
        self.stack = stack
        self.addresses, self.codes, self.tokens = set(), set(), set()

    def code(self, address, number=1):
        code = self.stack.sink.wait_for(address, number).code
        self.codes.add(code)
        return code

    def button(self, address):
        self.code(address)
        return re.search(r"/confirm/[\w-]{43}/", self.stack.sink.to(address)[-1].text)[0]

    def visitor(self):
        visitor = self.stack.visitor()
        visitor.tokens = self.tokens
        return visitor

    def sign(self, visitor, email, **fields):
        self.addresses |= {email, email.lower()}
        return visitor.sign(email=email, **fields)

    def send(self, visitor, email, **fields):
        """Sign without looking at the next page, which may be gone as quickly as it came."""
        self.addresses |= {email, email.lower()}
        fields = {"organisation": "Google", "appearance": "named", "email": email, **fields}
        assert visitor.submit("/letters/iceout-tech/sign/", **fields).status_code == 302

    def confirm(self, email, **fields):
        with self.visitor() as visitor:
            page = self.sign(visitor, email, **fields)
            receipt = visitor.type_code(page, self.code(email))
            assert "You have signed" in receipt.text
            return receipt

    def withdraw(self, receipt):
        with self.visitor() as visitor:
            withdrawn = visitor.submit(receipt.url.path.replace("receipt", "withdraw"))
            assert "You have withdrawn" in withdrawn.text


def run_campaign(stack):
    campaign = Campaign(stack)
    campaign.confirm("Canary.Named@Google.com", name="Canary Named", title="Canary keeper")
    campaign.confirm("canary.again@google.com", name="Canary Again")
    campaign.confirm("canary.again+2@google.com", name="Canary Duplicate")
    campaign.confirm("canary.secret@google.com", name="Canary Secret", appearance="anonymous")
    campaign.withdraw(campaign.confirm("canary.gone@google.com", name="Canary Gone"))
    campaign.withdraw(
        campaign.confirm("canary.left@google.com", name="Canary Left", appearance="anonymous")
    )
    with campaign.visitor() as visitor:
        campaign.sign(visitor, "canary.button@gmail.com", name="Canary Button")
        visitor.submit(campaign.button("canary.button@gmail.com"), decision="confirm")
        campaign.sign(visitor, "canary.notme@gmail.com", name="Canary Notme")
        visitor.submit(campaign.button("canary.notme@gmail.com"), decision="refuse")
        page = campaign.sign(visitor, "canary.wrong@google.com", name="Canary Wrong")
        campaign.code("canary.wrong@google.com")
        visitor.type_code(page, "0000 0000")
        stumble(campaign, visitor)
        find(campaign, visitor)
        change(campaign, visitor)
        with stack.sink.in_mood(LATER):
            campaign.sign(visitor, "canary.later@google.com", name="Canary Later")
            wait_for(lambda: "canary.later@google.com" in stack.sink.refused, "the first attempt")
        with stack.sink.in_mood(NEVER):
            campaign.send(visitor, "canary.never@google.com", name="Canary Never")
            wait_for(lambda: not rows_of(stack, "Canary Never"), "the entry to be erased")
    return campaign


def stumble(campaign, visitor):
    """Forms that come to nothing: for what was typed, for a missing token, by our own fault."""
    typed = {"name": "Canary Stumble", "email": "canary.stumble@gmail.com", "title": "Stumbler"}
    campaign.addresses.add(typed["email"])
    path = "/letters/iceout-tech/sign/"
    advised = visitor.submit(path, **typed, appearance="anonymous", organisation="Google")
    assert "does not prove" in advised.text
    assert visitor.post(path, data=typed).status_code == 403
    campaign.stack.ask("ALTER TABLE signatories_verification RENAME TO set_aside")
    try:
        broken = visitor.submit(path, **typed, appearance="named")
    finally:
        campaign.stack.ask("ALTER TABLE set_aside RENAME TO signatories_verification")
    assert broken.status_code == 500


def change(campaign, visitor):
    """Become anonymous and named again, correct a title, subscribe to updates."""
    shy = own_page(campaign.confirm("canary.shy@google.com", name="Canary Shy", title="Shyest"))
    now_anonymous = visitor.submit(f"{shy}anonymous/").headers["Location"]
    assert "Canary Shy" not in visitor.get(now_anonymous).text
    bold = own_page(
        campaign.confirm("canary.bold@google.com", name="Canary Bold", appearance="anonymous")
    )
    naming = {"name": "Canary Bolder", "email": "canary.bold@google.com"}
    code_page = visitor.get(visitor.submit(f"{bold}named/", **naming).headers["Location"])
    confirmed = visitor.send_form(code_page, code=campaign.code("canary.bold@google.com", 2))
    named = visitor.get(confirmed.headers["Location"])
    assert "You have signed" in named.text
    visitor.submit(f"{own_page(named)}title/", title="Boldest")
    campaign.addresses.add("canary.reader@gmail.com")
    subscribing = {"email": "canary.reader@gmail.com"}
    sent = visitor.submit("/letters/iceout-tech/updates/subscribe/", **subscribing)
    code_page = visitor.get(sent.headers["Location"])
    confirmed = visitor.send_form(code_page, code=campaign.code("canary.reader@gmail.com"))
    assert "You get the updates" in visitor.get(confirmed.headers["Location"]).text


def own_page(receipt):
    return receipt.url.path.replace("receipt/", "")


def find(campaign, visitor):
    sent = visitor.submit("/signature/find/", email="canary.named@google.com")
    page = visitor.get(sent.headers["Location"])
    code = campaign.code("canary.named@google.com", 2)
    assert "Canary Named" in visitor.send_form(page, code=code).text


def rows_of(stack, name):
    return stack.ask("SELECT id FROM signatories_signature WHERE name = ?", name)


ANONYMOUS = ("Canary Secret", "Canary Left", "Canary Hidden")
ERASED = ("Canary Gone", "Canary Notme", "Canary Never", "Canary Stumble", "Canary Shy", "Shyest")
KEPT = (
    "Canary Named",
    "Canary Again",
    "Canary Button",
    "Canary Wrong",
    "Canary Waits",
    "Canary Bolder",
    "Boldest",
)


def test_dump_after_a_campaign_gives_nobody_away(stack):
    campaign = run_campaign(stack)
    stack.worker.kill()
    stack.clock.kill()
    try:
        with campaign.visitor() as visitor:
            # These two wait in the queue while we look.
            campaign.sign(visitor, "canary.waits@google.com", name="Canary Waits")
            campaign.sign(
                visitor, "canary.hidden@google.com", name="Canary Hidden", appearance="anonymous"
            )
        database, broker = dump_database(stack.database), dump_broker(stack.broker)
        files = read_files(stack.var)
    finally:
        stack.worker.start()
        stack.clock.start()
    logs = {name: text for name, text in files.items() if name.endswith(".log")}
    heaps = {"database": database, "broker": broker, **files}

    # We look in the right places: what may be there is there.
    assert [name for name in KEPT if name.encode() not in database] == []
    assert any("base64" in leaks(key, broker) for key in keys_of_waiting(stack))
    assert "web.log" in " ".join(logs) and any(b"Traceback" in text for text in logs.values())
    assert any(b"A mail server has put a code off" in text for text in logs.values())

    addresses = {*campaign.addresses, VISITOR, "198.51.100.0/24", "canarybutton@gmail.com"}
    assert found(addresses, heaps, leaks) == []
    assert found(ANONYMOUS, heaps, leaks) == []
    assert found(ERASED, {"database": database, "broker": broker}, leaks) == []
    assert found([*ANONYMOUS, *ERASED, *KEPT], logs, leaks) == []
    assert len(campaign.tokens) > 20
    assert found(campaign.tokens, heaps, lambda token, heap: token.encode() in heap) == []
    assert len(campaign.codes) > 8
    assert found(campaign.codes, heaps, holds_code) == []


def read_files(folder):
    """Everything the processes wrote: database files, the broker's files, logs."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    own = [path for path in paths if folder / "static" not in path.parents]
    return {str(path.relative_to(folder)): path.read_bytes() for path in own}


def keys_of_waiting(stack):
    """The keys of the verifications that wait to be sent, as the queue spells them."""
    rows = stack.ask("SELECT id FROM signatories_verification WHERE due_at IS NOT NULL")
    return [str(uuid.UUID(str(key))) for (key,) in rows]


def found(secrets, heaps, look):
    """Which secret is where, and how it is spelt."""
    return [
        (secret, name, look(secret, heap))
        for secret in secrets
        for name, heap in heaps.items()
        if look(secret, heap)
    ]
