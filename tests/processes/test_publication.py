"""A batch of two hundred, watched from outside and from inside while it moves.

Outside, somebody asks for the public pages again and again. Inside, somebody with the
database and all keys, who knows from a mail log in which order people confirmed, tries to
find their lines by the order in which rows are stored.
"""

import json
import re
import threading
from itertools import pairwise

import pytest

from tests.processes.stores import Postgresql
from tests.processes.waiting import wait_for

pytestmark = pytest.mark.processes

SIGNERS = 200

CONFIRM_ALL = """
import json
from config import crypto
from letters.models import Letter
from signatories import addresses
from signatories.actions import batches, confirming, signing
from signatories.addresses import Address
from signatories.affiliation import assess
from signatories.models import Verification

letter = Letter.objects.get(slug="iceout-tech")
batches.start_tally(letter)
confirmed = []
for number in range(int(line)):
    address = Address(f"watched.{number}", "mozilla.com")
    entry = signing.Entry("anonymous")
    token = signing.sign(
        letter=letter, entry=entry, address=address, affiliation=assess(address, "Mozilla", "current")
    )
    waiting = Verification.objects.select_related("signature__letter")
    verification = waiting.get(page_digest=crypto.digest("page", token))
    manage = confirming.confirm(verification=verification, secrets=(token,))
    confirmed.append([crypto.digest("manage", manage), addresses.digest(letter, address)])
print(json.dumps(confirmed))
"""


class Watcher(threading.Thread):
    """Asks for the public pages without rest and keeps each new answer."""

    def __init__(self, stack):
        super().__init__(daemon=True)
        self.stack, self.done = stack, threading.Event()
        self.totals, self.rolls, self.documents, self.cookies = [], [], [], 0

    def run(self):
        with self.stack.visitor() as visitor:
            while not self.done.is_set():
                self.look(visitor)
            self.look(visitor)
            self.cookies = len(visitor.cookies)

    def look(self, visitor):
        page = visitor.get("/letters/iceout-tech/").text
        note(self.totals, re.search(r"<title>(.*?)</title>", page, re.DOTALL)[1].split()[-2])
        filtered = visitor.get("/letters/iceout-tech/roll/?organisation=mozilla").text
        note(self.rolls, filtered.count("Verified employee, Mozilla"))
        document = visitor.get("/letters/iceout-tech/stats.json").json()
        note(self.documents, json.dumps([document["published"], document["as_of_last_batch"]]))


def note(series, value):
    if not series or series[-1] != value:
        series.append(value)


@pytest.fixture
def watcher(stack):
    watcher = Watcher(stack)
    yield watcher
    watcher.done.set()
    if watcher.is_alive():
        watcher.join(60)


def physical_order(stack, table, column):
    """The values of a column as the rows are stored."""
    by = "ctid" if isinstance(stack.database, Postgresql) else "rowid"
    return [value for (value,) in stack.ask(f"SELECT {column} FROM {table} ORDER BY {by}")]


def right_guesses(stored, confirmed):
    """How many stand at the place where the mail log would look for them."""
    known = set(confirmed)
    stored = [value for value in stored if value in known]
    return sum(guess == truth for guess, truth in zip(stored, confirmed, strict=True))


def test_batch_moves_at_once_and_leaves_no_order_behind(stack, watcher):
    stack.clock.kill()
    try:
        [answer] = stack.python_at_once(CONFIRM_ALL, [str(SIGNERS)])
        confirmed = json.loads(answer)
        lines, digests = ([row[place] for row in confirmed] for place in (0, 1))
        stored = physical_order(stack, "signatories_signature", "manage_digest")
        assert right_guesses(stored, lines) > SIGNERS * 0.8, "the attack does not work at all"
        watcher.start()
        wait_for(lambda: len(watcher.documents) == 1, "the first look")
        stack.ask("UPDATE signatories_tally SET next_batch_at = '2026-01-01 00:00:00'")
    finally:
        stack.clock.start()
    published = (
        "SELECT COUNT(*) FROM signatories_signature s JOIN letters_organisation o "
        "ON o.id = s.shown_organisation_id WHERE o.slug = 'mozilla' AND s.state = 'published'"
    )
    wait_for(lambda: stack.one(published) >= SIGNERS, "the batch", 120)
    watcher.done.set()
    watcher.join(60)

    # Outside: one step, on every page, without anything in between.
    assert len(watcher.documents) == 2
    [step] = [int(later) - int(sooner) for sooner, later in pairwise(numbers(watcher.totals))]
    assert step >= SIGNERS  # Other tests may have left some that moved with them.
    assert len(watcher.rolls) <= 2
    assert watcher.cookies == 0
    # Inside: no order is that of the mail log.
    for table, column, truth in (
        ("signatories_signature", "manage_digest", lines),
        ("signatories_usedaddress", "digest", digests),
    ):
        found = right_guesses(physical_order(stack, table, column), truth)
        assert found <= 8, f"{table}: {found} of {SIGNERS}"
    both = physical_order(stack, "signatories_signature", "manage_digest")
    by_digest = physical_order(stack, "signatories_usedaddress", "digest")
    whose = dict(zip(digests, lines, strict=True))
    assert right_guesses(both, [whose[digest] for digest in by_digest if digest in whose]) <= 8


def numbers(totals):
    return [total.replace(",", "").replace("\u202f", "") for total in totals]
