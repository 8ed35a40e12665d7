"""What one instance has for itself: a folder with its lock and keys, and a port."""

import base64
import fcntl
import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from config.run.plan import HOST, Plan, Refused


def make_folders(var: Path) -> None:
    try:
        for folder in (var, var / "run"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"The folder {var} cannot be made ({error.strerror}). "
            "Name another one: VAR_DIR=… make run"
        ) from error


def take_lock(var: Path) -> IO[str]:
    """Return the locked file; whoever holds it is the only instance in this folder."""
    lock = (var / "run.lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise Refused(
            f"Undersigned is already running in this folder ({lock.read().strip()}). Use that "
            "one, or stop it with Ctrl-C in its terminal. A second one needs a folder and a "
            "port of its own: VAR_DIR=/some/folder PORT=8001 make run"
        ) from None
    return lock


def patience(lock: IO[str]) -> float:
    """Return how long to wait for the port: a supervisor that was killed leaves its name in
    the lock, and its web server needs a moment to end as well."""
    lock.seek(0)
    return 8 if lock.read() else 0


def sign_lock(lock: IO[str], address: str) -> None:
    lock.truncate(0)
    lock.write(f"process {os.getpid()}, {address}\n")
    lock.flush()


def reserve_port(port: int, patience: float) -> socket.socket:
    """Return a socket bound to the port, waiting for so many seconds until it is free.

    The web server will listen on it, so that nobody can take the port between this check
    and its start.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    deadline = time.monotonic() + patience
    try:
        while port and somebody_listens(port):
            if time.monotonic() > deadline:
                raise OSError("in use by another program")
            time.sleep(0.2)
        reserved.bind((HOST, port))
    except OSError as error:
        reason = error.strerror or error
        raise Refused(
            f"Port {port} is not free ({reason}). "
            f"Choose another one, for example: PORT={another_port(port)} make run"
        ) from error
    return reserved


def somebody_listens(port: int) -> bool:
    # With SO_REUSEADDR, macOS lets us bind beside a program that listens on every address.
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def another_port(port: int) -> int:
    return port + 1 if 1024 <= port < 65535 else 8001


def keep_development_keys(plan: Plan) -> None:
    """Generate what var/development.env lacks; what it has is never changed."""
    if not plan.is_debug:
        return
    path = plan.var / "development.env"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    known = {line.partition("=")[0].strip() for line in text.splitlines()}
    missing = [f"{name}={value}\n" for name, value in development_keys() if name not in known]
    if missing:
        replace_privately(path, text + "".join(missing))


def development_keys() -> Iterator[tuple[str, str]]:
    yield "DEBUG", "1"
    yield "SECRET_KEY", secrets.token_urlsafe(48)
    yield "FIELD_KEYS", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def replace_privately(path: Path, text: str) -> None:
    """Write the file whole or not at all, readable by its owner only."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        os.fsync(file.fileno())
    draft.replace(path)
