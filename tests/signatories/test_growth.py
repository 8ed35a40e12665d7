"""The chart and the table of the overview say what the roll says, day by day."""

import itertools
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.db.models import Count
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import crypto
from letters.models import Membership, Role
from signatories import breakdown, growth, statistics
from signatories.actions import appearing, batches, moderation, own
from signatories.models import DayCount, Fate, State, Tally
from tests.factories import (
    make_anonymous,
    make_letter,
    make_organisation,
    make_signature,
    make_user,
)
from tests.privacy.witnesses import words

pytestmark = pytest.mark.django_db

numbers = itertools.count(1)
MONDAY = date(2026, 1, 5)
NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)
SECRETS = {}  # The capability of each entry without a name, by its digest.


@pytest.fixture
def letter():
    return make_letter(slug="library")


def come(letter, day, named=0, others=0):
    """Names that stand since `day`, and others who came with a batch of that day."""
    for _each in range(named):
        make_signature(letter, state=State.PUBLISHED, published_on=day)
    with time_machine.travel(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), tick=False):
        for _each in range(others):
            make_anonymous(letter, make_organisation(f"Firm {next(numbers)}"))
        batches.publish_batch_now(letter=letter, now=datetime.now(UTC))


def test_days_and_weeks_add_up_to_what_stands(letter):
    come(letter, MONDAY, named=2)
    come(letter, MONDAY + timedelta(days=6), named=1, others=5)
    come(letter, MONDAY + timedelta(days=7), others=6)
    make_signature(letter, state=State.IN_REVIEW)
    make_anonymous(letter, make_organisation("Waits"))
    batches.refresh_count(letter=letter)

    days = growth.by_day(letter)

    assert [(one.named, one.others) for one in days] == [(2, 0), (1, 5), (0, 6)]
    weeks = [(week.named, week.others, week.total) for week in growth.by_week(days)]
    assert weeks == [(0, 6, 14), (3, 5, 8)]
    assert letter.signatures.standing().count() == 14
    assert growth.in_last_week(days, MONDAY + timedelta(days=7)) == 12


def test_chart_of_nothing_is_none_and_of_one_day_one_column_at_the_end_of_two_weeks(letter):
    assert growth.chart(growth.by_day(letter)) is None
    come(letter, MONDAY, named=1)

    chart = growth.chart(growth.by_day(letter))

    assert len(chart.columns) == growth.SHORTEST_CHART
    assert [column.height for column in chart.columns] == [0] * 13 + [50.0]
    last = chart.columns[-1]
    assert (last.x, last.y, last.width) == (94.64, 100.0, 3.57)
    assert (chart.labels[0], chart.labels[-1]) == (MONDAY - timedelta(days=13), MONDAY)
    assert (chart.is_all, chart.latest.day) == (True, MONDAY)
    assert [number for _y, number in chart.lines] == [3, 2, 1, 0]


def test_chart_has_a_place_for_days_without_anybody_and_ends_with_the_last(letter):
    come(letter, MONDAY, named=1)
    come(letter, MONDAY + timedelta(days=9), named=4)
    come(letter, MONDAY + timedelta(days=100), named=7)

    chart = growth.chart(growth.by_day(letter))

    assert len(chart.columns) == growth.LONGEST_CHART
    assert [column.height > 0 for column in chart.columns].count(True) == 1
    assert (chart.busiest.number, chart.is_all) == (7, False)
    assert all(0 <= c.y <= 150 and c.y + c.height == 150 for c in chart.columns)
    assert len(chart.labels) == 5


# Stored, and equal to what the rows say -----------------------------------------------------------


def live_names(letter):
    rows = letter.signatures.standing().named().order_by().values_list("published_on")
    return dict(rows.annotate(n=Count("pk")))


def stored(letter, column):
    rows = letter.day_counts.exclude(**{column: 0}).values_list("day", column)
    return dict(rows)


ACTS = ["name", "nameless", "leave", "leave nameless", "reject", "drop", "batch", "tomorrow"]


