"""Requests that end in time, however slowly the other side answers.

A timeout of `requests` is one of silence: a byte now and then keeps a thread for ever, and each
address of a host gets a timeout of its own. Here it is the whole time from connecting to the
last byte, headers included. Only the look-up of the name takes as long as the system lets it.
"""

import http.client
import io
import socket
import time
from functools import partial
from typing import Any

import requests
import urllib3


class Reader(io.RawIOBase):
    """Reads from a connection until a moment that no further byte moves."""

    def __init__(self, connection: socket.socket, raw: io.RawIOBase, ends: float) -> None:
        self.connection, self.raw, self.ends = connection, raw, ends

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int | None:
        self.connection.settimeout(_seconds_until(self.ends))
        return self.raw.readinto(room)

    def close(self) -> None:
        self.raw.close()
        super().close()


class Answer(http.client.HTTPResponse):
    """An answer whose headers and body come through a `Reader`."""

    def __init__(self, sock: socket.socket, *arguments: Any, ends: float, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(Reader(sock, self.fp.detach(), ends))


class InTime:
    """A connection whose timeout is that of all that happens on it."""

    response_class: Any

    def _new_conn(self: Any) -> socket.socket:
        ends = time.monotonic() + self.timeout
        self.response_class = partial(Answer, ends=ends)
        trouble: OSError = TimeoutError()
        for *_kind, address in socket.getaddrinfo(
            self._dns_host, self.port, type=socket.SOCK_STREAM
        ):
            try:
                # Half of the time at most, so that one dead address is not all of them.
                seconds = min(self.timeout / 2, _seconds_until(ends))
                connected = socket.create_connection((str(address[0]), self.port), seconds)
            except OSError as error:
                trouble = error
            else:
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return connected
        raise trouble


def _seconds_until(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class PlainConnection(InTime, urllib3.connection.HTTPConnection):
    pass


class SecureConnection(InTime, urllib3.connection.HTTPSConnection):
    pass


class PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = PlainConnection


class SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = SecureConnection


POOLS = {"http": PlainPool, "https": SecurePool}


class Transport(requests.adapters.HTTPAdapter):
    """Makes such connections, also those through a proxy (`HTTPS_PROXY`)."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> urllib3.ProxyManager:
        manager = super().proxy_manager_for(*arguments, **options)
        manager.pool_classes_by_scheme = POOLS
        return manager
