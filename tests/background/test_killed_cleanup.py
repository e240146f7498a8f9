"""A worker killed with -9 at random points of a clean-up, and two beats at one: each vehicle
leaves once, and the register is sound."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select

from core.background.beat import LOCK_KEY
from core.background.celery_app import SCHEDULED, create_celery
from core.clock import now
from core.house import House
from core.web.host_router import HostRouter
from plugins.vehicle_presence.cleanup.models import CleanupRun
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.services import NAME
from tests.commands import Program, environment, programs
from tests.conftest import new_slug
from tests.garages import Garage, open_test_garage
from tests.servers import Servers
from tests.sweeping import left_once, let_act, many_forgotten, set_thresholds
from tests.worlds import another_world

pytestmark = pytest.mark.xdist_group("worker")

FORGOTTEN = 2500
KILLS = 3
FORGOTTEN_AT_TWO_BEATS = 600
OFTEN = "from core.background import celery_app; celery_app.FAN_OUT_EVERY_SECONDS = 3"
"""Beats give scheduled tasks out every three seconds instead of once a minute."""
FANNED_OUT = "Sending due task fan out"
LONGEST_SECONDS = 240


@pytest.fixture(scope="module")
async def world(servers: Servers, house: House) -> AsyncIterator[House]:
    """An installation of this module's own."""
    async with another_world(servers, house, "garagist_killed") as opened:
        yield opened


@pytest.fixture
def workers() -> Iterator[list[Program]]:
    """Workers that end with the test."""
    with programs() as running:
        yield running


async def inside(garage: Garage) -> int:
    """How many vehicles are still marked in."""
    async with garage.unit() as session:
        return (
            await session.scalar(
                select(func.count()).select_from(Stay).where(Stay.left_at.is_(None))
            )
            or 0
        )


async def test_a_worker_killed_at_random_points_of_a_clean_up_loses_and_doubles_nothing(
    world: House, app: HostRouter, workers: list[Program]
) -> None:
    garage = await open_test_garage(world, app, plugins=(NAME,), slug=new_slug())
    await let_act(garage)
    job_ids = await many_forgotten(garage, FORGOTTEN, at=now())
    dice, celery = random.Random(), create_celery(world.settings)
    arguments = [str(garage.tenant.id), f"{NAME}.sweep", f"garagist:{garage.slug}:night"]
    left, kills, seen = FORGOTTEN, 0, []
    deadline = time.monotonic() + LONGEST_SECONDS
    while left:
        assert time.monotonic() < deadline, f"{left} vehicles are left after {seen}"
        if not workers or workers[-1].has_ended():
            workers.append(Program(["worker", "--concurrency", "1"], environment(world.settings)))
            celery.send_task(SCHEDULED, arguments)  # as beat gives out what was lost
        await asyncio.sleep(dice.uniform(0.02, 0.2))
        before, left = left, await inside(garage)
        if kills < KILLS and left < before:
            workers[-1].kill()
            kills += 1
            left = await inside(garage)
            seen.append(left)
    assert len(seen) == KILLS
    assert 0 < seen[0] < FORGOTTEN
    async with garage.unit() as session:
        stays = Counter(await session.scalars(select(Stay.closed_by)))
        runs = await session.scalar(select(func.count()).select_from(CleanupRun))
    assert stays == {"sweep": FORGOTTEN}
    assert await left_once(garage, job_ids)
    assert runs == 1


async def test_two_beats_that_both_tick_let_each_vehicle_leave_once(
    world: House, app: HostRouter, workers: list[Program]
) -> None:
    garage = await open_test_garage(world, app, plugins=(NAME,), slug=new_slug())
    await let_act(garage)
    await set_thresholds(garage, sweep_hour=now().astimezone(garage.tenant.zone).hour)
    job_ids = await many_forgotten(garage, FORGOTTEN_AT_TWO_BEATS, at=now())
    told = environment(world.settings)
    beats = [Program(["beat"], told, first=OFTEN) for _ in range(2)]
    workers += [Program(["worker", "--concurrency", "1"], told) for _ in range(2)] + beats
    deadline = time.monotonic() + LONGEST_SECONDS
    async with Redis.from_url(world.settings.redis_url) as redis:
        while not all(FANNED_OUT in beat.log() for beat in beats) or await inside(garage):
            assert time.monotonic() < deadline, [program.log()[-2000:] for program in workers]
            await redis.delete(LOCK_KEY)  # as if it ran out: whoever ticks next takes it
            await asyncio.sleep(0.5)
    await asyncio.sleep(1)
    async with garage.unit() as session:
        runs = list(await session.scalars(select(CleanupRun.marked)))
    assert runs == [FORGOTTEN_AT_TWO_BEATS]
    assert await left_once(garage, job_ids)
