"""How long the moderators' pages take under a letter with very many signatures.

    DATABASE_URL=postgres://… python -m tests.measuring.queue 1000000

Everything happens in a database of its own beside the one that DATABASE_URL names, which goes at
the end. Only PostgreSQL: SQLite is not for letters of that size.
"""

import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests import environment  # noqa: F401 - first of all: it says where everything is

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

django.setup()

from letters.models import Letter  # noqa: E402
from signatories.models import FlagKind, Signature, State  # noqa: E402
from tests.admin_pages import LIST, entry_page, make_moderator  # noqa: E402
from tests.factories import make_letter, make_signature  # noqa: E402

WAITING = 5_000  # as many as a letter has that is the news of the day
ASKED_ABOUT = 500
TIMES = 5
# What has to differ from row to row.
OWN = {
    "id": "gen_random_uuid()",
    "name": "md5(random()::text)",
    "name_key": "md5(random()::text)",
    "roll_key": "CASE WHEN roll_key = '' THEN '' ELSE md5(random()::text) END",
    "manage_digest": "md5(random()::text) || md5(random()::text)",
    "address_digest": "md5(random()::text) || md5(random()::text)",
    "risk": "CASE WHEN state = 'in_review' THEN (random() * 3)::int * 30 ELSE 0 END",
}


def main(number: int) -> None:
    assert connection.vendor == "postgresql", "Name a PostgreSQL server in DATABASE_URL."
    database = settings.DATABASES["default"]["NAME"]
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        letter = make_letter()
        _fill(letter, number)
        _measure(letter)
    finally:
        connection.creation.destroy_test_db(database, verbosity=0)


def _fill(letter: Letter, number: int) -> None:
    today = timezone.localdate()
    standing = {"state": State.PUBLISHED, "published_on": today, "roll_key": "a"}
    _multiply(make_signature(letter, name="A B", confirmed_on=today, **standing), number)
    _multiply(make_signature(letter, name="C D", confirmed_on=today, needs_check=False), WAITING)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO signatories_flag (id, kind, detail, signature_id) "
            "SELECT gen_random_uuid(), %s, 'me', id FROM signatories_signature "
            "WHERE state = 'published' LIMIT %s",
            [FlagKind.REPORTED, ASKED_ABOUT],
        )
        cursor.execute("VACUUM ANALYZE")


def _multiply(signature: Signature, number: int) -> None:
    columns = [field.column for field in Signature._meta.local_fields]
    chosen = [OWN.get(column, f'"{column}"') for column in columns]
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO signatories_signature ({names}) SELECT {', '.join(chosen)} "
            "FROM signatories_signature, generate_series(2, %s) WHERE id = %s",
            [number, signature.pk],
        )


def _measure(letter: Letter) -> None:
    moderator = Client()
    moderator.force_login(make_moderator("bob", letter))
    session = moderator.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": 0}]
    session["account_authentication_methods_user"] = moderator.session["_auth_user_id"]
    session.save()
    entry = letter.signatures.in_review().order_by("pk")[WAITING // 2]
    pages = {
        "the list": LIST,
        "the list of one letter": f"{LIST}?letter={letter.slug}",
        "the list of what speaks against it": f"{LIST}?risk=against",
        "the list of all": f"{LIST}?state=all",
        "the list with a search": f"{LIST}?q=abcd",
        "an entry": entry_page(entry),
        "the index": "/admin/",
    }
    print(f"{Signature.objects.count()} signatures, {WAITING} in review")
    for name, url in pages.items():
        with _timed(name):
            for _each in range(TIMES):
                _read(moderator, url)


spent: list[tuple[float, float]] = []


def _read(moderator: Client, url: str) -> None:
    began = time.perf_counter()
    with CaptureQueriesContext(connection) as asked:
        answer = moderator.get(url, REMOTE_ADDR="127.0.0.1")
    assert answer.status_code == 200, f"{url}: {answer.status_code} {answer.headers}"
    slowest = max(asked.captured_queries, key=lambda one: float(one["time"]))
    spent.append((time.perf_counter() - began, float(slowest["time"])))
    if os.environ.get("SHOW_QUERIES"):
        print(f"  {slowest['time']} s: {slowest['sql'][:1500]}")


@contextmanager
def _timed(name: str) -> Iterator[None]:
    spent.clear()
    yield
    page = statistics.median(whole for whole, _slowest in spent)
    slowest = statistics.median(one for _whole, one in spent)
    print(f"{name:38} {page * 1000:7.0f} ms, its slowest query {slowest * 1000:7.0f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
