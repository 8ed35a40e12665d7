import os
import stat
import threading
from datetime import UTC, date, datetime

import pytest

from config import keys
from tests.factories import make_letter

DAY = date(2026, 1, 20)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def careless_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def everything_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# Creating -------------------------------------------------------------------------------


def test_read_or_create_makes_one_key_and_keeps_it(settings):
    key = keys.read_or_create("day", "2026-01-20.named")

    assert len(key) == 32
    assert keys.read("day", "2026-01-20.named") == key
    assert keys.read_or_create("day", "2026-01-20.named") == key
    assert everything_in(settings.KEYS_DIR) == ["day/2026-01-20.named.key"]


def test_read_or_create_draws_every_key_anew():
    assert keys.read_or_create("letter", "1") != keys.read_or_create("letter", "2")
    assert keys.read_or_create("letter", "1") != keys.read_or_create("day", "1")


def test_read_or_create_lets_nobody_else_read(settings, careless_umask):
    keys.read_or_create("letter", "7")

    assert mode(settings.KEYS_DIR / "letter" / "7.key") == 0o600
    assert mode(settings.KEYS_DIR / "letter") == 0o700
    assert mode(settings.KEYS_DIR) == 0o700


def test_read_or_create_at_once_gives_everybody_the_same_key(settings):
    names = [f"{number}" for number in range(20)]
    barrier = threading.Barrier(8)
    seen = []

    def create():
        for name in names:
            barrier.wait()
            seen.append((name, keys.read_or_create("letter", name)))

    threads = [threading.Thread(target=create) for _each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 160
    assert len(set(seen)) == 20
    assert everything_in(settings.KEYS_DIR) == sorted(f"letter/{name}.key" for name in names)


def test_read_or_create_takes_the_key_of_whoever_was_first(settings, monkeypatch):
    rival = b"r" * 32
    link = os.link

    def link_too_late(fresh, path):
        path.write_bytes(rival)
        link(fresh, path)

    monkeypatch.setattr(keys.os, "link", link_too_late)

    assert keys.read_or_create("day", "2026-01-20.named") == rival
    assert everything_in(settings.KEYS_DIR) == ["day/2026-01-20.named.key"]


# Losing -----------------------------------------------------------------------------------


def test_read_without_the_key_says_what_to_do():
    with pytest.raises(keys.KeyLost) as caught:
        keys.read("letter", "7")

    assert "letter/7" in str(caught.value)
    assert "docs/operations.md" in str(caught.value)
    assert not keys.exists("letter", "7")


@pytest.mark.parametrize("content", [b"", b"k" * 31, b"k" * 33])
def test_read_of_a_damaged_key_is_refused_and_not_repaired(settings, content):
    keys.read_or_create("letter", "7")
    path = settings.KEYS_DIR / "letter" / "7.key"
    path.write_bytes(content)

    with pytest.raises(keys.KeyLost, match="damaged"):
        keys.read("letter", "7")
    with pytest.raises(keys.KeyLost, match="damaged"):
        keys.read_or_create("letter", "7")
    assert path.read_bytes() == content


# Destroying -------------------------------------------------------------------------------


def test_destroy_leaves_nothing_of_the_key(settings):
    key = keys.read_or_create("letter", "7")
    keys.read_or_create("letter", "8")

    keys.destroy("letter", "7")
    keys.destroy("letter", "7")

    assert not keys.exists("letter", "7")
    assert everything_in(settings.KEYS_DIR) == ["letter/8.key"]
    assert keys.read_or_create("letter", "7") != key


def test_destroy_reaches_what_a_crash_left_behind(settings, monkeypatch):
    """Power fails between the link and the end of the draft: the draft is the key, too."""

    def crash(folder):
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(keys, "_sync_folder", crash)
        broken.setattr(keys.Path, "unlink", lambda path, **kwargs: None)
        with pytest.raises(SystemExit):
            keys.read_or_create("letter", "7")
    keys.read_or_create("letter", "77")
    assert len(everything_in(settings.KEYS_DIR)) == 3

    keys.destroy("letter", "7")

    assert everything_in(settings.KEYS_DIR) == ["letter/77.key"]


# Keys of the day --------------------------------------------------------------------------


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "expired"),
    [
        ("2026-01-20 00:00:00", []),
        ("2026-01-21 23:59:59", []),
        ("2026-01-22 00:00:00", ["2026-01-20.anonymous"]),
        ("2026-01-23 23:59:59", ["2026-01-20.anonymous"]),
        ("2026-01-24 00:00:00", ["2026-01-20.anonymous", "2026-01-20.named"]),
        ("2027-01-01 00:00:00", ["2026-01-20.anonymous", "2026-01-20.named"]),
    ],
)
def test_expired_day_keys_follow_the_hours_of_their_kind(now, expired):
    for kind in ("anonymous", "named"):
        keys.read_or_create("day", keys.day_key_name(kind, DAY))

    assert keys.expired_day_keys(at(now)) == expired


def test_hours_of_the_day_keys_cover_every_unconfirmed_entry(settings):
    """An entry of the last minute of a day must still be readable when its time is up."""
    assert settings.KEY_HOURS == {"anonymous": 48, "named": 96}
    assert settings.KEY_HOURS["anonymous"] >= 24 + settings.UNCONFIRMED_ANONYMOUS_HOURS
    assert settings.KEY_HOURS["named"] >= 24 + settings.UNCONFIRMED_NAMED_HOURS


def test_expired_day_keys_are_found_beside_a_file_of_somebody_else(settings):
    name = keys.day_key_name("anonymous", DAY)
    keys.read_or_create("day", name)
    for stranger in ("notes.key", "2026-01-20.other.key", "2026-13-41.named.key", "copy of.key"):
        (settings.KEYS_DIR / "day" / stranger).write_bytes(b"")

    assert keys.expired_day_keys(at("2026-02-01 00:00:00")) == [name]


# No folder at all -------------------------------------------------------------------------


@pytest.fixture
def no_folder(settings, tmp_path):
    """`KEYS_DIR` is a file, as after a mount that went wrong."""
    settings.KEYS_DIR = tmp_path / "a file"
    settings.KEYS_DIR.write_text("no folder")


def test_keys_without_a_folder_are_lost_with_a_word_about_it(no_folder):
    with pytest.raises(keys.KeyLost, match="KEYS_DIR cannot be used"):
        keys.read_or_create("day", "2026-01-20.named")


@pytest.mark.django_db
def test_pages_without_a_folder_say_that_they_are_unavailable_and_lose_nothing(
    no_folder, client, caplog
):
    letter = make_letter()
    form = {"name": "Wilhelmina Otter", "email": "w.otter@gmail.com", "appearance": "named"}

    for path, data in (
        (f"/letters/{letter.slug}/sign/", form),
        ("/signature/find/", {"email": "w.otter@gmail.com"}),
        ("/members/", {"email": "w.otter@gmail.com"}),
        (f"/letters/{letter.slug}/updates/subscribe/", {"email": "w.otter@gmail.com"}),
    ):
        answer = client.post(path, data)
        assert answer.status_code == 503, path
        assert "Traceback" not in answer.content.decode()

    assert not letter.signatures.exists()
    assert "A key is missing, so a request was turned away: KEYS_DIR cannot be used" in caplog.text
    assert "otter" not in caplog.text
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["keys"]) == (503, "KEYS_DIR cannot be written")