@given(st.lists(st.sampled_from(ACTS), min_size=1, max_size=25))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_stored_days_equal_the_rows_whatever_happens(acts):
    """Names as a live count has them; others as every batch brought them, whoever left since."""
    with transaction.atomic(), time_machine.travel(NOON, tick=False) as clock:
        letter, alice = make_letter(), make_user("alice")
        Membership.objects.create(letter=letter, user=alice, role=Role.OWNER)
        arrived = Counter()
        batches.start_tally(letter)
        for act in acts:
            act_once(letter, alice, act, arrived, clock)

            batches.refresh_count(letter=letter)
            assert stored(letter, "named") == live_names(letter)
            assert stored(letter, "others") == arrived
        days = growth.by_day(letter)
        tally = statistics.tally_of(type(letter).objects.get(pk=letter.pk))
        standing = letter.signatures.standing()
        gone = growth.gone_since(days, tally)
        assert sum(one.number for one in days) - gone == tally.total
        if acts[-1] == "batch":
            assert tally.total == standing.count()
        transaction.set_rollback(True)


def act_once(letter, alice, act, arrived, clock):
    number = next(numbers)
    secret = f"{number:043}"
    names = letter.signatures.standing().named()
    others = letter.signatures.standing().anonymous().exclude(manage_digest=None)
    if act == "name":
        made = make_signature(letter, organisation=make_organisation(f"F {number}"))
        made.method, made.tenure = "mailbox", "current"
        made.manage_digest = crypto.digest("manage", secret)
        made.title = secret  # So that the test finds the capability again.
        made.save()
        moderation.approve(signature=made, actor=alice)
    elif act == "nameless":
        digest = crypto.digest("manage", secret)
        make_anonymous(letter, make_organisation(f"F {number}"), manage_digest=digest)
        SECRETS[digest] = secret
    elif act in ("leave", "drop") and names.exists():
        token = names.first().title
        if act == "leave":
            own.withdraw(token=token)
        else:
            appearing.appear_without_name(token=token, appearance="anonymous")
    elif act == "leave nameless" and others.exists():
        found = others.first()
        if found.manage_digest in SECRETS:
            own.withdraw(token=SECRETS[found.manage_digest])
    elif act == "reject" and letter.signatures.standing().exclude(state="withdrawn").exists():
        found = letter.signatures.standing().exclude(state="withdrawn").first()
        moderation.reject(signature=found, actor=alice, reason="other")
    elif act == "batch":
        came = batches.publish_batch_now(letter=letter, now=datetime.now(UTC))
        if came:
            arrived[datetime.now(UTC).date()] += came
    elif act == "tomorrow":
        clock.shift(timedelta(days=1))


def test_day_of_a_batch_does_not_tell_that_one_of_its_people_left(letter):
    come(letter, MONDAY, named=1, others=6)
    line = letter.signatures.anonymous().first()
    line.manage_digest = crypto.digest("manage", "m" * 43)
    line.save()

    own.withdraw(token="m" * 43)
    batches.refresh_count(letter=letter)
    before = growth.by_day(letter)
    come(letter, MONDAY + timedelta(days=30))

    days, tally = growth.by_day(letter), statistics.tally_of(type(letter).objects.get())
    assert days == before == [growth.Day(MONDAY, 1, 6)]
    assert (tally.anonymous, growth.gone_since(days, tally)) == (5, 1)


def counted_in(letter):
    letter = type(letter).objects.get(pk=letter.pk)
    days, tally = growth.by_day(letter), statistics.tally_of(letter)
    return [one.others for one in days], tally.anonymous, growth.gone_since(days, tally)


def of_one_organisation(letter):
    google = make_organisation("Google")
    letter.organisations.set([google])
    return google


def those_who_come(letter, day, number, organisation):
    with time_machine.travel(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), tick=False):
        made = [make_anonymous(letter, organisation) for _each in range(number)]
        batches.publish_batch_now(letter=letter, now=datetime.now(UTC))
    return made


def withdraw_one(letter):
    line = letter.signatures.standing().anonymous().first()
    line.manage_digest = crypto.digest("manage", "m" * 43)
    line.save()
    own.withdraw(token="m" * 43)


