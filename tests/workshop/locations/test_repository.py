"""Looking up where the garage is and when it is closed."""

from datetime import date, timedelta

from core.workshop.locations import repository, services
from tests import factories
from tests.garages import Garage
from tests.statements import counted

FIRST, LAST = date(2030, 3, 1), date(2030, 3, 31)


async def test_the_first_location_comes_with_its_closures_in_those_days(garage: Garage) -> None:
    async with garage.unit() as session:
        for day in (
            FIRST - timedelta(days=7),
            FIRST - timedelta(days=6),
            LAST,
            LAST + timedelta(1),
        ):
            await factories.a_closure(session, first_day=day)
        second = await services.create_location(session, name="Second")
        await services.close_on(session, second.id, FIRST, LAST, "elsewhere")
        with counted(garage.house) as sent:
            location, closures = await repository.first_with_closures(session, FIRST, LAST)
    assert location.position == 1
    assert [closure.first_day for closure in closures] == [FIRST - timedelta(days=6), LAST]
    assert len(sent) == 1


async def test_without_closures_the_location_comes_alone(
    garage: Garage, other_garage: Garage
) -> None:
    async with other_garage.unit() as session:
        await factories.a_closure(session, first_day=FIRST)
    async with garage.unit() as session:
        _location, closures = await repository.first_with_closures(session, FIRST, LAST)
    assert closures == []
