import base64
import hashlib
import socket
import threading
import time
from contextlib import contextmanager
from urllib.parse import unquote

import pytest
import redis
import time_machine
from django.core.cache import cache
from django.test import RequestFactory

from config import ratelimit

NOON = "2026-01-20T12:00:00Z"


@pytest.fixture
def limits(settings):
    settings.RATE_LIMITS = {"few": "2/m", "hourly": "2/h", "daily": "1/d", "spell": "2/10m"}


def attempts(limit, key, number):
    return [ratelimit.is_within(limit, key) for _each in range(number)]


def request_from(address="203.0.113.5", **headers):
    return RequestFactory().get("/", REMOTE_ADDR=address, **headers)


# Counting -------------------------------------------------------------------------------


@time_machine.travel(NOON, tick=False)
def test_check_counts_up_to_the_limit(limits):
    assert attempts("few", "somebody", 4) == [True, True, False, False]


def test_check_counts_over_several_minutes(limits):
    with time_machine.travel(NOON, tick=False) as traveller:
        assert attempts("spell", "somebody", 3) == [True, True, False]
        traveller.shift(9 * 60)
        with pytest.raises(ratelimit.LimitReached) as caught:
            ratelimit.check("spell", "somebody")
        assert (caught.value.seconds, caught.value.minutes) == (60, 1)
        traveller.shift(60)
        assert attempts("spell", "somebody", 1) == [True]


@pytest.mark.parametrize(("gone", "minutes"), [(0, 60), (1, 60), (61, 59), (3599, 1)])
def test_check_says_when_to_come_back(limits, gone, minutes):
    with time_machine.travel(NOON, tick=False) as traveller:
        traveller.shift(gone)
        attempts("hourly", "somebody", 2)

        with pytest.raises(ratelimit.LimitReached) as caught:
            ratelimit.check("hourly", "somebody")

    assert (caught.value.seconds, caught.value.minutes) == (3600 - gone, minutes)
    assert str(caught.value) == "Too many attempts."


@time_machine.travel(NOON, tick=False)
def test_check_counts_keys_and_limits_apart(limits):
    attempts("few", "somebody", 2)

    assert attempts("few", "somebody else", 1) == [True]
    assert attempts("hourly", "somebody", 1) == [True]
    assert attempts("few", "somebody", 1) == [False]


@pytest.mark.parametrize(("limit", "seconds"), [("few", 60), ("hourly", 3600), ("daily", 86400)])
def test_check_begins_anew_with_each_window(limits, limit, seconds):
    with time_machine.travel(NOON, tick=False) as clock:
        attempts(limit, "somebody", 2)
        assert attempts(limit, "somebody", 1) == [False]

        clock.shift(seconds)

        assert attempts(limit, "somebody", 1) == [True]


@time_machine.travel(NOON, tick=False)
def test_check_at_once_lets_no_more_through(limits):
    within = []
    barrier = threading.Barrier(8)

    def attempt():
        barrier.wait()
        within.append(ratelimit.is_within("few", "somebody"))

    threads = [threading.Thread(target=attempt) for _each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(within) == [False] * 6 + [True] * 2


# Networks ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("203.0.113.0", "203.0.113.255"),
        ("2001:db8:1:200::1", "2001:db8:1:2ff:ffff::9"),
        ("203.0.113.7", "::ffff:203.0.113.9"),
        ("::ffff:203.0.113.7", "::ffff:cb00:7109"),
        ("fe80::1%eth0", "fe80::2%eth0"),
        ("203.0.113.7", "203.0.113.7:4711"),
        ("2001:db8:1:200::1", "[2001:db8:1:2ff::9]:443"),
        ("2001:db8:1:200::1", "[2001:db8:1:2ff::9]"),
        ("203.0.113.7", "[::ffff:203.0.113.9]:443"),
    ],
)
def test_network_is_the_same_for_neighbours(one, other):
    assert ratelimit.network(request_from(one)) == ratelimit.network(request_from(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("203.0.113.255", "203.0.114.0"),
        ("2001:db8:1:2ff::1", "2001:db8:1:300::1"),
        ("::ffff:203.0.113.7", "::ffff:203.0.114.7"),
        ("203.0.113.7", "::203.0.113.7"),
        ("203.0.113.7:4711", "203.0.114.7:4711"),
        ("[2001:db8:1:2ff::1]:443", "[2001:db8:1:300::1]:443"),
    ],
)
def test_network_differs_for_strangers(one, other):
    assert ratelimit.network(request_from(one)) != ratelimit.network(request_from(other))


