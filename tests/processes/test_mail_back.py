"""Reminders and returned mail, with a real worker, clock and mail server."""

import re
import time
from datetime import timedelta

import pytest

from tests.config.returned_mails import report
from tests.processes.sink import HANG
from tests.processes.stack import read_moment
from tests.processes.waiting import wait_for

pytestmark = pytest.mark.processes

A_DAY = timedelta(hours=24)
SOME_SWEEPS = 4  # seconds; the clock of these tests sweeps each second


def verification_of(stack, name, column):
    [[value]] = stack.ask(
        f"SELECT v.{column} FROM signatories_verification v "
        "JOIN signatories_signature s ON s.id = v.signature_id WHERE s.name = ?",
        name,
    )
    return value


def let_a_day_pass(stack, name):
    """The moment of this one reminder comes."""
    remind_at = wait_for(lambda: verification_of(stack, name, "remind_at"), "the reminder's time")
    stack.ask(
        "UPDATE signatories_verification SET remind_at = ? WHERE id = ?",
        read_moment(remind_at) - A_DAY - timedelta(minutes=1),
        verification_of(stack, name, "id"),
    )


def button_in(mail):
    return re.search(r"/confirm/[\w-]{43}/", mail.text)[0]


def sign(visitor, name, email):
    return visitor.sign(name=name, email=email, organisation="", tenure="")


def test_reminder_leaves_once_and_its_button_confirms(stack):
    with stack.visitor() as visitor:
        sign(visitor, "Isolde Marchbanks", "i.marchbanks@gmail.com")
        stack.sink.wait_for("i.marchbanks@gmail.com")
        let_a_day_pass(stack, "Isolde Marchbanks")
        mail = stack.sink.wait_for("i.marchbanks@gmail.com", 2)
        time.sleep(SOME_SWEEPS)

        page = visitor.get(button_in(mail))
        sent = visitor.send_form(page, decision="confirm")

    assert sent.status_code == 302
    assert len(stack.sink.to("i.marchbanks@gmail.com")) == 2
    assert stack.ask("SELECT state FROM signatories_signature WHERE name = ?", "Isolde Marchbanks")[
        0
    ] == ("in_review",)


def test_worker_killed_while_a_reminder_leaves_never_sends_a_second_one(stack):
    with stack.visitor() as visitor:
        sign(visitor, "Quillon Ashgrove", "q.ashgrove@gmail.com")
        first = stack.sink.wait_for("q.ashgrove@gmail.com")
        wait_for(lambda: verification_of(stack, "Quillon Ashgrove", "remind_at"), "the mark")
        with stack.sink.in_mood(HANG):
            let_a_day_pass(stack, "Quillon Ashgrove")
            in_flight = stack.sink.wait_for("q.ashgrove@gmail.com", 2)
            stack.worker.kill()
        stack.worker.start()
        # Whatever the queue still holds and the clock asks for.
        sign(visitor, "Rosamund Thistle", "r.thistle@gmail.com")
        stack.sink.wait_for("r.thistle@gmail.com")
        time.sleep(SOME_SWEEPS)

        still_there = visitor.get(button_in(first))

    assert not in_flight.was_taken
    assert len(stack.sink.to("q.ashgrove@gmail.com")) == 2
    assert still_there.status_code == 200, "The button of the first mail works all the same."


def test_reminder_waits_for_a_mail_server_that_is_down(stack):
    with stack.visitor() as visitor:
        sign(visitor, "Sabine Larkspur", "s.larkspur@gmail.com")
        stack.sink.wait_for("s.larkspur@gmail.com")
        wait_for(lambda: verification_of(stack, "Sabine Larkspur", "remind_at"), "the mark")
        with stack.sink.closed():
            let_a_day_pass(stack, "Sabine Larkspur")
            wait_for(lambda: verification_of(stack, "Sabine Larkspur", "attempts"), "an attempt")
        let_a_day_pass(stack, "Sabine Larkspur")

        stack.sink.wait_for("s.larkspur@gmail.com", 2)
    time.sleep(SOME_SWEEPS)
    assert len(stack.sink.to("s.larkspur@gmail.com")) == 2


def test_mail_that_comes_back_erases_the_unconfirmed_entry_it_was_for(stack, maildir):
    with stack.visitor() as visitor:
        gone = visitor.sign(name="Tybalt Fernsby", email="t.fernsby@google.com")
        stays = visitor.sign(name="Ursula Fernsby", email="u.fernsby@google.com")
        back = stack.sink.wait_for("t.fernsby@google.com")
        stack.sink.wait_for("u.fernsby@google.com")

        # As every mail server does it: nobody may find half a mail.
        (maildir / "tmp" / "1").write_bytes(report(to=back.sender))
        (maildir / "tmp" / "1").rename(maildir / "new" / "1")

        wait_for(lambda: not list(maildir.glob("new/*")), "the folder to be read")
        assert visitor.get(gone.url).status_code == 404
        assert visitor.get(stays.url).status_code == 200
    assert re.fullmatch(r"bounce\+[0-9a-f]{32}@letters\.example\.org", back.sender)
    ticket = back.sender[7:39]
    assert ticket not in back.raw.decode()
    for process in ("worker", "clock", "web"):
        assert ticket not in stack.log_of(process)
