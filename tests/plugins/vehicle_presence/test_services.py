"""The verbs of presence."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.errors import NotFound
from core.workshop.audit import repository as audit
from core.workshop.jobs import repository as jobs
from plugins.vehicle_presence import repository
from plugins.vehicle_presence.errors import (
    LeftBeforeArrival,
    LeftDuringOtherStay,
    LeftInFuture,
    TooLateToUndo,
    VehicleNotInside,
)
from plugins.vehicle_presence.models import Doubt, Stay
from plugins.vehicle_presence.services import (
    change_off_site_date,
    mark_many_off_site,
    mark_off_site,
    record_arrival,
    still_here,
    undo_arrival,
    undo_off_site,
)
from tests.factories import a_job, a_plate, a_stay, an_appointment, many_jobs
from tests.garages import STAFF, Garage
from tests.outside_plugins import polite
from tests.plugins.vehicle_presence.vat_book.reading import register, sound

WEEK = timedelta(days=7)


@pytest.fixture
async def job_id(garage: Garage) -> UUID:
    """A job whose vehicle never came."""
    async with garage.unit() as session:
        return (await a_job(session)).id


@pytest.fixture
async def inside(garage: Garage, job_id: UUID) -> UUID:
    """The stay of that job's vehicle, which arrived a week ago."""
    async with garage.unit() as session:
        return (await record_arrival(session, job_id, STAFF, at=now() - WEEK)).id


async def stays(garage: Garage, job_id: UUID) -> list[Stay]:
    async with garage.unit() as session:
        return await repository.stays_of(session, job_id)


async def kinds(session: AsyncSession, job_id: UUID) -> list[str]:
    return [event.kind for event in await jobs.events_of(session, job_id)]


async def at_once(
    garage: Garage, times: int, verb: Callable[[AsyncSession], Awaitable[Stay]]
) -> list[Stay | BaseException]:
    """The verb in several units of work, all begun before one ends."""

    async def run() -> Stay:
        async with garage.unit() as session:
            stay = await verb(session)
            await asyncio.sleep(0.05)
            return stay

    return await asyncio.gather(*(run() for _ in range(times)), return_exceptions=True)


async def test_an_arrival_is_noted_with_the_plate_of_the_job(garage: Garage, job_id: UUID) -> None:
    moment = now()
    with frozen(moment):
        async with garage.unit() as session:
            stay = await record_arrival(session, job_id, STAFF)
            job = await jobs.by_id(session, job_id)
            assert (await kinds(session, job_id))[0] == "vehicle_arrived"
            assert (await audit.newest(session))[0].action == "presence.arrived"
    assert (stay.arrived_at, stay.plate, stay.location_id) == (moment, job.plate, job.location_id)
    assert (stay.left_at, stay.closed_by) == (None, None)


async def test_two_arrivals_at_once_are_one_stay(garage: Garage, job_id: UUID) -> None:
    results = await at_once(garage, 8, lambda session: record_arrival(session, job_id, STAFF))
    (stay,) = await stays(garage, job_id)
    assert {getattr(result, "id", result) for result in results} == {stay.id}
    async with garage.unit() as session:
        assert (await kinds(session, job_id)).count("vehicle_arrived") == 1


async def test_an_appointment_never_says_that_the_vehicle_came(
    garage: Garage, job_id: UUID
) -> None:
    async with garage.unit() as session:
        await an_appointment(session, await jobs.by_id(session, job_id), "drop_off")
    assert await stays(garage, job_id) == []


async def test_an_unknown_job_does_not_arrive(garage: Garage) -> None:
    async with garage.unit() as session:
        with pytest.raises(NotFound):
            await record_arrival(session, uuid4(), STAFF)


async def test_the_clock_stamps_now_and_unchecks_vehicle_in(
    garage: Garage, job_id: UUID, inside: UUID
) -> None:
    moment = now()
    with frozen(moment):
        async with garage.unit() as session:
            stay = await mark_off_site(session, job_id, STAFF)
            assert await repository.open_stay(session, job_id) is None
            assert (await kinds(session, job_id))[0] == "vehicle_left"
    assert (stay.id, stay.left_at, stay.closed_by) == (inside, moment, "clock")
    assert (stay.left_noted_by, stay.left_noted_at) == (STAFF.name, moment)


async def test_the_clock_pressed_twice_at_once_is_one_departure(
    garage: Garage, job_id: UUID, inside: UUID
) -> None:
    results = await at_once(garage, 8, lambda session: mark_off_site(session, job_id, STAFF))
    assert {getattr(result, "left_at", result) for result in results} == {
        (await stays(garage, job_id))[0].left_at
    }
    async with garage.unit() as session:
        assert (await kinds(session, job_id)).count("vehicle_left") == 1
        actions = [entry.action for entry in await audit.newest(session)]
    assert actions.count("presence.left") == 1


