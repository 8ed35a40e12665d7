import socket
import threading
import time
from contextlib import closing

import pytest
from django.core.cache import caches

from config import outage, ratelimit


@pytest.fixture
def silent_server():
    """A server that takes connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        taken = []

        def take():
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    for connection in taken:
        connection.close()


def test_check_with_a_server_that_hangs_waits_once(settings, silent_server):
    settings.CACHES = {
        "default": {
            **settings.CACHES["default"],
            "LOCATION": silent_server,
            "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
        }
    }
    began = time.monotonic()

    for _each in range(10):
        ratelimit.check("sign:network", "somebody")

    assert time.monotonic() - began < 2.5
    assert outage.is_on()
    caches["default"].close()


def test_note_of_a_quick_failure_begins_no_pause():
    outage.note(time.monotonic())

    assert not outage.is_on()


def test_pause_ends_by_itself(monkeypatch):
    outage.note(time.monotonic() - 1)
    later = time.monotonic() + outage.PAUSE_SECONDS + 0.1

    assert outage.is_on()
    monkeypatch.setattr(outage.time, "monotonic", lambda: later)
    assert not outage.is_on()
