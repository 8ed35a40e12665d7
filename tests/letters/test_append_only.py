"""The database refuses what would rewrite history, whoever asks."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from letters.actions import audit
from letters.models import AuditEntry, Demand, LetterVersion
from tests.factories import make_letter

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


def test_update_of_the_audit_trail_is_refused():
    audit(verb="letter.published", actor=None)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEntry.objects.update(verb="letter.sealed")


def test_delete_of_a_letter_keeps_its_audit_entries():
    letter = make_letter(status="draft")
    entry = audit(verb="letter.drafted", actor=None, letter=letter)
    letter.current_version = None
    letter.save()

    letter.delete()

    entry.refresh_from_db()
    assert entry.letter is None
