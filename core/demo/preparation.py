"""The demo's database: made afresh until it was filled completely once."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from core.background.fan_out import DAY_SECONDS, Due, slot_of
from core.background.upkeep import offered_tasks
from core.clock import now
from core.demo.data import fill_demo
from core.embedded.postgres import EmbeddedPostgres
from core.house import House, migrate_schema, open_house
from core.settings import Settings

DATABASE = "garagist"
RESULT_FILE = "demo.json"


def prepare_schema(postgres: EmbeddedPostgres, settings: Settings, *, fresh: bool) -> None:
    """Create the database and migrate it; `fresh` throws a half-filled one away first."""

    async def work() -> None:
        if fresh:
            await postgres.drop_database(DATABASE)
        await postgres.ensure_database(DATABASE)
        await migrate_schema(settings)

    asyncio.run(work())


def prepare_data(settings: Settings, folder: Path) -> None:
    """Fill the demo and write `demo.json`: its being there says that the filling succeeded."""
    shutil.rmtree(folder / "storage", ignore_errors=True)

    async def work() -> None:
        house = open_house(settings, pooled=False)
        try:
            facts = await fill_demo(house)
            await leave_out_last_night(house)
        finally:
            await house.close()
        _keep(facts, folder)

    asyncio.run(work())


def tell_addresses_anew(settings: Settings, folder: Path) -> None:
    """Write `demo.json` again with today's addresses: a demo may go on at another port."""
    facts = json.loads((folder / RESULT_FILE).read_text())
    for garage in facts["garages"]:
        garage["url"] = settings.public_url(garage["slug"])
    for host in ("support", "mail"):
        facts[host]["url"] = settings.public_url(host)
    _keep(facts, folder)


def _keep(facts: dict[str, Any], folder: Path) -> None:
    unfinished = folder / f"{RESULT_FILE}.part"
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(facts, indent=2, ensure_ascii=False))
    unfinished.rename(folder / RESULT_FILE)


async def leave_out_last_night(house: House) -> None:
    """The data is what a night's work left behind: it is not caught up on the first start, which
    would clean up the forgotten vehicles before anybody saw them."""
    async with Redis.from_url(house.settings.redis_url) as redis:
        for tenant_id in await house.directory.open_ids():
            tenant = await house.directory.by_id(tenant_id)
            if tenant is None:
                continue
            for _plugin, tasks in offered_tasks(house.hooks):
                for task in tasks:
                    slot = slot_of(task, tenant, now())
                    if slot is not None and task.hour_in(tenant) is not None:
                        key = Due(tenant_id, task.name, slot, 0).key
                        await redis.set(f"{key}:done", "1", ex=2 * DAY_SECONDS)
