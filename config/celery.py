"""The Celery application, and the one way to queue a task."""

import logging
import os
import time
from functools import partial
from typing import Any

from celery import Celery, Task
from celery.signals import setup_logging
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from config import outage

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("undersigned")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

logger = logging.getLogger(__name__)


def enqueue(task: Task, *args: Any, countdown: float = 0) -> None:
    """Queue `task` once the transaction commits; `args` are ids only.

    A broker that does not answer is no error: the rows are the outbox, and a
    periodic task finds them again.
    """
    transaction.on_commit(partial(_send, task, args, countdown))


def enqueue_once(task: Task, *args: Any) -> None:
    """As `enqueue`; but however often a transaction asks for the same, it is queued once.

    A verb that decides one entry then costs no more where a hundred are decided together.
    """
    asked = (_send, (task, args, 0))
    queued = (one[1] for one in connection.run_on_commit)
    if asked not in ((getattr(c, "func", None), getattr(c, "args", None)) for c in queued):
        enqueue(task, *args)


def _send(task: Task, args: tuple[Any, ...], countdown: float) -> None:
    if outage.is_on():
        return
    began = time.monotonic()
    try:
        task.apply_async(args, countdown=countdown, retry=False)
    except (OperationalError, OSError) as error:
        outage.note(began)
        logger.warning("%s not queued, the sweep will: %s", task.name, type(error).__name__)


@setup_logging.connect
def _keep_our_logging(**kwargs: Any) -> None:
    """Celery leaves the logging of `settings.LOGGING` alone, with its scrubbed lines."""
