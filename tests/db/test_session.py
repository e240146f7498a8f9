"""A unit of work: all of it, or nothing."""

import pytest
from sqlalchemy import func, select

from core.db.scope import tenant_id_in_scope
from core.db.session import after_commit, async_url
from core.errors import UnitOfWorkNotYours
from core.house import House
from core.workshop.customers.models import Customer
from tests.garages import Garage


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
