"""Requests that end in time, against servers that would keep them."""

import socket
import threading
import time
from contextlib import suppress
from itertools import repeat

import pytest
import requests

from config import in_time

SECONDS = 0.6
# A machine with much to do is late. The shortest of these servers takes 4.8 s to its end.
GRACE = 3


@pytest.fixture
def serve():
    """Start a server that answers any request with these pieces, a tenth of a second each."""
    is_over, servers = threading.Event(), []

    def start(pieces, pause=0.1):
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def answer():
            with suppress(OSError):
                connection, _address = server.accept()
                with connection:
                    connection.recv(4096)
                    for piece in pieces:
                        connection.sendall(piece)
                        if is_over.wait(pause):
                            return

        threading.Thread(target=answer, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/"

    yield start
    is_over.set()
    for server in servers:
        server.close()


def get(url):
    session = requests.Session()
    session.mount("http://", in_time.Transport())
    session.mount("https://", in_time.Transport())
    return session.get(url, timeout=SECONDS)


def assert_given_up_in_time(url):
    began = time.monotonic()

    with pytest.raises(requests.RequestException):
        get(url)

    assert time.monotonic() - began < SECONDS + GRACE


OK = b"HTTP/1.1 200 OK\r\n"


def test_answer_that_comes_in_time_is_read(serve):
    pieces = [OK, b"X-Slow: yes\r\n", b"Content-Length: 4\r\n\r\n", b"ab", b"cd"]

    answer = get(serve(pieces, pause=0.01))

    assert (answer.content, answer.headers["X-Slow"]) == (b"abcd", "yes")


@pytest.mark.parametrize(
    "pieces",
    [
        [b""] * 100,
        [b"H", b"T", b"T", b"P", *([b"/"] * 100)],
        [OK + b"X-Slow: ", *([b"a"] * 100)],
        [OK, *([b"X-Slow: a\r\n"] * 90)],
        [b"HTTP/1.1 100 Continue\r\n\r\n"] * 100,
        [OK + b"\r\n", *([b"a"] * 100)],
        [OK + b"Content-Length: 100\r\n\r\n", *([b"a"] * 100)],
        [OK + b"Transfer-Encoding: chunked\r\n\r\n", *([b"0"] * 100)],
    ],
    ids=["silence", "status", "header", "headers", "not yet", "body", "length", "chunk"],
)
def test_answer_that_drips_is_given_up(serve, pieces):
    assert_given_up_in_time(serve(pieces))


def test_answer_that_pours_without_end_is_given_up(serve):
    assert_given_up_in_time(serve(repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 50), pause=0))


def test_proxy_that_drips_is_given_up(serve, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", serve([OK + b"X-Slow: ", *([b"a"] * 100)]))
    monkeypatch.setenv("NO_PROXY", "")

    assert_given_up_in_time("https://provider.example/")


def test_host_with_many_dead_addresses_is_given_up(monkeypatch):
    def connect(_address, timeout):
        time.sleep(timeout)
        raise TimeoutError

    dead = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_host, **_kind: [dead] * 16)
    monkeypatch.setattr(socket, "create_connection", connect)

    assert_given_up_in_time("http://provider.example/")


def test_second_address_is_tried_where_the_first_is_dead(serve, monkeypatch):
    port = serve([OK + b"Content-Length: 2\r\n\r\nok"]).rstrip("/").rpartition(":")[2]
    look_up = socket.getaddrinfo

    def find(host, *arguments, **options):
        hosts = ["127.0.0.2", "127.0.0.1"] if host == "provider.example" else [host]
        return [found for one in hosts for found in look_up(one, *arguments, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", find)

    assert get(f"http://provider.example:{port}/").content == b"ok"
