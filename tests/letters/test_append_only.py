"""The database refuses what would rewrite history, whoever asks."""

from contextlib import ExitStack
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from letters.actions import audit
from letters.models import AuditEntry, Demand, LetterVersion
from tests.factories import make_letter, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "field", ["number", "title", "text", "sha256", "published_on", "letter_id"]
)
def test_update_of_a_version_is_refused(field):
    version = make_letter().current_version
    other = make_letter()
    values = {
        "number": 9,
        "title": "Another",
        "text": "Another",
        "sha256": "0" * 64,
        "published_on": date(2020, 1, 1),
        "letter_id": other.pk,
    }

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        LetterVersion.objects.filter(pk=version.pk).update(**{field: values[field]})


def test_update_of_a_demand_is_refused():
    make_letter()

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Demand.objects.update(text="Something else.")


def recorded(**fields):
    alice = make_user("alice")
    return audit(
        verb="signature.rejected",
        actor=alice,
        letter=make_letter(),
        target="signature:1",
        reason="abuse",
        number=2,
        **fields,
    )


def refused():
    """Whatever is tried within breaks off, and takes its own savepoint with it."""
    stack = ExitStack()
    stack.enter_context(pytest.raises((IntegrityError, ProtectedError)))
    stack.enter_context(transaction.atomic())
    return stack


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("verb", "letter.sealed"),
        ("actor_id", None),
        ("target", "signature:2"),
        ("reason", ""),
        ("number", 1),
        ("recorded_on", date(2020, 1, 1)),
        ("letter_id", None),
        ("id", 999_999),
    ],
)
def test_update_of_the_audit_trail_is_refused(field, value):
    recorded()
    before = list(AuditEntry.objects.values())

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEntry.objects.update(**{field: value})

    assert list(AuditEntry.objects.values()) == before


def test_entry_does_not_move_to_another_letter():
    entry, other = recorded(), make_letter()

    with refused():
        AuditEntry.objects.update(letter=other)

    entry.refresh_from_db()
    assert entry.letter != other


def test_entry_of_a_draft_is_not_changed_where_it_loses_its_letter():
    letter = make_letter(status="draft")
    audit(verb="letter.drafted", actor=None, letter=letter)

    with refused():
        AuditEntry.objects.update(letter=None, verb="letter.sealed")

    assert AuditEntry.objects.get().verb == "letter.drafted"


@pytest.mark.parametrize(
    "delete",
    [
        lambda entry: entry.delete(),
        lambda entry: AuditEntry.objects.all().delete(),
        lambda entry: AuditEntry.objects.all()._raw_delete("default"),
        lambda entry: execute("DELETE FROM letters_auditentry"),
    ],
)
def test_delete_of_the_audit_trail_is_refused(delete):
    entry = recorded()

    with refused():
        delete(entry)

    assert AuditEntry.objects.filter(pk=entry.pk).exists()


def execute(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
def test_truncate_of_the_audit_trail_is_refused():
    recorded()
    connection.check_constraints()  # Nothing that is still to be checked stands in the way.

    with refused():
        execute("TRUNCATE letters_auditentry CASCADE")

    assert AuditEntry.objects.count() == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no REPLACE")
@pytest.mark.parametrize("statement", ["REPLACE", "INSERT OR REPLACE"])
def test_replacing_an_entry_is_refused(statement):
    entry = recorded()

    with refused():
        execute(
            f"{statement} INTO letters_auditentry (id, verb, target, reason, number, recorded_on) "
            f"VALUES ({entry.pk}, 'letter.sealed', '', '', 1, '2020-01-01')"
        )

    assert AuditEntry.objects.get().verb == "signature.rejected"


def test_replacing_by_an_upsert_is_refused():
    entry = recorded()
    other = AuditEntry(pk=entry.pk, verb="letter.sealed", recorded_on=date(2020, 1, 1))

    with refused():
        AuditEntry.objects.bulk_create(
            [other], update_conflicts=True, unique_fields=["id"], update_fields=["verb"]
        )

    assert AuditEntry.objects.get().verb == "signature.rejected"


def test_delete_of_a_letter_that_appeared_is_refused_and_keeps_its_trail():
    entry = recorded()

    with refused():
        entry.letter.delete()

    entry.refresh_from_db()
    assert entry.letter is not None


def test_delete_of_an_account_that_did_something_is_refused():
    entry = recorded()

    with refused():
        entry.actor.delete()
    with refused():
        execute(f"DELETE FROM letters_user WHERE id = {entry.actor_id}")
        connection.check_constraints()

    entry.refresh_from_db()
    assert entry.actor.username == "alice"


def test_delete_of_a_letter_keeps_its_audit_entries():
    letter = make_letter(status="draft")
    entry = audit(verb="letter.drafted", actor=None, letter=letter)
    letter.current_version = None
    letter.save()

    letter.delete()

    entry.refresh_from_db()
    assert (entry.letter, entry.verb) == (None, "letter.drafted")
