"""Rows outlive the switch, the garage and their time: nothing short of an administrator of the
database removes one."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.clock import frozen
from plugins.vehicle_presence.vat_book.countries import BELGIUM
from plugins.vehicle_presence.vat_book.tasks import tend
from tenants import repository
from tenants.lifecycle import close_garage, reopen_garage
from tests.garages import SUPPORT, Garage
from tests.plugins.vehicle_presence.vat_book.reading import a_departure, lines, register, sound

DAY = datetime(2026, 2, 3, 9, tzinfo=UTC)


async def test_rows_outlive_a_closed_garage_until_the_end_of_their_time_and_beyond(
    garage: Garage,
) -> None:
    house = garage.house
    await a_departure(garage, arrived=DAY, plate="1-ABC-123")
    before = [line.hash for line in await lines(garage)]
    await close_garage(house.database, house.directory, garage.slug, SUPPORT, reason="retired")
    with pytest.raises(DBAPIError):
        async with house.database.platform_unit_of_work() as session:
            await repository.delete_garage(session, garage.tenant.id)
    last_day = BELGIUM.kept_until(DAY.date())
    assert last_day == date(2036, 12, 31)
    for moment in (
        datetime.combine(last_day, DAY.timetz()),
        datetime.combine(last_day + timedelta(days=2), DAY.timetz()),
    ):
        with frozen(moment):
            assert [line.hash for line in await lines(garage)] == before
            with pytest.raises(DBAPIError, match="permission denied"):
                async with garage.unit() as session:
                    await session.execute(text("delete from vehicle_presence_vat_lines"))
    await reopen_garage(house.database, house.directory, garage.slug, SUPPORT, reason="inspection")
    assert [row.vehicle for row in await register(garage)] == ["1-ABC-123"]
    await sound(garage)


async def test_a_night_years_later_removes_nothing(garage: Garage) -> None:
    await a_departure(garage, arrived=DAY)
    before = [line.hash for line in await lines(garage)]
    with frozen(datetime(2037, 1, 2, 4, tzinfo=UTC)):
        async with garage.unit() as session:
            await tend(session)
    assert [line.hash for line in await lines(garage)] == before


async def test_the_page_says_until_when_rows_are_kept(garage: Garage) -> None:
    await a_departure(garage, arrived=DAY)
    page = await (await garage.staff("owner")).open("/desk/vat-book?month=2026-02")
    assert "these rows are kept until 31 Dec 2036 at least" in page.get_text()
