"""The clean-up of forgotten vehicles: how fast, with nothing missed, and who notices.

A garage is made for it, half of whose jobs are forgotten in, because the clean-up uses it up. The
clean-up itself is the product's command, in a process of its own. What it takes to start is taken
off: the same command, asked what it would do in a garage where nothing is forgotten.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import asyncpg

from bench.generate import Plan, add_garage
from bench.load import Target, press
from bench.pages import OURS, OURS_JSON, requests_for, summary
from bench.places import Place
from bench.servers import ROOT, environment, serving
from core.house import open_house
from core.tenancy.context import tenant_scope
from core.workshop.audit.services import Actor
from plugins.vehicle_presence.services import mark_off_site

BY_HAND = 150
"""Vehicles that are marked one by one, to know how fast that is."""
READING_CONNECTIONS = 4
WRITE_PAUSE_SECONDS = 0.01
_EVIDENCED = """
    select count(*) from vehicle_presence_stays s
    join jobs j on j.tenant_id = s.tenant_id and j.id = s.job_id
    where s.tenant_id = $1 and s.left_at is null and j.status in ('delivered', 'invoiced')
"""
_FORGOTTEN = _EVIDENCED.replace("count(*)", "s.job_id") + " order by s.arrived_at limit $2"
_CLOSED = """
    select count(*) from vehicle_presence_stays where tenant_id = $1 and closed_by = 'sweep'
"""
_TOUCH = """
    update vehicle_presence_stays set updated_at = now()
    where tenant_id = $1 and id = (
        select id from vehicle_presence_stays
        where tenant_id = $1 and left_at is null and arrived_at > $2 order by arrived_at limit 1
    )
"""


def measure(
    place: Place, tenants: Mapping[str, str], *, jobs: int, seconds: float
) -> dict[str, Any]:
    """Row by row, then the clean-up while others read and write."""
    slug = f"sweep-{int(time.time())}"
    tenant = asyncio.run(add_garage(place, slug, Plan(1, jobs, forgotten=(50,))))
    told = environment(place, {**tenants, slug: tenant})
    log = place.folder / "logs"
    log.mkdir(exist_ok=True)
    with serving("core.app:serve", told, log / "garagist.log", factory=True) as port:
        target = Target(port, requests_for(OURS[OURS_JSON], [*list(tenants)[:10], slug]))
        tidy = next(iter(tenants))
        return asyncio.run(_measure(place, slug, tenant, target, told, seconds, tidy))


async def _measure(
    place: Place,
    slug: str,
    tenant: str,
    target: Target,
    told: Mapping[str, str],
    seconds: float,
    tidy: str,
) -> dict[str, Any]:
    by_hand = await _row_by_row(place, slug, tenant)
    admin = await asyncpg.connect(place.admin_url)
    try:
        expected = await admin.fetchval(_EVIDENCED, tenant)
        writes_before: list[float] = []
        writes_during: list[float] = []
        before = await _with_writes(admin, tenant, writes_before, _press(target, seconds))
        began = time.perf_counter()
        sweeping = asyncio.create_task(_command(slug, told))
        during = await _with_writes(admin, tenant, writes_during, _press_while(target, sweeping))
        took = time.perf_counter() - began
        closed = await admin.fetchval(_CLOSED, tenant)
        left = await admin.fetchval(_EVIDENCED, tenant)
    finally:
        await admin.close()
    began = time.perf_counter()
    await _command(tidy, told, "--dry-run")
    idle = time.perf_counter() - began
    return {
        "by_hand_per_second": by_hand,
        "swept_per_second": closed / max(took - idle, 0.001),
        "seconds": took,
        "seconds_to_start": idle,
        "expected": expected,
        "swept": closed,
        "missed": left,
        "reads_before": summary([before]),
        "reads_during": summary([during]),
        "writes_before_ms": _latencies(writes_before),
        "writes_during_ms": _latencies(writes_during),
    }


async def _row_by_row(place: Place, slug: str, tenant: str) -> float:
    """Vehicles per second if each is marked as a person does it, in a unit of work of its own."""
    house = open_house(place.settings())
    admin = await asyncpg.connect(place.admin_url)
    actor = Actor("staff", "Robin Planner")
    try:
        found = await house.directory.by_slug(slug)
        assert found is not None
        job_ids = [row["job_id"] for row in await admin.fetch(_FORGOTTEN, tenant, BY_HAND)]
        began = time.perf_counter()
        with tenant_scope(found):
            for job_id in job_ids:
                async with house.database.unit_of_work(found.id) as session:
                    await mark_off_site(session, job_id, actor)
        return len(job_ids) / (time.perf_counter() - began)
    finally:
        await admin.close()
        await house.close()


async def _command(slug: str, told: Mapping[str, str], *options: str) -> None:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "core", "presence", "sweep", "--garage", slug, "--json", *options),
        cwd=ROOT,
        env=dict(told),
        stdout=subprocess.DEVNULL,
    )
    if await child.wait() != 0:
        raise SystemExit("the clean-up failed")


async def _press(target: Target, seconds: float) -> Any:
    return await press(target, connections=READING_CONNECTIONS, seconds=seconds)


async def _press_while(target: Target, sweeping: "asyncio.Task[None]") -> Any:
    found = await _press(target, 0.5)
    while not sweeping.done():
        more = await _press(target, 0.5)
        found.latencies += more.latencies
        found.seconds += more.seconds
    await sweeping
    return found


async def _with_writes(
    admin: asyncpg.Connection, tenant: str, latencies: list[float], reading: Any
) -> Any:
    """Meanwhile somebody of the same garage writes, and notes how long each write took."""
    done = asyncio.Event()

    async def write() -> None:
        newest = await admin.fetchval(
            "select max(arrived_at) - interval '12 days' from vehicle_presence_stays"
            " where tenant_id = $1",
            tenant,
        )
        while not done.is_set():
            began = time.perf_counter()
            await admin.execute(_TOUCH, tenant, newest)
            latencies.append(time.perf_counter() - began)
            await asyncio.sleep(WRITE_PAUSE_SECONDS)

    writing = asyncio.create_task(write())
    try:
        return await reading
    finally:
        done.set()
        await writing


def _latencies(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "p50": 1000 * ordered[len(ordered) // 2],
        "p99": 1000 * ordered[int(0.99 * (len(ordered) - 1))],
        "most": 1000 * ordered[-1],
    }
