"""Ten large photos at once, and drawing them smaller."""

import asyncio
import re
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from PIL import Image, ImageChops, ImageCms, ImageOps

from bench.generate import token_of
from bench.load import Target, get, median, press_once
from bench.pages import VISITOR
from bench.places import BASE_DOMAIN, Place
from bench.servers import ROOT, environment, serving
from core.workshop.photos import imaging

PHOTOS = 10
LEAST_BYTES = 11_000_000
PIECE = 64 * 1024
BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gWx"
"""Of a browser's length: the longer it is, the faster it is searched for."""
DEMO = ROOT / "core" / "demo" / "photos"
PICTURES = ("DSCN0010.jpg", "DSCN0042.jpg", "jolla.jpg", "IMG_5195.HEIC")
ORIENTATION = 0x0112
_TOKEN = re.compile(rb'name="csrf_token" value="([0-9a-f]+)"')


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
    """All ten at once: to us, as the form on the job card sends them, and to an application that
    only writes what it gets to a file."""
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
        return asyncio.run(_uploads(place, slug, tenants[slug], photos, (bare, ours), rounds))


async def _uploads(
    place: Place, slug: str, tenant: str, photos: list[bytes], ports: tuple[int, int], rounds: int
) -> dict[str, Any]:
    bare, ours = ports
    admin = await asyncpg.connect(place.admin_url)
    job_ids = [
        row["id"]
        for row in await admin.fetch(
            "select id from jobs where tenant_id = $1 order by id desc limit $2", tenant, rounds + 1
        )
    ]
    await admin.close()
    cookie = f"session={token_of(slug)}; visitor={VISITOR}; language=nl"
    host = f"{slug}.{BASE_DOMAIN}"
    page = await press_once(
        Target(ours, (get(host, f"/desk/jobs/{job_ids[0]}", {"Cookie": cookie}),))
    )
    found = _TOKEN.search(page)
    assert found is not None
    token = found[1].decode()
    times: dict[str, list[float]] = {"bare": [], "sent": [], "answered": []}
    grown: list[int] = []
    for number, job_id in enumerate(job_ids):
        marked = [body + number.to_bytes(4, "big") for body in photos]  # each round anew
        plain = await _all_at_once(bare, host, "/", cookie, token, marked)
        process = _process_on(ours)
        before = _forget_peak(process)
        real = await _all_at_once(ours, host, f"/desk/jobs/{job_id}/photos", cookie, token, marked)
        if number == 0:
            continue  # warm
        times["bare"].append(max(sent for sent, _answered in plain))
        times["sent"].append(max(sent for sent, _answered in real))
        times["answered"].append(max(answered for _sent, answered in real))
        grown.append(_peak(process) - before)
    return {
        "megabytes": sum(map(len, photos)) / 1e6,
        "bare_seconds": median(times["bare"]),
        "sent_seconds": median(times["sent"]),
        "answered_seconds": median(times["answered"]),
        "grown_megabytes": median([each / 1e6 for each in grown]),
    }


async def _all_at_once(
    port: int, host: str, path: str, cookie: str, token: str, photos: list[bytes]
) -> list[tuple[float, float]]:
    return await asyncio.gather(
        *(
            _send(port, host, path, cookie, token, number, body)
            for number, body in enumerate(photos)
        )
    )


async def _send(
    port: int, host: str, path: str, cookie: str, token: str, number: int, photo: bytes
) -> tuple[float, float]:
    """Seconds until all was sent, and until it was answered."""
    first = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photos"; filename="{number}.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode()
    last = f"\r\n--{BOUNDARY}--\r\n".encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nAccept: application/json\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {len(first) + len(photo) + len(last)}\r\nConnection: close\r\n\r\n"
    ).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.perf_counter()
    writer.write(head + first)
    view = memoryview(photo)
    for start in range(0, len(photo), PIECE):
        writer.write(view[start : start + PIECE])
        await writer.drain()
    writer.write(last)
    await writer.drain()
    sent = time.perf_counter() - began
    status = await reader.readline()
    answered = time.perf_counter() - began
    writer.close()
    if status.split()[1] not in {b"200", b"201"}:
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


def make_pictures(folder: Path) -> list[Path]:
    """Photos as phones take them, of the demo's: twelve megapixels with a sensor's grain, about
    three megabytes. The last is held upright and in a phone's wider colours."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name in PICTURES:
        path = folder / f"{Path(name).stem}.jpg"
        if not path.exists():
            _scale_up(DEMO / name, path)
        made.append(path)
    return made


def _scale_up(source: Path, target: Path) -> None:
    with Image.open(source) as image:
        profile = image.info.get("icc_profile")
        picture = ImageOps.exif_transpose(image).convert("RGB")
    exif = Image.Exif()
    if picture.height > picture.width:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
        exif[ORIENTATION] = 6
    picture = ImageOps.fit(picture, (4000, 3000), Image.Resampling.BICUBIC)
    grain = Image.merge("RGB", [Image.effect_noise(picture.size, 4) for _ in range(3)])
    picture = ImageChops.add(picture, grain, offset=-128)
    picture.save(target, "JPEG", quality=92, exif=exif, icc_profile=profile)


def thumbnails(place: Place, *, rounds: int) -> dict[str, Any]:
    """Processor seconds and bytes per photo: as we draw them, and as anybody would."""
    ways = {"ours": _ours, "naive": _naive}
    pictures = make_pictures(place.folder / "pictures")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    size: dict[str, int] = dict.fromkeys(ways, 0)
    with tempfile.TemporaryDirectory() as folder:
        for path in pictures:
            spent: dict[str, list[float]] = {name: [] for name in ways}
            drawn: list[Path] = []
            for _ in range(rounds):
                for name, draw in ways.items():
                    began = time.process_time()
                    drawn = draw(path, Path(folder))
                    spent[name].append(time.process_time() - began)
                    size[name] += sum(file.stat().st_size for file in drawn)
            for name, each in spent.items():
                seconds[name].append(median(each))
    found: dict[str, Any] = {}
    for name in ways:
        found[f"{name}_seconds"] = sum(seconds[name]) / len(pictures)
        found[f"{name}_kilobytes"] = size[name] / len(pictures) / rounds / 1000
    return found


def _ours(path: Path, folder: Path) -> list[Path]:
    return [Path(each.path) for each in imaging.render(path, folder, list(imaging.SIZES))]


def _naive(path: Path, folder: Path) -> list[Path]:
    """All pixels for each size, Pillow's finest filter, and its own settings of the same formats."""
    drawn = []
    for size, kind in (("thumb", "webp"), ("display", "jpeg")):
        box = imaging.SIZES[size]
        with Image.open(path) as image:
            picture = ImageOps.exif_transpose(image).convert("RGB")
        profile = picture.info.get("icc_profile")
        scale = min(box[0] / picture.width, box[1] / picture.height)
        wished = (round(picture.width * scale), round(picture.height * scale))
        picture = picture.resize(wished, Image.Resampling.LANCZOS)
        if profile:
            wide = ImageCms.ImageCmsProfile(BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            picture = ImageCms.profileToProfile(picture, wide, srgb) or picture
        target = folder / f"naive-{size}.{kind}"
        picture.save(target, kind)
        drawn.append(target)
    return drawn
