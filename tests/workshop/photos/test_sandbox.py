"""The fenced child process that decodes."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from PIL import Image

from core.priority import NICENESS
from core.workshop.photos import sandbox
from core.workshop.photos.imaging import (
    MAX_BYTES,
    MAX_PIXELS,
    SIZES,
    NotAPhoto,
    PhotoDamaged,
    PhotoNotSeen,
    PhotoProblem,
    PhotoTooLarge,
    TooManyPixels,
    decode_fully,
)
from tests.factories import jpeg
from tests.workshop.photos.pictures import DAMAGED, GOOD, KINDS, NOT_PHOTOS, png_with_header

WITHOUT_PIXEL_CAP = """
import sys
from core.workshop.photos import imaging, sandbox
imaging.MAX_PIXELS = 10**12
sys.exit(sandbox.main(sys.argv[1:]))
"""


@pytest.fixture
def silent(tmp_path: Path) -> Path:
    """A file that is opened and never answers."""
    path = tmp_path / "silent.jpg"
    os.mkfifo(path)
    return path


def children_at(path: Path) -> list[int]:
    """The processes that were told to look at that file."""
    return [
        int(entry.parent.name)
        for entry in Path("/proc").glob("[0-9]*/cmdline")
        if str(path).encode() in _read(entry)
    ]


async def child_at(path: Path) -> int:
    """The process that looks at that file, once it does."""
    for _ in range(400):
        if found := children_at(path):
            return found[0]
        await asyncio.sleep(0.05)
    raise AssertionError("no child was started")


def _read(entry: Path) -> bytes:
    try:
        return entry.read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize("name", ["jolla.jpg", "IMG_5195.HEIC"])
async def test_the_child_says_what_we_would_have_seen_ourselves(name: str) -> None:
    assert await sandbox.check(GOOD / name) == decode_fully(GOOD / name)


async def test_the_child_draws_what_pages_show(tmp_path: Path) -> None:
    renditions = await sandbox.draw(GOOD / "jolla.jpg", tmp_path, list(SIZES))
    assert [each.size for each in renditions] == list(SIZES)
    for each in renditions:
        with Image.open(each.path, formats=[KINDS[each.size]]) as image:
            assert image.size == (each.width, each.height)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (NOT_PHOTOS["a text with a photo's name"], NotAPhoto),
        (NOT_PHOTOS["a page with a JPEG behind it"], NotAPhoto),
        (DAMAGED["half a JPEG"], PhotoDamaged),
        (png_with_header(13_000, 13_000), TooManyPixels),
        (bytes(MAX_BYTES + 1), PhotoTooLarge),
    ],
    ids=["text", "polyglot", "half", "bomb", "large"],
)
async def test_every_problem_comes_back_by_its_name(
    body: bytes, problem: type[PhotoProblem], tmp_path: Path
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(body)
    with pytest.raises(problem):
        await sandbox.check(path)


async def test_the_largest_photo_that_is_taken_can_be_drawn(tmp_path: Path) -> None:
    width = int(MAX_PIXELS**0.5)
    path = tmp_path / "large.png"
    Image.new("RGBA", (width, width), (10, 20, 30, 255)).save(path, compress_level=1)
    facts = await sandbox.check(path)
    (rendition,) = await sandbox.draw(path, tmp_path, ["display"])
    assert (facts.width, rendition.height) == (width, SIZES["display"][1])


def test_memory_is_fenced_even_where_the_pixel_cap_fails(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_with_header(45_000, 45_000))
    finished = subprocess.run(
        [sys.executable, "-c", WITHOUT_PIXEL_CAP, "check", str(path)],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert json.loads(finished.stdout) == {"problem": "damaged"}
    assert sandbox.MEMORY_BYTES < 45_000**2


async def test_a_child_that_hangs_is_ended(silent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "WALL_SECONDS", 1.0)
    with pytest.raises(PhotoNotSeen):
        await sandbox.check(silent)
    assert children_at(silent) == []


@pytest.mark.parametrize(
    ("way", "problem"),
    [
        (signal.SIGKILL, PhotoNotSeen),
        (signal.SIGTERM, PhotoNotSeen),
        (signal.SIGXCPU, PhotoDamaged),
        (signal.SIGSEGV, PhotoDamaged),
    ],
)
async def test_a_child_that_somebody_ends_says_nothing_of_the_photo_one_that_crashes_does(
    silent: Path, way: signal.Signals, problem: type[PhotoProblem]
) -> None:
    check = asyncio.create_task(sandbox.check(silent))
    os.kill(await child_at(silent), way)
    with pytest.raises(problem):
        await check


async def test_pages_go_before_photos(silent: Path) -> None:
    check = asyncio.create_task(sandbox.check(silent))
    child = psutil.Process(await child_at(silent))
    wished = max(os.nice(0), NICENESS)
    found = child.nice()
    for _ in range(400):
        if found == wished:
            break
        await asyncio.sleep(0.05)
        found = child.nice()
    check.cancel()
    with pytest.raises(asyncio.CancelledError):
        await check
    assert found == wished > 0


async def test_a_request_that_is_broken_off_leaves_no_child(silent: Path) -> None:
    check = asyncio.create_task(sandbox.check(silent))
    await child_at(silent)
    check.cancel()
    with pytest.raises(asyncio.CancelledError):
        await check
    assert children_at(silent) == []


async def test_a_file_that_is_gone_is_a_damaged_photo(tmp_path: Path) -> None:
    with pytest.raises(PhotoDamaged):
        await sandbox.check(tmp_path / "gone.jpg")


async def test_few_children_work_at_once(tmp_path: Path) -> None:
    path = tmp_path / "many.jpg"
    path.write_bytes(jpeg(size=(4000, 3000)))
    checks = asyncio.gather(*(sandbox.check(path) for _ in range(6)))
    most = 0
    while not checks.done():
        most = max(most, len(children_at(path)))
        await asyncio.sleep(0.01)
    assert len(await checks) == 6
    assert 1 <= most <= sandbox.AT_ONCE
