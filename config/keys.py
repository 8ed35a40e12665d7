"""Keys that live as files in `KEYS_DIR`, outside the database and its backups.

Two rings: `day/` holds one key a day and kind, destroyed on schedule; `letter/` holds one
key a letter, destroyed when the letter is sealed. Destroying a file makes unreadable what
it encrypted, also in dead tuples, write-ahead logs and backups of the database.
Several machines share the folder: a key is created by an atomic link, so that the first
writer wins and everybody reads the same key.
"""

import os
import secrets
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from django.conf import settings

KEY_BYTES = 32


class KeyLost(Exception):
    """A key file that should exist is not in `KEYS_DIR`."""


def ring(name: str) -> Path:
    """The folder of a ring; raise `KeyLost` where `KEYS_DIR` is no folder we can use."""
    folder = Path(settings.KEYS_DIR) / name
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise KeyLost(f"KEYS_DIR cannot be used: {error}. Mount the right folder.") from None
    return folder


def read(ring_name: str, key_name: str) -> bytes:
    """The key's 32 bytes; raise `KeyLost`."""
    try:
        key = (ring(ring_name) / f"{key_name}.key").read_bytes()
    except FileNotFoundError:
        raise KeyLost(
            f"The key {ring_name}/{key_name} is not in KEYS_DIR. Mount the right folder, or "
            "follow docs/operations.md, “When a key is lost”."
        ) from None
    if len(key) != KEY_BYTES:
        raise KeyLost(f"The key {ring_name}/{key_name} in KEYS_DIR is damaged.")
    return key


def read_or_create(ring_name: str, key_name: str) -> bytes:
    """The key's 32 bytes, created if it does not exist yet."""
    folder = ring(ring_name)
    path = folder / f"{key_name}.key"
    if not path.exists():
        fresh = folder / f".{key_name}.{secrets.token_hex(8)}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
            _sync_folder(folder)
        except FileExistsError:
            pass  # Another process was first; its key counts.
        finally:
            fresh.unlink()
    return read(ring_name, key_name)


def exists(ring_name: str, key_name: str) -> bool:
    return (ring(ring_name) / f"{key_name}.key").exists()


def destroy(ring_name: str, key_name: str) -> None:
    """Unlink the key. What it encrypted is unreadable from now on."""
    folder = ring(ring_name)
    (folder / f"{key_name}.key").unlink(missing_ok=True)
    # A crash while the key was made may have left a draft, which is the same file.
    for draft in folder.glob(f".{key_name}.*"):
        draft.unlink(missing_ok=True)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# Keys of the day ------------------------------------------------------------------


def day_key_name(kind: str, day: date) -> str:
    return f"{day.isoformat()}.{kind}"


def expired_day_keys(now: datetime) -> list[str]:
    """Names of the day keys whose hours (`settings.KEY_HOURS`) are over."""
    names = sorted(path.name.removesuffix(".key") for path in ring("day").glob("*.key"))
    return [name for name in names if (end := _end_of(name)) and now >= end]


def _end_of(name: str) -> datetime | None:
    """When the hours of a day key are over; None for a file that is none of ours."""
    day, _, kind = name.partition(".")
    try:
        began = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    hours = settings.KEY_HOURS.get(kind)
    return began + timedelta(hours=hours) if hours else None
