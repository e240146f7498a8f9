"""A real web server for tests: `garagist web` in a process of its own, over the tests' servers."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.embedded.process import free_port, says_ok, stop
from core.settings import Settings
from core.web.host_router import HEALTH_PATH

ROOT = Path(__file__).resolve().parents[1]
LONGEST_START_SECONDS = 300


@dataclass(frozen=True, slots=True)
class WebServer:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Where it listens; garages are told apart by the Host header."""
        return f"http://127.0.0.1:{self.port}"

    def processes(self) -> list[psutil.Process]:
        """The server's processes, without the fenced children that decode photos."""
        main = psutil.Process(self.process.pid)
        return [
            each
            for each in (main, *main.children(recursive=True))
            if "core.workshop.photos.sandbox" not in each.cmdline()
        ]

    def forget_peak(self) -> None:
        """Let the kernel measure the peak afresh (Linux, proc(5))."""
        for each in self.processes():
            Path(f"/proc/{each.pid}/clear_refs").write_text("5")

    def memory(self, field: str) -> int:
        """Bytes of all processes together: `VmRSS` now, or `VmHWM` at the peak."""
        found = 0
        for each in self.processes():
            status = Path(f"/proc/{each.pid}/status").read_text()
            found += int(status.split(f"{field}:")[1].split()[0]) * 1024
        return found


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings as an operator would write them down."""
    values = settings.model_dump(mode="json", exclude_none=True)
    return {
        name.upper(): value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }


@contextmanager
def running_web(settings: Settings) -> Iterator[WebServer]:
    """Start it, wait until it answers, and stop it at the end."""
    port = free_port()
    child = subprocess.Popen(
        [sys.executable, "-m", "core", "web", "--port", str(port)],
        cwd=ROOT,
        env={"PATH": os.environ.get("PATH", ""), **environment_of(settings)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + LONGEST_START_SECONDS
        while not says_ok(port, HEALTH_PATH):
            assert child.poll() is None, "the web server ended"
            assert time.monotonic() < deadline, "the web server does not answer"
            time.sleep(0.1)
        yield WebServer(port, child)
    finally:
        stop(child, signal.SIGTERM, seconds=20)
