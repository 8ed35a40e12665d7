"""What a check costs, and how often it is wrong.

    python -m tests.measuring

Everything happens in a database of its own, which goes at the end: on SQLite in a folder, or
beside the one that DATABASE_URL names.
"""

import os
import random
import time

from tests import environment  # noqa: F401 - first of all: it says where everything is

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
from django.conf import settings
from django.db import connection, transaction

django.setup()

from letters.models import Letter, ReviewPolicy  # noqa: E402
from signatories import flags  # noqa: E402
from signatories.actions import checking  # noqa: E402
from signatories.checks import knowledge  # noqa: E402
from signatories.checks.names import Roll, normal  # noqa: E402
from signatories.models import Flag, FlagKind, Signature, State  # noqa: E402
from tests.factories import make_letter, make_signature  # noqa: E402
from tests.measuring.names import forged, plausible  # noqa: E402

LARGE = 50_000
ARRIVING = 5_000


def main() -> None:
    database = settings.DATABASES["default"]
    if connection.vendor == "sqlite":
        database["TEST"]["NAME"] = str(settings.VAR_DIR / "measured.sqlite3")
    connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        print(f"database: {connection.vendor}, trigrams: {knowledge.knows_trigrams()}")
        _how_often_genuine_names_wait()
        _how_many_forged_names_are_found()
        _arriving()
        _one_against_many()
    finally:
        connection.creation.destroy_test_db(database["NAME"], verbosity=0)


def _how_often_genuine_names_wait() -> None:
    for number in (500, 1000, 5000):
        roll, found = Roll(), {"same_name": 0, "similar_name": 0}
        for place, name in enumerate(plausible(number)):
            key = normal(name)
            for one in roll.found(key):
                found[one.kind] += 1
            roll.add(key, place)  # type: ignore[arg-type]
        same, similar = (100 * found[kind] / number for kind in found)
        print(f"{number} genuine names: {same:.1f} % the same (held), {similar:.1f} % similar")


def _how_many_forged_names_are_found() -> None:
    names, draw, roll = plausible(3000), random.Random(3), Roll()
    for place, name in enumerate(names):
        roll.add(normal(name), place)  # type: ignore[arg-type]
    found = sum(bool(roll.found(normal(forged(name, draw)))) for name in names)
    print(f"forged names with one slip that are found: {100 * found / len(names):.1f} %")


def _arriving() -> None:
    """All entries of a letter at once, where they are read afterwards."""
    letter = _letter_with(plausible(ARRIVING), needs_check=True)
    seconds, number = _timed(checking.check_letter, letter_id=letter.pk)
    held = letter.signatures.in_review().count()
    print(f"{number} entries checked in {seconds:.1f} s; {100 * held / number:.1f} % wait")
    same = Flag.objects.filter(kind=FlagKind.SAME_NAME).count()
    assert held == same, "Nothing else gives reason here."
    assert flags.MEANINGS[FlagKind.SAME_NAME].weight == flags.HELD_FROM


def _one_against_many() -> None:
    names = plausible(LARGE + 40, seed=11)
    letter = _letter_with(names[:LARGE], state=State.PUBLISHED)
    while checking._read_names(letter=letter):
        pass
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE signatories_signature")
    _measure_ones(letter, names[LARGE : LARGE + 10])
    if knowledge.knows_trigrams():
        few, knowledge.FEW = knowledge.FEW, 0
        _measure_ones(letter, names[LARGE + 10 : LARGE + 20], " without trigrams")
        for number in (5, 10, 20):
            for knowledge.FEW, said in ((0, "without"), (100, "with")):
                _measure_some(letter, plausible(number, seed=number), said)
        knowledge.FEW = few


def _measure_ones(letter: Letter, names: list[str], said: str = "") -> None:
    taken = []
    for name in names:
        make_signature(letter, name=name, needs_check=True)
        taken.append(_timed(checking.check_letter, letter_id=letter.pk)[0])
    taken.sort()
    print(f"one entry against {LARGE}{said}: {1000 * taken[len(taken) // 2]:.0f} ms")


def _measure_some(letter: Letter, names: list[str], said: str) -> None:
    entries = [make_signature(letter, name=name, needs_check=True) for name in names]
    with transaction.atomic():
        seconds, _known = _timed(knowledge.read, letter, entries)
    Signature.objects.filter(pk__in=[one.pk for one in entries]).delete()
    print(f"names for {len(names)} entries, {said} trigrams: {1000 * seconds:.0f} ms")


def _letter_with(names: list[str], **fields: object) -> Letter:
    letter = make_letter(review_policy=ReviewPolicy.AFTER)
    pattern = make_signature(letter, name=names[0], **fields)
    rows = [_like(pattern, name, number) for number, name in enumerate(names[1:])]
    Signature.objects.bulk_create(rows, batch_size=1000)
    return letter


def _like(pattern: Signature, name: str, number: int) -> Signature:
    fields = {f.attname: getattr(pattern, f.attname) for f in Signature._meta.concrete_fields}
    del fields["id"]
    place = f"{name} {number}" if pattern.roll_key else ""
    return Signature(**{**fields, "name": name, "roll_key": place})


def _timed(act, *args, **named):
    """Time of the processor on SQLite, which works in this process; by the clock otherwise."""
    clock = time.process_time if connection.vendor == "sqlite" else time.perf_counter
    began = clock()
    done = act(*args, **named)
    return clock() - began, done


if __name__ == "__main__":
    main()
