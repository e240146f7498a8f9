"""Ten large photos at once: how soon they are received, and in how much memory."""

import asyncio
import re
import time
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from PIL import Image

from bench.generate import token_of
from bench.load import Target, get, median, press_once
from bench.pages import VISITOR
from bench.places import BASE_DOMAIN, Place
from bench.servers import environment, serving

PHOTOS = 10
LEAST_BYTES = 11_000_000
PIECE = 64 * 1024
LEAST_ROUNDS = 9
"""A round takes a moment, and one that something else disturbed should not be the middle one."""
BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gWx"
"""Of a browser's length: the longer it is, the faster it is searched for."""
_TOKEN = re.compile(rb'name="csrf_token" value="([0-9a-f]+)"')


@dataclass(frozen=True, slots=True)
class Parcel:
    """A request around a photo: what goes before it and after it."""

    before: bytes
    after: bytes = b""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: a browser in which somebody of a garage is logged in."""

    port: int
    host: str
    cookie: str
    token: str

    def head(self, method: str, path: str, length: int, more: Mapping[str, str]) -> bytes:
        """A request's first bytes."""
        headers = {
            "Host": self.host,
            "Cookie": self.cookie,
            "Accept": "application/json",
            "Content-Length": str(length),
            "Connection": "close",
            **more,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode()

    async def form(self, path: str, photos: Sequence[bytes]) -> list[Parcel]:
        """As a form without scripts sends them."""
        return [self._form(path, number, photo) for number, photo in enumerate(photos)]

    def _form(self, path: str, number: int, photo: bytes) -> Parcel:
        first = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{self.token}\r\n'
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photos"; filename="{number}.jpg"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        ).encode()
        last = f"\r\n--{BOUNDARY}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        head = self.head("POST", path, len(first) + len(photo) + len(last), kind)
        return Parcel(head + first, last)

    async def pieces(self, path: str, photos: Sequence[bytes]) -> list[Parcel]:
        """As the page's script sends them, each announced before (tus 1.0)."""
        return [await self._piece(path, len(photo)) for photo in photos]

    async def _piece(self, path: str, length: int) -> Parcel:
        tus = {"Tus-Resumable": "1.0.0", "X-CSRF-Token": self.token}
        announced = self.head("POST", path, 0, {**tus, "Upload-Length": str(length)})
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(announced)
        answer = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        found = re.search(rb"(?i)^location: *(\S+)", answer, re.MULTILINE)
        if found is None:
            raise SystemExit(f"an upload was not begun: {answer[:200]!r}")
        more = {**tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        return Parcel(self.head("PATCH", found[1].decode(), length, more))


def make_photos(folder: Path) -> list[Path]:
    """Ten different JPEG of twelve megapixels and at least eleven megabytes, kept for later."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(PHOTOS):
        path = folder / f"photo-{number}.jpg"
        if not path.exists():
            coarse = Image.merge("RGB", [Image.effect_noise((500, 375), 70) for _ in range(3)])
            grain = Image.merge("RGB", [Image.effect_noise((4000, 3000), 12) for _ in range(3)])
            picture = Image.blend(coarse.resize((4000, 3000)), grain, 0.3 + number / 1000)
            picture.save(path, "JPEG", quality=94)
            if path.stat().st_size < LEAST_BYTES:
                with path.open("ab") as file:
                    file.write(bytes(LEAST_BYTES - path.stat().st_size))
        made.append(path)
    return made


def uploads(place: Place, tenants: Mapping[str, str], *, rounds: int) -> dict[str, Any]:
    """All ten at once: to us, as the job card's page and its form send them, and to an application
    that only writes what it gets to a file."""
    photos = [path.read_bytes() for path in make_photos(place.folder / "photos")]
    told = {**environment(place, tenants), "BENCH_SPOOL": str(place.folder)}
    logs = place.folder / "logs"
    logs.mkdir(exist_ok=True)
    slug = next(iter(tenants))
    with ExitStack() as stack:
        bare = stack.enter_context(serving("bench.peers.spool:app", told, logs / "spool.log"))
        ours = stack.enter_context(
            serving("core.app:serve", told, logs / "garagist.log", factory=True)
        )
        scene = _Scene(place, slug, tenants[slug], photos, bare, ours)
        return asyncio.run(_uploads(scene, max(rounds, LEAST_ROUNDS)))


@dataclass(frozen=True, slots=True)
class _Scene:
    place: Place
    slug: str
    tenant: str
    photos: list[bytes]
    bare: int
    ours: int


async def _uploads(scene: _Scene, rounds: int) -> dict[str, Any]:
    job_ids = await _jobs(scene, rounds + 1)
    ours = await _sender(scene, scene.ours, f"/desk/jobs/{job_ids[0]}")
    bare = Sender(scene.bare, ours.host, ours.cookie, ours.token)
    runs: dict[str, list[_Run]] = {"bare": [], "pieces": [], "form": []}
    for number, job_id in enumerate(job_ids):
        photos = [body + number.to_bytes(4, "big") for body in scene.photos]  # each round anew
        job = f"/desk/jobs/{job_id}"
        found = {
            "bare": await _run(bare, bare.form("/", photos), photos),
            "pieces": await _run(ours, ours.pieces(f"{job}/uploads", photos), photos),
            "form": await _run(ours, ours.form(f"{job}/photos", photos), photos),
        }
        if number > 0:  # the first only warms up
            for name, run in found.items():
                runs[name].append(run)
    return {
        "megabytes": sum(map(len, scene.photos)) / 1e6,
        **{
            name: {
                "sent_seconds": median([each.sent for each in all_runs]),
                "answered_seconds": median([each.answered for each in all_runs]),
                "grown_megabytes": median([each.grown / 1e6 for each in all_runs]),
            }
            for name, all_runs in runs.items()
        },
    }


async def _jobs(scene: _Scene, count: int) -> list[str]:
    admin = await asyncpg.connect(scene.place.admin_url)
    try:
        newest = "select id from jobs where tenant_id = $1 order by id desc limit $2"
        return [str(row["id"]) for row in await admin.fetch(newest, scene.tenant, count)]
    finally:
        await admin.close()


async def _sender(scene: _Scene, port: int, path: str) -> Sender:
    """Somebody who has opened a page, and so has its token."""
    cookie = f"session={token_of(scene.slug)}; visitor={VISITOR}; language=nl"
    host = f"{scene.slug}.{BASE_DOMAIN}"
    page = await press_once(Target(port, (get(host, path, {"Cookie": cookie}),)))
    found = _TOKEN.search(page)
    assert found is not None
    return Sender(port, host, cookie, found[1].decode())


@dataclass(frozen=True, slots=True)
class _Run:
    """Seconds until the last photo was sent, and answered; bytes that the server's peak grew."""

    sent: float
    answered: float
    grown: int


async def _run(sender: Sender, wrapping: Awaitable[list[Parcel]], photos: Sequence[bytes]) -> _Run:
    parcels = await wrapping
    process = _process_on(sender.port)
    before = _forget_peak(process)
    times = await asyncio.gather(
        *(_send(sender.port, parcel, photo) for parcel, photo in zip(parcels, photos, strict=True))
    )
    return _Run(
        sent=max(sent for sent, _answered in times),
        answered=max(answered for _sent, answered in times),
        grown=_peak(process) - before,
    )


async def _send(port: int, parcel: Parcel, photo: bytes) -> tuple[float, float]:
    """Seconds until all was sent, and until it was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.perf_counter()
    writer.write(parcel.before)
    view = memoryview(photo)
    for start in range(0, len(photo), PIECE):
        writer.write(view[start : start + PIECE])
        await writer.drain()
    writer.write(parcel.after)
    await writer.drain()
    sent = time.perf_counter() - began
    status = await reader.readline()
    answered = time.perf_counter() - began
    writer.close()
    if status.split()[1] not in {b"200", b"201", b"204"}:
        raise SystemExit(f"an upload was answered {status!r}")
    return sent, answered


def _process_on(port: int) -> psutil.Process:
    """The granian worker that serves there."""
    for connection in psutil.net_connections("tcp"):
        if connection.laddr.port == port and connection.status == "LISTEN" and connection.pid:
            parent = psutil.Process(connection.pid)
            workers = [
                each for each in parent.children() if "resource_tracker" not in str(each.cmdline())
            ]
            return workers[0] if workers else parent
    raise SystemExit(f"nobody listens on {port}")


def _forget_peak(process: psutil.Process) -> int:
    """Let the kernel measure the peak afresh (proc(5)); bytes that are used now."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    return int(process.memory_info().rss)


def _peak(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024