def test_those_who_step_back_and_come_again_came_once(letter):
    google = of_one_organisation(letter)
    those_who_come(letter, MONDAY, 5, google)
    withdraw_one(letter)
    those_who_come(letter, MONDAY + timedelta(days=1), 0, google)
    assert counted_in(letter) == ([5], 0, 5)
    assert letter.signatures.filter(has_stood=True).count() == 4

    those_who_come(letter, MONDAY + timedelta(days=2), 1, google)

    assert counted_in(letter) == ([5, 1], 5, 1)
    tally = statistics.tally_of(type(letter).objects.get())
    assert (tally.figures["received"], tally.figures["withdrawn"]) == (6, 1)
    weeks = growth.by_week(growth.by_day(letter))
    assert [(week.others, week.total) for week in weeks] == [(6, 6)]


def test_those_who_came_again_are_on_the_roll_like_those_who_came(letter):
    google = of_one_organisation(letter)
    those_who_come(letter, MONDAY, 5, google)
    withdraw_one(letter)
    those_who_come(letter, MONDAY + timedelta(days=1), 0, google)
    those_who_come(letter, MONDAY + timedelta(days=2), 1, google)

    lines = letter.signatures.standing().values_list("has_stood", "confirmed_on", "submitted_on")

    day = MONDAY + timedelta(days=2)
    assert set(lines) == {(False, day, day)}


def test_those_told_by_elimination_who_come_again_came_once(letter):
    letter.eligibility = "organisations"
    letter.save()
    firms = [make_organisation(name) for name in ("Google", "Orrery")]
    letter.organisations.set(firms)
    with time_machine.travel(NOON, tick=False):
        for firm, number in zip(firms, (3, 2), strict=True):
            those_who_come(letter, MONDAY, number, firm)
    assert counted_in(letter) == ([5], 5, 0)
    withdraw_one(letter)
    those_who_come(letter, MONDAY + timedelta(days=1), 0, firms[0])
    assert counted_in(letter) == ([5], 0, 5)

    those_who_come(letter, MONDAY + timedelta(days=2), 2, firms[1])

    assert counted_in(letter) == ([5, 2], 6, 1)


def test_line_that_a_moderator_took_off_and_lets_stand_again_came_once(letter):
    come(letter, MONDAY, others=6)
    bob = make_user("bob")
    Membership.objects.create(letter=letter, user=bob, role=Role.MODERATOR)
    line = letter.signatures.standing().anonymous().first()
    moderation.reject(signature=line, actor=bob, reason="other")
    come(letter, MONDAY + timedelta(days=1))
    assert counted_in(letter) == ([6], 5, 1)

    moderation.approve(signature=letter.signatures.get(state=State.REJECTED), actor=bob)
    come(letter, MONDAY + timedelta(days=2))

    assert counted_in(letter) == ([6], 6, 0)


def test_day_leaves_with_its_last_name(letter):
    come(letter, MONDAY, named=1)
    moderator = make_user("bob")
    Membership.objects.create(letter=letter, user=moderator, role=Role.MODERATOR)

    moderation.reject(signature=letter.signatures.get(), actor=moderator, reason="other")
    batches.refresh_count(letter=letter)

    assert growth.by_day(letter) == []


def test_refresh_writes_only_what_changed(letter):
    come(letter, MONDAY, named=2, others=5)
    kept = dict(letter.day_counts.values_list("day", "pk"))

    with CaptureQueriesContext(connection) as captured:
        growth.refresh_days(letter)

    assert [query["sql"].split()[0] for query in captured] == ["SELECT"] * 3
    assert dict(letter.day_counts.values_list("day", "pk")) == kept


@pytest.mark.parametrize("fields", [{"named": 0, "others": 0}, {"day": MONDAY, "named": 1}])
def test_days_are_counted_once_and_have_somebody(letter, fields):
    come(letter, MONDAY, named=1)

    with pytest.raises(IntegrityError), transaction.atomic():
        DayCount.objects.create(**{"letter": letter, "day": date(2026, 2, 2), **fields})


