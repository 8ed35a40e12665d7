"""How a test breaks one named constraint behind the back of every form."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import UniqueConstraint


@dataclass(frozen=True)
class Case:
    """A valid row from `row()`, and the changes by which it breaks `name`.

    `also` names constraints that no change can spare when it breaks this one.
    """

    name: str
    row: Any
    changes: dict[str, Any]
    also: set[str] = field(default_factory=set)

    def __str__(self):
        return f"{self.name}-{'-'.join(self.changes)}"


def named_constraints(app_label):
    """All named constraints of the app's models: name → constraint."""
    return {
        constraint.name: constraint
        for model in apps.get_app_config(app_label).get_models()
        for constraint in model._meta.constraints
    }


def broken_by(row):
    """The names of the constraints that the row breaks, as Django computes them."""
    broken = set()
    for constraint in row._meta.constraints:
        try:
            constraint.validate(type(row), row)
        except ValidationError:
            broken.add(constraint.name)
    return broken


def assert_refuses(case):
    """The valid row passes; changed, it breaks this constraint, and the database says so."""
    row = case.row()
    is_new = row._state.adding
    with transaction.atomic():
        row.save(force_insert=is_new)
        assert broken_by(row) == set()
        # Triggers forbid changing some rows, so the broken one is written anew.
        transaction.set_rollback(is_new)

    for name, value in case.changes.items():
        setattr(row, name, value() if callable(value) else value)

    assert broken_by(row) == {case.name} | case.also
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        row.save(force_insert=is_new)
    # Of several that are broken, the database names the one that it looks at first.
    names = {_as_the_database_calls_it(row, name) for name in {case.name} | case.also}
    assert any(name in str(refusal.value) for name in names)


def _as_the_database_calls_it(row, name):
    """The constraint's name; SQLite names the columns of a unique one instead."""
    [constraint] = [one for one in row._meta.constraints if one.name == name]
    if connection.vendor == "sqlite" and isinstance(constraint, UniqueConstraint):
        columns = [row._meta.get_field(one).column for one in constraint.fields]
        return ", ".join(f"{row._meta.db_table}.{column}" for column in columns)
    return name
