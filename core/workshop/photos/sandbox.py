"""Decoding photos in a child process with limits, so that no picture can take the caller down.

The child is this module run as a program: it limits its own memory, processor time and file
size before it looks at a byte, and answers in JSON. A limit that it meets, or a decoder that
crashes, is the picture's fault; one that somebody killed (the kernel, for want of memory) or that
the machine had no time for is not.
"""

import asyncio
import contextlib
import json
import os
import resource
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.priority import give_way
from core.workshop.photos.imaging import (
    PROBLEMS,
    PhotoDamaged,
    PhotoFacts,
    PhotoNotSeen,
    PhotoProblem,
    Rendition,
    decode_fully,
    render,
    render_logo,
)

MEMORY_BYTES = 1536 * 1024 * 1024
CPU_SECONDS = 20
FILE_BYTES = 64 * 1024 * 1024
WALL_SECONDS = 60
AT_ONCE = 2
_ENDED_BY_SOMEBODY = frozenset({-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP})
_ROOT = Path(__file__).resolve().parents[3]
_places: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


async def check(path: Path) -> PhotoFacts:
    """Decode a photo to its end in the child.

    Raises:
        NotAPhoto, PhotoTooLarge, TooManyPixels, PhotoDamaged, PhotoNotSeen: as they say.
    """
    answer = await _run("check", str(path))
    return PhotoFacts(**answer["facts"])


async def draw(path: Path, destination: Path, sizes: Sequence[str]) -> list[Rendition]:
    """Draw renditions in the child, into the folder `destination`.

    Raises:
        NotAPhoto, TooManyPixels, PhotoDamaged, PhotoNotSeen: as they say.
    """
    answer = await _run("draw", str(path), str(destination), *sizes)
    return [Rendition(**rendition) for rendition in answer["renditions"]]


async def draw_logo(path: Path, destination: Path) -> Rendition:
    """Draw a logo in the child, into the folder `destination`.

    Raises:
        NotAPhoto, TooManyPixels, PhotoDamaged, PhotoNotSeen: as they say.
    """
    answer = await _run("draw_logo", str(path), str(destination))
    return Rendition(**answer["rendition"])


async def _run(*arguments: str) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    async with _places.setdefault(loop, asyncio.Semaphore(AT_ONCE)):
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "core.workshop.photos.sandbox",
            *arguments,
            cwd=_ROOT,
            env={"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            output, _ = await asyncio.wait_for(child.communicate(), WALL_SECONDS)
        except TimeoutError:
            raise PhotoNotSeen from None
        finally:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
    if child.returncode in _ENDED_BY_SOMEBODY:
        raise PhotoNotSeen
    if child.returncode != 0 or not output:
        raise PhotoDamaged
    answer: dict[str, Any] = json.loads(output)
    if "problem" in answer:
        raise PROBLEMS[answer["problem"]]
    return answer


def main(arguments: Sequence[str]) -> int:
    """The child's side: one verb, one answer."""
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    # At the soft limit SIGXCPU comes, which says why; at the hard one SIGKILL, which does not.
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, 2 * CPU_SECONDS))
    give_way()
    verb, source, *rest = arguments
    try:
        if verb == "check":
            answer: dict[str, Any] = {"facts": asdict(decode_fully(Path(source)))}
        elif verb == "draw_logo":
            answer = {"rendition": asdict(render_logo(Path(source), Path(rest[0])))}
        else:
            drawn = render(Path(source), Path(rest[0]), rest[1:])
            answer = {"renditions": [asdict(rendition) for rendition in drawn]}
    except PhotoProblem as problem:
        answer = {"problem": problem.code}
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
