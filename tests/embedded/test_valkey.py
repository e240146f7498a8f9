"""Valkey from a wheel."""

import os
import signal
from pathlib import Path

import pytest
import redis

from core.embedded.process import comes_true, is_alive
from core.embedded.valkey import EmbeddedValkey
from tests.embedded.servers import pid_of_server_whose_parent_is_killed, started


def ask(valkey: EmbeddedValkey, *words: str) -> object:
    """One command and its answer."""
    with redis.Redis.from_url(valkey.url) as client:
        return client.execute_command(*words)


def test_what_is_stored_is_there_after_a_stop_and_a_start(tmp_path: Path) -> None:
    valkey = EmbeddedValkey(tmp_path)
    for _ in range(2):
        with started(valkey):
            ask(valkey, "incr", "starts")
    again = EmbeddedValkey(tmp_path)
    with started(again):
        assert ask(again, "get", "starts") == b"2"


def test_what_was_queued_survives_a_kill(tmp_path: Path) -> None:
    valkey = EmbeddedValkey(tmp_path)
    with started(valkey):
        ask(valkey, "rpush", "queue", "a", "b")
        assert valkey.pid is not None
        os.kill(valkey.pid, signal.SIGKILL)
    again = EmbeddedValkey(tmp_path)
    with started(again):
        assert ask(again, "lrange", "queue", "0", "-1") == [b"a", b"b"]


def test_two_servers_side_by_side_know_nothing_of_each_other(tmp_path: Path) -> None:
    one, other = EmbeddedValkey(tmp_path / "one"), EmbeddedValkey(tmp_path / "other")
    with started(one, other):
        ask(one, "set", "whose", "one")
        assert one.port != other.port
        assert ask(other, "get", "whose") is None


def test_it_asks_for_its_password_and_throws_nothing_away(tmp_path: Path) -> None:
    valkey = EmbeddedValkey(tmp_path)
    with started(valkey):
        with redis.Redis(port=valkey.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        policy = ask(valkey, "config", "get", "maxmemory-policy")
        assert policy == {b"maxmemory-policy": b"noeviction"}
    assert (tmp_path / "valkey.password").stat().st_mode & 0o077 == 0
    assert (tmp_path / "valkey.conf").stat().st_mode & 0o077 == 0


def test_it_comes_back_on_its_port(tmp_path: Path) -> None:
    valkey = EmbeddedValkey(tmp_path, durable=False)
    with started(valkey):
        port = valkey.port
    with started(valkey):
        assert valkey.port == port


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    pid = pid_of_server_whose_parent_is_killed(
        "import time; from pathlib import Path\n"
        "from core.embedded.valkey import EmbeddedValkey\n"
        f"server = EmbeddedValkey(Path({str(tmp_path)!r})); server.start()\n"
        "print(server.pid, flush=True); time.sleep(60)"
    )
    assert comes_true(lambda: not is_alive(pid), seconds=10)
