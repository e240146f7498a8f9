"""`python -m core …` as somebody types it: in a process of its own, all settings in its
environment."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from core.embedded.process import die_with_parent
from core.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
LONGEST_SECONDS = 300
"""A command takes three seconds, and one took a minute on a busy machine."""
LONGEST_STOP_SECONDS = 60
COMMAND = "import runpy; runpy.run_module('core', run_name='__main__', alter_sys=True)"
"""What `python -m core` does."""


def environment(settings: Settings) -> dict[str, str]:
    """These settings as environment variables, and what a process needs anyway."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        name.upper(): json.dumps(value) if isinstance(value, tuple | bool) else str(value)
        for name, value in settings
        if value is not None
    }


def run(
    arguments: list[str], environment: Mapping[str, str], *, text_in: str = ""
) -> subprocess.CompletedProcess[str]:
    """A command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "core", *arguments],
        cwd=ROOT,
        env=dict(environment),
        input=text_in,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )


class Program:
    """A command that runs until it is told to stop; `log()` is what it has said so far. `first` is
    Python that runs before it in the same process, such as one that sets a constant."""

    def __init__(
        self, arguments: list[str], environment: Mapping[str, str], *, first: str = ""
    ) -> None:
        self._log = tempfile.NamedTemporaryFile(prefix="garagist-", suffix=".log")  # noqa: SIM115
        self._child = subprocess.Popen(
            [sys.executable, "-c", f"{first}\n{COMMAND}", *arguments],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - it calls one C function
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._child.pid

    def log(self) -> str:
        """Its output."""
        return Path(self._log.name).read_text(errors="replace")

    def kill(self) -> None:
        """`kill -9`, with the processes that it started."""
        os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    def has_ended(self) -> bool:
        """Whether it runs no more."""
        return self._child.poll() is not None

    def stop(self) -> int | None:
        """Ask it to end; its exit code, None where it had to be killed."""
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(LONGEST_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                return None
        return self._child.returncode


@contextmanager
def programs() -> Iterator[list[Program]]:
    """A list for programs that are to be ended with the block."""
    running: list[Program] = []
    try:
        yield running
    finally:
        for program in running:
            program.stop()