def test_network_prefix_of_what_is_no_address_is_unknown():
    for address in ("", "unix:", "localhost", "203.0.113", "203.0.113.5:x", "[]", "2001:db8::/32"):
        assert ratelimit.network_prefix(address) == "unknown"


def test_address_that_nobody_can_read_is_told_once_and_never_named(caplog):
    ratelimit._say_once_that_visitors_are_unknown.cache_clear()

    for _twice in range(2):
        assert ratelimit.network_prefix("203.0.113.5, somewhere") == "unknown"

    [record] = caplog.records
    assert "TRUSTED_PROXIES" in record.message and "203" not in record.message


def test_network_is_under_a_key_that_lives_a_day():
    with time_machine.travel("2026-01-20T23:59:00Z", tick=False) as clock:
        today = ratelimit.network(request_from())
        assert ratelimit.network(request_from()) == today
        connection = redis.from_url(ratelimit.settings.CACHES["default"]["LOCATION"])
        [name] = connection.keys("*network-key:*")
        assert 0 < connection.ttl(name) <= 86400

        clock.shift(120)

        assert ratelimit.network(request_from()) != today


# Proxies ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.1", "203.0.113.5"),
        (0, "", "203.0.113.5"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "192.0.2.66, 198.51.100.1", "198.51.100.1"),
        (1, "192.0.2.66,192.0.2.67,  198.51.100.1 ", "198.51.100.1"),
        (2, "192.0.2.66, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (2, "10.0.0.1", "203.0.113.5"),
        (3, "198.51.100.1, 10.0.0.1", "203.0.113.5"),
    ],
)
def test_visitor_address_trusts_so_many_proxies(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies

    assert ratelimit.visitor_address(request_from(HTTP_X_FORWARDED_FOR=forwarded)) == address


def test_visitor_address_without_a_header_is_the_peer(settings):
    settings.TRUSTED_PROXIES = 1

    assert ratelimit.visitor_address(request_from()) == "203.0.113.5"


# A cache that is down -----------------------------------------------------------------------


@contextmanager
def silent_server():
    """Accepts connections and never answers, like a server that was stopped or cut off."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        hangs_up = threading.Timer(8, server.close)  # Whoever waits for ever gets to the end.
        hangs_up.start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        hangs_up.cancel()


@contextmanager
def closed_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
    yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def missing_socket():
    yield "unix:///nowhere/broker.sock"


@pytest.mark.parametrize(
    ("server", "seconds"), [(closed_port, 2), (missing_socket, 2), (silent_server, 4)]
)
def test_check_limits_nothing_where_the_cache_is_down(settings, limits, caplog, server, seconds):
    with server() as location:
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": location}}
        began = time.monotonic()

        assert ratelimit.is_within("daily", "somebody")

        assert time.monotonic() - began < seconds
        if server is not silent_server:
            assert attempts("daily", "somebody", 5) == [True] * 5
    assert "Limit daily not counted" in caplog.text
    assert "somebody" not in caplog.text


def test_network_where_the_cache_is_down_is_digested_all_the_same(settings):
    with closed_port() as location:
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": location}}

        digest = ratelimit.network(request_from("203.0.113.5"))

        assert digest == ratelimit.network(request_from("203.0.113.9"))
        assert digest != ratelimit.network(request_from("203.0.114.5"))
        assert len(digest) == 64
        assert digest != hashlib.sha256(b"203.0.113.0/24").hexdigest()


# What the cache holds -------------------------------------------------------------------------


def test_cache_holds_no_address_in_any_form(settings, limits):
    address, mailbox = "203.0.113.77", "wilhelmina@orrery.example"
    cache.set("planted", address)
    connection = redis.from_url(settings.CACHES["default"]["LOCATION"])
    assert found_in(connection, address), "The search must be able to find something."
    cache.delete("planted")

    ratelimit.check("few", ratelimit.network(request_from(address)))
    ratelimit.check("daily", mailbox)

    assert len(connection.keys("*:limit:*")) == 2
    for secret in (address, "203.0.113.0/24", "203.0.113", mailbox, "orrery.example"):
        assert found_in(connection, secret) == []


def found_in(connection, secret):
    """Keys whose name or value holds the secret: plain, in base64 or hex, or a plain digest."""
    raw = secret.encode()
    forms = [raw, base64.b64encode(raw).rstrip(b"="), raw.hex().encode()]
    for name in ("md5", "sha1", "sha256", "blake2b"):
        digest = hashlib.new(name, raw)
        forms += [digest.hexdigest().encode(), digest.digest()]
    return [
        key
        for key in connection.keys("*")
        for form in forms
        if form in key or form in unquote(key.decode()).encode() or form in connection.dump(key)
    ]
