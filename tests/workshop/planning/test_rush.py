"""A thousand people who want the same slot at the same moment."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from core.clock import frozen
from core.workshop.audit.services import CUSTOMER
from core.workshop.locations import repository as locations
from core.workshop.planning.models import Appointment
from core.workshop.planning.services import SlotAlreadyTaken, book
from tests.factories import before_opening, first_slot, free_slots, many_jobs
from tests.garages import Garage

PEOPLE = 1000
AT_ONCE = 40


async def all_at_once(
    people: Sequence[UUID], click: Callable[[UUID], Awaitable[object]]
) -> list[object]:
    """What each click brought, an appointment or an error."""
    places = asyncio.Semaphore(AT_ONCE)

    async def wait_and_click(job_id: UUID) -> object:
        async with places:
            return await click(job_id)

    return await asyncio.gather(*map(wait_and_click, people), return_exceptions=True)


def booking(garage: Garage, kind: str, slot: datetime) -> Callable[[UUID], Awaitable[object]]:
    async def click(job_id: UUID) -> object:
        async with garage.unit() as session:
            appointment, _ = await book(session, job_id, kind, slot, CUSTOMER)
            return appointment

    return click


async def test_one_slot_wanted_by_a_thousand_is_sold_once(garage: Garage) -> None:
    async with garage.unit() as session:
        people, slot = await many_jobs(session, PEOPLE), await first_slot(session)
    results = await all_at_once(people, booking(garage, "estimate", slot))
    async with garage.unit() as session:
        stored = await session.scalar(select(func.count()).select_from(Appointment))
        offered = await free_slots(session)
    assert Counter(type(result) for result in results) == {
        Appointment: 1,
        SlotAlreadyTaken: PEOPLE - 1,
    }
    assert stored == 1
    refusals = [result for result in results if isinstance(result, SlotAlreadyTaken)]
    assert {tuple(s.starts_at for s in each.alternatives) for each in refusals} == {
        tuple(offered[:3])
    }


async def test_two_places_wanted_by_a_hundred_are_sold_twice(garage: Garage) -> None:
    async with garage.unit() as session:
        people, slot = await many_jobs(session, 100), await first_slot(session, "drop_off")
    results = await all_at_once(people, booking(garage, "drop_off", slot))
    lanes = sorted(result.lane for result in results if isinstance(result, Appointment))
    assert lanes == [1, 2]
    assert sum(isinstance(result, SlotAlreadyTaken) for result in results) == 98


async def test_times_that_only_the_buffer_keeps_apart_are_not_sold_side_by_side(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        early = await before_opening(session)
        (await locations.first(session)).appointment_rules = {"estimate": {"buffer_minutes": 15}}
        people = await many_jobs(session, 20)
    with frozen(early):
        async with garage.unit() as session:
            first, second, *_ = await free_slots(session)
    wanted = dict(zip(people, [first, second] * 10, strict=True))

    async def click(job_id: UUID) -> object:
        return await booking(garage, "estimate", wanted[job_id])(job_id)

    with frozen(early):
        results = await all_at_once(people, click)
    assert second - first == timedelta(minutes=30)
    assert sum(isinstance(result, Appointment) for result in results) == 1
    assert sum(isinstance(result, SlotAlreadyTaken) for result in results) == 19
