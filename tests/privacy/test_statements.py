"""What the database server itself gets to see and may write into its logs."""

import pytest
from django.db import connection

from signatories.models import Signature
from tests.factories import make_letter, make_signature

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture(autouse=True)
def postgresql():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite writes no log.")


def test_values_are_no_part_of_a_statement():
    """A failed or slow statement is logged as it was sent, and stands in pg_stat_activity."""
    statement = "SELECT query, %s::text FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    with connection.cursor() as cursor:
        cursor.execute(statement, ["Canary Pennyfeather"])
        [[seen, value]] = cursor.fetchall()

    assert value == "Canary Pennyfeather"
    assert "Canary" not in seen
    assert "$1" in seen


def test_names_are_no_part_of_the_statements_that_look_for_them():
    make_signature(make_letter(), name="Canary Pennyfeather")
    activity = "(SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid())"

    [row] = Signature.objects.filter(name__icontains="pennyfeather").extra(
        select={"statement": activity}
    )

    assert row.name == "Canary Pennyfeather"
    assert "ennyfeather" not in row.statement
    assert "pg_stat_activity" in row.statement