async def test_a_vehicle_that_never_came_cannot_leave(garage: Garage, job_id: UUID) -> None:
    async with garage.unit() as session:
        with pytest.raises(VehicleNotInside):
            await mark_off_site(session, job_id, STAFF)


async def test_a_vehicle_that_left_long_ago_cannot_leave_again(
    garage: Garage, job_id: UUID, inside: UUID
) -> None:
    async with garage.unit() as session:
        await mark_off_site(session, job_id, STAFF)
    with frozen(now() + timedelta(minutes=31)):
        async with garage.unit() as session:
            with pytest.raises(VehicleNotInside):
                await mark_off_site(session, job_id, STAFF)


@pytest.mark.parametrize(
    ("from_now", "problem"),
    [
        (-WEEK - timedelta(seconds=1), LeftBeforeArrival),
        (timedelta(minutes=1, seconds=1), LeftInFuture),
        (timedelta(days=1), LeftInFuture),
    ],
)
@pytest.mark.parametrize("verb", ["mark", "change", "many"])
@pytest.mark.usefixtures("inside")
async def test_an_impossible_date_is_refused_and_nothing_is_changed(
    garage: Garage,
    job_id: UUID,
    from_now: timedelta,
    problem: type[Exception],
    verb: str,
) -> None:
    async def do(session: AsyncSession, at: datetime) -> None:
        if verb == "mark":
            await mark_off_site(session, job_id, STAFF, at=at)
        elif verb == "many":
            await mark_many_off_site(session, [job_id], at, STAFF)
        else:
            await change_off_site_date(session, job_id, at, STAFF)

    (stay,) = await stays(garage, job_id)
    moment = stay.arrived_at + WEEK
    with frozen(moment):
        async with garage.unit() as session:
            if verb == "change":
                await mark_off_site(session, job_id, STAFF)
        async with garage.unit() as session:
            with pytest.raises(problem):
                await do(session, moment + from_now)
    (after,) = await stays(garage, job_id)
    assert after.left_at == (moment if verb == "change" else None)


async def test_the_moment_of_arrival_is_a_possible_departure(
    garage: Garage, job_id: UUID, inside: UUID
) -> None:
    (stay,) = await stays(garage, job_id)
    async with garage.unit() as session:
        left = await mark_off_site(session, job_id, STAFF, at=stay.arrived_at)
    assert left.left_at == stay.arrived_at


async def test_the_clock_can_be_taken_back(garage: Garage, job_id: UUID, inside: UUID) -> None:
    async with garage.unit() as session:
        await mark_off_site(session, job_id, STAFF)
    moment = now() + timedelta(minutes=1)
    async with garage.unit() as session:
        with frozen(moment):
            for _ in range(2):
                stay = await undo_off_site(session, inside, job_id, STAFF)
        events = await kinds(session, job_id)
    assert (stay.left_at, stay.left_noted_by, stay.left_noted_at) == (None, None, None)
    assert (stay.closed_by, stay.evidence, stay.seen_at) == (None, {}, moment)
    assert events[0] == "off_site_undone"
    assert events.count("off_site_undone") == 1


async def test_after_half_an_hour_the_clock_stays_pressed(
    garage: Garage, job_id: UUID, inside: UUID
) -> None:
    moment = now()
    with frozen(moment):
        async with garage.unit() as session:
            await mark_off_site(session, job_id, STAFF)
    with frozen(moment + timedelta(minutes=30, seconds=1)):
        async with garage.unit() as session:
            with pytest.raises(TooLateToUndo):
                await undo_off_site(session, inside, job_id, STAFF)
    with frozen(moment + timedelta(minutes=30)):
        async with garage.unit() as session:
            await undo_off_site(session, inside, job_id, STAFF)


async def test_a_departure_before_the_vehicle_came_back_cannot_be_taken_back(
    garage: Garage, job_id: UUID, inside: UUID
) -> None:
    async with garage.unit() as session:
        await mark_off_site(session, job_id, STAFF)
        again = await record_arrival(session, job_id, STAFF)
        with pytest.raises(TooLateToUndo):
            await undo_off_site(session, inside, job_id, STAFF)
    assert again.id != inside
    assert len(await stays(garage, job_id)) == 2


async def test_an_arrival_by_mistake_never_was(garage: Garage, job_id: UUID) -> None:
    async with garage.unit() as session:
        stay = await record_arrival(session, job_id, STAFF)
        await undo_arrival(session, stay.id, job_id, STAFF)
        assert (await kinds(session, job_id))[0] == "arrival_undone"
    assert await stays(garage, job_id) == []


