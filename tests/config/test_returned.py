"""Reading what comes back: strict, bounded, and never in trouble."""

import logging
import time

import pytest
from hypothesis import given
from hypothesis import strategies as some

from config import returned
from tests.config.returned_mails import (
    BOUNCE,
    FAILED,
    FAILURES,
    IGNORED,
    POSTFIX,
    TICKET,
    TO,
    report,
)

REPORT = 'Content-Type: multipart/report; report-type="delivery-status"; boundary="b"\n'


@pytest.fixture(autouse=True)
def where_mail_comes_back(settings):
    settings.BOUNCE_ADDRESS = BOUNCE


@pytest.mark.parametrize("kind", FAILURES)
def test_permanent_failure_gives_its_ticket(kind):
    assert returned.ticket_of_failure(FAILURES[kind]) == TICKET


@pytest.mark.parametrize("kind", IGNORED)
def test_everything_else_gives_none(kind):
    assert returned.ticket_of_failure(IGNORED[kind]) == ""


def test_recipient_of_the_mail_server_counts_for_more_than_what_is_written():
    other = "f" * 32
    told = f"bounce+{other}@letters.example.org"

    assert returned.ticket_of_failure(POSTFIX, told) == other
    assert returned.ticket_of_failure(POSTFIX, "codes@letters.example.org") == ""


def test_without_an_address_nothing_is_read(settings):
    settings.BOUNCE_ADDRESS = ""

    assert returned.ticket_of_failure(POSTFIX) == ""
    assert returned.ticket_of_failure(report(to=f"+{TICKET}@")) == ""


def test_nothing_of_a_message_is_logged(caplog):
    caplog.set_level(logging.DEBUG)

    for message in (*FAILURES.values(), *IGNORED.values()):
        returned.ticket_of_failure(message)

    assert caplog.text == ""


@pytest.mark.parametrize("end", ["", "\r\n ", "\r ", "\n\t"])
@pytest.mark.parametrize("where", ["the message", "a part of it"])
def test_message_made_to_be_read_slowly_is_put_aside_at_once(end, where):
    long = 'Content-Type: multipart/report; x="' + (";" * 60 + end) * 4000
    raw = f"{long}\n\nHello\n" if where == "the message" else f"{REPORT}\n--b\n{long}\n\n--b--\n"
    began = time.process_time()

    assert returned.ticket_of_failure(raw.encode()[: returned.LONGEST]) == ""

    assert time.process_time() - began < 1


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_report_about_very_many_recipients_is_put_aside_at_once(end):
    head = f"{REPORT}\n--b\nContent-Type: message/delivery-status\n\n"
    raw = head + end * returned.LONGEST
    began = time.process_time()

    assert returned.ticket_of_failure(raw.encode()[: returned.LONGEST]) == ""

    assert time.process_time() - began < 1


@given(some.binary(max_size=2000))
def test_arbitrary_bytes_never_raise(raw):
    assert returned.ticket_of_failure(raw) == ""


@given(
    some.integers(0, len(POSTFIX)),
    some.binary(max_size=40),
    some.integers(0, 60),
)
def test_damaged_reports_never_raise(place, junk, cut):
    damaged = POSTFIX[:place] + junk + POSTFIX[place + cut :]

    assert returned.ticket_of_failure(damaged) in ("", TICKET)


@given(some.text(max_size=200), some.text(max_size=80))
def test_reports_with_arbitrary_words_never_raise(recipients, to):
    raw = report(FAILED + recipients, to=f"{to} {TO}")

    assert returned.ticket_of_failure(raw) in ("", TICKET)
