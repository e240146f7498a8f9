"""Vehicles marked one after the other, as a plain loop over the product's verb does it.

    python -m bench.by_hand <garage> <vehicles>

Each in a unit of work of its own, all over one pool of connections, with the garage looked up once.
Writes how many seconds that took; what it takes to start is not in it.
"""

import asyncio
import sys
import time

import asyncpg

from core.house import House, open_house
from core.settings import load_settings
from core.tenancy.context import tenant_scope
from core.workshop.audit.services import Actor
from plugins.vehicle_presence.services import mark_off_site

WARM_UP = 10
"""Vehicles before the clock runs: the first ones compile statements and open connections."""
_FORGOTTEN = """
    select s.job_id from vehicle_presence_stays s
    join jobs j on j.tenant_id = s.tenant_id and j.id = s.job_id
    where s.tenant_id = $1 and s.left_at is null and j.status in ('delivered', 'invoiced')
    order by s.arrived_at limit $2
"""


async def mark(house: House, slug: str, many: int, admin_url: str) -> float:
    """Seconds for that many."""
    found = await house.directory.by_slug(slug)
    if found is None:
        raise SystemExit(f"there is no garage {slug}")
    admin = await asyncpg.connect(admin_url)
    try:
        rows = await admin.fetch(_FORGOTTEN, found.id, WARM_UP + many)
    finally:
        await admin.close()
    actor, began = Actor("staff", "Robin Planner"), 0.0
    with tenant_scope(found):
        for place, row in enumerate(rows):
            if place == WARM_UP:
                began = time.perf_counter()
            async with house.database.unit_of_work(found.id) as session:
                await mark_off_site(session, row["job_id"], actor)
    return time.perf_counter() - began


async def _main(slug: str, many: int, admin_url: str) -> float:
    house = open_house(load_settings())
    try:
        return await mark(house, slug, many, admin_url)
    finally:
        await house.close()


if __name__ == "__main__":
    sys.stdout.write(str(asyncio.run(_main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))))
