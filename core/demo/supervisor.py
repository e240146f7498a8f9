"""Starting and stopping everything that the demo needs, in order, with nothing left behind."""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from core.app import MAIL_FOLDER
from core.demo.preparation import (
    DATABASE,
    RESULT_FILE,
    prepare_data,
    prepare_schema,
    tell_addresses_anew,
)
from core.embedded import process
from core.embedded.postgres import APP, OWNER, PLATFORM, EmbeddedPostgres
from core.embedded.valkey import EmbeddedValkey
from core.errors import GaragistError
from core.mailbox.sink import MailSink
from core.mailbox.store import MailStore
from core.settings import DEMO_ENVIRONMENT_FILE, Settings
from core.web.host_router import HEALTH_PATH

ROOT = Path(__file__).resolve().parents[2]
LOCK_FILE = "demo.lock"
PROGRAMS = {
    "web": ("web", "--port", "{port}"),
    "worker": ("worker", "--concurrency", "2"),
    "beat": ("beat",),
}
STOP_SECONDS = 20
LONGEST_START_SECONDS = 60
RESTART_PAUSE_SECONDS = 2


class DemoRefused(GaragistError):
    """The demo cannot start here; the text says what to do."""


class Demo:
    """The whole platform on one machine: servers from wheels, mailbox, web, worker, beat."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder.resolve()
        self._port = port
        self._postgres = EmbeddedPostgres(self._folder / "postgres")
        self._valkey = EmbeddedValkey(self._folder / "valkey")
        self._smtp_port = process.free_port()
        self._sink = MailSink(MailStore(self._folder / MAIL_FOLDER), self._smtp_port)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._began = time.monotonic()

    def run(self) -> None:
        """Start, say where everything is, and stop it all on Ctrl-C or SIGTERM.

        Raises:
            DemoRefused: another demo uses the folder, or somebody the port.
        """
        for number in (signal.SIGINT, signal.SIGTERM):  # also where a script started us
            signal.signal(number, _leave)
        with _locked(self._folder):
            try:
                self._start()
                self._watch()
            except KeyboardInterrupt:
                _say("Stopping.")
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                self._stop()

    def _start(self) -> None:
        if process.answers(self._port):
            raise DemoRefused(
                f"port {self._port} is in use; choose another: make demo PORT={self._port + 1}"
            )
        with _step("Starting PostgreSQL"):
            self._postgres.start()
        with _step("Starting Valkey"):
            self._valkey.start()
        environment = self._environment()
        self._keep_environment(environment)
        settings = Settings.model_validate(
            {name.lower(): value for name, value in environment.items()}
        )
        with _step("Migrating"):
            prepare_schema(self._postgres, settings, fresh=not self._is_filled())
        if self._is_filled():
            tell_addresses_anew(settings, self._folder)
        else:
            with _step("Making demo data with photos (once)"):
                prepare_data(settings, self._folder)
        with _step("Starting the mailbox, web, worker and beat"):
            self._sink.start()
            for name in PROGRAMS:
                self._launch(name)
            self._wait_for_web()
        self._tell_addresses(settings)

    def _is_filled(self) -> bool:
        return (self._folder / RESULT_FILE).exists()

    def _environment(self) -> dict[str, str]:
        return {
            "GARAGIST_MODE": "demo",
            "DATABASE_URL": self._postgres.url(APP, DATABASE),
            "PLATFORM_DATABASE_URL": self._postgres.url(PLATFORM, DATABASE),
            "MIGRATION_DATABASE_URL": self._postgres.url(OWNER, DATABASE),
            "REDIS_URL": self._valkey.url,
            "STORAGE_URL": (self._folder / "storage").as_uri(),
            "SMTP_URL": f"smtp://127.0.0.1:{self._smtp_port}",
            "MAIL_FROM": "post@garagist.example",
            "SECRET_KEY": _kept_secret(self._folder / "secret_key"),
            "BASE_DOMAIN": "localhost",
            "PUBLIC_SCHEME": "http",
            "PUBLIC_PORT": str(self._port),
            "DATA_DIR": str(self._folder),
        }

    def _keep_environment(self, environment: dict[str, str]) -> None:
        """For commands in a second terminal."""
        file = self._folder / DEMO_ENVIRONMENT_FILE
        file.touch(mode=0o600)
        file.write_text("".join(f"{name}={value}\n" for name, value in environment.items()))

    def _launch(self, name: str) -> None:
        arguments = [part.format(port=self._port) for part in PROGRAMS[name]]
        passed = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        with (self._folder / f"{name}.log").open("ab") as log:
            self._children[name] = subprocess.Popen(
                [sys.executable, "-m", "core", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env={**passed, **self._environment()},
                preexec_fn=process.die_with_parent,  # noqa: PLW1509 - it calls one C function
                start_new_session=True,
            )

    def _wait_for_web(self) -> None:
        process.wait_until(
            lambda: process.says_ok(self._port, HEALTH_PATH),
            self._children["web"],
            name="The web server",
            log=self._folder / "web.log",
            seconds=LONGEST_START_SECONDS,
        )

    def _watch(self) -> None:
        while True:
            time.sleep(0.5)
            for name, child in self._children.items():
                if child.poll() is not None:
                    _say(f"{name} ended ({child.returncode}); see {name}.log. Starting it again.")
                    time.sleep(RESTART_PAUSE_SECONDS)
                    self._launch(name)

    def _stop(self) -> None:
        for child in self._children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self._children.values():
            process.stop(child, signal.SIGTERM, seconds=STOP_SECONDS)
        self._sink.stop()
        self._valkey.stop()
        self._postgres.stop()
        _say("Everything is stopped. The data stays for the next time.")

    def _tell_addresses(self, settings: Settings) -> None:
        lines = (
            f"Ready after {time.monotonic() - self._began:.1f} s. Ctrl-C stops everything.",
            "",
            f"  {settings.public_url('noord')}  Carrosserie Noord, with the customers' portal",
            f"  {settings.public_url('noord', '/desk')}  its staff",
            f"  {settings.public_url('sud')}  Carrosserie du Sud, portal off",
            f"  {settings.public_url('support')}  the vendor's support",
            f"  {settings.public_url('mail')}  every mail that was sent",
            "",
            f"  Logins and job numbers: {self._folder / RESULT_FILE}",
            f"  Logs: {self._folder}/*.log",
        )
        for line in lines:
            _say(line)


def throw_away(folder: Path) -> None:
    """Delete a demo's folder with all of its data.

    Raises:
        DemoRefused: the demo runs, or the folder is no demo's.
    """
    folder = folder.resolve()
    if not folder.exists():
        return
    if any(folder.iterdir()) and not (folder / LOCK_FILE).exists():
        raise DemoRefused(f"{folder} is no folder of a demo: nothing was deleted")
    with _locked(folder):
        EmbeddedPostgres(folder / "postgres").remove()
        shutil.rmtree(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One demo per folder. The lock ends with the process, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoRefused(
                f"a demo already runs in {folder}; another one: make demo PORT=… DATA_DIR=…"
            ) from None
        yield


def _kept_secret(file: Path) -> str:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48))
    return file.read_text()


@contextmanager
def _step(text: str) -> Iterator[None]:
    began = time.monotonic()
    sys.stdout.write(f"{text} … ")
    sys.stdout.flush()
    yield
    sys.stdout.write(f"{time.monotonic() - began:.1f} s\n")
    sys.stdout.flush()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
