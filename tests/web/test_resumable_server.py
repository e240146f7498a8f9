"""Resumable uploads over a real network connection: another author's client, cuts, memory."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from tusclient.client import TusClient
from tusclient.storage.filestorage import FileStorage
from tusclient.uploader import Uploader

from core.house import House
from core.web.uploads import LEFT_BEHIND_SECONDS, SPOOLED, spool_in
from core.workshop.photos.models import Photo
from plugins.self_service_portal.models import DraftPhoto
from tests import factories
from tests.garages import Garage
from tests.plugins.self_service_portal.waiting_people import at_the_time, with_a_job
from tests.tus import PIECE, Sender
from tests.web_server import LONGEST_START_SECONDS, WebServer, running_web

MEGABYTE = 1024 * 1024
BODY = factories.jpeg(padded_to=2 * MEGABYTE)
MOST_GROWTH = 12 * MEGABYTE


@pytest.fixture(scope="module")
def left_behind(house: House) -> Path:
    """What a server that was killed had on its disk for a request, two days ago."""
    folder = spool_in(house.settings.data_dir) / f"{SPOOLED}left"
    folder.mkdir(parents=True)
    (folder / "0").write_bytes(factories.jpeg())
    os.utime(folder, (time.time() - 2 * LEFT_BEHIND_SECONDS,) * 2)
    return folder


@pytest.fixture(scope="module")
def web(house: House, left_behind: Path) -> Iterator[WebServer]:
    """A web server process."""
    with running_web(house.settings) as server:
        yield server


async def at_a_card(garage: Garage) -> Sender:
    """A planner at the card of a fresh job."""
    async with garage.unit() as session:
        job = await factories.a_job(session)
    browser = await garage.staff("planner")
    return Sender(browser, f"/desk/jobs/{job.id}/uploads", await browser.token("/desk"))


async def at_a_request(garage: Garage) -> Sender:
    """A customer at the photos of a request for an estimate."""
    browser = await at_the_time(garage)
    token = await browser.token("/en/estimate/photos")
    return Sender(browser, "/en/estimate/uploads", token)


async def at_pictures(garage: Garage) -> Sender:
    """A customer who adds pictures to a job."""
    async with garage.unit() as session:
        job = await factories.a_job(session)
    browser = await with_a_job(garage, job)
    return Sender(browser, "/en/pictures/uploads", await browser.token("/en/pictures/add"))


@pytest.fixture
async def sender(request: pytest.FixtureRequest, garage: Garage) -> Sender:
    """Whoever sends photos; at a card where a test does not say who."""
    come = getattr(request, "param", at_a_card)
    found: Sender = await come(garage)
    return found


EVERYWHERE = pytest.mark.parametrize(
    "sender", [at_a_card, at_a_request, at_pictures], indirect=True
)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A photo of 2 MB."""
    path = tmp_path / "door.jpg"
    path.write_bytes(BODY)
    return path


def headers_of(sender: Sender, garage: Garage) -> dict[str, str]:
    jar = "; ".join(f"{each.name}={each.value}" for each in sender.browser.cookies.jar)
    return {**sender.headers, "Host": garage.host, "Cookie": jar}


async def kept_in(garage: Garage) -> list[bytes]:
    async with garage.unit() as session:
        keys = [
            *await session.scalars(select(Photo.original_key)),
            *await session.scalars(select(DraftPhoto.key)),
        ]
    return [await garage.house.storage.get_bytes(garage.tenant.id, key) for key in keys]


@EVERYWHERE
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its files
async def test_another_authors_client_goes_on_where_it_was_stopped(
    web: WebServer, garage: Garage, sender: Sender, picture: Path
) -> None:
    def client(stop_at: int | None) -> tuple[str, int]:
        """What a process of its own would do: all it knows is in the file of addresses."""
        addresses = FileStorage(str(picture.with_name("addresses.json")))
        known = TusClient(f"{web.url}{sender.endpoint}", headers_of(sender, garage))
        uploader: Uploader = known.uploader(
            str(picture),
            chunk_size=300_000,
            metadata={"filename": picture.name},
            store_url=True,
            url_storage=addresses,
        )
        begun_at = uploader.offset
        uploader.upload(stop_at=stop_at)
        addresses.close()
        return str(uploader.url), begun_at

    first, begun_at = await asyncio.to_thread(client, 900_000)
    second, taken_up_at = await asyncio.to_thread(client, None)
    assert (first, begun_at, taken_up_at) == (second, 0, 900_000)
    assert await kept_in(garage) == [BODY]


@EVERYWHERE
async def test_what_came_before_the_connection_broke_need_not_be_sent_again(
    web: WebServer, garage: Garage, sender: Sender
) -> None:
    address = (await sender.begin(len(BODY), filename="door.jpg")).headers["location"]
    head = {**headers_of(sender, garage), **PIECE, "Upload-Offset": "0"}
    lines = [f"PATCH {address} HTTP/1.1", f"Content-Length: {len(BODY)}"]
    lines += [f"{name}: {value}" for name, value in head.items()]
    with socket.create_connection(("127.0.0.1", web.port)) as wire:
        wire.sendall("\r\n".join([*lines, "", ""]).encode() + BODY[:MEGABYTE])
    arrived = await _offset_above_nothing(sender, address)
    assert 0 < arrived <= MEGABYTE
    answer = await sender.add(address, arrived, BODY[arrived:])
    assert answer.status_code == 204
    assert await kept_in(garage) == [BODY]


async def _offset_above_nothing(sender: Sender, address: str) -> int:
    for _ in range(100):
        offset = int((await sender.look(address)).headers["upload-offset"])
        if offset:
            return offset
        await asyncio.sleep(0.1)
    raise AssertionError("nothing was kept")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own peak is read from /proc")
async def test_a_large_photo_takes_no_memory_of_the_server(
    web: WebServer, garage: Garage, sender: Sender
) -> None:
    headers = headers_of(sender, garage)
    async with httpx.AsyncClient(base_url=web.url, headers=headers, timeout=60) as client:
        wire = Sender(client, sender.endpoint, sender.token)
        await wire.send(factories.jpeg((1, 1, 1), padded_to=2 * MEGABYTE), piece=MEGABYTE)
        large = factories.jpeg(padded_to=24 * MEGABYTE)
        before = web.memory("VmRSS")
        web.forget_peak()
        answer = await wire.send(large, piece=20 * MEGABYTE)
        grown = web.memory("VmHWM") - before
    assert answer.status_code == 204, answer.text
    assert len(await kept_in(garage)) == 2
    assert grown < MOST_GROWTH, f"{grown / MEGABYTE:.0f} MB"


def test_what_a_killed_server_left_behind_is_removed_by_the_next(
    web: WebServer, left_behind: Path
) -> None:
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while left_behind.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left_behind.exists()
