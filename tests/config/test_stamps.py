from dataclasses import replace
from datetime import timedelta

import pytest

from config import stamps

FORM = "sign:1"


@pytest.fixture(autouse=True)
def clock(time_machine, settings):
    settings.DEFENCES = replace(settings.DEFENCES, minimum_fill_seconds=2)
    time_machine.move_to("2026-01-20T12:00:00.9Z", tick=False)
    return time_machine


def refusal(value, form=FORM):
    try:
        stamps.check(value, form)
    except (stamps.TooSoon, stamps.NoStamp) as refused:
        return type(refused)
    return None


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, stamps.TooSoon),
        (1.99, stamps.TooSoon),
        (2, None),
        (24 * 60 * 60, None),
        (24 * 60 * 60 + 1, stamps.NoStamp),
    ],
)
def test_check_lets_pass_what_a_person_could_have_filled_in(clock, seconds, expected):
    stamp = stamps.stamp(FORM)
    clock.shift(timedelta(seconds=seconds))

    assert refusal(stamp) is expected


@pytest.mark.parametrize("value", ["", "x", "sign:1 0", "sign:1 0:AAAA"])
def test_check_of_a_form_that_was_never_served_is_refused(value):
    assert refusal(value) is stamps.NoStamp


def test_check_with_the_stamp_of_another_form_is_refused(clock):
    stamp = stamps.stamp("sign:2")
    clock.shift(timedelta(minutes=1))

    assert refusal(stamp) is stamps.NoStamp
    assert refusal(stamp, "sign:2") is None


def test_again_keeps_a_good_stamp_so_that_the_second_press_passes(clock):
    stamp = stamps.stamp(FORM)
    clock.shift(timedelta(seconds=1))

    assert stamps.again(stamp, FORM) == stamp


def test_again_replaces_one_that_can_no_longer_be_used(clock):
    old = stamps.stamp(FORM)
    clock.shift(timedelta(days=2))

    fresh = stamps.again(old, FORM)
    clock.shift(timedelta(seconds=2))

    assert refusal(fresh) is None


def test_check_asks_nothing_where_no_time_is_asked_for(settings):
    settings.DEFENCES = replace(settings.DEFENCES, minimum_fill_seconds=0)

    assert refusal("") is None
