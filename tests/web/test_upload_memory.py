"""Ten photos at once, from ten phones, do not fill a web process's memory."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from core.house import House
from core.workshop.photos.models import Photo
from tests import factories
from tests.garages import Garage
from tests.web_server import WebServer, running_web

MEGABYTE = 1024 * 1024
SIZE = 12 * MEGABYTE
MOST_GROWTH = 60 * MEGABYTE


@pytest.fixture
def web(house: House) -> Iterator[WebServer]:
    """A web server process."""
    with running_web(house.settings) as server:
        yield server


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Eleven different photos of 12 MB."""
    made = []
    for number in range(11):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(factories.jpeg((number * 20, 90, 90), padded_to=SIZE))
        made.append(path)
    return made


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own peak is read from /proc")
async def test_ten_large_photos_at_once_take_little_memory(
    web: WebServer, garage: Garage, photos: list[Path]
) -> None:
    async with garage.unit() as session:
        job = await factories.a_job(session)
    browser = await garage.staff("planner")
    token = await browser.token("/desk")
    jar = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)
    headers = {"Host": garage.host, "Cookie": jar, "Accept": "application/json"}

    async def send(path: Path) -> int:
        with path.open("rb") as body:
            fields = [("csrf_token", (None, token)), ("photos", (path.name, body, "image/jpeg"))]
            answer = await client.post(f"/desk/jobs/{job.id}/photos", files=fields)  # type: ignore[arg-type]
        return answer.status_code

    async with httpx.AsyncClient(base_url=web.url, headers=headers, timeout=90) as client:
        warm_up = await send(photos[0])
        web.forget_peak()
        before = web.memory("VmRSS")
        statuses = await asyncio.gather(*map(send, photos[1:]))
    grown = web.memory("VmHWM") - before
    async with garage.unit() as session:
        stored = await session.scalar(select(func.count()).select_from(Photo))
    assert (warm_up, set(statuses), stored) == (201, {201}, 11)
    assert grown < MOST_GROWTH, f"{grown / MEGABYTE:.0f} MB"