# The overview ---------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.OWNER, Role.PRESS])
@pytest.mark.parametrize(
    "change",
    ["arrives", "is signed", "is signed twice", "withdraws", "is carried over", "is counted"],
)
def test_no_byte_of_the_overview_moves_with_an_anonymous_signature(letter, role, change):
    """Until the batch: neither its arrival, nor its leaving, nor its choices."""
    come(letter, MONDAY, named=1, others=6)
    line = letter.signatures.anonymous().first()
    line.manage_digest = crypto.digest("manage", "m" * 43)
    line.save()
    letter.allows_unverified_anonymous = letter.was_internal = True
    letter.save()
    newer_text(letter)
    browser = Client()
    browser.force_login(make_user("somebody"))
    Membership.objects.create(letter=letter, user_id=browser.session["_auth_user_id"], role=role)
    urls = ["/manage/letters/library/", "/manage/letters/library/trail/", "/manage/"]
    before = [words(browser.get(url)) for url in urls]

    if change == "arrives":
        make_anonymous(letter, make_organisation("Narwhalware"))
    elif change.startswith("is signed"):
        state = State.DUPLICATE if change == "is signed twice" else State.UNCONFIRMED
        make_anonymous(letter, make_organisation("Narwhalware"), state=state)
    elif change == "withdraws":
        own.withdraw(token="m" * 43)
    elif change == "is carried over":
        own.carry_over(token="m" * 43)
    else:
        appearing.appear_without_name(token="m" * 43, appearance="counted")
    batches.refresh_count(letter=letter)

    assert [words(browser.get(url)) for url in urls] == before
    come(letter, MONDAY + timedelta(days=1))
    assert words(browser.get(urls[0])) != before[0] or change not in ("arrives", "withdraws")


def newer_text(letter):
    version = letter.versions.create(
        number=2, title=letter.title, text="x", sha256="0" * 64, published_on=MONDAY
    )
    letter.current_version = version
    letter.save()


def test_states_add_up_and_say_how_many_stood_with_the_last_batch(letter):
    come(letter, MONDAY, named=3, others=6)
    for state in (State.IN_REVIEW, State.REJECTED, State.UNCONFIRMED, State.DUPLICATE):
        make_signature(letter, state=state)
    statistics.depart(letter.pk, Fate.REFUSED, "named", number=4)
    statistics.depart(letter.pk, Fate.WITHDRAWN, "anonymous", number=2)
    statistics.depart(letter.pk, Fate.REJECTED, "named", "abuse", number=5)
    come(letter, MONDAY + timedelta(days=1))

    tally = Tally.objects.get()
    rows = {row.name: row.number for row in breakdown.states(tally)}

    assert rows == {
        "Received": 24,
        "Published": 9,
        "In review": 1,
        "Rejected: abuse or advertising": 5,
        "Rejected: another reason": 1,
        "Withdrawn": 2,
        "Not confirmed": 6,
    }
    assert rows["Published"] == letter.signatures.standing().count()
    assert sum(rows.values()) == 2 * rows["Received"]
    assert tally.refused == 4


def test_refused_codes_are_counted_with_the_batch_only(letter):
    come(letter, MONDAY, named=1)
    statistics.depart(letter.pk, Fate.REFUSED, "anonymous")

    batches.refresh_count(letter=letter)

    letter.tally.refresh_from_db()
    assert letter.tally.refused == 0
    come(letter, MONDAY + timedelta(days=1))
    letter.tally.refresh_from_db()
    assert letter.tally.refused == 1


@pytest.mark.parametrize(("role", "number"), [(Role.OWNER, 2), (Role.PRESS, 0)])
def test_overview_reads_no_signature_but_the_queue_s(letter, role, number):
    """All else stands in the tally and the stored days: a letter may have a million rows."""
    come(letter, MONDAY, named=2, others=5)
    browser = Client()
    browser.force_login(make_user("somebody"))
    Membership.objects.create(letter=letter, user_id=browser.session["_auth_user_id"], role=role)

    with CaptureQueriesContext(connection) as captured:
        browser.get("/manage/letters/library/")

    read = [one["sql"] for one in captured if "signatories_signature" in one["sql"]]
    assert len(read) == number
    assert all("in_review" in sql or "signatories_flag" in sql for sql in read)


def test_overview_takes_as_many_queries_for_many_as_for_few(letter):
    browser = Client()
    browser.force_login(make_user("harriet", is_superuser=True))
    counts = []
    for _round in range(2):
        for _each in range(3):
            come(letter, MONDAY, named=1, others=1)
            letter.recipients.create(position=letter.recipients.count() + 1, name="X")
        with CaptureQueriesContext(connection) as captured:
            browser.get("/manage/letters/library/")
        counts.append(len(captured))
    assert counts[0] == counts[1]
