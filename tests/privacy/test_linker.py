"""The linker: somebody with a copy of the database, all keys, and the employer's mail log.

The mail log says who got a code, in which order. The attacker lines that order up with every
order a copy of the database can be read in, and guesses which line is whose. Guessing at
random finds one in as many as moved together; no order may do better than that by more than
two in a hundred (privacy.md §8, item 3).
"""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from config import crypto
from signatories import addresses
from signatories.actions import batches, confirming, own, signing
from signatories.addresses import Address
from signatories.affiliation import assess
from signatories.models import Appearance, Signature, State, Tally, UsedAddress, Verification
from tests.factories import make_letter, make_organisation

pytestmark = pytest.mark.django_db

SIGNERS = 500
# Guessing finds one a batch: of two batches it finds more than twelve once in a million runs.
BATCHES = 2
MARGIN = 0.02

ORDERS = {
    "physical order": {"sqlite": "rowid", "postgresql": "ctid"},
    "physical order, backwards": {"sqlite": "rowid DESC", "postgresql": "ctid DESC"},
    "order of ids": "id",
    "order on the roll": "roll_key",
    "order of capabilities": "manage_digest",
    "order of days, then as stored": {
        "sqlite": "confirmed_on, submitted_on, rowid",
        "postgresql": "confirmed_on, submitted_on, ctid",
    },
}


class Signer:
    """One person: what the mail log knows (address), and the truth (the row)."""

    def __init__(self, letter, organisation, number):
        self.address = Address(f"colleague.{number}", "google.example")
        entry = signing.Entry(Appearance.ANONYMOUS)
        affiliation = assess(self.address, organisation.name, "current")
        signing.sign(letter=letter, entry=entry, address=self.address, affiliation=affiliation)
        verification = Verification.objects.select_related("signature__letter").get()
        secrets = (f"page {number}", "1234 5678")
        self.token = confirming.confirm(verification=verification, secrets=secrets)
        self.manage_digest = crypto.digest("manage", self.token)


def read(table, column, order, where=""):
    """The values of a column as somebody reads them who has the database file."""
    by = order if isinstance(order, str) else order[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} {where} ORDER BY {by}")
        return [value for (value,) in cursor.fetchall()]


def hits(guesses, truth):
    """How many guesses, one for each signer in the order of the mail log, are right."""
    return sum(guess == signer.manage_digest for guess, signer in zip(guesses, truth, strict=False))


def lines_that_moved(signers, order):
    """What the attacker takes for the lines of these signers, in one of the orders."""
    mine = {signer.manage_digest for signer in signers}
    return [
        digest for digest in read("signatories_signature", "manage_digest", order) if digest in mine
    ]


def used_in_physical_order(letter, signers):
    """With the letter's key the attacker recognises everybody's digest; is their order that
    of the lines?"""
    digests = {addresses.digest(letter, signer.address): signer for signer in signers}
    order = {"sqlite": "rowid", "postgresql": "ctid"}
    used = read("signatories_usedaddress", "digest", order)
    return [digests[digest] for digest in used if digest in digests]


def move_batch(letter):
    now = timezone.now()
    Tally.objects.filter(letter=letter).update(next_batch_at=now)
    return batches.publish_batch(letter=letter, now=now)


@pytest.fixture
def google():
    return make_organisation("Google", "google.example")


@pytest.fixture
def letter(google):
    letter = make_letter()
    batches.start_tally(letter)
    return letter


def assert_no_better_than_chance(found, chance, what):
    assert found / SIGNERS <= chance + MARGIN, f"{what}: {found} of {SIGNERS} linked"


def test_linker_finds_nobody_by_any_order_of_the_database(letter, google):
    a_batch = SIGNERS // BATCHES
    found, waiting, by_used = dict.fromkeys(ORDERS, 0), 0, 0
    for batch in range(BATCHES):
        signers = [Signer(letter, google, batch * a_batch + n) for n in range(a_batch)]
        # The attack works as long as nothing has been shuffled: it is worth defending against.
        waiting += hits(lines_that_moved(signers, ORDERS["physical order"]), signers)

        assert move_batch(letter) == a_batch

        for name, order in ORDERS.items():
            found[name] += hits(lines_that_moved(signers, order), signers)
        lines = lines_that_moved(signers, ORDERS["physical order"])
        by_used += hits(lines, used_in_physical_order(letter, signers))

    assert waiting / SIGNERS > 0.8
    for name, number in found.items():
        assert_no_better_than_chance(number, 1 / a_batch, name)
    assert_no_better_than_chance(by_used, 1 / a_batch, "order of the used addresses")


def test_linker_finds_nobody_among_lines_that_wait_for_company(letter, google, settings):
    settings.BATCH_MINIMUM = SIGNERS + 1
    signers = [Signer(letter, google, number) for number in range(100)]

    assert move_batch(letter) == 0

    assert Signature.objects.waiting_for_batch().count() == 100
    for name, order in ORDERS.items():
        assert hits(lines_that_moved(signers, order), signers) <= 8, name
    lines = lines_that_moved(signers, ORDERS["physical order"])
    assert hits(lines, used_in_physical_order(letter, signers)) <= 8


def test_linker_finds_nobody_among_lines_that_are_carried_over(letter, google):
    signers = [Signer(letter, google, number) for number in range(100)]
    move_batch(letter)
    newer = letter.versions.create(
        number=2, title="Newer", text="Newer.", sha256="0" * 64, published_on=timezone.localdate()
    )
    letter.current_version = newer
    letter.save()
    for signer in signers:  # One after another, as the network of the employer sees it.
        own.carry_over(token=signer.token)

    move_batch(letter)

    assert not Signature.objects.exclude(version=newer).exists()
    for name, order in ORDERS.items():
        assert hits(lines_that_moved(signers, order), signers) <= 8, name


def test_nothing_about_an_anonymous_line_is_finer_than_its_batch(letter, google):
    """What would tell two lines of one batch apart: only random values, and what they show."""
    signers = [Signer(letter, google, number) for number in range(20)]
    move_batch(letter)

    rows = list(Signature.objects.filter(state=State.PUBLISHED).values())

    random = {"id", "roll_key", "manage_digest"}
    assert len(rows) == len(signers)
    assert {name for row in rows for name in row if len({str(r[name]) for r in rows}) > 1} == random


def test_digests_of_addresses_meet_no_line(letter, google):
    """With all keys one learns whether an address signed; nothing beside it says as what."""
    signers = [Signer(letter, google, number) for number in range(20)]
    move_batch(letter)

    used = list(UsedAddress.objects.values("pk", "letter", "digest"))
    values = {
        str(value)
        for row in Signature.objects.values()
        for name, value in row.items()
        if name != "letter_id"
    }

    assert {row["digest"] for row in used} == {
        addresses.digest(letter, signer.address) for signer in signers
    }
    assert not values & {str(row[name]) for row in used for name in ("pk", "digest")}
    assert {field.name for field in UsedAddress._meta.get_fields()} == {"id", "letter", "digest"}


def test_batches_of_a_day_leave_no_time_behind(letter, google, time_machine):
    time_machine.move_to("2026-01-20T08:15:27Z", tick=False)
    for number in range(5):
        Signer(letter, google, number)
        time_machine.shift(timedelta(minutes=7, seconds=3))
    move_batch(letter)

    with connection.cursor() as cursor:
        for table in ("signatories_signature", "signatories_usedaddress", "letters_auditentry"):
            cursor.execute(f"SELECT * FROM {table}")
            cells = [str(value) for row in cursor.fetchall() for value in row]
            assert not [cell for cell in cells if "08:" in cell]
