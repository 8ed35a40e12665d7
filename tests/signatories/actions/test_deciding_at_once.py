"""Two moderators decide the same entries at the same moment: of each, one decides."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from letters.actions import NotAllowed
from letters.models import AuditEntry
from signatories.actions import moderation, reading
from signatories.models import Reading, Signature, State
from tests.admin_pages import make_moderator
from tests.factories import make_letter, make_signature

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs row locks"),
]

ENTRIES = 12


def at_once(*calls):
    """What each call returns, or the `NotAllowed` that it raises, all begun together."""
    start = threading.Barrier(len(calls))

    def run(call):
        try:
            start.wait(30)
            return call()
        except NotAllowed as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def test_two_moderators_at_once_never_both_decide():
    letter = make_letter()
    bob, berta = make_moderator("bob", letter), make_moderator("berta", letter)
    for _each in range(ENTRIES):
        entry = make_signature(letter)

        answers = at_once(
            lambda entry=entry: moderation.approve(signature=entry, actor=bob, seen="in_review"),
            lambda entry=entry: moderation.reject(
                signature=entry, actor=berta, reason="other", seen="in_review"
            ),
        )

        assert sorted(isinstance(answer, NotAllowed) for answer in answers) == [False, True]
    assert AuditEntry.objects.count() == ENTRIES
    decided = Signature.objects.filter(state__in=[State.PUBLISHED, State.REJECTED])
    assert decided.count() == ENTRIES


def test_two_moderators_at_once_never_both_look():
    letter = make_letter()
    bob, berta = make_moderator("bob", letter), make_moderator("berta", letter)
    for _each in range(ENTRIES):
        entry = make_signature(letter)

        answers = at_once(
            lambda entry=entry: reading.claim(signature=entry, actor=bob),
            lambda entry=entry: reading.claim(signature=entry, actor=berta),
        )

        assert sorted(answers) == [False, True]
    assert Reading.objects.count() == ENTRIES
