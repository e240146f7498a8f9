"""A unit of work: all of it, or nothing."""

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from core.app import create_app
from core.db.scope import tenant_id_in_scope
from core.db.session import Database, after_commit, async_url
from core.errors import ChangedAtOnce, GaveWay, UnitOfWorkNotYours
from core.house import House, open_house
from core.worker import open_doors
from core.workshop.customers.models import Customer
from tests.garages import Garage
from tests.security.routes import litestar_of
from tests.worlds import as_it_was


class Broken(Exception):
    """What goes wrong inside."""


async def count(garage: Garage) -> int | None:
    async with garage.unit() as session:
        return await session.scalar(select(func.count()).select_from(Customer))


async def test_what_was_done_is_stored_at_the_end(garage: Garage) -> None:
    async with garage.unit() as session:
        session.add(Customer(name="Ann", language="nl"))
        await session.flush()
        assert await count(garage) == 0
    assert await count(garage) == 1


async def test_what_fails_leaves_nothing_behind(garage: Garage) -> None:
    ran: list[str] = []

    async def begin_and_fail() -> None:
        async with garage.unit() as session:
            session.add(Customer(name="Ann", language="nl"))
            await session.flush()
            after_commit(session, lambda: ran.append("after"))
            raise Broken

    with pytest.raises(Broken):
        await begin_and_fail()
    assert (await count(garage), ran) == (0, [])


async def test_what_waits_for_the_commit_sees_what_was_stored(garage: Garage) -> None:
    seen: list[int | None] = []

    async def look() -> None:
        seen.append(await count(garage))

    async with garage.unit() as session:
        session.add(Customer(name="Ann", language="nl"))
        after_commit(session, look)
        after_commit(session, lambda: seen.append(None))
        assert seen == []
    assert seen == [1, None]


async def test_what_fails_after_the_commit_stops_nothing(garage: Garage) -> None:
    ran: list[str] = []

    def fail() -> None:
        raise Broken

    async with garage.unit() as session:
        session.add(Customer(name="Ann", language="nl"))
        after_commit(session, fail)
        after_commit(session, lambda: ran.append("second"))
    assert (await count(garage), ran) == (1, ["second"])


@pytest.mark.parametrize("verb", ["commit", "rollback"])
async def test_nobody_ends_a_unit_of_work_but_who_began_it(garage: Garage, verb: str) -> None:
    async with garage.unit() as session:
        session.add(Customer(name="Ann", language="nl"))
        with pytest.raises(UnitOfWorkNotYours):
            await getattr(session, verb)()
    assert await count(garage) == 1


async def test_who_gives_way_goes_on_before_the_savepoint_or_not_at_all(garage: Garage) -> None:
    gives_way = text("do $$ begin raise exception 'gave way' using errcode = '40P01'; end $$")
    async with garage.unit() as session:
        session.add(Customer(name="Ann", language="nl"))
        with pytest.raises(ChangedAtOnce):
            async with session.begin_nested():
                await session.execute(gives_way)
    assert await count(garage) == 1
    with pytest.raises(GaveWay):
        async with garage.unit() as session:
            await session.execute(gives_way)


async def test_the_scope_ends_with_the_unit_of_work(house: House, garage: Garage) -> None:
    async with house.database.unit_of_work(garage.tenant.id):
        assert tenant_id_in_scope.get() == garage.tenant.id
    assert tenant_id_in_scope.get() is None


@pytest.mark.parametrize(
    ("typed", "used"),
    [
        ("postgresql://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql+asyncpg://u@h/d", "postgresql+asyncpg://u@h/d"),
    ],
)
def test_addresses_are_taken_as_people_write_them(typed: str, used: str) -> None:
    assert async_url(typed) == used


async def limits_of(database: Database) -> list[tuple[str, str]]:
    """How long a statement, and an idle transaction, may take: at both doors."""
    found = []
    try:
        for engine in (database.app_engine, database.platform_engine):
            async with engine.connect() as connection:
                found += [
                    str((await connection.execute(text(f"show {name}"))).scalar_one())
                    for name in ("statement_timeout", "idle_in_transaction_session_timeout")
                ]
    finally:
        await database.dispose()
    return list(zip(found[::2], found[1::2], strict=True))


async def test_postgresql_breaks_off_what_takes_too_long(house: House, garage: Garage) -> None:
    settings = house.settings
    database = Database(
        settings.database_url, settings.platform_database_url, pooled=False, statement_seconds=1
    )
    with pytest.raises(DBAPIError, match="statement timeout"):
        async with database.unit_of_work(garage.tenant.id) as session:
            await session.execute(text("select pg_sleep(20)"))
    assert await limits_of(database) == [("1s", "2s")] * 2


async def test_pages_are_less_patient_than_the_worker_and_a_command_waits_for_ever(
    house: House,
) -> None:
    with as_it_was():
        web = litestar_of(create_app(house.settings)).state.resources
        worker = open_doors(house.settings)
        command = open_house(house.settings, pooled=False)
    try:
        assert await limits_of(web.database) == [("30s", "1min")] * 2
        assert await limits_of(worker.resources.database) == [("5min", "10min")] * 2
        assert await limits_of(command.database) == [("0", "0")] * 2
    finally:
        await web.limiter.close()
        await web.extras["signs_of_life"].aclose()
        await worker.redis.aclose()
        await command.close()
