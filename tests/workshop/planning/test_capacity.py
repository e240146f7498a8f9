"""How many appointments a day holds, and what the desk does beyond it."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.workshop.audit import repository as audit
from core.workshop.audit.services import CUSTOMER
from core.workshop.locations import repository as locations
from core.workshop.locations.services import close_on
from core.workshop.planning import holds, repository
from core.workshop.planning.services import (
    ReasonNeeded,
    SlotAlreadyTaken,
    TimeIsPast,
    book,
    free_days,
    move,
)
from core.workshop.planning.slots import (
    AppointmentRules,
    Bookings,
    ClosedDays,
    OpeningHours,
    bounds,
    free_slots,
    holiday_names,
    places_on,
)
from core.workshop.planning.usage import usage_of
from tests.factories import a_job, a_plate, an_appointment, before_opening, many_jobs
from tests.factories import free_slots as offered
from tests.garages import STAFF, Garage

BRUSSELS = ZoneInfo("Europe/Brussels")
ALWAYS = OpeningHours({weekday: ((time(0), time(23)),) for weekday in range(1, 8)})
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


async def rule(session: AsyncSession, kind: str = "drop_off", **rules: Any) -> None:
    location = await locations.first(session)
    location.appointment_rules = {kind: rules}
    await session.flush()


async def days_of(session: AsyncSession, kind: str = "drop_off") -> list[date]:
    return [day.day for day in await free_days(session, await locations.first(session), kind)]


@given(
    change=st.sampled_from([SPRING, AUTUMN]),
    per_day=st.integers(1, 8),
    duration=st.sampled_from([15, 30, 60]),
    hours=st.lists(st.integers(0, 71), max_size=30),
)
def test_no_local_day_gets_more_than_it_may_over_both_changes_of_the_clock(
    change: date, per_day: int, duration: int, hours: list[int]
) -> None:
    rules = AppointmentRules(
        duration=timedelta(minutes=duration),
        step=timedelta(minutes=60),
        capacity=50,
        per_day=per_day,
        minimum_notice=timedelta(),
        horizon_days=3,
    )
    first = bounds(change - timedelta(days=1), BRUSSELS)[0]
    taken = [first + timedelta(hours=hour) for hour in hours]
    used = Counter(moment.astimezone(BRUSSELS).date() for moment in taken)
    days = free_slots(
        rules=rules,
        hours=ALWAYS,
        closed=ClosedDays(),
        bookings=Bookings.of((moment, moment + rules.duration) for moment in taken),
        zone=BRUSSELS,
        now=first,
    )
    all_days = {change + timedelta(days=offset) for offset in range(-1, 3)}
    assert {day.day for day in days} == {day for day in all_days if used[day] < per_day}


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2026, 6, 1), 24)])
def test_a_local_day_has_as_many_hours_as_the_clock_gives_it(day: date, hours: int) -> None:
    start, end = bounds(day, BRUSSELS)
    assert end - start == timedelta(hours=hours)


@settings(max_examples=40)
@given(
    duration=st.integers(5, 120),
    step=st.integers(5, 120),
    capacity=st.integers(1, 4),
    buffer=st.integers(0, 30),
)
def test_as_many_can_be_booked_as_the_day_is_said_to_hold(
    duration: int, step: int, capacity: int, buffer: int
) -> None:
    rules = AppointmentRules(
        duration=timedelta(minutes=duration),
        step=timedelta(minutes=step),
        capacity=capacity,
        buffer=timedelta(minutes=buffer),
        minimum_notice=timedelta(),
        horizon_days=0,
    )
    hours = OpeningHours({1: ((time(8), time(12)), (time(13), time(17)))})
    monday = date(2026, 9, 7)
    start = bounds(monday, BRUSSELS)[0]
    taken: list[tuple[datetime, datetime]] = []
    while days := free_slots(
        rules=rules,
        hours=hours,
        closed=ClosedDays(),
        bookings=Bookings.of(taken),
        zone=BRUSSELS,
        now=start,
    ):
        taken.append((days[0].slots[0].starts_at, days[0].slots[0].ends_at))
    assert len(taken) == places_on(monday, rules, hours, ClosedDays(), BRUSSELS)


async def test_a_day_that_has_its_six_drop_offs_is_not_offered(garage: Garage) -> None:
    async with garage.unit() as session:
        await rule(session, per_day=6)
        with frozen(await before_opening(session)):  # six in one day
            first, second, *_ = await days_of(session)
            for job_id, slot in zip(
                await many_jobs(session, 6), await offered(session, "drop_off"), strict=False
            ):
                await book(session, job_id, "drop_off", slot, CUSTOMER)
            assert (await days_of(session))[0] == second
            assert first in await days_of(session, "pick_up")


async def test_held_slots_fill_the_day_too_until_they_are_let_go(garage: Garage) -> None:
    async with garage.unit() as session:
        await rule(session, per_day=1)
        first, *_ = await days_of(session)
        slot = (await offered(session, "drop_off"))[0]
        location = await locations.first(session)
        await holds.hold(session, location, "drop_off", slot, owner="a", visitor="a")
        assert first not in await days_of(session)
        await holds.release(session, "drop_off", "a")
        assert first in await days_of(session)


async def test_moving_within_a_full_day_is_possible(garage: Garage) -> None:
    async with garage.unit() as session:
        await rule(session, per_day=1)
        slot, later, *_ = await offered(session, "drop_off")
        appointment, _ = await an_appointment(session, await a_job(session), "drop_off", at=slot)
        await move(session, appointment, later, STAFF)
    assert appointment.starts_at == later


async def test_the_owner_may_work_on_a_public_holiday(garage: Garage) -> None:
    today = now().astimezone(BRUSSELS).date()
    tomorrow = today + timedelta(days=1)  # on a holiday's evening none of its times is left
    names = holiday_names("BE", tomorrow, today + timedelta(days=400), "nl")
    holiday = next(day for day in names if day.weekday() < 5)
    async with garage.unit() as session:
        location = await locations.first(session)
        horizon = (holiday - today).days + 1
        await rule(session, "estimate", horizon_days=horizon, minimum_notice_hours=0)
        assert holiday not in await days_of(session, "estimate")
        location.holidays_worked = [holiday.isoformat()]
        assert holiday in await days_of(session, "estimate")


async def test_the_week_says_how_full_its_days_are(garage: Garage) -> None:
    async with garage.unit() as session:
        await rule(session, per_day=6)
        slot = (await offered(session, "drop_off"))[0]
        await an_appointment(session, await a_job(session), "drop_off", at=slot)
        location = await locations.first(session)
        day = slot.astimezone(BRUSSELS).date()
        usages = (await usage_of(session, location, day, 1))[day]
    found = {usage.kind: (usage.used, usage.places) for usage in usages}
    assert found == {"estimate": (0, 16), "drop_off": (1, 6), "pick_up": (0, 32)}


async def test_a_closed_day_has_no_places_but_shows_what_was_booked_before(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        appointment, _ = await an_appointment(session, await a_job(session))
        location = await locations.first(session)
        day = appointment.starts_at.astimezone(BRUSSELS).date()
        await close_on(session, location.id, day, day, "leave")
        usages = (await usage_of(session, location, day, 1))[day]
    assert [(usage.kind, usage.used, usage.places) for usage in usages] == [("estimate", 1, 0)]
    assert usages[0].is_overbooked


async def test_the_desk_books_beyond_capacity_with_a_reason_that_is_logged(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        taken, _ = await an_appointment(session, await a_job(session))
        job = await a_job(session, plate=a_plate())
        extra, _ = await book(
            session, job.id, "estimate", taken.starts_at, STAFF, overbooking=" an old friend "
        )
        entry = next(e for e in await audit.newest(session) if e.action == "appointment.overbooked")
    assert (extra.starts_at, extra.lane) == (taken.starts_at, 2)
    assert (extra.overbooking_reason, entry.reason) == ("an old friend", "an old friend")
    assert entry.actor_name == STAFF.name


async def test_without_a_reason_nothing_is_overbooked(garage: Garage) -> None:
    async with garage.unit() as session:
        taken, _ = await an_appointment(session, await a_job(session))
        job = await a_job(session, plate=a_plate())
        with pytest.raises(ReasonNeeded):
            await book(session, job.id, "estimate", taken.starts_at, STAFF, overbooking="  ")
        with pytest.raises(SlotAlreadyTaken):
            await book(session, job.id, "estimate", taken.starts_at, STAFF)


async def test_a_customer_never_overbooks(garage: Garage) -> None:
    async with garage.unit() as session:
        taken, _ = await an_appointment(session, await a_job(session))
        job = await a_job(session, plate=a_plate())
        with pytest.raises(SlotAlreadyTaken):
            await book(session, job.id, "estimate", taken.starts_at, CUSTOMER, overbooking="please")


async def test_a_time_that_is_offered_is_not_overbooked_whatever_the_reason(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        slot = (await offered(session))[0]
        job = await a_job(session)
        booked, _ = await book(session, job.id, "estimate", slot, STAFF, overbooking="no need")
    assert booked.overbooking_reason is None


async def test_nobody_is_booked_into_the_past(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        with pytest.raises(TimeIsPast):
            await book(
                session,
                job.id,
                "estimate",
                now().astimezone(UTC) - timedelta(hours=1),
                STAFF,
                overbooking="yesterday's car",
            )


async def test_an_overbooked_appointment_moves_into_the_offer_only(garage: Garage) -> None:
    async with garage.unit() as session:
        first, second, third, *_ = await offered(session)
        await an_appointment(session, await a_job(session), at=first)
        await an_appointment(session, await a_job(session, plate=a_plate()), at=second)
        job = await a_job(session, plate=a_plate())
        extra, _ = await book(session, job.id, "estimate", first, STAFF, overbooking="urgent")
        with pytest.raises(SlotAlreadyTaken):
            async with session.begin_nested():
                await move(session, extra, second, STAFF)
        await session.refresh(extra)
        await move(session, extra, third, STAFF)
    assert (extra.starts_at, extra.overbooking_reason) == (third, None)


async def test_where_more_is_booked_than_is_read_at_once_nothing_taken_is_offered(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with garage.unit() as session:
        before = await offered(session)
        taken = [before[0], before[1], before[len(before) // 2], before[-1]]
        for slot in taken:
            await an_appointment(session, await a_job(session, plate=a_plate()), at=slot)
        monkeypatch.setattr(repository, "MANY", 3)
        after = await offered(session)
        late = await a_job(session, plate=a_plate())
        with pytest.raises(SlotAlreadyTaken):
            await book(session, late.id, "estimate", taken[-1], CUSTOMER)
    assert after
    assert not set(after) & set(taken)
    assert after == [slot for slot in before if slot in after]
