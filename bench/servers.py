"""Servers that are measured: each one process, on a port of its own, over the same database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.places import Place
from core.embedded import process

ROOT = Path(__file__).resolve().parents[1]
LONGEST_START_SECONDS = 180


def environment(place: Place, tenants: Mapping[str, str]) -> dict[str, str]:
    """What the servers are told."""
    values = place.settings().model_dump(mode="json", exclude_none=True)
    told = {name.upper(): value for name, value in values.items() if isinstance(value, str)}
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT),
        "BENCH_DATABASE_URL": place.app_url,
        "BENCH_TENANTS": ",".join(f"{slug}={tenant}" for slug, tenant in tenants.items()),
        **told,
    }


@contextmanager
def serving(
    application: str,
    told: Mapping[str, str],
    log: Path,
    *,
    python: str = sys.executable,
    interface: str = "asgi",
    threads: int = 1,
    factory: bool = False,
) -> Iterator[int]:
    """Granian over `module:application`; yields its port, and stops it at the end."""
    port = process.free_port()
    command = [python, "-m", "granian", application, "--interface", interface]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--no-ws"]
    if interface == "wsgi":
        command += ["--blocking-threads", str(threads)]
    if factory:
        command += ["--factory"]
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(told),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + LONGEST_START_SECONDS
        while not process.answers(port):
            if child.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{application} did not start: {log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield port
    finally:
        process.stop(child, signal.SIGTERM, seconds=20)
