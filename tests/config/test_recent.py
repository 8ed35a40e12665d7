"""What happened minutes ago."""

from django.core.cache import cache
from redis.exceptions import ConnectionError as RedisDown

from config import recent


def test_what_was_noted_is_known_under_its_own_name_and_key_only():
    recent.note("pressed", "a")

    assert recent.is_noted("pressed", "a")
    assert not recent.is_noted("pressed", "b")
    assert not recent.is_noted("sent", "a")


def test_what_was_noted_goes_after_ten_minutes(monkeypatch):
    kept = {}
    monkeypatch.setattr(cache, "set", lambda key, value, timeout: kept.update({key: timeout}))

    recent.note("pressed", "secret")

    assert list(kept.values()) == [600]
    assert "secret" not in str(kept)


def test_cache_that_is_down_remembers_nothing_and_disturbs_nobody(monkeypatch):
    def down(*args, **kwargs):
        raise RedisDown

    monkeypatch.setattr(cache, "set", down)
    monkeypatch.setattr(cache, "get", down)

    recent.note("pressed", "a")

    assert not recent.is_noted("pressed", "a")
