"""A worker killed with -9 at random points of a clean-up: each vehicle leaves once."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import func, select

from core.background.celery_app import SCHEDULED, create_celery
from core.clock import now
from core.house import House
from core.web.host_router import HostRouter
from core.workshop.audit.models import AuditEntry
from core.workshop.jobs.models import JobEvent
from plugins.vehicle_presence.cleanup.models import CleanupRun
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.services import NAME
from tests.commands import Program, environment, programs
from tests.conftest import new_slug
from tests.garages import Garage, open_test_garage
from tests.servers import Servers
from tests.sweeping import let_act, many_forgotten
from tests.worlds import another_world

pytestmark = pytest.mark.xdist_group("worker")

FORGOTTEN = 2500
KILLS = 3
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
        events = Counter(
            await session.scalars(select(JobEvent.job_id).where(JobEvent.kind == "vehicle_left"))
        )
        entries = Counter(
            await session.scalars(
                select(AuditEntry.subject).where(AuditEntry.action == "presence.left")
            )
        )
        runs = await session.scalar(select(func.count()).select_from(CleanupRun))
    assert stays == {"sweep": FORGOTTEN}
    assert events == dict.fromkeys(job_ids, 1)
    assert entries == {f"job:{job_id}": 1 for job_id in job_ids}
    assert runs == 1
