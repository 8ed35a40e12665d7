import os
import stat
import subprocess
from pathlib import Path

import pytest
import redis
from kombu import Connection

from config import broker


@pytest.fixture
def running():
    """Start a broker on a data folder of the test's choice; end it afterwards."""

    servers = []

    def start(var: Path) -> Path:
        servers.append(
            subprocess.Popen(
                broker.command(var), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )
        broker.wait_until_ready(broker.socket_path(var), 10)
        return broker.socket_path(var)

    yield start
    for server in servers:
        server.terminate()
        server.wait()


def test_socket_path_of_a_short_folder_is_inside_it():
    assert broker.socket_path(Path("/srv/var")) == Path("/srv/var/run/broker.sock")


def test_socket_path_of_a_deep_folder_is_short_private_and_always_the_same(tmp_path):
    var = tmp_path / ("deep" * 30)

    path = broker.socket_path(var)

    assert len(os.fsencode(path)) <= broker.LONGEST_SOCKET_PATH
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert broker.socket_path(var) == path
    path.parent.rmdir()


def test_socket_path_refuses_a_folder_that_others_may_enter(tmp_path):
    var = tmp_path / ("deep" * 30)
    folder = broker.socket_path(var).parent
    folder.chmod(0o755)

    with pytest.raises(broker.BrokerMissing, match="yours alone"):
        broker.socket_path(var)

    folder.rmdir()


def test_socket_path_refuses_a_link_to_elsewhere(tmp_path):
    var = tmp_path / ("deep" * 30)
    folder = broker.socket_path(var).parent
    folder.rmdir()
    folder.symlink_to(tmp_path)

    with pytest.raises(broker.BrokerMissing, match="yours alone"):
        broker.socket_path(var)

    folder.unlink()


@pytest.mark.parametrize("name", ["plain", "a space", "ü%20#x?y&z"])
def test_both_urls_reach_the_same_broker(running, tmp_path, name):
    var = tmp_path / name
    running(var)

    cache = redis.from_url(broker.cache_url(var))
    cache.set("seen", "yes")
    with Connection(broker.broker_url(var)) as connection:
        seen = connection.default_channel.client.get("seen")
    cache.close()

    assert seen == b"yes"


def test_what_was_stored_never_reaches_the_disk(running, tmp_path):
    path = running(tmp_path)
    cache = redis.from_url(broker.cache_url(tmp_path))
    cache.set("network", "planted-digest")
    cache.close()

    broker.end_leftover(path)

    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert [file for file in files if b"planted-digest" in file.read_bytes()] == []


def test_only_the_owner_may_use_socket_and_data(running, tmp_path):
    path = running(tmp_path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


def test_server_program_without_any_server_says_what_to_do(monkeypatch):
    monkeypatch.setattr(broker, "packaged_server", lambda: None)
    monkeypatch.setattr(broker.shutil, "which", lambda name: None)

    with pytest.raises(broker.BrokerMissing, match="apt install redis-server"):
        broker.server_program()


def test_server_program_without_the_package_takes_the_one_on_the_path(monkeypatch):
    monkeypatch.setattr(broker, "packaged_server", lambda: None)
    monkeypatch.setattr(broker.shutil, "which", {"redis-server": "/usr/bin/redis-server"}.get)

    assert broker.server_program() == "/usr/bin/redis-server"


def test_wait_until_ready_gives_up_with_a_sentence(tmp_path):
    with pytest.raises(broker.BrokerMissing, match="did not answer"):
        broker.wait_until_ready(tmp_path / "nobody.sock", 0.1)
