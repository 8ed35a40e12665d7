"""Two moderators decide the same entries by rules in the same moment."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from letters.actions import NotAllowed
from letters.models import AuditEntry
from signatories.actions import bulk, moderation, reading
from signatories.bulk_rule import Rule
from signatories.models import BulkDecision, BulkState, Signature, State
from tests.admin_pages import make_moderator
from tests.factories import make_letter, make_signature

PEOPLE = 40
pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="threads share SQLite's one lock"),
    pytest.mark.django_db(transaction=True),
]


def at_once(*calls):
    """Call them all in the same moment, each on a connection of its own."""
    start = threading.Barrier(len(calls))

    def one(call):
        try:
            start.wait(30)
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result(120) for future in [threads.submit(one, call) for call in calls]]


def started(letter, actor, decision, **fields):
    work = bulk.preview(letter=letter, rule=Rule(), decision=decision, actor=actor, **fields)
    bulk.start(bulk=work, actor=actor)
    return work


def runner(work):
    def run():
        while bulk.go_on(bulk_id=str(work.pk)):
            pass

    return run


@pytest.fixture
def letter():
    letter = make_letter()
    for number in range(PEOPLE):
        make_signature(letter, name=f"Person {number}")
    return letter


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 5)


def decisions():
    rows = AuditEntry.objects.filter(verb__in=["signature.approved", "signature.rejected"])
    return Counter(rows.values_list("target", flat=True))


def test_two_rules_for_the_same_entries_decide_each_once(letter):
    bob, carol = make_moderator("bob", letter), make_moderator("carol", letter)
    works = [
        started(letter, bob, "approve"),
        started(letter, carol, "reject", reason="abuse"),
    ]

    at_once(*map(runner, works))

    found = [BulkDecision.objects.get(pk=work.pk) for work in works]
    assert [work.state for work in found] == [BulkState.DONE] * 2
    assert sum(work.done for work in found) == PEOPLE
    assert sum(work.figures.get("decided", 0) for work in found) == PEOPLE
    assert set(decisions().values()) == {1}
    assert len(decisions()) == PEOPLE
    by_state = Counter(letter.signatures.values_list("state", flat=True))
    assert by_state == Counter({State.PUBLISHED: found[0].done, State.REJECTED: found[1].done})


def test_two_workers_of_one_decision_decide_each_entry_once(letter):
    work = started(letter, make_moderator("bob", letter), "approve")

    at_once(*[runner(work)] * 3)

    work.refresh_from_db()
    assert work.figures == {"done": PEOPLE}
    assert set(decisions().values()) == {1}


def test_deciding_singly_meanwhile_decides_each_entry_once(letter):
    bob, carol = make_moderator("bob", letter), make_moderator("carol", letter)
    work = started(letter, bob, "approve")
    entries = list(Signature.objects.order_by("-pk"))

    def singly():
        for entry in entries:
            moderation.approve(signature=entry, actor=carol)

    at_once(runner(work), singly)

    work.refresh_from_db()
    assert work.handled == PEOPLE
    assert set(decisions().values()) == {1}
    assert len(decisions()) == PEOPLE


def test_withdrawal_while_a_preview_is_written_leaves_it_without_that_entry(letter, monkeypatch):
    bob = make_moderator("bob", letter)
    note, written = bulk.note_entries, []

    def note_late(work, entries):
        if not written:
            written.append(work)
            at_once(lambda: Signature.objects.filter(pk=entries[0].signature_id).delete())
        return note(work, entries)

    monkeypatch.setattr(bulk, "note_entries", note_late)

    work = bulk.preview(letter=letter, rule=Rule(), decision="approve", actor=bob)

    assert (work.total, BulkDecision.objects.count()) == (PEOPLE - 1, 1)


def test_colleague_who_withdraws_while_an_entry_is_opened_ends_nothing(letter, monkeypatch):
    bob = make_moderator("bob", letter)
    entry = Signature.objects.first()
    theirs = reading._is_theirs

    def look_late(signature, actor):
        found = theirs(signature, actor)
        if found:
            at_once(lambda: Signature.objects.filter(pk=entry.pk).delete())
        return found

    monkeypatch.setattr(reading, "_is_theirs", look_late)

    with pytest.raises(NotAllowed):
        reading.claim(signature=entry, actor=bob)


def test_cancelling_meanwhile_leaves_no_batch_half_done(letter):
    bob = make_moderator("bob", letter)
    work = started(letter, bob, "approve")

    at_once(runner(work), lambda: bulk.cancel(bulk=work, actor=bob))

    work.refresh_from_db()
    assert work.state in (BulkState.CANCELLED, BulkState.DONE)
    assert len(decisions()) == work.done
    assert work.done % 5 == 0
