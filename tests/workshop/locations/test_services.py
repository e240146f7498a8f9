"""Places of business."""

from datetime import date

import pytest

from core.errors import NotFound, Refused
from core.workshop.locations import repository
from core.workshop.locations.services import (
    DEFAULT_OPENING_HOURS,
    change_hours,
    close_on,
    create_location,
)
from tests.garages import Garage


async def test_a_new_garage_has_a_location_with_the_usual_hours(garage: Garage) -> None:
    async with garage.unit() as session:
        location = await repository.first(session)
    assert location.opening_hours == DEFAULT_OPENING_HOURS
    assert location.city == "Antwerpen"


async def test_a_second_location_stands_behind_the_first(garage: Garage) -> None:
    async with garage.unit() as session:
        second = await create_location(session, name="Mechelen")
        everywhere = await repository.everywhere(session)
    assert [location.id for location in everywhere][-1] == second.id
    assert second.position == 2


@pytest.mark.parametrize(
    "pairs",
    [
        [["12:00", "08:00"]],
        [["08:00", "08:00"]],
        [["08:00", "12:00"], ["11:00", "17:00"]],
        [["13:00", "17:00"], ["08:00", "12:00"]],
    ],
)
async def test_hours_that_overlap_or_end_before_they_begin_are_refused(
    garage: Garage, pairs: list[list[str]]
) -> None:
    async with garage.unit() as session:
        location = await repository.first(session)
        with pytest.raises(Refused):
            change_hours(location, {"1": pairs})
    assert location.opening_hours == DEFAULT_OPENING_HOURS


async def test_hours_are_stored(garage: Garage) -> None:
    async with garage.unit() as session:
        change_hours(await repository.first(session), {"6": [["09:00", "12:30"]]})
    async with garage.unit() as session:
        stored = (await repository.first(session)).opening_hours
    assert stored == {"6": [["09:00", "12:30"]]}


async def test_closures_are_listed_until_their_last_day(garage: Garage) -> None:
    async with garage.unit() as session:
        location = await repository.first(session)
        closure = await close_on(
            session, location.id, date(2030, 7, 1), date(2030, 7, 14), " Annual leave "
        )
        listed = await repository.closures_from(session, location.id, date(2030, 7, 14))
        over = await repository.closures_from(session, location.id, date(2030, 7, 15))
    assert ([each.id for each in listed], over) == ([closure.id], [])
    assert closure.reason == "Annual leave"


async def test_a_closure_whose_days_are_in_the_wrong_order_is_refused(garage: Garage) -> None:
    async with garage.unit() as session:
        location = await repository.first(session)
        with pytest.raises(Refused, match="last day"):
            await close_on(session, location.id, date(2030, 7, 2), date(2030, 7, 1), "")


async def test_a_location_of_another_garage_is_not_found(
    garage: Garage, other_garage: Garage
) -> None:
    async with other_garage.unit() as session:
        foreign = (await repository.first(session)).id
    async with garage.unit() as session:
        with pytest.raises(NotFound):
            await repository.by_id(session, foreign)
