"""The quick clock of these tests, against a broker."""

import pytest

from config.celery import app
from tests.processes.clock import Scheduler


@pytest.fixture
def clock():
    clock = Scheduler(app=app, lazy=True)
    yield clock
    clock.producer.channel.client.delete("celery")
    clock.producer.connection.release()


def test_sweep_that_still_waits_is_not_asked_for_again(clock):
    client = clock.producer.channel.client
    codes, checks = (
        clock.Entry(name=name, task=f"signatories.tasks.{name}", schedule=1, app=app)
        for name in ("sweep_codes", "sweep_checks")
    )

    for entry in (codes, codes, checks, codes):
        clock.apply_entry(entry, producer=clock.producer)
    assert client.llen("celery") == 2

    client.rpop("celery")  # The worker takes the first.
    for entry in (codes, checks):
        clock.apply_entry(entry, producer=clock.producer)
    assert client.llen("celery") == 2
