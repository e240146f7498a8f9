"""Ports and processes of servers that we start."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.embedded.process import PORTS, answers, comes_true, free_port, is_alive

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")


@LINUX
def test_no_outgoing_connection_is_given_the_port_that_a_server_will_have() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert PORTS.stop <= lowest
    ports = {free_port() for _ in range(20)}
    assert len(ports) > 15, "two who ask at once must not get the same one"
    assert ports <= set(PORTS)
    assert not any(map(answers, ports))


@LINUX
def test_a_process_that_ended_unheard_is_not_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_alive(child.pid)
    child.kill()
    try:
        assert comes_true(lambda: not is_alive(child.pid), seconds=20)
        assert child.returncode is None, "nobody has asked how it ended"
    finally:
        child.communicate()
    assert not is_alive(child.pid)
