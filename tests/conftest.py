import re
import time

import hypothesis
import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import Client

from config import outage
from signatories.models import Verification
from signatories.verification import mailbox
from tests.worker import check_all

# Nothing here measures time, and a machine with much to do is slow.
hypothesis.settings.register_profile(
    "tests",
    deadline=None,
    suppress_health_check=[
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.function_scoped_fixture,
    ],
)
hypothesis.settings.load_profile("tests")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Where two processes share the tests, one begins with those of the browser and the other with
    those of the running processes: they take longest, and each has an installation to start."""
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers > 1:
        items[:] = spread(items, len(items) // workers)


def spread(items, share):
    """Each process of `--dist worksteal` begins with a share of the list, as it stands."""
    processes = [item for item in items if is_of(item, "processes")]
    browser = [item for item in items if is_of(item, "browser")]
    others = [item for item in items if not is_of(item, "processes", "browser")]
    remaining = max(0, share - len(processes))
    return [*processes, *others[:remaining], *browser, *others[remaining:]]


def is_of(item, *markers):
    return any(item.get_closest_marker(marker) for marker in markers)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Limits count by the hour and much is told by the day: no test begins just before the next
    one. This comes before any fixture, and so before any that stops the clock."""
    takes_long = is_of(item, "processes", "browser")
    seconds_left = 3600 - time.time() % 3600
    if seconds_left < (60 if takes_long else 3):
        time.sleep(seconds_left)


flush = BaseDatabaseOperations.execute_sql_flush


def flush_the_audit_trail_too(operations, statements):
    """What empties the database between tests is refused by the audit trail, as by design: it is
    laid open for that moment."""
    opening, closing = locks_of_the_trail()
    flush(operations, [*opening, *statements, *closing])


def locks_of_the_trail():
    """The statements that open the audit trail, and those that close it again."""
    if connection.vendor == "postgresql":
        switch = "ALTER TABLE letters_auditentry {} TRIGGER USER"
        return [switch.format("DISABLE")], [switch.format("ENABLE")]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master "
            "WHERE type = 'trigger' AND tbl_name = 'letters_auditentry'"
        )
        triggers = cursor.fetchall()
    return [f"DROP TRIGGER {name}" for name, _sql in triggers], [sql for _name, sql in triggers]


BaseDatabaseOperations.execute_sql_flush = flush_the_audit_trail_too


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    """Keys and mail of one test do not meet those of another."""
    settings.KEYS_DIR = tmp_path / "keys"
    settings.MAIL_DIR = tmp_path / "mail"


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    """The hash that guards real passwords takes a third of a second, on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def sessions_with_a_second_factor(monkeypatch):
    """`force_login` stands for whoever came in with all that the account asks for."""
    enter = Client.force_login

    def force_login(client, user, backend=None):
        enter(client, user, backend)
        session = client.session
        session["account_authentication_methods"] = [{"method": "mfa", "at": 0}]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()

    monkeypatch.setattr(Client, "force_login", force_login)


@pytest.fixture(autouse=True)
def empty_cache():
    outage.end()
    cache.clear()


@pytest.fixture
def deliver(db):
    """Send what is due, as the worker would; return the messages sent by this call."""

    def deliver_due():
        before = len(mail.outbox)
        for verification in Verification.objects.unsent():
            mailbox.send_code(str(verification.pk))
        return mail.outbox[before:]

    return deliver_due


@pytest.fixture
def check(db):
    """Compare what was confirmed with what is known, as the worker would."""
    return check_all


@pytest.fixture
def code_of():
    """The code in a message, as somebody would type it."""

    def read(message):
        return re.search(r"\b(\d{4} \d{4})\b", message.body)[1]

    return read
