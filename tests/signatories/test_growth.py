"""The chart and the table of the overview say what the roll says, day by day."""

import itertools
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from letters.models import Membership, Role
from signatories import growth
from signatories.models import State
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


@pytest.fixture
def letter():
    return make_letter(slug="library")


def come(letter, day, named=0, others=0):
    google = make_organisation(f"Firm {next(numbers)}")
    for _each in range(named):
        make_signature(letter, state=State.PUBLISHED, published_on=day)
    for _each in range(others):
        make_anonymous(letter, google, state=State.PUBLISHED, published_on=day)


def test_days_and_weeks_add_up_to_what_stands(letter):
    come(letter, MONDAY, named=2)
    come(letter, MONDAY + timedelta(days=6), named=1, others=5)
    come(letter, MONDAY + timedelta(days=7), others=6)
    make_signature(letter, state=State.IN_REVIEW)
    make_anonymous(letter, make_organisation("Waits"))

    days = growth.by_day(letter)

    assert [(one.named, one.others) for one in days] == [(2, 0), (1, 5), (0, 6)]
    weeks = [(week.named, week.others, week.total) for week in growth.by_week(days)]
    assert weeks == [(0, 6, 14), (3, 5, 8)]
    assert letter.signatures.standing().count() == 14


def test_chart_of_nothing_is_none_and_of_one_day_one_column(letter):
    assert growth.chart(growth.by_day(letter)) is None
    come(letter, MONDAY, named=1)

    chart = growth.chart(growth.by_day(letter))

    assert [(c.x, c.y, c.width, c.height) for c in chart.columns] == [(25.0, 100.0, 50.0, 50.0)]
    assert (chart.labels, chart.is_all) == ([MONDAY], True)
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


def test_overview_tells_nothing_that_moves_between_batches(letter):
    alice = make_user("alice")
    Membership.objects.create(letter=letter, user=alice, role=Role.PRESS)
    browser = Client()
    browser.force_login(alice)
    before = words(browser.get("/manage/letters/library/"))

    make_anonymous(letter, make_organisation("Narwhalware"))
    make_signature(letter, state=State.UNCONFIRMED)
    make_signature(letter, state=State.DUPLICATE)

    assert words(browser.get("/manage/letters/library/")) == before


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
