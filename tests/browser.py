"""Find a browser for the journeys, or install Debian's where that is allowed.

Run as a program before the tests; `find()` is what the tests use.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The path of an installed Chromium, or None."""
    for name in (os.environ.get("CHROMIUM", ""), *NAMES):
        found = shutil.which(name) if name else None
        if found:
            return found
    downloaded = Path.home() / ".cache" / "ms-playwright"
    for binary in sorted(downloaded.glob("chromium-*/chrome-linux*/chrome")):
        return str(binary)
    return None


def _install_from_debian() -> bool:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    sys.stdout.write("Installing Debian's chromium for the browser journeys\n")
    sys.stdout.flush()
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
    ):
        quiet = subprocess.DEVNULL
        if subprocess.run(command, env=environment, stdout=quiet, check=False).returncode:
            return False
    return True


def _download() -> bool:
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0


def main() -> int:
    """0 where a browser is there or may be missing; 1 under CI without one."""
    if find() or _install_from_debian() or _download():
        return 0
    sys.stdout.write(
        "No browser: the journeys are skipped. Install Debian's `chromium`, or name one in"
        " CHROMIUM.\n"
    )
    return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
