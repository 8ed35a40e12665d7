"""A verb that lost a deadlock is done again, and nothing else is."""

import psycopg
import pytest
from django.db import OperationalError, transaction

from config.deadlocks import TRIES, tried_again


def losing(times, cause):
    """A verb that fails so many times before it works."""
    calls = []

    @tried_again
    def verb(word):
        calls.append(word)
        if len(calls) <= times:
            raise OperationalError("lost") from cause
        return word.upper()

    return verb, calls


def deadlock():
    return psycopg.errors.DeadlockDetected("deadlock detected")


@pytest.mark.django_db(transaction=True)
def test_verb_that_lost_a_deadlock_is_done_again():
    verb, calls = losing(2, deadlock())

    assert verb("done") == "DONE"
    assert calls == ["done"] * 3


@pytest.mark.django_db(transaction=True)
def test_verb_that_always_loses_gives_up():
    verb, calls = losing(99, deadlock())

    with pytest.raises(OperationalError):
        verb("done")

    assert len(calls) == TRIES


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("cause", [None, psycopg.errors.LockNotAvailable("busy")])
def test_other_errors_are_raised_at_once(cause):
    verb, calls = losing(1, cause)

    with pytest.raises(OperationalError):
        verb("done")

    assert len(calls) == 1


@pytest.mark.django_db
def test_nothing_is_done_again_inside_another_transaction():
    verb, calls = losing(1, deadlock())

    with pytest.raises(OperationalError), transaction.atomic():
        verb("done")

    assert len(calls) == 1
