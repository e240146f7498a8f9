"""A thousand arrivals at once: numbers without a gap, and none twice.

All thousand are under way before the first one begins its unit of work. The pool of connections
lets sixteen of them, as many as a process of production has, talk to the database at any moment;
the rest wait for a connection, as requests do, and those that have one for the register's row.
"""

import asyncio
import contextlib
from uuid import UUID

import pytest

from core.db.session import Database
from core.i18n import language_scope
from core.tenancy.context import tenant_scope
from plugins.vehicle_presence.services import record_arrival
from tests.factories import many_jobs
from tests.garages import STAFF, Garage
from tests.plugins.vehicle_presence.vat_book.reading import register, sound

MANY = 1000


class ChangedTheirMind(Exception):
    """The transaction is taken back after its number was given."""


async def test_a_thousand_arrivals_with_every_seventh_taken_back_are_numbered_without_a_gap(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with garage.unit() as session:
        job_ids = await many_jobs(session, MANY)
    # Where two cores are shared, the last one waits longer than a request would.
    monkeypatch.setattr(garage.house.database.app_engine.pool, "_timeout", 600.0)
    start = asyncio.Barrier(MANY)

    async def arrive(place: int, job_id: UUID) -> None:
        await start.wait()
        with contextlib.suppress(ChangedTheirMind):
            await arrive_in(garage.house.database, garage, job_id, fails=place % 7 == 0)

    await asyncio.gather(*(arrive(place, job_id) for place, job_id in enumerate(job_ids)))
    came = {job_id for place, job_id in enumerate(job_ids) if place % 7}
    rows = await register(garage)
    assert [row.number for row in rows] == list(range(1, len(came) + 1))
    assert {row.entry.job_id for row in rows} == came
    await sound(garage)


async def arrive_in(database: Database, garage: Garage, job_id: UUID, *, fails: bool) -> None:
    with tenant_scope(garage.tenant), language_scope("en"):
        async with database.unit_of_work(garage.tenant.id) as session:
            await record_arrival(session, job_id, STAFF)
            if fails:
                raise ChangedTheirMind
