"""A mailing to many, while mail server and worker fail: everybody gets it, and gets it once."""

import os
import time
from collections import Counter
from datetime import timedelta

import pytest

from signatories.models.mailing import MAILING_LEASE
from tests.processes.sink import HANG
from tests.processes.stack import Stack
from tests.processes.waiting import wait_for

pytestmark = pytest.mark.processes

# `MAILING_TO=20000 pytest tests/processes/test_mailing.py` measures a large one.
SUBSCRIBERS = int(os.environ.get("MAILING_TO", "800"))
LONG = 600

BEGIN = """
from django.utils import timezone
from config import crypto
from letters.actions.updates import Told, post
from letters.models import Letter, User
from signatories import addresses
from signatories.actions import mailings, subscribing
from signatories.models import Subscription

letter = Letter.objects.get(slug="iceout-tech")
host = User.objects.create_superuser("harriet")
rows = []
for number in range({number}):
    address = addresses.Address(f"reader{{number}}", "gmail.com")
    digest = addresses.updates_digest(letter, address)
    rows.append(Subscription(
        letter=letter, digest=digest, address=addresses.encrypt_for_updates(letter, address),
        token_digest=crypto.digest("updates", crypto.new_token()),
        link_digest=subscribing.link_digest(addresses.updates_link(letter, digest)),
    ))
Subscription.objects.bulk_create(rows, batch_size=500)
told = Told("news", "We were heard", "They *listened*.", "", timezone.localdate())
update = post(letter=letter, told=told, actor=host)
mailings.schedule(update=update, send_at=timezone.now(), revision=0, actor=host)
"""

# Whoever is to get it last: the address, and the link that their mail would have.
LAST = """
from signatories import addresses
from signatories.models import Delivery, Subscription
digest = Delivery.objects.order_by("digest").last().digest
row = Subscription.objects.select_related("letter").get(digest=digest)
print(addresses.decrypt_for_updates(row.letter, bytes(row.address)))
print(addresses.updates_link(row.letter, digest))
"""


@pytest.fixture
def quick():
    """An installation that may send as quickly as it can."""
    stack = Stack(TRUSTED_PROXIES="1", MAILING_PER_MINUTE="60000")
    yield stack
    stack.stop()


def test_mailing_reaches_everybody_though_mail_server_and_worker_fail(quick):
    figures = mail_with_trouble(quick, SUBSCRIBERS)

    print(figures)


def mail_with_trouble(stack, number):
    """Let the server go away after a quarter, and kill the worker in mid-message at half."""
    began = time.monotonic()
    stack.python(BEGIN.format(number=number))
    wait_for(lambda: len(stack.sink.mails) >= number // 4, "a quarter", LONG, stack.describe)
    with stack.sink.closed():
        wait_for(lambda: stack.one("SELECT attempts FROM signatories_mailing"), "a retry")
        assert stack.one("SELECT failed FROM signatories_mailing") == 0
    stack.let_time_pass("signatories_mailing", "not_before", timedelta(minutes=15))
    wait_for(lambda: len(stack.sink.mails) >= number // 2, "half", LONG, stack.describe)
    with stack.sink.in_mood(HANG):
        wait_for(lambda: not stack.sink.mails[-1].was_taken, "a message in flight")
        stack.worker.kill()
    leaver, link = stack.python(LAST).split()
    with stack.visitor() as visitor:
        ended = visitor.post(f"/updates/end/{link}/", data={"List-Unsubscribe": "One-Click"})
    for table in ("mailing", "delivery"):
        stack.let_time_pass(f"signatories_{table}", "claimed_at", MAILING_LEASE)
    stack.worker.start()
    state = "SELECT state FROM signatories_mailing"
    wait_for(lambda: stack.one(state) == "done", "the end", LONG, stack.describe)
    took = time.monotonic() - began

    got = Counter(mail.to for mail in stack.sink.mails)
    repeated = sum(got.values()) - len(got)
    assert ended.status_code == 200
    assert set(got) == {f"reader{n}@gmail.com" for n in range(number)} - {leaver}
    # One when the server went away, if it had said yes already, and one when the worker died.
    assert repeated <= 2
    assert max(got.values()) <= 2
    [(total, sent, failed)] = stack.ask("SELECT total, sent, failed FROM signatories_mailing")
    assert (total, sent, failed) == (number, number - 1, 0)
    assert stack.one("SELECT COUNT(*) FROM signatories_delivery") == 0
    assert stack.one("SELECT COUNT(*) FROM signatories_subscription") == number - 1
    return f"{number} subscribers in {took:.0f} s, {repeated} messages twice"
