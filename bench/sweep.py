"""The clean-up of forgotten vehicles: how fast, with nothing missed, and who notices.

Garages are made for it, most of whose vehicles are forgotten in, because the clean-up uses them up.
The clean-up itself is the product's command, in a process of its own, and what it is compared with is
one too; both work while others read and write. What it takes to start is taken off: the same command,
asked what it would do in a garage where nothing is forgotten.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import asyncpg

from bench.generate import Plan, add_garage, generate
from bench.load import Round, Target, press
from bench.pages import OURS, OURS_JSON, requests_for, summary
from bench.places import Place
from bench.servers import ROOT, environment, serving

BY_HAND = 150
"""Vehicles that are marked one by one, to know how fast that is."""
SPREAD_DATABASE = "garagist_bench_spread"
TIDY = "tidy"
"""A garage that forgot nothing, among those that forgot all but a few."""
READING_CONNECTIONS = 4
WRITE_PAUSE_SECONDS = 0.01
_OPEN = """
    select count(*) from vehicle_presence_stays s
    join jobs j on j.tenant_id = s.tenant_id and j.id = s.job_id
    where s.tenant_id = any($1::uuid[]) and s.left_at is null
"""
_EVIDENCED = f"{_OPEN} and j.status in ('delivered', 'invoiced')"
_READY = f"{_OPEN} and j.status = 'ready' and j.status_changed_at < now() - interval '3 days'"
_CLOSED = """
    select count(*) from vehicle_presence_stays
    where tenant_id = any($1::uuid[]) and closed_by = 'sweep'
"""
_ASKED = "select count(*) from vehicle_presence_doubts where tenant_id = any($1::uuid[])"
_UNDER_WAY = """
    select tenant_id from vehicle_presence_cleanup_runs
    where tenant_id = any($1::uuid[]) and ended_at is null order by id desc limit 1
"""
_REGISTER = "select position from vehicle_presence_vat_books where tenant_id = $1 for update"
_SAYS_WAITS = """
    set lc_messages = 'C'; set client_min_messages = log; set log_lock_waits = on; set deadlock_timeout = 1
"""
"""PostgreSQL tells this connection how long it waited for each lock, from a millisecond on."""
_WAITED = re.compile(r"acquired \w+ on .* after ([0-9.]+) ms")
_TOUCH = """
    update vehicle_presence_stays set updated_at = now()
    where tenant_id = $1 and id = (
        select id from vehicle_presence_stays where tenant_id = $1 and left_at is null
        order by arrived_at desc, id desc limit 1
    )
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """Garages that are cleaned up (`slug`, or all where it is None) while others go on."""

    place: Place
    slug: str | None
    tenants: Sequence[str]
    target: Target
    told: Mapping[str, str]
    seconds: float

    def command(self, slug: str | None, *options: str) -> list[str]:
        """The product's clean-up of one garage, or of all."""
        chosen = ["--garage", slug] if slug else []
        return [sys.executable, "-m", "core", "presence", "sweep", *chosen, "--json", *options]


def measure(
    place: Place, tenants: Mapping[str, str], *, jobs: int, seconds: float
) -> dict[str, Any]:
    """One large garage: row by row, then the clean-up."""
    slug = f"sweep-{int(time.time())}"
    tenant = asyncio.run(add_garage(place, slug, Plan(1, jobs, forgotten=(50,))))
    told = environment(place, {**tenants, slug: tenant})
    with _serving(place, told) as port:
        target = Target(port, requests_for(OURS[OURS_JSON], [*list(tenants)[:10], slug]))
        scene = Scene(place, slug, [tenant], target, told, seconds)
        return asyncio.run(_measure(scene, slug, next(iter(tenants))))


def spread(
    place: Place, *, garages: int, stale: int, seconds: float, say: Callable[[str], None]
) -> dict[str, Any]:
    """Many garages, one after the other, with `stale` forgotten vehicles in each; in a database
    of its own, which is gone afterwards."""
    place = replace(place, database=SPREAD_DATABASE)
    asyncio.run(place.postgres.drop_database(SPREAD_DATABASE))
    plan = Plan(garages, stale, forgotten=(100,)).with_on_site()
    tenants = asyncio.run(generate(place, plan, say, with_books=True))
    asyncio.run(add_garage(place, TIDY, Plan(1, 0, forgotten=(0,)).with_on_site()))
    told = environment(place, tenants)
    try:
        with _serving(place, told) as port:
            target = Target(port, requests_for(OURS[OURS_JSON], list(tenants)))
            scene = Scene(place, None, list(tenants.values()), target, told, seconds)
            found = asyncio.run(_measure(scene, next(iter(tenants)), TIDY))
        return {"garages": garages, "stale": stale, **found}
    finally:
        asyncio.run(place.postgres.drop_database(SPREAD_DATABASE))


def _serving(place: Place, told: Mapping[str, str]) -> AbstractContextManager[int]:
    log = place.folder / "logs"
    log.mkdir(exist_ok=True)
    return serving("core.app:serve", told, log / "garagist.log", factory=True)


