"""When the garage is open, on the portal's first page."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from core.clock import frozen
from core.workshop.locations import repository as locations
from plugins.self_service_portal.opening import opening_of
from tests import factories
from tests.garages import Garage


@pytest.fixture(autouse=True)
def monday_before_christmas() -> Iterator[None]:
    """Monday 21 December 2026, a quarter past midnight in Antwerp."""
    with frozen(datetime(2026, 12, 20, 23, 15, tzinfo=UTC)):
        yield


async def test_days_with_the_same_hours_stand_together_and_today_stands_out(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        location = await locations.first(session)
        location.opening_hours = {**location.opening_hours, "6": [["09:00", "12:00"]]}
        await session.flush()
        week = (await opening_of(session)).week
    assert [(days.first.isoweekday(), days.last.isoweekday()) for days in week] == [
        (1, 5),
        (6, 6),
        (7, 7),
    ]
    assert [days.has_today for days in week] == [True, False, False]
    assert week[2].hours == ()


async def test_closures_and_holidays_are_told_but_not_their_reasons(garage: Garage) -> None:
    async with garage.unit() as session:
        await factories.a_closure(session, reason="No heating", first_day=date(2026, 12, 28))
        closed = (await opening_of(session)).closed
    assert [(days.first, days.last, days.holiday) for days in closed] == [
        (date(2026, 12, 25), date(2026, 12, 25), "Christmas Day"),
        (date(2026, 12, 28), date(2027, 1, 3), ""),
    ]


async def test_a_holiday_that_is_worked_is_an_ordinary_day(garage: Garage) -> None:
    async with garage.unit() as session:
        location = await locations.first(session)
        location.holidays_worked = ["2026-12-25"]
        await session.flush()
        closed = (await opening_of(session)).closed
    assert [days.first for days in closed] == [date(2027, 1, 1)]


async def test_the_first_page_says_it_in_the_readers_language(garage: Garage) -> None:
    page = await garage.browser().open("/nl")
    block = page.select_one(".opening")
    assert block is not None
    assert "maandag – vrijdag" in block.text
    assert "vrijdag 25 december (Kerstmis)" in block.text
    assert "2030 Antwerpen" in block.text
