"""The guards that `make mutations` takes out are where it looks for them."""

import ast
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings

from tests.mutations.guards import GUARDS

ROOT = Path(settings.ROOT)
each_guard = pytest.mark.parametrize("guard", GUARDS, ids=[guard.name for guard in GUARDS])


@each_guard
def test_guard_stands_once_in_its_file_and_leaves_readable_code(guard):
    text = (ROOT / guard.file).read_text(encoding="utf-8")

    assert text.count(guard.old) == 1
    without = guard.applied_to(text)
    assert without != text
    if guard.file.endswith(".py"):
        ast.parse(without)


@each_guard
def test_guard_is_defended_by_tests_that_exist(guard):
    for test in guard.tests:
        path, _, name = test.partition("::")
        assert (ROOT / path).exists(), path
        assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), test


def test_every_promise_has_guards():
    promises = Counter(guard.promise for guard in GUARDS)

    assert set(promises) == set(range(1, 11))


def test_names_are_unique():
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)
