"""The three locks between garages, together and each alone."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import aliased

from core.db.scope import scoped_tenant_id
from core.db.session import TenantSession
from core.errors import UnscopedQuery
from core.house import House
from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Counter, Job
from core.workshop.vehicles.models import Vehicle
from tests.factories import a_job, a_plate
from tests.garages import Garage

JOBS = Job.__table__


@pytest.fixture
async def foreign(other_garage: Garage) -> Job:
    """A job of another garage."""
    async with other_garage.unit() as session:
        return await a_job(session, plate=a_plate())


@pytest.fixture
async def own(garage: Garage) -> Job:
    """A job of this garage."""
    async with garage.unit() as session:
        return await a_job(session, plate=a_plate())


async def ids(session: AsyncSession, statement: Any) -> set[UUID]:
    return set(await session.scalars(statement))


@pytest.mark.parametrize(
    "statement",
    [
        select(Job.id),
        select(Job.id).where(Job.plate != ""),
        select(JOBS.c.id),
        select(JOBS.alias().c.id),
        select(aliased(Job).id),
        text("select id from jobs"),
        text("select id from jobs union all select id from jobs"),
        text("with all_jobs as (select * from jobs) select id from all_jobs"),
        select(Job.id).from_statement(text("select id from jobs")),
    ],
    ids=[
        "orm",
        "orm-where",
        "core",
        "core-alias",
        "orm-alias",
        "text",
        "union",
        "cte",
        "from-text",
    ],
)
async def test_no_statement_sees_another_garages_rows(
    garage: Garage, own: Job, foreign: Job, statement: Any
) -> None:
    async with garage.unit() as session:
        assert await ids(session, statement) == {own.id}


async def test_nothing_is_found_by_the_key_of_another_garages_row(
    garage: Garage, foreign: Job
) -> None:
    async with garage.unit() as session:
        assert await session.get(Job, (foreign.tenant_id, foreign.id)) is None
        assert await session.get(Job, (garage.tenant.id, foreign.id)) is None


@pytest.mark.parametrize(
    "statement",
    [
        update(Job).values(damage="touched"),
        update(JOBS).values(damage="touched"),
        text("update jobs set damage = 'touched'"),
        delete(Customer),
        delete(Job),
        text("delete from jobs"),
    ],
    ids=["orm-update", "core-update", "text-update", "orm-delete", "job-delete", "text-delete"],
)
async def test_no_statement_touches_another_garages_rows(
    garage: Garage, other_garage: Garage, foreign: Job, statement: Any
) -> None:
    async with garage.unit() as session:
        await session.execute(statement)
    async with other_garage.unit() as session:
        job = await session.scalar(select(Job).where(Job.id == foreign.id))
    assert job is not None
    assert job.damage == foreign.damage


@pytest.mark.parametrize("way", ["core", "text", "moved"])
async def test_nothing_can_be_written_into_another_garage(
    garage: Garage, other_garage: Garage, own: Job, way: str
) -> None:
    there = other_garage.tenant.id
    statement = {
        "core": insert(Customer).values(tenant_id=there, name="x", language="en"),
        "text": text(
            "insert into customers (tenant_id, name, language) values (:there, 'x', 'en')"
        ),
        "moved": text("update counters set tenant_id = :there"),
    }[way]
    async with garage.unit() as session:
        with pytest.raises(ProgrammingError, match="row-level security"):
            async with session.begin_nested():
                await session.execute(statement, {} if way == "core" else {"there": there})


async def test_an_object_of_another_garage_is_refused_before_sql(
    garage: Garage, other_garage: Garage
) -> None:
    async with garage.unit() as session:
        stray = Customer(tenant_id=other_garage.tenant.id, name="x", language="en")
        session.add(stray)
        with pytest.raises(UnscopedQuery):
            await session.flush()
        session.expunge(stray)


@pytest.mark.parametrize("column", ["customer_id", "vehicle_id", "flow_id", "location_id"])
async def test_nothing_can_point_into_another_garage(
    garage: Garage, own: Job, foreign: Job, column: str
) -> None:
    async with garage.unit() as session:
        with pytest.raises(IntegrityError, match="foreign key"):
            async with session.begin_nested():
                await session.execute(
                    update(JOBS)
                    .where(JOBS.c.id == own.id)
                    .values({column: getattr(foreign, column)})
                )


async def test_truncate_which_no_policy_holds_back_is_not_granted(garage: Garage) -> None:
    async with garage.unit() as session:
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with session.begin_nested():
                await session.execute(text("truncate job_events"))


async def test_the_second_lock_holds_where_the_first_does_not(
    garage: Garage, own: Job, foreign: Job, superuser: AsyncEngine
) -> None:
    session = AsyncSession(
        superuser, sync_session_class=TenantSession, info={"tenant_id": garage.tenant.id}
    )
    async with session:
        everything = await ids(session, text("select id from jobs"))
        assert {own.id, foreign.id} <= everything
        assert await ids(session, select(Job.id)) == {own.id}
        assert await ids(session, select(aliased(Job).id)) == {own.id}
        joined = select(Job.id).join(Vehicle, Vehicle.id == Job.vehicle_id)
        assert await ids(session, joined) == {own.id}
        assert await session.get(Job, (foreign.tenant_id, foreign.id)) is None


async def test_the_third_lock_holds_where_the_others_do_not(
    own: Job, foreign: Job, superuser: AsyncEngine
) -> None:
    async with superuser.connect() as connection:
        with pytest.raises(IntegrityError, match="foreign key"):
            await connection.execute(
                update(JOBS).where(JOBS.c.id == own.id).values(vehicle_id=foreign.vehicle_id)
            )


async def test_the_same_plate_vin_and_address_may_exist_in_two_garages(
    garage: Garage, other_garage: Garage
) -> None:
    for each in (garage, other_garage):
        await each.add_staff("planner", "same@example.test")
        async with each.unit() as session:
            await a_job(session, plate="1-ABC-123", vehicle={"vin": "WVWZZZ1JZ3W386752"})
    async with garage.unit() as session:
        assert await session.scalar(select(func.count()).select_from(Vehicle)) == 1


async def test_a_session_without_a_garage_is_an_error(house: House) -> None:
    session = AsyncSession(house.database.app_engine, sync_session_class=TenantSession)
    async with session:
        with pytest.raises(UnscopedQuery):
            await session.execute(text("select 1"))
        with pytest.raises(UnscopedQuery):
            await session.connection()


async def test_a_connection_without_a_garage_sees_nothing(house: House, own: Job) -> None:
    async with house.database.app_engine.connect() as connection:
        assert await connection.scalar(text("select count(*) from jobs")) == 0
        assert await connection.scalar(text("select count(*) from staff_members")) == 0


async def test_a_used_connection_forgets_the_garage_it_worked_for(
    house: House, garage: Garage, own: Job
) -> None:
    for _ in range(20):
        async with garage.unit() as session:
            assert await session.scalar(select(func.count()).select_from(Job)) == 1
        async with house.database.app_engine.connect() as connection:
            setting = await connection.scalar(text("select current_setting('app.tenant', true)"))
            assert await connection.scalar(text("select count(*) from jobs")) == 0
        assert not setting


async def test_without_a_garage_no_row_can_be_made() -> None:
    with pytest.raises(UnscopedQuery):
        scoped_tenant_id()


async def test_a_garage_that_does_not_exist_is_empty(house: House, own: Job) -> None:
    async with house.database.unit_of_work(uuid4()) as session:
        assert await session.scalar(select(func.count()).select_from(Job)) == 0


async def test_a_savepoint_that_is_taken_back_keeps_the_garage(
    garage: Garage, own: Job, foreign: Job
) -> None:
    async with garage.unit() as session:
        with pytest.raises(DBAPIError):
            async with session.begin_nested():
                await session.execute(text("select 1 / 0"))
        async with session.begin_nested():
            assert await ids(session, text("select id from jobs")) == {own.id}
        assert await ids(session, text("select id from jobs")) == {own.id}


async def test_garages_that_work_at_once_are_not_mixed_up(
    garage: Garage, other_garage: Garage
) -> None:
    async def count(each: Garage, number: int) -> None:
        async with each.unit() as session:
            session.add(Counter(name=f"c{number}"))
            await asyncio.sleep(0)
            await session.flush()
            owners = await session.scalars(text("select distinct tenant_id from counters"))
            assert list(owners) == [each.tenant.id]

    await asyncio.gather(
        *(count(each, number) for number in range(12) for each in (garage, other_garage))
    )
    for each in (garage, other_garage):
        async with each.unit() as session:
            assert await session.scalar(select(func.count()).select_from(Counter)) == 12


async def test_the_application_cannot_read_who_else_is_a_customer(garage: Garage) -> None:
    async with garage.unit() as session:
        for table in ("tenants", "plugin_activations", "support_members", "tenant_domains"):
            with pytest.raises(ProgrammingError, match="permission denied"):
                async with session.begin_nested():
                    await session.execute(text(f"select * from {table}"))  # noqa: S608


@pytest.mark.parametrize("table", ["jobs", "customers", "photos", "staff_members"])
async def test_the_platform_cannot_read_what_is_a_garages(house: House, table: str) -> None:
    async with house.database.platform_engine.connect() as connection:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await connection.execute(text(f"select id from {table}"))  # noqa: S608


async def test_the_platform_cannot_read_what_mails_say(house: House) -> None:
    async with house.database.platform_engine.connect() as connection:
        await connection.execute(text("select tenant_id, due_at from outbox limit 1"))
        with pytest.raises(ProgrammingError, match="permission denied"):
            await connection.execute(text("select payload from outbox"))
