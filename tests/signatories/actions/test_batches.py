"""Batches: how anonymous signatures come and go, and how the counts follow."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models.expressions import RawSQL
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config import crypto
from letters.models import AuditEntry, Status
from signatories import statistics, tasks
from signatories.actions import batches, moderation, own
from signatories.models import Departure, Signature, State, Subscription, Tally, UsedAddress
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)


def move_batch(letter):
    batches.start_tally(letter)
    Tally.objects.filter(letter=letter).update(next_batch_at=timezone.now())
    return batches.publish_batch(letter=letter, now=timezone.now())


def make_many(letter, organisation, number, **fields):
    return [make_anonymous(letter, organisation, **fields) for _each in range(number)]


# When --------------------------------------------------------------------------------------------


def test_next_batch_is_at_a_random_minute_of_the_next_day(settings):
    settings.BATCH_INTERVAL = "daily"

    drawn = [batches.next_batch_after(NOON) for _each in range(500)]

    midnight = NOON + timedelta(hours=12)
    assert min(drawn) >= midnight
    assert max(drawn) <= NOON + timedelta(hours=36)
    assert len(set(drawn)) > 300
    assert {moment.second for moment in drawn} == {0}


def test_next_batch_is_never_later_than_the_longest_interval(settings, monkeypatch):
    settings.BATCH_INTERVAL = "daily"
    monkeypatch.setattr(batches, "LONGEST_INTERVAL", timedelta(hours=13))

    drawn = {batches.next_batch_after(NOON) for _each in range(200)}

    assert max(drawn) == NOON + timedelta(hours=13)


def test_next_batch_after_midnight_is_at_most_a_day_and_a_half_away(settings):
    settings.BATCH_INTERVAL = "daily"
    after_midnight = NOON.replace(hour=0, minute=1)

    drawn = [batches.next_batch_after(after_midnight) for _each in range(500)]

    assert max(drawn) == after_midnight + timedelta(hours=36)


def test_next_batch_comes_after_an_interval_in_development(settings):
    settings.BATCH_INTERVAL = "60"

    assert batches.next_batch_after(NOON) == NOON + timedelta(minutes=1)


def test_start_tally_twice_is_once():
    letter = make_letter()

    first = batches.start_tally(letter)

    assert batches.start_tally(letter) == first
    assert Tally.objects.get().next_batch_at == first.next_batch_at


# What moves ------------------------------------------------------------------------------------


def test_publish_batch_before_it_is_due_moves_nothing():
    letter = make_letter()
    make_many(letter, make_organisation("Google"), 5)
    tally = batches.start_tally(letter)
    before = Signature.objects.in_bulk().keys()

    moved = batches.publish_batch(
        letter=letter, now=tally.next_batch_at - timedelta(microseconds=1)
    )

    assert moved is None
    assert Signature.objects.in_bulk().keys() == before
    assert letter.signatures.waiting_for_batch().count() == 5
    assert Tally.objects.get().next_batch_at == tally.next_batch_at


def test_publish_batch_inserts_waiting_lines_anew_and_keeps_what_they_say():
    letter = make_letter()
    google = make_organisation("Google")
    long_ago = {"submitted_on": "2026-01-11", "confirmed_on": "2026-01-12"}
    waiting = [
        make_anonymous(letter, google, role=role, manage_digest=str(i) * 64, **long_ago)
        for i, role in enumerate(["", "design", "research", "design", "other", "design"])
    ]
    kept = make_anonymous(make_letter(), google)

    moved = move_batch(letter)

    lines = {line.manage_digest: line for line in letter.signatures.all()}
    assert moved == 6
    assert not set(Signature.objects.in_bulk()) & {old.pk for old in waiting}
    assert {digest: line.role for digest, line in lines.items()} == {
        old.manage_digest: old.role for old in waiting
    }
    for line in lines.values():
        assert line.state == State.PUBLISHED
        assert line.version == letter.current_version
        # Whatever day is kept is the day of the batch.
        assert {line.submitted_on, line.confirmed_on, line.published_on} == {NOON.date()}
        assert line.roll_key.isalpha()
        assert (line.shown_organisation, line.shown_tenure, line.shown_role) == (
            google,
            "current",
            "",
        )
    assert len({line.roll_key for line in lines.values()}) == 6
    kept.refresh_from_db()
    assert kept.state == State.APPROVED


@pytest.mark.parametrize("order", ["rowid", "id", "roll_key"])
def test_publish_batch_leaves_no_order_that_tells_who_came_first(order):
    if order == "rowid":
        order = "rowid" if connection.vendor == "sqlite" else "ctid"
    letter = make_letter()
    google = make_organisation("Google")
    for number in range(30):
        make_anonymous(letter, google, manage_digest=f"{number:064}")
        UsedAddress.objects.create(letter=letter, digest=f"{number:064}")

    move_batch(letter)

    for model, column in ((Signature, "manage_digest"), (UsedAddress, "digest")):
        if model is UsedAddress and order == "roll_key":
            continue
        rows = model.objects.order_by(RawSQL(order, ())).values_list(column, flat=True)
        came = [int(digest) for digest in rows]
        assert sorted(came) == list(range(30))
        assert came != sorted(came)
        # Kendall's distance of a random order: 217 pairs of 435, give or take 28.
        pairs = sum(a > b for i, a in enumerate(came) for b in came[i + 1 :])
        assert 75 < pairs < 360


def test_publish_batch_lets_withdrawn_and_rejected_lines_leave():
    letter = make_letter()
    google = make_organisation("Google")
    make_many(letter, google, 7)
    move_batch(letter)
    stays, withdrawn, rejected = letter.signatures.all()[:3]
    moderator = make_user("alice", is_superuser=True)
    moderation.reject(signature=rejected, actor=moderator, reason="abuse")
    Signature.objects.filter(pk=withdrawn.pk).update(state=State.WITHDRAWN)
    assert letter.signatures.on_roll().count() == 7

    assert move_batch(letter) == 0

    assert letter.signatures.on_roll().count() == 5
    assert not Signature.objects.filter(pk=withdrawn.pk).exists()
    rejected.refresh_from_db()
    assert rejected.state == State.REJECTED
    assert (rejected.published_on, rejected.roll_key) == (None, "")
    assert (rejected.shown_organisation, rejected.shown_tenure) == (None, "")
    stays.refresh_from_db()
    assert stays.shown_organisation == google


def test_publish_batch_hides_the_organisation_that_fell_below_the_minimum():
    letter = make_letter()
    make_many(letter, make_organisation("Google"), 5)
    move_batch(letter)
    letter.signatures.filter(pk=letter.signatures.first().pk).update(state=State.WITHDRAWN)

    move_batch(letter)

    shown = letter.signatures.values_list("shown_organisation", "shown_tenure", "shown_role")
    assert list(shown) == [(None, "", "")] * 4
    assert Tally.objects.get().anonymous_by_organisation == {}


def test_publish_batch_leaves_named_lines_where_they_are():
    letter = make_letter()
    make_signature(letter, state=State.PUBLISHED, manage_digest="a" * 64)
    make_signature(letter, manage_digest="b" * 64)
    before = list(Signature.objects.order_by("pk").values())
    make_many(letter, make_organisation("Google"), 2)

    move_batch(letter)

    assert list(Signature.objects.named().order_by("pk").values()) == before


def test_publish_batch_twice_is_once():
    letter = make_letter()
    make_many(letter, make_organisation("Google"), 3)

    assert move_batch(letter) == 3
    after = set(Signature.objects.in_bulk())

    assert batches.publish_batch(letter=letter, now=NOON) is None
    assert move_batch(letter) == 0
    assert set(Signature.objects.in_bulk()) == after


def test_publish_batch_that_fails_is_due_again_and_changes_nothing(monkeypatch):
    def fail(letter):
        raise RuntimeError("power cut")

    letter = make_letter()
    make_many(letter, make_organisation("Google"), 5)
    batches.start_tally(letter)
    Tally.objects.update(next_batch_at=NOON)
    before = list(Signature.objects.order_by("pk").values()), list(Tally.objects.values())
    monkeypatch.setattr(statistics, "count_figures", fail)

    with pytest.raises(RuntimeError):
        batches.publish_batch(letter=letter, now=NOON)

    assert before == (
        list(Signature.objects.order_by("pk").values()),
        list(Tally.objects.values()),
    )
    monkeypatch.undo()
    assert batches.publish_batch(letter=letter, now=NOON) == 5


def test_publish_batch_of_more_lines_than_a_query_has_places_for():
    if connection.vendor == "sqlite":
        limit = sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER
        former = connection.connection.setlimit(limit, 999)
    letter = make_letter()
    google = make_organisation("Google")
    fields = {"letter": letter, "version": letter.current_version, "organisation": google}
    Signature.objects.bulk_create(
        Signature(
            appearance="anonymous",
            state=State.APPROVED,
            method="mailbox",
            tenure="current",
            submitted_on=NOON,
            confirmed_on=NOON,
            **fields,
        )
        for _each in range(1100)
    )
    UsedAddress.objects.bulk_create(
        UsedAddress(letter=letter, digest=f"{number:064}") for number in range(1100)
    )
    Departure.objects.bulk_create(
        Departure(letter=letter, fate="expired", appearance="named") for _each in range(1100)
    )

    try:
        moved = move_batch(letter)
    finally:
        if connection.vendor == "sqlite":
            connection.connection.setlimit(limit, former)

    assert moved == 1100
    assert letter.signatures.on_roll().count() == UsedAddress.objects.count() == 1100
    assert Departure.objects.get().number == 1100


# Letters of one organisation --------------------------------------------------------------------


def test_letter_of_one_organisation_shows_anonymous_lines_from_the_minimum_on():
    letter = make_letter()
    google = make_organisation("Google")
    letter.organisations.set([google])
    make_many(letter, google, 4)

    assert move_batch(letter) == 0
    assert letter.signatures.on_roll().count() == Tally.objects.get().anonymous == 0

    make_anonymous(letter, google, manage_digest="a" * 64)
    assert move_batch(letter) == 5
    assert letter.signatures.on_roll().count() == Tally.objects.get().anonymous == 5

    letter.signatures.filter(manage_digest="a" * 64).update(
        state=State.WITHDRAWN, manage_digest=None
    )
    assert move_batch(letter) == 0
    assert letter.signatures.on_roll().count() == Tally.objects.get().anonymous == 0
    waiting = letter.signatures.values_list("state", "roll_key", "shown_organisation")
    assert list(waiting) == [("approved", "", None)] * 4


# Counts ------------------------------------------------------------------------------------------


def test_counts_of_anonymous_signatures_move_with_a_batch_and_named_ones_at_once():
    letter = make_letter()
    google = make_organisation("Google")
    make_many(letter, google, 5)
    make_signature(letter, state=State.PUBLISHED, organisation=google, method="mailbox")

    batches.refresh_count(letter=letter)

    tally = Tally.objects.get()
    assert (tally.named, tally.anonymous, tally.total) == (1, 0, 1)
    assert tally.named_by_organisation == {str(google.pk): 1}
    assert tally.anonymous_by_organisation == tally.figures == {}
    assert tally.last_batch_on is None

    move_batch(letter)

    tally.refresh_from_db()
    assert (tally.named, tally.anonymous, tally.total) == (1, 5, 6)
    assert tally.anonymous_by_organisation == {str(google.pk): 5}
    assert tally.figures == statistics.count_figures(letter)
    assert tally.last_batch_on == tally.counted_on == NOON.date()


@pytest.fixture
def pages(client):
    """What the public sees of a letter, apart from the day of the count."""

    def read(letter):
        base = f"/letters/{letter.slug}/"
        return [client.get(base + page).content for page in ("", "roll/", "stats.json")]

    return read


def test_nothing_public_moves_with_anonymous_signatures_between_batches(pages):
    letter = make_letter()
    google = make_organisation("Google")
    make_anonymous(letter, google, manage_digest="a" * 64)
    make_many(letter, google, 6)
    move_batch(letter)
    batches.refresh_count(letter=letter)
    before = pages(letter)
    moderator = make_user("alice", is_superuser=True)

    make_many(letter, google, 3)
    make_anonymous(letter, google, state=State.UNCONFIRMED)
    moderation.reject(
        signature=letter.signatures.on_roll().first(), actor=moderator, reason="abuse"
    )
    on_roll = letter.signatures.on_roll().filter(state=State.PUBLISHED).last()
    own_token = "t" * 43
    Signature.objects.filter(pk=on_roll.pk).update(manage_digest=crypto.digest("manage", own_token))
    own.withdraw(token=own_token)
    batches.refresh_count(letter=letter)

    assert pages(letter) == before
    move_batch(letter)
    assert pages(letter) != before


# Waiting for company ------------------------------------------------------------------------------


@pytest.fixture
def letter(settings):
    """Five anonymous lines of Google on the roll; from now on five have to come together."""
    letter = make_letter(slug="open")
    make_many(letter, make_organisation("Google"), 5)
    move_batch(letter)
    settings.BATCH_MINIMUM = 5
    settings.BATCH_MAXIMUM_WAIT_DAYS = 3
    return letter


@pytest.fixture
def google(letter):
    return letter.signatures.first().organisation


def rows_in_physical_order(queryset, *columns):
    order = "rowid" if connection.vendor == "sqlite" else "ctid"
    return list(queryset.order_by(RawSQL(order, ())).values_list(*columns))


def test_batch_below_the_minimum_moves_nothing_that_anybody_sees(letter, google, pages):
    make_many(letter, google, 4)
    before = pages(letter), list(Tally.objects.values("named", "anonymous", "figures"))
    audited = AuditEntry.objects.count()

    assert move_batch(letter) == 0
    batches.refresh_count(letter=letter)

    assert pages(letter) == before[0]
    assert list(Tally.objects.values("named", "anonymous", "figures")) == before[1]
    assert letter.signatures.waiting_for_batch().count() == 4
    assert Tally.objects.get().next_batch_at > NOON
    assert AuditEntry.objects.count() == audited


def test_batch_below_the_minimum_writes_what_waits_anew(letter, google, settings):
    settings.BATCH_MINIMUM = 31
    for number in range(30):
        make_anonymous(letter, google, manage_digest=f"{number:064}", role="design")
        UsedAddress.objects.create(letter=letter, digest=f"{number:064}")
        Subscription.objects.create(
            letter=letter, address=b"", digest=f"{number:064}", token_digest=f"{number:064}"
        )
    on_roll = list(letter.signatures.on_roll().order_by("pk").values())
    waiting = {row.pop("id"): row for row in letter.signatures.waiting_for_batch().values()}

    move_batch(letter)

    after = {row.pop("id"): row for row in letter.signatures.waiting_for_batch().values()}
    assert not waiting.keys() & after.keys()
    assert sorted(waiting.values(), key=str) == sorted(after.values(), key=str)
    assert list(letter.signatures.on_roll().order_by("pk").values()) == on_roll
    for rows, column in (
        (letter.signatures.waiting_for_batch(), "manage_digest"),
        (letter.used_addresses.all(), "digest"),
        (letter.subscriptions.all(), "digest"),
    ):
        came = [int(digest) for _pk, digest in rows_in_physical_order(rows, "pk", column)]
        assert sorted(came) == list(range(30))
        pairs = sum(a > b for i, a in enumerate(came) for b in came[i + 1 :])
        assert 75 < pairs < 360
        by_key = [int(digest) for digest in rows.order_by("pk").values_list(column, flat=True)]
        assert by_key != sorted(by_key)


def test_batch_at_the_minimum_goes(letter, google):
    make_many(letter, google, 4)
    assert move_batch(letter) == 0

    make_anonymous(letter, google)

    assert move_batch(letter) == 5
    assert Tally.objects.get().anonymous == 10


@pytest.mark.parametrize(("days", "moved"), [(0, 0), (2, 0), (3, 1), (4, 1)])
def test_line_waits_for_company_three_days_at_most(letter, google, time_machine, days, moved):
    make_anonymous(letter, google)

    time_machine.move_to(NOON + timedelta(days=days), tick=False)

    assert move_batch(letter) == moved


def test_line_that_was_shuffled_while_it_waited_waits_no_longer_for_it(
    letter, google, time_machine
):
    make_anonymous(letter, google)
    moved = []

    for day in range(4):
        time_machine.move_to(NOON + timedelta(days=day), tick=False)
        moved.append(move_batch(letter))

    assert moved == [0, 0, 0, 1]


def test_line_that_has_waited_takes_the_others_along(letter, google, time_machine):
    make_anonymous(letter, google)
    time_machine.move_to(NOON + timedelta(days=3), tick=False)
    make_many(letter, google, 2)

    assert move_batch(letter) == 3


def test_lines_leave_whoever_waits(letter, google):
    waiting, leaving = make_anonymous(letter, google), letter.signatures.on_roll().first()
    Signature.objects.filter(pk=leaving.pk).update(state=State.WITHDRAWN, manage_digest=None)

    assert move_batch(letter) == 0

    tally = Tally.objects.get()
    assert tally.anonymous == letter.signatures.on_roll().count() == 4
    assert tally.anonymous_by_organisation == {}
    assert not Signature.objects.filter(pk__in=[leaving.pk, waiting.pk]).exists()
    assert letter.signatures.waiting_for_batch().count() == 1


def test_figures_tell_nothing_of_lines_that_wait(letter, google):
    make_many(letter, google, 3)
    Signature.objects.filter(pk=letter.signatures.on_roll().first().pk).update(
        state=State.WITHDRAWN, manage_digest=None
    )
    statistics.depart(letter.pk, "withdrawn", "anonymous")

    move_batch(letter)

    assert Tally.objects.get().figures == {
        "received": 5,
        "confirmed": 5,
        "waiting": 0,
        "median_days_to_decision": None,
        "withdrawn": 1,
        "rejected": {},
        "by_method": {"none": 0, "mailbox": 4, "login": 0, "vouch": 0, "shown": 0},
    }


def test_names_take_their_places_whoever_waits(letter, google):
    replaced = letter.signatures.on_roll().first()
    Signature.objects.filter(pk=replaced.pk).update(manage_digest="a" * 64)
    make_signature(letter, state=State.APPROVED, replaces="a" * 64)
    make_anonymous(letter, google)

    move_batch(letter)

    tally = Tally.objects.get()
    assert (tally.named, tally.anonymous) == (1, 4)


def test_lines_carried_over_wait_with_those_that_come(letter, google, time_machine):
    [line] = letter.signatures.on_roll()[:1]
    make_anonymous(letter, google)
    Signature.objects.filter(pk=line.pk).update(carried_to=letter.current_version)

    move_batch(letter)
    line.refresh_from_db()
    assert line.carried_to is not None

    time_machine.move_to(NOON + timedelta(days=3), tick=False)
    move_batch(letter)
    assert not Signature.objects.filter(pk=line.pk).exists()
    assert not letter.signatures.filter(carried_to__isnull=False).exists()


def test_last_batch_takes_all_that_waits_whatever_the_clock_says(letter, google):
    make_anonymous(letter, google)
    tally = Tally.objects.get()
    Tally.objects.update(next_batch_at=NOON + timedelta(hours=9))

    assert batches.publish_last_batch(letter=letter, now=NOON) == 1

    tally.refresh_from_db()
    assert tally.anonymous == 6
    assert batches.publish_last_batch(letter=letter, now=NOON) == 0


# Names and batches -----------------------------------------------------------------------------------


def test_batch_counts_names_and_anonymous_lines_at_one_moment(letter):
    """Else the sum would be wrong until the names are counted again."""
    letter.signatures.on_roll().filter(pk=letter.signatures.first().pk).update(
        manage_digest="a" * 64
    )
    make_signature(letter, state=State.APPROVED, replaces="a" * 64)
    assert Tally.objects.get().total == 5

    move_batch(letter)

    tally = Tally.objects.get()
    assert (tally.named, tally.anonymous, tally.total) == (1, 4, 5)
    assert (tally.named_by_version, tally.anonymous_by_version) == ({"1": 1}, {"1": 4})


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_refresh_count_counts_under_the_lock_of_the_tally(letter):
    """What was counted before a batch, and is written after it, would undo one half of it."""
    with CaptureQueriesContext(connection) as queries:
        batches.refresh_count(letter=letter)

    statements = [query["sql"] for query in queries]
    [lock] = [i for i, sql in enumerate(statements) if "FOR UPDATE" in sql]
    counts = [i for i, sql in enumerate(statements) if "COUNT" in sql]
    assert lock < min(counts)


# Traces ------------------------------------------------------------------------------------------


def test_publish_batch_is_audited_by_number_and_only_if_lines_came():
    letter = make_letter()
    move_batch(letter)
    assert not AuditEntry.objects.exists()

    make_many(letter, make_organisation("Google"), 3)
    move_batch(letter)

    assert list(
        AuditEntry.objects.values_list(
            "verb", "letter", "actor", "target", "reason", "number", "recorded_on"
        )
    ) == [("letter.batch_published", letter.pk, None, "", "", 3, NOON.date())]


def test_publish_batches_serves_letters_that_people_can_read():
    google = make_organisation("Google")
    letters = {status: make_letter(status=status) for status in Status.values}
    for letter in letters.values():
        make_anonymous(letter, google)
        batches.start_tally(letter)
    Tally.objects.update(next_batch_at=NOON)

    tasks.publish_batches()
    tasks.refresh_counts()

    on_roll = {status: one.signatures.on_roll().count() for status, one in letters.items()}
    assert on_roll == {"draft": 0, "published": 1, "closed": 1, "sealed": 1}


def test_refresh_counts_gives_every_letter_out_of_draft_a_tally():
    letters = {status: make_letter(status=status) for status in Status.values}
    for letter in letters.values():
        make_signature(letter, state=State.PUBLISHED)

    tasks.refresh_counts()
    tasks.refresh_counts()

    counted = set(Tally.objects.values_list("letter__status", "named"))
    assert counted == {("published", 1), ("closed", 1), ("sealed", 1)}
