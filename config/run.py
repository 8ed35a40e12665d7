"""`make run`: broker, migrations, seeds, worker and web server in one terminal.

One supervisor starts and watches the other processes, and stops them on Ctrl-C. It never
loads Django itself: `python -m config.run prepare` does that in a process of its own.
"""

import base64
import ctypes
import fcntl
import http.client
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from config import broker

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
SECONDS_TO_FIRST_ANSWER = 60
LONGEST_PAUSE = 30
STEADY_AFTER = 60

# The words that mean yes in settings, too.
YES = {"true", "on", "ok", "y", "yes", "1"}


class Refused(Exception):
    """It cannot start, or not go on; the message is for the person at the terminal."""


class Stopped(Exception):
    """Somebody pressed Ctrl-C, or asked us to end, while we were still starting."""


# What was asked for ------------------------------------------------------------------


@dataclass
class Plan:
    """Where this instance lives, and what its environment says."""

    var: Path
    port: int
    environment: dict[str, str]

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def is_debug(self) -> bool:
        return self.environment["DEBUG"].lower() in YES

    @property
    def is_demonstration(self) -> bool:
        return self.is_debug and "DATABASE_URL" not in self.environment

    @property
    def has_own_broker(self) -> bool:
        return "REDIS_URL" not in self.environment

    @property
    def has_mailbox(self) -> bool:
        return self.is_debug and "EMAIL_URL" not in self.environment


def read_plan() -> Plan:
    # An empty variable counts as an unset one, as it does in the settings.
    environment = {name: value for name, value in os.environ.items() if value}
    var = Path(environment.get("VAR_DIR", ROOT / "var")).resolve()
    environment |= {"VAR_DIR": str(var), "PYTHONUNBUFFERED": "1"}
    environment.setdefault("DEBUG", "1")
    return Plan(var=var, port=read_port(environment.get("PORT", "8000")), environment=environment)


def read_port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise Refused(f"PORT should be a number up to 65535, not {text!r}. Try: PORT=8001 make run")


# The folder var/ ---------------------------------------------------------------------


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


def sign_lock(lock: IO[str], address: str) -> None:
    lock.truncate(0)
    lock.write(f"process {os.getpid()}, {address}\n")
    lock.flush()


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


# The port ----------------------------------------------------------------------------


