"""Many entries decided at once by a real worker, which is killed and stopped half-way."""

import os

import pytest

from signatories.models.verification import CLAIM_LEASE
from tests.processes.waiting import wait_for

pytestmark = pytest.mark.processes

# `BULK_ROWS=20000 pytest tests/processes/test_bulk.py` measures a large one.
ROWS = int(os.environ.get("BULK_ROWS", "1500"))

BEGIN = """
from django.utils import timezone
from letters.models import Letter, User
from signatories.actions import bulk
from signatories.bulk_rule import Rule
from signatories.models import Signature
name, number, decision = line.split()
letter = Letter.objects.get(slug="iceout-tech")
host, _made = User.objects.get_or_create(username="harriet", is_superuser=True)
today = timezone.localdate()
Signature.objects.bulk_create(
    [
        Signature(
            letter=letter,
            version=letter.current_version,
            state="in_review",
            appearance="named",
            name=f"{name} {place}",
            submitted_on=today,
            confirmed_on=today,
        )
        for place in range(int(number))
    ],
    batch_size=1000,
)
work = bulk.preview(
    letter=letter,
    rule=Rule(name=f"{name}*"),
    decision=decision,
    reason="abuse" if decision == "reject" else "",
    actor=host,
)
bulk.start(bulk=work, actor=host)
print(work.pk)
"""
DO = """
from letters.models import User
from signatories.actions import bulk
from signatories.models import BulkDecision
verb, pk = line.split()
host = User.objects.get(username="harriet")
getattr(bulk, verb)(bulk=BulkDecision.objects.get(pk=pk), actor=host)
"""


def begin(stack, name, number, decision):
    [pk] = stack.python_at_once(BEGIN, [f"{name} {number} {decision}"])
    found = stack.ask("SELECT id FROM signatories_bulkdecision WHERE id = ?", pk)
    return pk if found else pk.replace("-", "")  # SQLite writes it without its dashes.


def do(stack, verb, pk):
    stack.python_at_once(DO, [f"{verb} {pk}"])


def state_of(stack, pk):
    return stack.one("SELECT state FROM signatories_bulkdecision WHERE id = ?", pk)


def numbers(stack, name):
    """How many entries are in which state."""
    rows = stack.ask(
        "SELECT state, COUNT(*) FROM signatories_signature WHERE name LIKE ? GROUP BY state",
        f"{name} %",
    )
    return dict(rows)


def decisions(stack, pk, verb):
    """How many audit entries of the verb there are for entries of this decision, and for how many
    different ones."""
    [row] = stack.ask(
        "SELECT COUNT(*), COUNT(DISTINCT a.target) FROM letters_auditentry a "
        "WHERE a.verb = ? AND a.id >= (SELECT MIN(recorded) FROM signatories_bulkentry "
        "WHERE bulk_id = ?)",
        verb,
        pk,
    )
    return row


def test_killed_worker_goes_on_and_decides_nothing_twice(stack):
    pk = begin(stack, "Rookwood", ROWS, "reject")
    wait_for(lambda: numbers(stack, "Rookwood").get("rejected", 0) >= ROWS // 4, "a quarter", 600)
    stack.worker.kill()
    done = numbers(stack, "Rookwood")["rejected"]

    assert ROWS // 4 <= done < ROWS, "It was killed too late to tell."
    assert done % 100 == 0, "A batch was left half done."
    assert decisions(stack, pk, "signature.rejected") == (done, done)
    stack.let_time_pass("signatories_bulkdecision", "claimed_at", CLAIM_LEASE)
    stack.worker.start()
    wait_for(lambda: state_of(stack, pk) == "done", "the end", 600, explain=stack.describe)

    assert numbers(stack, "Rookwood") == {"rejected": ROWS}
    assert decisions(stack, pk, "signature.rejected") == (ROWS, ROWS)
    do(stack, "undo", pk)
    wait_for(lambda: state_of(stack, pk) == "undone", "the way back", 600, explain=stack.describe)
    assert numbers(stack, "Rookwood") == {"in_review": ROWS}
    assert decisions(stack, pk, "signature.taken_back") == (ROWS, ROWS)


def test_stopped_in_the_middle_the_rest_stays_in_review(stack):
    with stack.python_ready(DO) as act:
        pk = begin(stack, "Thistlewood", ROWS, "approve")
        wait_for(lambda: numbers(stack, "Thistlewood").get("published", 0) >= 100, "a batch", 600)
        act(f"cancel {pk}")

    found = numbers(stack, "Thistlewood")
    assert state_of(stack, pk) == "cancelled"
    assert 100 <= found["published"] < ROWS
    assert found["published"] + found["in_review"] == ROWS
    do(stack, "undo", pk)
    wait_for(lambda: state_of(stack, pk) == "undone", "the way back", 600, explain=stack.describe)
    assert numbers(stack, "Thistlewood") == {"in_review": ROWS}
