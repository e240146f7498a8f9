"""Servers of a test's own, and processes that must end with another."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from core.embedded.process import is_alive
from tests.commands import ROOT


class Server(Protocol):
    """What both servers have in common."""

    def start(self) -> None:
        """Start it."""

    def stop(self) -> None:
        """Stop it."""


@contextmanager
def started(*servers: Server) -> Iterator[None]:
    """Servers that run inside the block."""
    try:
        for server in servers:
            server.start()
        yield
    finally:
        for server in servers:
            server.stop()


def pid_of_server_whose_parent_is_killed(program: str) -> int:
    """Run a program that starts a server and prints its process id; `kill -9` the program."""
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert child.stdout is not None
    pid = int(child.stdout.readline())
    assert is_alive(pid)
    child.kill()
    child.communicate()
    return pid