def reserve_port(port: int) -> socket.socket:
    """Return a socket bound to the port. The web server will listen on it, so that nobody
    can take the port between this check and its start."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        if port and somebody_listens(port):
            raise OSError("in use by another program")
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


# Signals and processes ---------------------------------------------------------------


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
            say(f"The {self.name} did not stop in time and was killed; no work is lost.")
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


# The processes -----------------------------------------------------------------------


def broker_child(plan: Plan) -> Child:
    return Child(
        name="broker",
        command=broker.command(plan.var),
        environment=plan.environment,
        log=plan.var / "run" / "broker.log",
    )


def preparation_child(plan: Plan) -> Child:
    command = [sys.executable, "-m", "config.run", "prepare"]
    return Child("preparation", command, plan.environment)


def worker_child(plan: Plan) -> Child:
    return Child(
        name="worker",
        command=[
            # Who tries it out as root, in a container say, need not be told at each start.
            *(sys.executable, "-W", "ignore:You're running the worker with superuser"),
            *("-m", "celery", "--quiet", "--app", "config", "worker"),
            *("--pool", "threads", "--concurrency", "4", "--loglevel", "WARNING"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
        environment=plan.environment,
    )


def beat_child(plan: Plan) -> Child:
    # Not inside the worker (its option --beat): nobody would notice there if it died alone.
    return Child(
        name="clock",
        command=[
            *(sys.executable, "-m", "celery", "--quiet", "--app", "config", "beat"),
            *("--schedule", str(plan.var / "run" / "beat"), "--pidfile", ""),
            *("--loglevel", "WARNING"),
        ],
        environment=plan.environment,
    )


def web_child(plan: Plan, reserved: socket.socket) -> Child:
    return Child(
        name="web server",
        command=[
            *(sys.executable, "-m", "gunicorn", "config.wsgi:application"),
            *("--bind", f"fd://{reserved.fileno()}"),
            *("--worker-class", "gthread", "--workers", "2", "--threads", "4"),
            *("--log-level", "warning", "--graceful-timeout", "5", "--no-control-socket"),
            # Loaded once, then forked: a third of the memory. macOS has trouble with late forks.
            *(["--preload"] if sys.platform == "linux" else []),
        ],
        environment=plan.environment,
        inherits=(reserved.fileno(),),
    )


# Starting, watching, stopping --------------------------------------------------------


@dataclass
class Supervisor:
    plan: Plan
    reserved: socket.socket
    signals: Signals
    children: list[Child] = field(default_factory=list)

    def run(self) -> int:
        try:
            self.start()
            say(summary(self.plan))
            self.watch()
        except Stopped:
            pass
        finally:
            self.stop()
        return 0

    def start(self) -> None:
        say("Undersigned is getting ready.")
        if self.plan.has_own_broker:
            self.start_broker()
        self.prepare()
        self.add(worker_child(self.plan))
        self.add(beat_child(self.plan))
        self.start_web()

    def add(self, child: Child) -> Child:
        self.children.append(child)
        child.start()
        return child

    def start_broker(self) -> None:
        path = broker.socket_path(self.plan.var)
        broker.end_leftover(path)
        child = self.add(broker_child(self.plan))
        if not self.broker_answers(child, path):
            set_aside(self.plan.var / "broker")
            child.clear_away()
            child.start()
            if not self.broker_answers(child, path):
                raise Refused(f"The broker does not start:\n{tail(self.plan.var, child)}")

    def broker_answers(self, child: Child, path: Path) -> bool:
        is_settled = self.signals.wait_for(
            lambda: broker.answers(path) or not child.is_running(), seconds=30
        )
        return is_settled and child.is_running()

    def prepare(self) -> None:
        child = self.add(preparation_child(self.plan))
        self.signals.wait_for(lambda: not child.is_running(), seconds=float("inf"))
        self.children.remove(child)
        if child.process is None or child.process.returncode:
            raise Refused("Undersigned was not started.")

    def start_web(self) -> None:
        child = self.add(web_child(self.plan, self.reserved))
        self.signals.wait_for(
            lambda: web_answers(self.plan) or not child.is_running(), SECONDS_TO_FIRST_ANSWER
        )
        if not child.is_running():
            raise Refused(f"The web server {child.ending()}. Undersigned was not started.")
        if not web_answers(self.plan):
            raise Refused(f"The web server gave no answer in {SECONDS_TO_FIRST_ANSWER} seconds.")

    def watch(self) -> None:
        while not self.signals.stop_is_wanted:
            pauses = [child.look_after() for child in self.children]
            self.signals.sleep(min([2, *pauses]))

    def stop(self) -> None:
        if self.signals.stop_is_wanted:
            say("\nStopping …")
        # The broker goes last: the worker hands unfinished tasks back to it.
        brokers = [child for child in self.children if child.name == "broker"]
        others = [child for child in reversed(self.children) if child not in brokers]
        stop_together(others, seconds=7)
        stop_together(brokers, seconds=2)
        if self.signals.stop_is_wanted:
            say(f"Stopped. Everything is kept in {shortly(self.plan.var)}/ for the next start.")


def set_aside(folder: Path) -> None:
    """Let the broker begin anew where it cannot read its data; the database is the outbox."""
    damaged = folder.with_name(f"{folder.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    folder.rename(damaged)
    folder.mkdir(mode=0o700)
    say(f"The broker could not read its data. It starts empty; the old data is in {damaged}.")


def tail(var: Path, child: Child) -> str:
    text = child.log.read_text(errors="replace") if child.log else ""
    return "\n".join(text.splitlines()[-5:]) or f"It wrote nothing to {var / 'run'}."


def web_answers(plan: Plan) -> bool:
    """Tell whether the web server answers at all: /readyz is what judges the rest."""
    connection = http.client.HTTPConnection(HOST, plan.port, timeout=5)
    name = urlsplit(plan.environment["SITE_URL"]).netloc
    try:
        connection.request("GET", "/healthz", headers={"Host": name})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


# What the person reads -----------------------------------------------------------------


def summary(plan: Plan) -> str:
    return "\n".join(["", "Undersigned is running.", "", *addresses(plan), "", *next_steps(plan)])


def addresses(plan: Plan) -> Iterator[str]:
    site = plan.environment["SITE_URL"].rstrip("/")
    yield f"  The site          {site}/"
    yield f"  A letter to sign  {site}/letters/iceout-tech/"
    if plan.has_mailbox:
        yield f"  The mail it sent  {site}/dev/mailbox/"
    yield f"  Administration    {site}/admin/"
    if site != plan.address:
        yield f"  It listens at     {plan.address}/"


def next_steps(plan: Plan) -> Iterator[str]:
    credentials = plan.var / "credentials.txt"
    if "DATABASE_URL" in plan.environment:
        yield "To make an account for the administration, in a second terminal with the same"
        yield 'environment: make manage ARGS="createsuperuser"'
    elif credentials.exists():
        yield f"Demonstration accounts, name and password (kept in {shortly(credentials)}):"
        yield from (f"  {line}" for line in credentials.read_text(encoding="utf-8").splitlines())
    else:
        yield 'To make an account for the administration: make manage ARGS="createsuperuser"'
    yield ""
    yield "Stop with Ctrl-C."


def shortly(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


# The preparation, in a process of its own ------------------------------------------------


def prepare() -> int:
    """Bring database, seeds and static files up to date; return an exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("PGCONNECT_TIMEOUT", "10")
    current = "settings"
    try:
        load_settings()
        for current, step in preparation_steps():  # noqa: B007 - the except clause reads it
            step()
    except Refused as refusal:
        say(str(refusal))
    except Exception as error:
        say(f"The step “{current}” failed: {type(error).__name__}: {error}")
        say(f"The whole traceback is in {shortly(keep_traceback())}.")
    else:
        return 0
    return 1