async def _measure(scene: Scene, by_hand_in: str, tidy: str) -> dict[str, Any]:
    """Before, by hand, and during; what it takes to start is measured in a `tidy` garage."""
    admin = await asyncpg.connect(scene.place.admin_url)
    try:
        others = Others(admin, scene.tenants)
        await others.listen()
        await _read(scene, 1.0)
        before = await others.go_on(_read(scene, scene.seconds))
        hand = [sys.executable, "-m", "bench.by_hand", by_hand_in, str(BY_HAND)]
        took = await others.go_on(_while_reading(scene, [*hand, scene.place.admin_url]))
        by_hand = BY_HAND / float(took.said)
        idle = (await _while_reading(scene, scene.command(tidy, "--dry-run"))).seconds
        expected = await admin.fetchval(_EVIDENCED, scene.tenants)
        doubtful = await admin.fetchval(_READY, scene.tenants)
        others.forget()
        swept = await others.go_on(_while_reading(scene, scene.command(scene.slug)))
        during = others.latencies()
        closed = await admin.fetchval(_CLOSED, scene.tenants)
        return {
            "by_hand_per_second": by_hand,
            "swept_per_second": closed / max(swept.seconds - idle, 0.001),
            "seconds": swept.seconds,
            "seconds_to_start": idle,
            "expected": expected,
            "swept": closed,
            "reported": sum(len(each["marked"]) for each in json.loads(swept.said).values()),
            "missed": await admin.fetchval(_EVIDENCED, scene.tenants),
            "doubtful": doubtful,
            "asked": await admin.fetchval(_ASKED, scene.tenants),
            "reads_before": summary([before]),
            "reads_during": summary([swept.reads]),
            "writes_before_ms": others.first,
            "writes_during_ms": during,
        }
    finally:
        await admin.close()


async def _read(scene: Scene, seconds: float) -> Round:
    return await press(scene.target, connections=READING_CONNECTIONS, seconds=seconds)


@dataclass(slots=True)
class Ran:
    """A command that ran while others read: what it said, how long it took."""

    said: str
    seconds: float
    reads: Round


async def _while_reading(scene: Scene, command: Sequence[str]) -> Ran:
    """Run a command, and ask for the hot page until it ends."""
    began = time.perf_counter()
    running = asyncio.create_task(_run(command, scene.told))
    reads = Round(0.0)
    while not running.done():
        more = await _read(scene, 0.5)
        reads.latencies += more.latencies
        reads.seconds += more.seconds
    said, ended = await running
    return Ran(said, ended - began, reads)


async def _run(command: Sequence[str], told: Mapping[str, str]) -> tuple[str, float]:
    """What it says, and when it ended."""
    child = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=dict(told), stdout=subprocess.PIPE
    )
    said, _errors = await child.communicate()
    if child.returncode != 0:
        raise SystemExit(f"{command[2]} failed")
    return said.decode(), time.perf_counter()


class Others:
    """Somebody who writes all the time: in the garage that is being cleaned up just then, what an
    arrival needs, which is the register of its location and a vehicle on site."""

    def __init__(self, admin: asyncpg.Connection, tenants: Sequence[str]) -> None:
        self._admin = admin
        self._tenants = tenants
        self._seconds: list[float] = []
        self._blocked = 0.0
        self._blocks: list[float] = []
        self.first: dict[str, float] = {}

    async def listen(self) -> None:
        """Hear from PostgreSQL how long writes wait for locks, which no load of the processors
        can be taken for."""
        await self._admin.execute(_SAYS_WAITS)
        self._admin.add_log_listener(self._hear)

    def _hear(self, _connection: object, message: Any) -> None:
        if found := _WAITED.search(message.message):
            self._blocked += float(found[1])

    def forget(self) -> None:
        """What was noted so far is over."""
        self._seconds, self._blocks = [], []

    def latencies(self) -> dict[str, float]:
        """How long writes took, and how long of that they were blocked; milliseconds."""
        ordered = sorted(self._seconds)
        return {
            "blocked_most": max(self._blocks),
            "blocked_over_50_ms": sum(each > 50 for each in self._blocks),
            "p50": 1000 * ordered[len(ordered) // 2],
            "p99": 1000 * ordered[int(0.99 * (len(ordered) - 1))],
            "most": 1000 * ordered[-1],
            "over_50_ms": sum(each > 0.05 for each in ordered),
            "writes": len(ordered),
        }

    async def go_on(self, work: Any) -> Any:
        """Write until `work` is done."""
        done = asyncio.Event()
        writing = asyncio.create_task(self._write_until(done))
        try:
            found = await work
        finally:
            done.set()
            await writing
        if not self.first:
            self.first = self.latencies()
        return found

    async def _write_until(self, done: asyncio.Event) -> None:
        while not done.is_set():
            tenant = await self._admin.fetchval(_UNDER_WAY, self._tenants) or self._tenants[0]
            self._blocked = 0.0
            began = time.perf_counter()
            async with self._admin.transaction():
                await self._admin.fetchval(_REGISTER, tenant)
                await self._admin.execute(_TOUCH, tenant)
            self._seconds.append(time.perf_counter() - began)
            self._blocks.append(self._blocked)
            await asyncio.sleep(WRITE_PAUSE_SECONDS)
