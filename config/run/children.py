"""Child processes that are watched, and the signals that concern them."""

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from config.run.plan import ROOT

LONGEST_PAUSE = 30
STEADY_AFTER = 60


class Stopped(Exception):
    """Somebody pressed Ctrl-C, or asked us to end, while we were still starting."""


class Signals:
    """Knows whether somebody wants us to stop; wakes us for that and when a child ends."""

    def __init__(self) -> None:
        self._was_asked_to_stop = False
        # Started by make, we end with it, however it ends.
        self._make = os.getppid() if "MAKELEVEL" in os.environ else None
        self._bell, self._button = socket.socketpair()
        self._bell.setblocking(False)
        self._button.setblocking(False)
        signal.set_wakeup_fd(self._button.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup has had SIGHUP ignored, and means it.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._note)

    def _note(self, *_: object) -> None:
        self._was_asked_to_stop = True

    @property
    def stop_is_wanted(self) -> bool:
        return self._was_asked_to_stop or self._make not in (None, os.getppid())

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds, or as soon as something happened."""
        if select.select([self._bell], [], [], max(0, seconds))[0]:
            self._bell.recv(4096)

    def wait_for(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Tell whether the condition came true in time; raise Stopped if we are to stop."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self.stop_is_wanted:
                raise Stopped
            if time.monotonic() > deadline:
                return False
            self.sleep(0.05)
        return True


def die_with_parent() -> Callable[[], None] | None:
    """Return what a child calls so that Linux ends it when the supervisor is killed."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask_the_kernel() -> None:
        prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel


@dataclass
class Child:
    """One process, in a session of its own, so that Ctrl-C reaches the supervisor alone."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path | None = None
    inherits: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0, init=False)
    pause: float = field(default=0, init=False)

    def start(self) -> None:
        output = self.log.open("wb") if self.log else None
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=self.inherits,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
        self.started_at = time.monotonic()
        if output:
            output.close()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def look_after(self) -> float:
        """Start the process again where it ended; return in how many seconds to look next."""
        if self.is_running():
            return STEADY_AFTER
        if self.process is not None:
            self.pause = self.next_pause()
            say(f"The {self.name} {self.ending()}. It starts again in {self.pause:g} s.")
            self.clear_away()
        remaining = self.started_at + self.pause - time.monotonic()
        if remaining > 0:
            return remaining
        self.start()
        return STEADY_AFTER

    def next_pause(self) -> float:
        has_been_steady = time.monotonic() - self.started_at > STEADY_AFTER
        return 1 if has_been_steady else min(max(1, self.pause * 2), LONGEST_PAUSE)

    def ending(self) -> str:
        code = self.process.returncode if self.process else None
        if code is not None and code < 0:
            return f"was ended by signal {-code}"
        return f"ended with exit code {code}"

    def clear_away(self) -> None:
        """End whatever the process left behind in its session, and forget it."""
        if self.process is not None:
            send(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None
        self.started_at = time.monotonic()

    def ask_to_stop(self) -> None:
        if self.process is not None:
            self.process.terminate()

    def stop_by(self, deadline: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            say(f"The {self.name} did not stop in time and was killed.")
        self.clear_away()


def stop_together(children: list[Child], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop_by(deadline)


def send(group: int, number: int) -> None:
    # Nobody is left there; macOS says so with the second error.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def say(text: str = "") -> None:
    # Where the terminal is gone, that is no reason to leave children behind.
    with suppress(OSError):
        print(text, flush=True)
