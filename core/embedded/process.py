"""Children that never outlive us, and the person they run as."""

import ctypes
import hashlib
import http.client
import os
import pwd
import secrets
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from core.errors import GaragistError

_PR_SET_PDEATHSIG = 1
UNPRIVILEGED = "nobody"
PORTS = range(15_000, 32_000)
"""For our servers: below those that Linux, macOS and the BSDs give to outgoing connections, of
which one may begin between our choice of a port and the server's start."""
_ENDED = ("Z", "X")
"""States of a process in proc(5)."""


class ServerDidNotStart(GaragistError):
    """An embedded server failed; the text quotes the end of its log."""


def is_root() -> bool:
    """Whether we run as root; PostgreSQL refuses to."""
    return os.geteuid() == 0


def server_user() -> tuple[int, int] | None:
    """(uid, gid) that servers run as when we are root, else None: as ourselves."""
    if not is_root():
        return None
    entry = pwd.getpwnam(UNPRIVILEGED)
    return entry.pw_uid, entry.pw_gid


def own(path: Path) -> None:
    """Give a file or folder to the user that servers run as."""
    user = server_user()
    if user is not None:
        os.chown(path, *user)


def die_with_parent() -> None:
    """In a child, on Linux: end when the parent ends, however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def reachable_place(folder: Path) -> Path:
    """`folder`, or a place in /var/tmp that stands for it where the servers' user may not pass
    through its parents (root's home has mode 0700)."""
    resolved = folder.resolve()
    if server_user() is None or all(
        parent.stat().st_mode & stat.S_IXOTH for parent in resolved.parents if parent.exists()
    ):
        return resolved
    name = hashlib.sha256(str(resolved).encode()).hexdigest()[:16]
    return Path("/var/tmp") / f"garagist-data-{name}"  # noqa: S108 - created 0700 by its owner


def start(
    command: Sequence[str], *, log: Path, cwd: Path, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    """Start a server as the unprivileged user, in a process group of its own, so that Ctrl-C
    in the terminal reaches the supervisor alone and servers stop in order."""
    user = server_user()
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=environment,
            user=user[0] if user else None,
            group=user[1] if user else None,
            extra_groups=[] if user else None,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - started before any thread of ours
            start_new_session=True,
        )


def stop(child: subprocess.Popen[bytes], sent: signal.Signals, *, seconds: float) -> None:
    """Ask a child to end; kill it if it does not."""
    if child.poll() is not None:
        return
    child.send_signal(sent)
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def wait_until(
    ready: Callable[[], bool],
    child: subprocess.Popen[bytes],
    *,
    name: str,
    log: Path,
    seconds: float = 60,
) -> None:
    """Wait for a server to answer.

    Raises:
        ServerDidNotStart: it ended, or took too long.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if child.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-1500:] if log.exists() else ""
            raise ServerDidNotStart(f"{name} did not start; its log ends with:\n{tail}")
        time.sleep(0.05)


def comes_true(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Whether it comes true within that time; looked at every 50 ms, at least once."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def free_port() -> int:
    """A port of the loopback address that nobody uses now, nor is given before we use it: see
    :data:`PORTS`."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def is_alive(pid: int) -> bool:
    """Whether a process of that number runs; one that has ended and whose parent has not heard
    of it yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:  # just ended, or no Linux
        return not Path("/proc/self/stat").exists()
    return state not in _ENDED


def answers(port: int) -> bool:
    """Whether somebody listens on that port of the loopback address."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def says_ok(port: int, path: str) -> bool:
    """Whether a web server on that port of the loopback address answers `path` with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
