"""Prepared statements past the session: the same locks, one message."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import bindparam, func, select, text

from core.db.reading import GARAGE, Prepared
from core.embedded.postgres import ADMIN
from core.errors import UnscopedQuery
from core.workshop.jobs.models import Job
from tests.factories import a_job, a_plate
from tests.garages import Garage
from tests.servers import DATABASE, Servers

JOBS = Prepared(select(Job.id, Job.plate).where(Job.tenant_id == GARAGE).order_by(Job.id).limit(50))
ONE_JOB = Prepared(
    select(Job.plate).where(Job.tenant_id == GARAGE, Job.id == bindparam("job")).limit(1)
)
CARELESS = Prepared(select(Job.plate).where(GARAGE.is_not(None)).order_by(Job.id).limit(50))
"""Whoever wrote it did not compare its rows' garage: row level security still does."""
SLOW = Prepared(select(Job.id, func.pg_sleep(5)).where(Job.tenant_id == GARAGE).limit(1))
FAULTY = Prepared(
    select((1 / (Job.sequence_number - Job.sequence_number)).label("all"))
    .where(Job.tenant_id == GARAGE)
    .limit(1)
)


async def jobs_in(garage: Garage, count: int) -> list[str]:
    """So many jobs; their plates in the order in which they were opened."""
    plates = [a_plate() for _ in range(count)]
    async with garage.unit() as session:
        for plate in plates:
            await a_job(session, plate=plate)
    return plates


async def test_a_reading_finds_the_rows_of_its_garage_in_order(
    garage: Garage, other_garage: Garage
) -> None:
    plates = await jobs_in(garage, 5)
    await jobs_in(other_garage, 2)
    found = await garage.house.database.reading(garage.tenant.id).rows(JOBS)
    assert [row["plate"] for row in found] == plates


async def test_a_row_of_another_garage_is_not_there(garage: Garage, other_garage: Garage) -> None:
    await jobs_in(garage, 1)
    [job] = await garage.house.database.reading(garage.tenant.id).rows(JOBS)
    reading = other_garage.house.database.reading(other_garage.tenant.id)
    assert await reading.row(ONE_JOB, job=job["id"]) is None


def test_a_statement_that_forgets_the_garage_is_refused() -> None:
    with pytest.raises(UnscopedQuery):
        Prepared(select(Job.plate).order_by(Job.id).limit(50))


async def test_row_level_security_holds_where_only_a_part_names_the_garage(
    garage: Garage, other_garage: Garage
) -> None:
    plates = await jobs_in(garage, 2)
    await jobs_in(other_garage, 2)
    found = await garage.house.database.reading(garage.tenant.id).rows(CARELESS)
    assert {row["plate"] for row in found} <= set(plates)


async def test_the_garage_cannot_be_given_as_a_value(garage: Garage, other_garage: Garage) -> None:
    plates = await jobs_in(garage, 1)
    await jobs_in(other_garage, 1)
    reading = garage.house.database.reading(garage.tenant.id)
    found = await reading.rows(JOBS, tenant=other_garage.tenant.id)
    assert [row["plate"] for row in found] == plates


async def test_no_garage_stays_set_on_the_connection(garage: Garage) -> None:
    await jobs_in(garage, 1)
    database = garage.house.database
    await database.reading(garage.tenant.id).rows(JOBS)
    async with database.app_engine.connect() as connection:
        setting = await connection.scalar(text("select current_setting('app.tenant', true)"))
        jobs = await connection.scalar(select(func.count()).select_from(Job))
    assert (setting or "", jobs) == ("", 0)


async def test_after_a_restart_of_the_server_readings_go_on(
    garage: Garage, servers: Servers
) -> None:
    plates = await jobs_in(garage, 1)
    reading = garage.house.database.reading(garage.tenant.id)
    await asyncio.gather(*(reading.rows(JOBS) for _ in range(3)))
    admin = await asyncpg.connect(servers.postgres.url(ADMIN, DATABASE))
    await admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'garagist_app'"
    )
    await admin.close()
    await asyncio.sleep(0.2)
    found = await reading.rows(JOBS)
    assert [row["plate"] for row in found] == plates


async def test_a_reading_that_is_called_off_spoils_no_connection(garage: Garage) -> None:
    await jobs_in(garage, 1)
    reading = garage.house.database.reading(garage.tenant.id)
    for _ in range(20):
        task = asyncio.create_task(reading.rows(SLOW))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert len(await reading.rows(JOBS)) == 1


async def test_an_error_in_a_statement_is_raised_and_forgotten(garage: Garage) -> None:
    await jobs_in(garage, 1)
    reading = garage.house.database.reading(garage.tenant.id)
    with pytest.raises(asyncpg.PostgresError):
        await reading.rows(FAULTY)
    assert len(await reading.rows(JOBS)) == 1
