"""The running application: its real processes, in a folder and on ports of their own.

Web server, worker and clock are started with the very commands of `make run`, here with
production's settings and a certificate of their own. Everything ends with the fixture.
"""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config import broker, run
from tests.processes.network import HOST, Background
from tests.processes.sink import Sink
from tests.processes.stores import (
    Broker,
    EmbeddedBroker,
    SharedRedis,
    make_database,
)
from tests.processes.waiting import wait_for

# Everybody in these tests comes from one network and uses few mailboxes.
WIDE_LIMITS = (
    "sign:network=100000/h,confirm:network=100000/h,find:network=100000/h,code:mailbox=1000/d,"
    "sign:mailbox=1000/d,burst:network=100000/h,burst:domain=100000/d"
)

PASSED_ON = ("PATH", "HOME", "LANG", "PGOPTIONS")

# Where visitors come from, as a proxy in front would say; it must not stay anywhere.
VISITOR = "198.51.100.77"


class Process:
    """One process, in a session of its own, with its output in a file."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path):
        self.name, self.command, self.environment, self.log = name, command, environment, log
        self.inherits: tuple[int, ...] = ()
        self._process: subprocess.Popen | None = None

    def start(self) -> "Process":
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                cwd=run.ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=self.inherits,
                start_new_session=True,
            )
        return self

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def send(self, number: int) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def wait(self, seconds: float) -> int:
        """The exit code; raises `subprocess.TimeoutExpired`."""
        assert self._process is not None
        return self._process.wait(seconds)

    def kill(self) -> None:
        """As a crash or the kernel would: at once, with everything it forked."""
        if self._process is not None:
            self.send(signal.SIGKILL)
            self._process.wait(30)
            self._process = None


class Stack:
    """Everything of one running installation. `url` is where its pages are.

    Each thread of its web server keeps a connection to the database, of which all the
    installations on a server have a hundred: as many threads as in production, unless asked for.
    """

    def __init__(self, threads: int = 0, **environment: str) -> None:
        self.web_options = ["--threads", str(threads)] if threads else []
        self.folder = Path(tempfile.mkdtemp(prefix="undersigned-stack-"))
        self.var = self.folder / "var"
        self.logs = self.var / "run"
        self.logs.mkdir(parents=True)
        self.background = Background()
        self.processes: list[Process] = []
        self._last_answer = "not asked yet"
        self._undo = [lambda: shutil.rmtree(self.folder, ignore_errors=True), self.background.stop]
        try:
            self._arrange(environment)
            self._start()
        except BaseException:
            self.stop()
            raise

    def _arrange(self, environment: dict[str, str]) -> None:
        self.sink = Sink(self.background)
        self._undo.append(self.sink.close)
        self.database = make_database(self.var)
        self._undo.append(self.database.drop)
        self._reserved = socket.create_server((HOST, 0))
        self._undo.append(self._reserved.close)
        self.url = f"https://{HOST}:{self._reserved.getsockname()[1]}"
        certificate, key = make_certificate(self.folder)
        self.trust = ssl.create_default_context(cafile=str(certificate))
        self.environment = {
            **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
            "DJANGO_SETTINGS_MODULE": "tests.processes.settings",
            "PYTHONUNBUFFERED": "1",
            "VAR_DIR": str(self.var),
            "KEYS_DIR": str(self.folder / "keys"),
            "DEBUG": "0",
            "SECRET_KEY": secrets.token_urlsafe(64),
            "FIELD_KEYS": Fernet.generate_key().decode(),
            "SITE_URL": self.url,
            "ALLOWED_HOSTS": HOST,
            "EMAIL_URL": f"smtp://{HOST}:{self.sink.port}",
            "MAIL_FROM": "Codes <codes@letters.example.org>",
            "RATE_LIMITS": WIDE_LIMITS,
            # Forms are filled in by programs here, and many of them for one letter.
            "MINIMUM_FILL_SECONDS": "0",
            "PROOF_OF_WORK": "never",
            "GUNICORN_CMD_ARGS": f"--certfile={certificate} --keyfile={key}",
            **self.database.environment,
            **environment,
        }
        self.broker: Broker = self._make_broker()
        self._undo.append(self.broker.drop)
        self.environment |= self.broker.environment

    def _make_broker(self) -> Broker:
        url = os.environ.get("REDIS_URL")
        if url:
            return SharedRedis(url, self.background)
        return EmbeddedBroker(
            self.var, lambda: self._add("broker", broker.command(self.var)).start()
        )

    def _start(self) -> None:
        plan = run.Plan(var=self.var, port=0, environment=self.environment)
        self._prepare()
        self.worker = self._add("worker", run.worker_child(plan).command).start()
        self.clock = self._add("clock", run.beat_child(plan).command).start()
        self.web = self._add(
            "web", [*run.web_child(plan, self._reserved).command, *self.web_options]
        )
        self.web.inherits = (self._reserved.fileno(),)
        self.web.start()
        wait_for(self.is_ready, "the web server to be ready", 300, explain=self.describe)

    def _add(self, name: str, command: list[str]) -> Process:
        process = Process(name, command, self.environment, self.logs / f"{name}.log")
        self.processes.append(process)
        return process

    def _prepare(self) -> None:
        done = self._run("-m", "config.run", "prepare")
        assert done.returncode == 0, done.stdout + done.stderr

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
        for undo in reversed(self._undo):
            undo()

    # Commands ---------------------------------------------------------------------------------

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=run.ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def manage(self, *arguments: str) -> str:
        done = self._run("manage.py", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def python(self, code: str) -> str:
        """What the code prints, in a process beside the others with the application loaded."""
        forks = self._forks
        forks.stdin.write(f"{json.dumps(code)}\n")
        forks.stdin.flush()
        exit_code, printed = json.loads(forks.stdout.readline())
        assert exit_code == 0, printed
        return printed.strip()

    @cached_property
    def _forks(self) -> subprocess.Popen[str]:
        """Loading the application takes seconds: done once, for all that is asked for."""
        forks = self._talk_to("-m", "tests.processes.forks")
        self._undo.append(forks.communicate)
        return forks

    def python_at_once(self, code: str, inputs: list[str]) -> list[str]:
        """One process for each line of input, all started before any is let go."""
        with ExitStack() as open_ones:
            processes = [open_ones.enter_context(self._start_python(code)) for _ in inputs]
            for process in processes:
                assert process.stdout.readline() == "ready\n"
            for process, line in zip(processes, inputs, strict=True):
                process.stdin.write(f"{line}\n")
                process.stdin.flush()
            answers = [process.communicate(timeout=300)[0].strip() for process in processes]
        assert [process.returncode for process in processes] == [0] * len(inputs)
        return answers

    @contextmanager
    def python_ready(self, code: str) -> Iterator[Callable[[str], str]]:
        """Have a process ready that does it at once when it is given its line of input."""
        with self._start_python(code) as process:
            assert process.stdout.readline() == "ready\n"
            yield lambda line: process.communicate(f"{line}\n", timeout=300)[0].strip()
        assert process.returncode == 0

    def _start_python(self, code: str) -> subprocess.Popen[str]:
        head = "import django; django.setup(); print('ready', flush=True); line = input()\n"
        return self._talk_to("-c", head + code)

    def _talk_to(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=run.ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    # Looking ----------------------------------------------------------------------------------

    def is_ready(self) -> bool:
        assert self.web.is_running(), self.describe()
        try:
            with self.visitor() as visitor:
                answer = visitor.get("/readyz")
        except httpx.TransportError as error:
            self._last_answer = repr(error)
            return False
        self._last_answer = f"{answer.status_code} {answer.text}"
        return answer.status_code == 200

    def describe(self) -> str:
        logs = {process.name: self.log_of(process.name) for process in self.processes}
        return f"/readyz: {self._last_answer}\n{logs}"

    def log_of(self, name: str) -> str:
        path = self.logs / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def ask(self, statement: str, *values: object) -> list[tuple]:
        return self.database.ask(statement, *values)

    def one(self, statement: str, *values: object) -> object:
        [[value]] = self.ask(statement, *values)
        return value

    # Acting -----------------------------------------------------------------------------------

    def visitor(self) -> "Visitor":
        return Visitor(self)

    def let_time_pass(self, table: str, column: str, time: timedelta) -> None:
        """Move moments into the past, as if the others had moved on."""
        for key, moment in self.ask(f"SELECT id, {column} FROM {table}"):
            if moment is not None:
                earlier = read_moment(moment) - time
                self.ask(f"UPDATE {table} SET {column} = ? WHERE id = ?", earlier, key)


def read_moment(value: datetime | str) -> datetime:
    """A moment as the database tells it: PostgreSQL with its zone, SQLite as text in UTC."""
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for the loopback address, valid today; browsers are told to trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ip_address(HOST)), x509.DNSName("localhost")]
            ),
            False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(pem))
    paths[1].write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


class Visitor(httpx.Client):
    """Somebody with a browser of their own, behind a proxy: cookies, forms, no scripts.

    `tokens` are the capabilities that their pages had in their addresses.
    """

    def __init__(self, stack: Stack) -> None:
        self.tokens: set[str] = set()
        super().__init__(
            # The server ends an idle connection at a time of its own choosing.
            limits=httpx.Limits(max_keepalive_connections=0),
            base_url=stack.url,
            verify=stack.trust,
            timeout=30,
            trust_env=False,
            headers={
                # What a browser writes into a form of our own page under `no-referrer`.
                "Origin": "null",
                "Sec-Fetch-Site": "same-origin",
                "X-Forwarded-For": VISITOR,
                "X-Forwarded-Proto": "https",
            },
            event_hooks={"response": [self._remember_tokens]},
        )

    def _remember_tokens(self, response: httpx.Response) -> None:
        places = str(response.url) + response.headers.get("Location", "")
        self.tokens |= set(re.findall(r"/([\w-]{43})/", places))

    def submit(self, path: str, **fields: str) -> httpx.Response:
        """Open the page and send its form."""
        return self.send_form(self.get(path), **fields)

    def send_form(self, page: httpx.Response, **fields: str) -> httpx.Response:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token, f"{page.status_code}: no form in {page.url.path}"
        return self.post(page.url, data={"csrfmiddlewaretoken": token[1], **fields})

    def sign(self, **fields: str) -> httpx.Response:
        """Sign by name from Google, unless told otherwise; return “check your email”."""
        page = self.get(self.send_signature(**fields))
        assert page.status_code == 200, page.text
        return page

    def send_signature(self, **fields: str) -> str:
        """Send the form only; return the address of “check your email”."""
        fields = {
            "name": "",
            "email": "",
            "organisation": "Google",
            "tenure": "current",
            "title": "",
            "role": "",
            "appearance": "named",
            **fields,
        }
        sent = self.submit("/letters/iceout-tech/sign/", **fields)
        assert sent.status_code == 302, sent.text
        return sent.headers["Location"]

    def type_code(self, page: httpx.Response, code: str) -> httpx.Response:
        """Type the code on “check your email”; return the receipt, or what came instead."""
        sent = self.send_form(page, code=code)
        return self.get(sent.headers["Location"]) if sent.status_code == 302 else sent