def load_settings() -> None:
    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise Refused(str(error)) from error


def preparation_steps() -> Iterator[tuple[str, Callable[[], None]]]:
    from django.conf import settings
    from django.core.management import call_command

    yield "database", reach_database
    if settings.REDIS_URL:
        yield "broker", reach_broker
    yield "migrate", lambda: call_command("migrate", verbosity=0, interactive=False)
    yield "seed", lambda: call_command("seed")
    if settings.IS_DEMONSTRATION:
        yield "demo_accounts", lambda: call_command("demo_accounts")
        yield "demo_signatures", demonstration_signatures
    if not settings.DEBUG:
        yield "collectstatic", lambda: call_command("collectstatic", verbosity=0, interactive=False)


def demonstration_signatures() -> None:
    from django.core.management import call_command

    call_command("demo_signatures", "--letter", "iceout-tech", "--count", "450", "--if-empty")


def reach_database() -> None:
    from django.db import OperationalError, connection

    try:
        connection.ensure_connection()
    except OperationalError as error:
        place = "{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
        raise Refused(
            f"The database {place} cannot be used: {str(error).splitlines()[0]}. Check "
            "DATABASE_URL and start the server, or unset it to use the embedded database."
        ) from error


def reach_broker() -> None:
    """Only say so where Redis is away: letters can be signed, mail leaves when it is back."""
    import redis
    from django.conf import settings

    if not settings.REDIS_URL.startswith(("redis://", "rediss://")):
        raise Refused(
            "REDIS_URL should look like redis://host:6379/0 (or rediss:// for TLS). "
            "Correct it, or unset it to use the embedded broker."
        )
    # Nothing of the address but host and port may be shown: it can hold a password.
    place = urlsplit(settings.REDIS_URL).netloc.rpartition("@")[2]
    try:
        redis.from_url(settings.REDIS_URL, socket_connect_timeout=3, socket_timeout=3).ping()
    except (redis.RedisError, OSError) as error:
        say(
            f"Redis {place} does not answer ({type(error).__name__}). Letters can be signed all "
            "the same; mail leaves and counts move when it is back."
        )


def keep_traceback() -> Path:
    path = Path(os.environ["VAR_DIR"]) / "run" / "preparation.txt"
    path.write_text(traceback.format_exc(), encoding="utf-8")
    return path


# The command line ------------------------------------------------------------------------


def run() -> int:
    plan = read_plan()
    make_folders(plan.var)
    signals = Signals()
    with take_lock(plan.var) as lock, reserve_port(plan.port) as reserved:
        plan.port = reserved.getsockname()[1]
        plan.environment["PORT"] = str(plan.port)
        plan.environment.setdefault("SITE_URL", plan.address)
        sign_lock(lock, plan.address)
        keep_development_keys(plan)
        return Supervisor(plan, reserved, signals).run()


def keys() -> int:
    """Generate the development keys only; `make manage` needs them on a fresh clone."""
    plan = read_plan()
    make_folders(plan.var)
    keep_development_keys(plan)
    return 0


def main(arguments: list[str]) -> int:
    commands = {(): run, ("prepare",): prepare, ("keys",): keys}
    command = commands.get(tuple(arguments))
    if command is None:
        say("Usage: python -m config.run [prepare | keys]")
        return 2
    os.umask(0o077)
    try:
        return command()
    except (Refused, broker.BrokerMissing) as refusal:
        say(str(refusal))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
