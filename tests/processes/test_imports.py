"""Nothing is lost of a spreadsheet and its invitations: worker and mail server fail half-way."""

import os
from collections import Counter

import pytest

from signatories.models.verification import CLAIM_LEASE
from tests.processes.waiting import wait_for

pytestmark = pytest.mark.processes

# `IMPORT_ROWS=20000 pytest tests/processes/test_imports.py` measures a large one.
ROWS = int(os.environ.get("IMPORT_ROWS", "5000"))

BEGIN = """
from letters.models import Letter, User
from signatories.actions import importing
from signatories.spreadsheets import Table
provider, number = line.split()
letter = Letter.objects.get(slug="iceout-tech")
host, _made = User.objects.get_or_create(username="harriet", is_superuser=True)
rows = []
for place in range(int(number)):
    address = f"{provider}.{place}@gmail.com"
    if place % 10 == 3:
        address = f"{provider}.{place}@work.example.org"
    if place % 10 == 7:
        address = f"{provider}.{place - 1}+again@gmail.com"
    if place % 10 == 9:
        address = ""
    rows.append((place + 2, [f"Person Rookwood", address]))
source = importing.begin(letter=letter, table=Table(["Name", "Email"], rows), actor=host)
importing.choose_columns(source=source, mapping={"name": 0, "email": 1}, actor=host)
print(source.pk)
"""
FAULTS = """
SELECT fault, COUNT(*), COUNT(DISTINCT "row") FROM signatories_importfault
WHERE source_id = ? GROUP BY fault ORDER BY fault
"""
DO = """
from letters.models import User
from signatories.actions import importing
from signatories.models import Import
verb, pk = line.split()
host = User.objects.get(username="harriet")
getattr(importing, verb)(source=Import.objects.get(pk=pk), actor=host)
"""


def begin(stack, provider, number):
    [pk] = stack.python_at_once(BEGIN, [f"{provider} {number}"])
    return pk


def do(stack, verb, pk):
    stack.python_at_once(DO, [f"{verb} {pk}"])


def key(stack, pk):
    """The number as the database writes it: SQLite without its dashes."""
    found = stack.ask("SELECT id FROM signatories_import WHERE id = ?", pk)
    return pk if found else pk.replace("-", "")


def state_of(stack, pk):
    [row] = stack.ask(
        "SELECT state, rows_done, invited, sent FROM signatories_import WHERE id = ?", pk
    )
    return row


def test_worker_killed_while_it_reads_loses_no_row_and_reads_none_twice(stack):
    pk = key(stack, begin(stack, "read", ROWS))
    wait_for(lambda: state_of(stack, pk)[1] >= ROWS // 4, "a quarter of the rows", 300)
    stack.worker.kill()
    _state, done, invited, _sent = state_of(stack, pk)

    assert ROWS // 4 <= done < ROWS, "It was killed too late to tell."
    assert invited == done * 7 // 10
    stack.let_time_pass("signatories_import", "claimed_at", CLAIM_LEASE)
    stack.worker.start()
    wait_for(lambda: state_of(stack, pk)[0] == "ready", "the end of the file", 300)

    assert state_of(stack, pk) == ("ready", ROWS, ROWS * 7 // 10, 0)
    tenth = ROWS // 10
    people = "SELECT COUNT(*), COUNT(DISTINCT digest) FROM signatories_invited WHERE source_id = ?"
    assert stack.ask(people, pk) == [(7 * tenth, 7 * tenth)]
    assert stack.ask(FAULTS, pk) == [
        ("no_address", tenth, tenth),
        ("repeated", tenth, tenth),
        ("work_mailbox", tenth, tenth),
    ]
    parts = "SELECT COUNT(*) FROM signatories_importpart WHERE source_id = ?"
    assert stack.ask(parts, pk) == [(0,)]
    do(stack, "cancel", pk)


def written_to(stack, provider):
    return Counter(mail.to for mail in stack.sink.mails if mail.to.startswith(f"{provider}."))


def test_worker_and_mail_server_that_fail_while_invitations_leave_miss_nobody(stack):
    pk = key(stack, begin(stack, "sent", 400))
    wait_for(lambda: state_of(stack, pk)[0] == "ready", "the end of the file", 300)
    do(stack, "start", pk)
    wait_for(lambda: len(written_to(stack, "sent")) >= 40, "the first invitations", 300)
    with stack.sink.closed():
        wait_for(
            lambda: stack.one("SELECT MAX(attempts) FROM signatories_invited") > 0, "a failure"
        )
    stack.worker.kill()
    in_flight = stack.one(
        "SELECT COUNT(*) FROM signatories_invited WHERE claimed_at IS NOT NULL AND sent_at IS NULL"
    )
    stack.let_time_pass("signatories_invited", "claimed_at", CLAIM_LEASE)
    stack.let_time_pass("signatories_invited", "retry_at", CLAIM_LEASE)
    stack.worker.start()

    done = "the last invitation"
    wait_for(lambda: state_of(stack, pk)[0] == "done", done, 300, explain=stack.describe)

    mails = written_to(stack, "sent")
    assert len(mails) == 280
    assert sum(mails.values()) <= 280 + in_flight
    assert state_of(stack, pk)[3] == 280
    do(stack, "cancel", pk)
