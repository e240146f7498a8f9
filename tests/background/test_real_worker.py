"""A worker and two beats as processes of their own, killed at the worst moment."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis.asyncio import Redis
from sqlalchemy import select

from core.background.beat import LOCK_KEY
from core.background.celery_app import create_celery
from core.background.kick import WorkerKick
from core.background.outbox import LEASE
from core.house import House
from core.priority import NICENESS
from core.web.host_router import HostRouter
from core.workshop.notifications.models import OutboxEntry
from core.workshop.notifications.services import enqueue
from core.workshop.photos import repository as photos
from core.workshop.photos.services import add_photo
from tests.commands import Program, environment, programs
from tests.conftest import new_slug
from tests.factories import a_job, examined, jpeg
from tests.garages import STAFF, Garage, Outbox, open_test_garage
from tests.outside_plugins.polite import ask_for_everything
from tests.outside_plugins.polite.models import Note
from tests.servers import Servers
from tests.worlds import another_world

pytestmark = pytest.mark.xdist_group("worker")

LONGEST_SECONDS = 120.0
"""For what a process does that may still be starting, on a busy machine."""


@pytest.fixture(scope="module")
async def world(servers: Servers, house: House) -> AsyncIterator[House]:
    """An installation of this module's own: its worker works for no other test."""
    async with another_world(servers, house, "garagist_worker") as opened:
        yield opened


@pytest.fixture(scope="module")
def started() -> Iterator[list[Program]]:
    """Programs that end with this module."""
    with programs() as running:
        yield running


@pytest.fixture(scope="module")
async def worker(world: House, started: list[Program]) -> Program:
    """A worker: it needs some seconds to begin."""
    started.append(a_worker(world))
    return started[-1]


@pytest.fixture(scope="module")
async def beats(world: House, worker: Program, started: list[Program]) -> list[Program]:
    """Two beats beside that worker."""
    both = [Program(["beat"], environment(world.settings)) for _ in range(2)]
    started.extend(both)
    return both


@pytest.fixture
async def busy(world: House, app: HostRouter) -> Garage:
    """A garage that those processes work for."""
    return await open_test_garage(world, app, plugins=("polite",), slug=new_slug())


def a_worker(world: House, *, first: str = "") -> Program:
    """A worker with one process."""
    return Program(["worker", "--concurrency", "1"], environment(world.settings), first=first)


async def until(true: Callable[[], Awaitable[Any]], *, seconds: float = LONGEST_SECONDS) -> Any:
    """Wait for something, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := await true()):
        assert time.monotonic() < deadline, "too late"
        await asyncio.sleep(0.1)
    return found


async def notes(garage: Garage, prefix: str) -> list[str]:
    """What the polite plugin's effects have left behind."""
    async with garage.unit() as session:
        found = await session.scalars(select(Note.text).where(Note.text.startswith(prefix)))
        return list(found)


async def test_a_kick_reaches_the_worker_before_there_is_any_beat(
    world: House, busy: Garage, worker: Program, outbox: Outbox
) -> None:
    to = f"quick@{busy.slug}.test"
    async with busy.unit() as session:
        await ask_for_everything(session, "tea", to, "quick")
    WorkerKick(create_celery(world.settings))(busy.tenant.id)

    async def has_arrived() -> bool:
        return bool(outbox.mails_to(to))

    await until(has_arrived)
    assert len(outbox.mails_to(to)) == 1
    pool = psutil.Process(worker.pid).children()
    assert [each.nice() for each in pool] == [max(NICENESS, os.nice(0))]  # pages go first


async def test_a_mail_and_a_photo_are_done_by_the_worker(
    busy: Garage, beats: list[Program], outbox: Outbox, tmp_path: Path
) -> None:
    to = f"customer@{busy.slug}.test"
    path = tmp_path / "photo"
    path.write_bytes(jpeg())
    async with busy.unit() as session:
        job = await a_job(session)
        photo = await add_photo(
            session, job.id, examined(path), name="front.jpg", source="desk", actor=STAFF
        )
        await ask_for_everything(session, "tea", to, "once")

    async def is_drawn() -> bool:
        async with busy.unit() as session:
            return (await photos.by_id(session, photo.id)).state == "ready"

    async def has_arrived() -> bool:
        return bool(outbox.mails_to(to))

    await until(is_drawn)
    await until(has_arrived)
    assert await notes(busy, "effect:") == ["effect:tea"]


async def test_of_two_beats_one_holds_the_lock_and_sends(
    world: House, beats: list[Program]
) -> None:
    redis = Redis.from_url(world.settings.redis_url)

    async def is_locked() -> bool:
        return bool(await redis.exists(LOCK_KEY))

    def senders() -> list[bool]:
        return ["Sending due task" in beat.log() for beat in beats]

    async def one_sends() -> bool:
        return any(senders())

    await until(is_locked)
    await until(one_sends)
    assert sorted(senders()) == [False, True]
    await redis.aclose()


async def test_a_worker_and_a_beat_killed_in_the_middle_of_work_lose_and_double_nothing(
    busy: Garage, beats: list[Program], started: list[Program], outbox: Outbox, tmp_path: Path
) -> None:
    begun, to = tmp_path / "begun", f"customer@{busy.slug}.test"
    async with busy.unit() as session:
        await ask_for_everything(session, "tea", to, "before")
        values = {"what": "soup", "begun": str(begun), "seconds": 3 * LONGEST_SECONDS}
        await enqueue(session, "polite.slow", values, key="slow")

    async def has_begun() -> bool:
        return begun.exists()

    await until(has_begun)
    started[0].kill()
    next(beat for beat in beats if "Sending due task" in beat.log()).kill()
    assert await notes(busy, "slow:") == []
    started.append(a_worker(busy.house))

    async def is_done() -> list[str]:
        return await notes(busy, "slow:")

    await until(is_done, seconds=LEASE.total_seconds() + LONGEST_SECONDS)
    assert await notes(busy, "slow:") == ["slow:soup"]
    assert len(begun.read_text().split()) == 2
    assert await notes(busy, "effect:") == ["effect:tea"]
    ids = [str(mail.message["Message-ID"]) for mail in outbox.mails_to(to)]
    assert len(ids) == len(set(ids)) == 1
    async with busy.unit() as session:
        left = await session.scalars(select(OutboxEntry.key).where(OutboxEntry.done_at.is_(None)))
        assert list(left) == []


async def test_a_worker_that_is_told_to_stop_ends_soon_and_leaves_nothing_by_halves(
    busy: Garage, beats: list[Program], started: list[Program], tmp_path: Path
) -> None:
    async with busy.unit() as session:
        for number in range(100):
            values = {"what": str(number), "begun": str(tmp_path / str(number)), "seconds": 0.5}
            await enqueue(session, "polite.slow", values, key=f"slow {number}")
    started[-1].kill()
    hurry = "from core.background import outbox; outbox.LONGEST_RUN_SECONDS = 1"
    started.append(a_worker(busy.house, first=hurry))

    async def has_begun() -> bool:
        return bool(await notes(busy, "slow:"))

    await until(has_begun)
    assert await asyncio.to_thread(started[-1].stop) == 0
    async with busy.unit() as session:
        entries = list(await session.scalars(select(OutboxEntry).order_by(OutboxEntry.created_at)))
    done = [entry for entry in entries if entry.done_at]
    assert 1 <= len(await notes(busy, "slow:")) < 100
    assert len(done) < len(entries)
    assert {entry.attempts for entry in entries if not entry.done_at} == {0}
