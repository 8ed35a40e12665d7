"""A database and a broker of the test's own, on the engines that the environment names."""

import os
import secrets
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis

from config import broker
from tests.processes.network import HOST, Background, Wire

Rows = list[tuple[Any, ...]]


# Databases ---------------------------------------------------------------------------------------


class Sqlite:
    """The file that the application makes in its folder where DATABASE_URL is unset."""

    environment: dict[str, str] = {}

    def __init__(self, var: Path) -> None:
        self.path = var / "db.sqlite3"

    def ask(self, statement: str, *values: Any) -> Rows:
        with closing(sqlite3.connect(self.path, timeout=30)) as connection, connection:
            return connection.execute(
                statement, [self._spell(value) for value in values]
            ).fetchall()

    def _spell(self, value: Any) -> Any:
        return value.isoformat(" ").removesuffix("+00:00") if isinstance(value, datetime) else value

    def tables(self) -> list[str]:
        return [name for (name,) in self.ask("SELECT name FROM sqlite_master WHERE type = 'table'")]

    def drop(self) -> None:
        """Nothing to do: the file goes with its folder."""


class Postgresql:
    """A database beside the one that DATABASE_URL names, on the same server."""

    def __init__(self, url: str) -> None:
        self.server = url
        self.name = f"undersigned_tests_{os.getpid()}_{secrets.token_hex(4)}"
        self.url = urlsplit(url)._replace(path=f"/{self.name}").geturl()
        self.environment = {"DATABASE_URL": self.url}
        self._on(self.server, f'CREATE DATABASE "{self.name}"')

    def ask(self, statement: str, *values: Any) -> Rows:
        return self._on(self.url, statement.replace("?", "%s"), *values)

    def _on(self, url: str, statement: str, *values: Any) -> Rows:
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def tables(self) -> list[str]:
        rows = self.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return [name for (name,) in rows]

    def drop(self) -> None:
        self._on(self.server, f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


Database = Sqlite | Postgresql


def make_database(var: Path) -> Database:
    url = os.environ.get("DATABASE_URL")
    return Postgresql(url) if url else Sqlite(var)


# Brokers -----------------------------------------------------------------------------------------


class EmbeddedBroker:
    """The broker that `make run` starts; it can be killed, frozen and started again."""

    environment: dict[str, str] = {}

    def __init__(self, var: Path, start) -> None:
        self.var = var
        self._start = start
        self.process = start()
        broker.wait_until_ready(broker.socket_path(var), 30)

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(broker.cache_url(self.var))

    @contextmanager
    def down(self) -> Iterator[None]:
        self.process.kill()
        try:
            yield
        finally:
            self.process = self._start()
            broker.wait_until_ready(broker.socket_path(self.var), 30)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        self.process.send(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send(signal.SIGCONT)

    def drop(self) -> None:
        """Nothing to do: the process ends with the others, its files go with their folder."""


class SharedRedis:
    """A numbered database of the server in REDIS_URL that nobody uses, behind a wire."""

    CLAIM = "undersigned-tests"

    def __init__(self, url: str, background: Background) -> None:
        parts = urlsplit(url)
        self.url = parts._replace(path=f"/{self._claim_a_number(url)}").geturl()
        self.wire = Wire(background, parts.hostname or HOST, parts.port or 6379)
        through = parts.netloc.rpartition("@")
        netloc = f"{through[0]}{through[1]}{HOST}:{self.wire.port}"
        wired = urlsplit(self.url)._replace(netloc=netloc).geturl()
        self.environment = {"REDIS_URL": wired}

    def _claim_a_number(self, url: str) -> int:
        for number in numbers_nobody_clears(url):
            candidate = urlsplit(url)._replace(path=f"/{number}").geturl()
            with closing(redis.Redis.from_url(candidate)) as client:
                if client.set(self.CLAIM, os.getpid(), nx=True, ex=3600):
                    if client.dbsize() == 1:
                        return number
                    client.delete(self.CLAIM)
        raise AssertionError("No numbered database of this Redis is free. Run fewer at once.")

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    @contextmanager
    def down(self) -> Iterator[None]:
        self.wire.cut()
        try:
            yield
        finally:
            self.wire.mend()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        self.wire.freeze()
        try:
            yield
        finally:
            self.wire.thaw()

    def drop(self) -> None:
        with suppress(redis.RedisError), closing(self.client()) as client:
            client.flushdb()
        self.wire.cut()


def numbers_nobody_clears(url: str) -> list[int]:
    """Those that no other process of this test run uses, and empties, as its cache.

    `tests.environment` gives them out, downwards from the one in REDIS_URL.
    """
    own = int(urlsplit(url).path.strip("/") or 0)
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    taken = {(own + worker - other) % 16 for other in range(workers)}
    return [number for number in range(15, -1, -1) if number not in taken]


Broker = EmbeddedBroker | SharedRedis


# Dumps -------------------------------------------------------------------------------------------


def dump_database(database: Database) -> bytes:
    """Every value of every row, bytes as they are: what a logical dump would hold."""
    tables = database.tables()
    rows = [row for table in tables for row in database.ask(f'SELECT * FROM "{table}"')]
    return b"\n".join(_as_bytes(value) for row in rows for value in row)


def dump_broker(broker: Broker) -> bytes:
    """Every key and every value, queued messages included."""
    parts = []
    with closing(broker.client()) as client:
        for key in client.scan_iter():
            parts += [key, *_values(client, key)]
    return b"\n".join(parts)


def _values(client: redis.Redis, key: bytes) -> list[bytes]:
    readers = {
        b"string": lambda: [client.get(key) or b""],
        b"list": lambda: client.lrange(key, 0, -1),
        b"set": lambda: list(client.smembers(key)),
        b"zset": lambda: client.zrange(key, 0, -1),
        b"hash": lambda: [part for pair in client.hgetall(key).items() for part in pair],
        b"none": list,
    }
    return readers[client.type(key)]()


def _as_bytes(value: Any) -> bytes:
    if isinstance(value, bytes | memoryview | bytearray):
        return bytes(value)
    return str(value).encode()