async def test_an_arrival_that_two_take_back_at_once_is_taken_back_once(
    garage: Garage, job_id: UUID
) -> None:
    async with garage.unit() as session:
        stay = await record_arrival(session, job_id, STAFF)

    async def take_back() -> None:
        async with garage.unit() as session:
            await undo_arrival(session, stay.id, job_id, STAFF)

    await asyncio.gather(take_back(), take_back())
    await take_back()
    async with garage.unit() as session:
        assert (await kinds(session, job_id)).count("arrival_undone") == 1
        again = await record_arrival(session, job_id, STAFF)
    await take_back()
    assert [each.id for each in await stays(garage, job_id)] == [again.id]
    assert [row.is_cancelled for row in await register(garage)] == [True, False]
    await sound(garage)


async def test_an_arrival_that_never_was_or_was_another_jobs_is_too_late_to_undo(
    garage: Garage, job_id: UUID
) -> None:
    async with garage.unit() as session:
        other = await a_job(session)
        stay = await record_arrival(session, other.id, STAFF)
        await undo_arrival(session, stay.id, other.id, STAFF)
    async with garage.unit() as session:
        for stay_id in (stay.id, uuid4()):
            with pytest.raises(TooLateToUndo):
                await undo_arrival(session, stay_id, job_id, STAFF)


async def test_an_arrival_of_yesterday_or_of_a_vehicle_that_left_is_kept(
    garage: Garage, job_id: UUID
) -> None:
    async with garage.unit() as session:
        stay = await record_arrival(session, job_id, STAFF)
        with frozen(now() + timedelta(minutes=31)), pytest.raises(TooLateToUndo):
            await undo_arrival(session, stay.id, job_id, STAFF)
        await mark_off_site(session, job_id, STAFF)
        with pytest.raises(TooLateToUndo):
            await undo_arrival(session, stay.id, job_id, STAFF)
    assert len(await stays(garage, job_id)) == 1


async def test_the_off_site_date_can_be_changed_and_the_log_holds_both(
    garage: Garage, job_id: UUID, inside: UUID
) -> None:
    async with garage.unit() as session:
        before = (await mark_off_site(session, job_id, STAFF)).left_at
        yesterday = now() - timedelta(days=1)
        stay = await change_off_site_date(session, job_id, yesterday, STAFF)
        await session.flush()
        entry = (await audit.newest(session))[0]
    assert before is not None
    assert (stay.left_at, stay.closed_by) == (yesterday, "correction")
    assert entry.details == {"before": before.isoformat(), "after": yesterday.isoformat()}


async def test_the_same_minute_once_more_is_no_change(
    garage: Garage, job_id: UUID, inside: UUID
) -> None:
    typed = (now() - timedelta(days=1)).replace(second=0, microsecond=0)
    async with garage.unit() as session:
        await mark_off_site(session, job_id, STAFF, at=typed + timedelta(seconds=37))
        for at in (typed, typed - timedelta(hours=1), typed - timedelta(hours=1)):
            await change_off_site_date(session, job_id, at, STAFF)
        entries = [each.action for each in await audit.newest(session)]
    assert entries.count("presence.date_changed") == 1
    assert [len(row.struck) for row in await register(garage)] == [1]


async def test_a_departure_cannot_be_moved_into_a_later_visit_of_the_vehicle(
    garage: Garage, job_id: UUID, inside: UUID
) -> None:
    hour = timedelta(hours=1)
    came_back = now() - 3 * hour
    async with garage.unit() as session:
        job, other = await jobs.by_id(session, job_id), await a_job(session, plate=a_plate())
        other.vehicle_id = job.vehicle_id
        await mark_off_site(session, job_id, STAFF, at=came_back - hour)
        await record_arrival(session, other.id, STAFF, at=came_back)
        await mark_off_site(session, other.id, STAFF, at=came_back + hour)
        with pytest.raises(LeftDuringOtherStay):
            await change_off_site_date(session, job_id, came_back + hour / 2, STAFF)
        stay = await change_off_site_date(session, job_id, came_back, STAFF)
    assert stay.left_at == came_back


async def test_of_a_jobs_stays_the_one_that_goes_on_counts_whichever_was_noted_last(
    garage: Garage, job_id: UUID, inside: UUID
) -> None:
    async with garage.unit() as session:
        job = await jobs.by_id(session, job_id)
        ended = now() - timedelta(days=3)
        await a_stay(session, job, ended, left_at=ended, left_noted_at=ended, closed_by="clock")
        assert (await mark_off_site(session, job_id, STAFF)).id == inside


