import time
from dataclasses import replace

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError

from config import outage, pressure

NOON = "2026-01-20T12:00:00Z"


@pytest.fixture(autouse=True)
def clock(time_machine, settings):
    settings.DEFENCES = replace(settings.DEFENCES, pressure_minutes=5)
    time_machine.move_to(NOON, tick=False)
    return time_machine


def break_cache(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise ConnectionError

    for verb in ("add", "incr", "get_many"):
        monkeypatch.setattr(type(cache._connections[cache._alias]), verb, refuse)


def test_count_adds_one_for_each_key_and_says_how_many_came():
    pressure.count("letter:1", pressure.SITE)

    assert pressure.count("letter:2", pressure.SITE) == [1, 2]
    assert pressure.numbers("letter:1", "letter:2", pressure.SITE) == [1, 1, 2]


def test_numbers_fade_with_the_window_before(clock):
    for _each in range(100):
        pressure.count("letter:1")

    clock.shift(5 * 60)
    assert pressure.numbers("letter:1") == [100]
    clock.shift(2.5 * 60)
    assert pressure.numbers("letter:1") == [50]
    clock.shift(2.5 * 60)
    assert pressure.numbers("letter:1") == [0]


def test_is_first_is_so_once_in_ten_minutes(clock):
    assert [pressure.is_first("told 1"), pressure.is_first("told 1")] == [True, False]
    assert pressure.is_first("told 2")


@pytest.mark.parametrize("broken", ["refuses", "is silent"])
def test_cache_that_does_not_answer_knows_of_no_pressure(monkeypatch, broken):
    pressure.count("letter:1")
    if broken == "refuses":
        break_cache(monkeypatch)
    else:
        outage.note(time.monotonic() - 1)

    assert pressure.count("letter:1") == [0]
    assert pressure.numbers("letter:1", pressure.SITE) == [0, 0]
    assert not pressure.is_first("told 1")


def test_no_key_of_the_cache_can_be_read():
    pressure.count("letter:1")

    client = cache._cache.get_client()
    names = [name.decode() for name in client.keys("*pressure*")]

    assert len(names) == 1
    assert "letter" not in names[0]
