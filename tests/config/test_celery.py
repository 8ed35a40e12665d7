"""Queueing: after the commit only, ids only, and never at the cost of whoever signs."""

import base64
import json
import logging
import socket
import threading
import time
import uuid
from contextlib import contextmanager, suppress

import pytest
import redis
from celery import Celery
from django.conf import settings
from django.db import transaction

from config.celery import app, enqueue, enqueue_once
from signatories import tasks
from signatories.models import Signature, Verification
from tests.factories import make_letter

ID = "7d0c2f4e-1234-4abc-8def-0123456789ab"


@pytest.fixture
def queue():
    """The messages that wait in the broker, unpacked."""
    connection = redis.from_url(settings.CACHES["default"]["LOCATION"])
    connection.delete("undersigned:celery")

    def messages():
        return [json.loads(raw) for raw in connection.lrange("undersigned:celery", 0, -1)]

    yield messages
    connection.delete("undersigned:celery")


def arguments(message):
    positional, named, _options = json.loads(base64.b64decode(message["body"]))
    return positional, named


# On commit --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_enqueue_waits_for_the_commit(queue):
    with transaction.atomic():
        enqueue(tasks.send_code, ID)
        assert queue() == []

    [message] = queue()
    assert message["headers"]["task"] == "signatories.tasks.send_code"
    assert arguments(message) == ([ID], {})


@pytest.mark.django_db(transaction=True)
def test_enqueue_of_what_is_rolled_back_never_leaves(queue):
    with pytest.raises(RuntimeError), transaction.atomic():
        enqueue(tasks.send_code, ID)
        raise RuntimeError

    assert queue() == []


@pytest.mark.django_db(transaction=True)
def test_sign_queues_the_id_and_nothing_else(client, queue):
    letter = make_letter()

    response = client.post(
        f"/letters/{letter.slug}/sign/",
        {
            "name": "Wilhelmina Otterbourne",
            "email": "w.otterbourne@orrery.example",
            "appearance": "named",
        },
    )

    verification = Verification.objects.get()
    [message] = queue()
    assert arguments(message) == ([str(verification.pk)], {})
    assert uuid.UUID(message["headers"]["id"]) != verification.pk
    text = json.dumps(message) + base64.b64decode(message["body"]).decode()
    token = response.url.split("/")[2]
    for secret in ("otterbourne", "Otterbourne", "orrery", letter.slug, token):
        assert secret not in text


# A broker that is down ------------------------------------------------------------------------


@contextmanager
def closed_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
    yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def missing_socket():
    yield "redis+socket:///nowhere/broker.sock"


@contextmanager
def silent_server():
    """Accepts connections and never answers, like a server that was stopped or cut off."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        hangs_up = threading.Timer(8, server.close)  # Whoever waits for ever gets to the end.
        hangs_up.start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        hangs_up.cancel()


def task_of_an_application_with(broker_url):
    """A task under our own settings, but for the address of the broker."""
    other = Celery("tests", set_as_current=False)
    other.config_from_object("django.conf:settings", namespace="CELERY")
    other.conf.broker_url = broker_url

    @other.task(name="tests.nothing", shared=False, lazy=False)
    def nothing(one):
        """Never executed."""

    return nothing


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("down", "seconds"), [(closed_port, 2), (missing_socket, 2), (silent_server, 5)]
)
def test_enqueue_without_a_broker_gives_up_at_once(caplog, down, seconds):
    with down() as broker_url:
        task = task_of_an_application_with(broker_url)
        began = time.monotonic()

        enqueue(task, ID)

        took = time.monotonic() - began
    assert took < seconds
    assert [record.getMessage() for record in caplog.records] == [
        "tests.nothing not queued, the sweep will: OperationalError"
    ]
    assert ID not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_enqueue_works_again_as_soon_as_the_broker_is_back(caplog):
    here = settings.CELERY_BROKER_URL
    with closed_port() as nowhere:
        task = task_of_an_application_with(nowhere)
        enqueue(task, ID)
        assert len(caplog.records) == 1
    task = task_of_an_application_with(here)

    enqueue(task, ID)

    assert len(caplog.records) == 1


@pytest.mark.django_db(transaction=True)
def test_sign_without_broker_and_cache_is_thanked_at_normal_speed(client, monkeypatch, settings):
    letter = make_letter()
    with closed_port() as nowhere:
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": nowhere}}
        task = task_of_an_application_with(nowhere)
        monkeypatch.setattr(tasks, "send_code", task)
        began = time.monotonic()

        response = client.post(
            f"/letters/{letter.slug}/sign/",
            {"name": "Wilhelmina", "email": "w@orrery.example", "appearance": "named"},
        )
        page = client.get(response.url)

        took = time.monotonic() - began
    assert (response.status_code, page.status_code) == (302, 200)
    assert took < 4  # A queue that is waited for takes six seconds.
    assert Signature.objects.unconfirmed().count() == 1
    assert Verification.objects.unsent().count() == 1


# The application ------------------------------------------------------------------------------


def test_worker_and_clock_look_for_the_broker_for_ever():
    assert app.conf.broker_connection_retry is True
    assert app.conf.broker_connection_retry_on_startup is True
    assert app.conf.broker_connection_max_retries is None


def test_tasks_are_acknowledged_late_and_come_back():
    assert app.conf.task_acks_late is True
    assert app.conf.task_reject_on_worker_lost is True
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.broker_transport_options["visibility_timeout"] == 1800


def test_the_clock_calls_tasks_that_exist():
    app.loader.import_default_modules()

    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}

    assert scheduled <= set(app.tasks)
    assert scheduled == {
        "signatories.tasks.sweep_codes",
        "signatories.tasks.sweep_imports",
        "signatories.tasks.sweep_mailings",
        "signatories.tasks.sweep_bulk",
        "signatories.tasks.sweep_reminders",
        "signatories.tasks.read_returned_mail",
        "signatories.tasks.publish_batches",
        "signatories.tasks.sweep_checks",
        "signatories.tasks.publish_planned",
        "signatories.tasks.refresh_counts",
        "signatories.tasks.open_letters",
        "signatories.tasks.end_letters",
        "letters.tasks.sweep_mail",
        "signatories.tasks.notice_what_happened",
        "signatories.tasks.erase_expired",
        "signatories.tasks.turn_keys",
    }


@pytest.mark.django_db
def test_what_one_transaction_asks_for_often_is_queued_once(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as queued, transaction.atomic():
        for number in (1, 2, 1, 1):
            enqueue_once(tasks.purge_pages, number)

    assert [call.args for call in queued] == [
        (tasks.purge_pages, (1,), 0),
        (tasks.purge_pages, (2,), 0),
    ]


@pytest.mark.django_db
def test_what_a_savepoint_took_back_is_queued_by_whoever_asks_next(
    django_capture_on_commit_callbacks,
):
    with django_capture_on_commit_callbacks() as queued, transaction.atomic():
        with suppress(ZeroDivisionError), transaction.atomic():
            enqueue_once(tasks.purge_pages, 1)
            raise ZeroDivisionError
        enqueue_once(tasks.purge_pages, 1)

    assert [call.args for call in queued] == [(tasks.purge_pages, (1,), 0)]


def test_celery_leaves_our_logging_alone():
    before = logging.getLogger().handlers[:]

    app.log.setup(loglevel="DEBUG")

    assert logging.getLogger().handlers == before
