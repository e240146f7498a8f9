"""The demo as people start it: `make demo` in a process of its own."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.embedded.process import free_port
from core.settings import DEMO_ENVIRONMENT_FILE, Settings

ROOT = Path(__file__).resolve().parents[1]
LONGEST_START_SECONDS = 900
"""Who fails says so at once; the data of two garages took five minutes on a busy machine."""
LONGEST_STOP_SECONDS = 180


@dataclass(slots=True)
class DemoRun:
    """A running demo. `lines` is what it has printed so far; `cookies` are those of who logged in,
    by host and role."""

    folder: Path
    port: int
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    reader: threading.Thread | None = None
    used_code: int = 0
    cookies: dict[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """What `demo.json` says."""
        found: dict[str, Any] = json.loads((self.folder / "demo.json").read_text())
        return found

    def garage(self, slug: str) -> dict[str, Any]:
        """A garage of `demo.json`."""
        return next(each for each in self.facts["garages"] if each["slug"] == slug)

    def login(self, slug: str, role: str) -> tuple[str, str]:
        """E-mail and password of that role."""
        found = next(each for each in self.garage(slug)["staff"] if each["role"] == role)
        return found["email"], found["password"]

    def settings(self) -> Settings:
        """What the demo made up for itself."""
        lines = (self.folder / DEMO_ENVIRONMENT_FILE).read_text().splitlines()
        parts = [line.partition("=") for line in lines]
        return Settings.model_validate({name.lower(): value for name, _, value in parts})

    def url(self, host: str, path: str = "/") -> str:
        """An address of the demo."""
        return f"http://{host}.localhost:{self.port}{path}"

    def environment(self) -> dict[str, str]:
        """For commands beside the demo."""
        return {**plain_environment(), "DATA_DIR": str(self.folder)}

    def stop(self) -> None:
        """Ctrl-C in its terminal, and wait until it has ended; nothing where it has already."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(LONGEST_STOP_SECONDS)
        if self.reader is not None:
            self.reader.join()
        if self.process.stdout is not None:
            self.process.stdout.close()


def plain_environment() -> dict[str, str]:
    """What a fresh terminal has; nothing that the test run itself set."""
    kept = ("PATH", "HOME", "LANG", "USER", "TMPDIR")
    return {name: os.environ[name] for name in kept if name in os.environ}


def start_demo(folder: Path, port: int | None = None) -> DemoRun:
    """Type `make demo PORT=… DATA_DIR=…` and wait until it says that it is ready."""
    port = port or free_port()
    run = DemoRun(folder, port, _make("demo", f"PORT={port}", f"DATA_DIR={folder}"))
    run.reader = threading.Thread(target=_read, args=(run,), daemon=True)
    run.reader.start()
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while not any(line.startswith("Ready after") for line in run.lines):
        if run.process.poll() is not None or time.monotonic() > deadline:
            run.stop()
            raise AssertionError("the demo did not start:\n" + "".join(run.lines))
        time.sleep(0.05)
    return run


def run_make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Another target of the Makefile, to its end."""
    return subprocess.run(
        [_program(), "--no-print-directory", *arguments],
        cwd=ROOT,
        env=plain_environment(),
        capture_output=True,
        text=True,
        timeout=LONGEST_START_SECONDS,
        check=False,
    )


def _program() -> str:
    found = shutil.which("make")
    assert found is not None, "make is missing"
    return found


def _make(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [_program(), "--no-print-directory", *arguments],
        cwd=ROOT,
        env={**plain_environment(), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _read(run: DemoRun) -> None:
    if run.process.stdout is not None:
        for line in run.process.stdout:
            run.lines.append(line)
