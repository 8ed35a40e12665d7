"""Nothing is lost: broker, worker or mail server fail while somebody signs."""

import time
from datetime import UTC, datetime

import pytest

from signatories.models.verification import CLAIM_LEASE
from tests.processes.sink import HANG, LATER, NEVER
from tests.processes.stack import read_moment
from tests.processes.waiting import wait_for

pytestmark = pytest.mark.processes

# A person does not notice so much, from the form to “check your email”.
UNNOTICED_SECONDS = 1.5


def entries_of(stack, name):
    return stack.ask("SELECT state FROM signatories_signature WHERE name = ?", name)


def outbox_of(stack, name):
    """The one verification of the entry with that name: (attempts, when again, sent_at)."""
    [row] = stack.ask(
        "SELECT v.attempts, COALESCE(v.retry_at, v.due_at), v.sent_at FROM signatories_verification v "
        "JOIN signatories_signature s ON s.id = v.signature_id WHERE s.name = ?",
        name,
    )
    return row


# The broker --------------------------------------------------------------------------------------


def mail_to(stack, address):
    """The mail, with a supervisor at work as in `make run`: losing the broker in mid-task can
    end the worker (kombu fails while it closes the connection), which is then started again."""

    def look():
        if not stack.worker.is_running():
            stack.worker.start()
        return stack.sink.to(address)

    return wait_for(look, f"the mail to {address}")[0]


def timed_sign(visitor, **fields):
    began = time.monotonic()
    page = visitor.sign(**fields)
    return page, time.monotonic() - began


def test_sign_with_the_broker_down_is_quick_and_the_mail_leaves_when_it_is_back(stack):
    with stack.visitor() as visitor:
        _page, usual = timed_sign(visitor, name="Ptolemy Rookwood", email="p.rookwood@google.com")
        with stack.broker.down():
            page, seconds = timed_sign(
                visitor, name="Hieronymus Rookwood", email="h.rookwood@google.com"
            )
            assert stack.sink.to("h.rookwood@google.com") == []

        receipt = visitor.type_code(page, mail_to(stack, "h.rookwood@google.com").code)

    print(f"“Check your email” after {usual:.2f} s, with the broker down after {seconds:.2f} s")
    assert "Check your email" in page.text
    assert seconds < UNNOTICED_SECONDS + 4 * usual
    assert "You have signed" in receipt.text
    assert entries_of(stack, "Hieronymus Rookwood") == [("in_review",)]


def test_sign_with_a_broker_that_hangs_waits_once_and_the_mail_leaves(stack):
    with stack.visitor() as visitor:
        _page, usual = timed_sign(visitor, name="Ines Rookwood", email="i.rookwood@google.com")
        with stack.broker.frozen():
            page, seconds = timed_sign(
                visitor, name="Cosima Silverthorn", email="c.silverthorn@google.com"
            )

        receipt = visitor.type_code(page, mail_to(stack, "c.silverthorn@google.com").code)

    print(f"“Check your email” after {usual:.2f} s, with a broker that hangs after {seconds:.2f} s")
    assert seconds < 2 * UNNOTICED_SECONDS + 4 * usual
    assert "You have signed" in receipt.text
    assert entries_of(stack, "Cosima Silverthorn") == [("in_review",)]


# The worker --------------------------------------------------------------------------------------


def test_worker_killed_while_it_sends_repeats_that_mail_only_and_loses_none(stack):
    with stack.visitor() as visitor:
        with stack.sink.in_mood(HANG):
            page = visitor.sign(name="Björn Underhill", email="b.underhill@google.com")
            in_flight = stack.sink.wait_for("b.underhill@google.com")
            stack.worker.kill()
        stack.let_time_pass("signatories_verification", "claimed_at", CLAIM_LEASE)
        stack.worker.start()
        repeated = stack.sink.wait_for("b.underhill@google.com", 2)
        wait_for(lambda: outbox_of(stack, "Björn Underhill")[2], "the mark that it was sent")

        refused = visitor.type_code(page, in_flight.code)
        receipt = visitor.type_code(page, repeated.code)

    assert not in_flight.was_taken
    assert "This is not the code we sent last." in refused.text
    assert "You have signed" in receipt.text
    assert entries_of(stack, "Björn Underhill") == [("in_review",)]
    assert len(stack.sink.to("b.underhill@google.com")) == 2


# The mail server ---------------------------------------------------------------------------------


def delays_of(stack, name, number, began, column="retry_at"):
    """Between how many and how many seconds each of the next attempts waited, as `column` says; the
    first was made after `began`.

    The attempt was made after we last looked and before we saw it; we do not wait as long.
    """
    delays = []
    for attempt in range(1, number + 1):
        wait_for(lambda n=attempt: outbox_of(stack, name)[0] >= n, f"attempt {attempt}")
        retry_at, seen = read_moment(outbox_of(stack, name)[1]), datetime.now(UTC)
        delays.append(((retry_at - seen).total_seconds(), (retry_at - began).total_seconds()))
        began = datetime.now(UTC)
        stack.let_time_pass("signatories_verification", column, retry_at - seen)
    return delays


def assert_double(delays):
    """Five seconds, doubled each time, with half of it up or down by chance."""
    for doublings, (at_least, at_most) in enumerate(delays):
        assert at_most >= 2.5 * 2**doublings
        assert at_least <= 7.5 * 2**doublings


def test_mail_server_down_is_tried_again_later_and_later_until_it_is_back(stack):
    with stack.visitor() as visitor:
        with stack.sink.closed():
            began = datetime.now(UTC)
            page = visitor.sign(name="Leocadia Foxglove", email="l.foxglove@google.com")
            delays = delays_of(stack, "Leocadia Foxglove", 4, began)

        receipt = visitor.type_code(page, stack.sink.wait_for("l.foxglove@google.com").code)

    assert_double(delays)
    assert "You have signed" in receipt.text
    assert len(stack.sink.to("l.foxglove@google.com")) == 1


def test_mail_server_that_says_later_is_asked_again_later(stack):
    with stack.visitor() as visitor:
        with stack.sink.in_mood(LATER):
            began = datetime.now(UTC)
            page = visitor.sign(name="Tuva Hollybush", email="t.hollybush@google.com")
            delays = delays_of(stack, "Tuva Hollybush", 2, began, "due_at")

        receipt = visitor.type_code(page, stack.sink.wait_for("t.hollybush@google.com").code)

    for doublings, (at_least, at_most) in enumerate(delays):  # A minute, doubled each time.
        assert at_least <= 60 * 2**doublings <= at_most + 1
    assert stack.sink.refused.count("t.hollybush@google.com") >= 2
    assert "You have signed" in receipt.text


def test_mailbox_refused_for_good_erases_the_unconfirmed_entry(stack):
    departures = "SELECT COALESCE(SUM(number), 0) FROM signatories_departure WHERE fate = 'refused'"
    before = stack.one(departures)
    with stack.visitor() as visitor, stack.sink.in_mood(NEVER):
        # Not `sign`: the server may refuse before the next page is asked for.
        page = visitor.send_signature(name="Odalys Greengage", email="o.greengage@google.com")

        wait_for(lambda: not entries_of(stack, "Odalys Greengage"), "the entry to be erased")

        assert visitor.get(page).status_code == 404
    assert stack.sink.to("o.greengage@google.com") == []
    assert stack.one(departures) == before + 1