async def test_a_vehicle_that_is_inside_has_no_date_to_change(
    garage: Garage, job_id: UUID, inside: UUID
) -> None:
    async with garage.unit() as session:
        with pytest.raises(NotFound):
            await change_off_site_date(session, job_id, now(), STAFF)


async def test_several_leave_with_one_date_and_those_gone_are_passed_over(
    garage: Garage, job_id: UUID, inside: UUID
) -> None:
    moment = now() - timedelta(hours=1)
    async with garage.unit() as session:
        others = await many_jobs(session, 3)
        for other in others[:2]:
            await a_stay(session, await jobs.by_id(session, other), now() - WEEK)
        await mark_off_site(session, others[1], STAFF)
        marked = await mark_many_off_site(session, [job_id, *others, job_id], moment, STAFF)
    assert len(marked) == 2
    async with garage.unit() as session:
        rows = list(await session.execute(select(Stay.closed_by, Stay.left_at)))
    assert [row for row in rows if row[0] == "bulk"] == [("bulk", moment)] * 2


async def test_one_impossible_date_among_several_marks_none(
    garage: Garage, job_id: UUID, inside: UUID
) -> None:
    async def mark() -> None:
        async with garage.unit() as session:
            (late,) = await many_jobs(session, 1)
            await record_arrival(session, late, STAFF)
            await mark_many_off_site(session, [job_id, late], now() - timedelta(days=1), STAFF)

    with pytest.raises(LeftBeforeArrival):
        await mark()
    assert (await stays(garage, job_id))[0].left_at is None


async def test_two_who_mark_the_same_ones_at_once_mark_each_once(garage: Garage) -> None:
    async with garage.unit() as session:
        job_ids = await many_jobs(session, 10)
        for job_id in job_ids:
            await a_stay(session, await jobs.by_id(session, job_id), now() - WEEK)

    async def mark(order: list[UUID]) -> int:
        async with garage.unit() as session:
            return len(await mark_many_off_site(session, order, now(), STAFF))

    marked = await asyncio.gather(mark(job_ids), mark(job_ids[::-1]), mark(job_ids))
    async with garage.unit() as session:
        entries = await audit.newest(session)
    assert sorted(marked) == [0, 0, 10]
    assert [entry.action for entry in entries].count("presence.left") == 10


async def test_still_here_is_noted_with_name_and_pause(
    garage: Garage, job_id: UUID, inside: UUID
) -> None:
    moment = now()
    async with garage.unit() as session:
        doubt = Doubt(stay_id=inside, reason="quiet")
        session.add(doubt)
        await session.flush()
        with frozen(moment):
            await still_here(session, doubt.id, STAFF)
        assert await repository.some_doubts(session) == 0
    assert (doubt.settled_at, doubt.settled_by) == (moment, STAFF.name)
    assert doubt.ask_again_at == moment + timedelta(days=30)
    assert (await stays(garage, job_id))[0].seen_at == moment


async def test_things_of_another_garage_do_not_exist(
    garage: Garage, other_garage: Garage, job_id: UUID, inside: UUID
) -> None:
    async with other_garage.unit() as session:
        for verb in (record_arrival, mark_off_site):
            with pytest.raises(NotFound):
                await verb(session, job_id, STAFF)
        for undo in (undo_arrival, undo_off_site):
            with pytest.raises(NotFound):
                await undo(session, inside, job_id, STAFF)
        assert len(await mark_many_off_site(session, [job_id], now(), STAFF)) == 0
        with pytest.raises(NotFound):
            await still_here(session, uuid4(), STAFF)
    assert (await stays(garage, job_id))[0].left_at is None


async def test_other_plugins_are_told_once_of_arrival_and_departure(
    garage: Garage, job_id: UUID
) -> None:
    await garage.switch("polite", on=True)
    async with garage.unit() as session:
        for _ in range(2):
            arrived = await record_arrival(session, job_id, STAFF)
        for _ in range(2):
            left = await mark_off_site(session, job_id, STAFF)
    told: list[tuple[str, Any]] = [
        (hook, arguments["at"])
        for hook, slug, arguments in polite.calls
        if slug == garage.slug and hook in {"vehicle_arrived", "vehicle_left"}
    ]
    assert told == [("vehicle_arrived", arrived.arrived_at), ("vehicle_left", left.left_at)]


async def test_the_database_itself_keeps_check_mark_and_date_together(
    garage: Garage, job_id: UUID, inside: UUID
) -> None:
    async with garage.unit() as session:
        open_ones = await session.scalar(
            select(func.count()).select_from(Stay).where(Stay.left_at.is_(None))
        )
        await mark_off_site(session, job_id, STAFF)
        closed = await session.scalar(
            select(func.count()).select_from(Stay).where(Stay.closed_by.is_not(None))
        )
    assert (open_ones, closed) == (1, 1)
