"""`make run`, seen from the terminal: the supervisor with everything it starts."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from config import broker
from tests.processes.waiting import wait_for

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[2]
OURS = {"PATH", "HOME", "LANG", "TMPDIR"}

# The children of the supervisor, and the word that tells each from the others.
WORDS = {"worker": "worker", "clock": "beat", "web server": "gunicorn", "broker": "valkey-server"}


class Terminal:
    """One start of the application, with what it has printed so far."""

    def __init__(self, var: Path, **environment: str) -> None:
        kept = {name: value for name, value in os.environ.items() if name in OURS}
        self.var = var
        self.log = (var.parent / f"terminal-{time.monotonic_ns()}").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.run"],
            cwd=ROOT,
            env={**kept, "VAR_DIR": str(var), "PORT": "0", **environment},
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    @property
    def text(self) -> str:
        return Path(self.log.name).read_text()

    @property
    def address(self) -> str:
        return re.search(r"The site +(\S+)/\n", self.text)[1]

    def wait_for(self, sentence: str, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while sentence not in self.text:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.05)

    def end(self, number: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(20)
        self.log.close()
        return code


@pytest.fixture
def start(tmp_path):
    terminals = []

    def start(var: Path | None = None, **environment: str) -> Terminal:
        terminals.append(Terminal(var or tmp_path / "var", **environment))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.end()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A running site for the tests that leave it as they found it."""
    terminal = Terminal(tmp_path_factory.mktemp("site") / "var")
    terminal.wait_for("Stop with Ctrl-C")
    yield terminal
    terminal.end()


def get(url: str) -> int:
    with urllib.request.urlopen(url, timeout=60) as response:
        return response.status


def child(supervisor: int, word: str) -> int | None:
    """Return the process id of the supervisor's child that is called so, or told so.

    The word is an argument of its own, or the name of the program: folders are called anything.
    """
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            program, *arguments = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        # The broker's server writes more into the place of its program, after a space.
        is_called_so = re.search(rf"/{word}( |$)", program) is not None
        if parent == supervisor and (is_called_so or word in arguments):
            return int(folder.name)
    return None


def running_child(supervisor: int, word: str) -> int:
    """That child, once it runs: it pauses between an end and a start."""
    return wait_for(lambda: child(supervisor, word), f"the child {word}")


def is_gone(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_an_empty_folder_becomes_a_running_site_and_keeps_what_it_made(start):
    first = start()
    first.wait_for("Stop with Ctrl-C")
    keys = (first.var / "development.env").read_text()
    credentials = (first.var / "credentials.txt").read_text()

    assert get(f"{first.address}/letters/iceout-tech/") == 200
    assert all(line in first.text for line in credentials.splitlines())
    assert stat.S_IMODE(first.var.stat().st_mode) == 0o700
    assert stat.S_IMODE((first.var / "development.env").stat().st_mode) == 0o600
    assert first.end() == 0
    assert not broker.answers(broker.socket_path(first.var))

    second = start()
    second.wait_for("Stop with Ctrl-C")
    assert (second.var / "development.env").read_text() == keys
    assert (second.var / "credentials.txt").read_text() == credentials
    assert second.end(signal.SIGTERM) == 0
    assert "Traceback" not in second.text


def test_a_second_instance_names_the_first(site, start):
    second = start(site.var)

    assert second.process.wait(20) == 1
    assert f"process {site.process.pid}, {site.address}" in second.text


def test_a_busy_port_is_named_with_a_way_out(start):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        terminal = start(PORT=str(port))

        assert terminal.process.wait(20) == 1
    assert f"Port {port} is not free" in terminal.text
    assert f"PORT={port + 1} make run" in terminal.text


@pytest.mark.parametrize("port", ["eighty", "70000", "-1"])
def test_a_port_that_is_none_is_refused(start, port):
    terminal = start(PORT=port)

    assert terminal.process.wait(20) == 1
    assert terminal.text.startswith("PORT should be a number")


def test_a_database_that_is_away_is_named_without_its_password(start):
    terminal = start(DATABASE_URL="postgres://someone:secret@127.0.0.1:1/letters")

    assert terminal.process.wait(60) == 1
    assert "The database 127.0.0.1:1/letters cannot be used" in terminal.text
    assert "secret" not in terminal.text


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_killed_process_is_started_again(site):
    # The broker comes last: losing it can end the worker as well.
    for name, word in WORDS.items():
        killed = running_child(site.process.pid, word)

        os.kill(killed, signal.SIGKILL)

        wait_for(lambda w=word, k=killed: child(site.process.pid, w) not in (None, k), name)
        assert get(f"{site.address}/healthz") == 200
        assert f"The {name} was ended by signal 9. It starts again in 1 s." in site.text


@pytest.mark.skipif(sys.platform != "linux", reason="relies on PR_SET_PDEATHSIG")
def test_a_killed_supervisor_leaves_nobody_and_the_next_start_works(start):
    killed = start()
    killed.wait_for("Stop with Ctrl-C")
    children = [running_child(killed.process.pid, word) for word in WORDS.values()]

    killed.process.kill()
    killed.process.wait()
    following = start(PORT=killed.address.rpartition(":")[2])
    following.wait_for("Stop with Ctrl-C")

    wait_for(lambda: all(map(is_gone, children)), "the children to be gone")
    assert get(f"{following.address}/healthz") == 200


def test_a_broker_left_behind_does_not_block_a_start(start, tmp_path):
    var = tmp_path / "var"
    left = subprocess.Popen(
        broker.command(var), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    broker.wait_until_ready(broker.socket_path(var), 10)

    terminal = start()
    terminal.wait_for("Stop with Ctrl-C")

    assert left.wait(10) == 0
