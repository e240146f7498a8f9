"""What arrivals and departures write into the VAT book."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job
from core.workshop.jobs.services import set_status
from core.workshop.locations import repository as locations
from core.workshop.locations.models import Location
from core.workshop.locations.services import create_location
from plugins.vehicle_presence.cleanup.exits import take_back_night
from plugins.vehicle_presence.cleanup.models import CleanupRun
from plugins.vehicle_presence.services import (
    change_off_site_date,
    mark_many_off_site,
    mark_off_site,
    record_arrival,
    undo_arrival,
    undo_off_site,
)
from plugins.vehicle_presence.vat_book import repository
from plugins.vehicle_presence.vat_book.models import ENTRY, EXIT
from plugins.vehicle_presence.vat_book.register import Draft
from plugins.vehicle_presence.vat_book.services import (
    ARRIVAL_UNDONE,
    EXIT_CHANGED,
    EXIT_UNDONE,
    open_books,
)
from plugins.vehicle_presence.vat_book.settling import (
    Settlement,
    settle,
    take_back_settlement,
)
from plugins.vehicle_presence.vat_book.writing import (
    PART,
    TAKEN_OVER,
    due_of,
    try_to_write,
    write,
)
from tests.factories import a_job, a_plate, a_stay, an_appointment, many_jobs
from tests.garages import STAFF, Garage, Outbox
from tests.plugins.vehicle_presence.vat_book.reading import checked, dues, lines, register, sound
from tests.statements import counted
from tests.sweeping import NOW, let_act, many_forgotten, night

WEEK = timedelta(days=7)


async def test_an_arrival_gets_the_next_number_with_the_day_the_plate_and_the_vat_number(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        job = await a_job(session, plate="1abc123", vehicle={"vin": "VF1AAAAAA00000001"})
        customer = await session.get_one(Customer, (job.tenant_id, job.customer_id))
        customer.vat_number = "BE0403019261"
        with frozen(datetime(2026, 10, 31, 23, 30, tzinfo=UTC)):
            await record_arrival(session, job.id, STAFF)
    (row,) = await register(garage)
    assert (row.number, row.entry.day) == (1, date(2026, 11, 1))
    assert (row.vehicle, row.entry.vin) == ("1-ABC-123", "VF1AAAAAA00000001")
    assert row.entry.vat_number == "BE0403019261"
    assert row.exit is None
    await sound(garage)


async def test_an_appointment_enters_nothing(garage: Garage) -> None:
    async with garage.unit() as session:
        await an_appointment(session, await a_job(session), "drop_off")
    assert await register(garage) == []


async def test_two_visits_of_one_vehicle_are_two_rows(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        for _ in range(2):
            await record_arrival(session, job.id, STAFF)
            await mark_off_site(session, job.id, STAFF)
    assert [row.number for row in await register(garage)] == [1, 2]


async def test_pressing_twice_is_one_row(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        await record_arrival(session, job.id, STAFF)
        await record_arrival(session, job.id, STAFF)
        await mark_off_site(session, job.id, STAFF)
        await mark_off_site(session, job.id, STAFF)
    assert [line.kind for line in await lines(garage)] == ["entry", "exit"]


async def test_a_departure_waits_for_the_invoice_until_the_end_of_the_next_month(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        with frozen(datetime(2027, 1, 31, 9, 0, tzinfo=UTC)):
            await record_arrival(session, job.id, STAFF)
            await mark_off_site(session, job.id, STAFF)
    (row,) = await register(garage)
    assert row.waits
    assert [(due.number, due.due_on) for due in await dues(garage)] == [(1, date(2027, 2, 28))]


async def test_an_arrival_that_is_undone_leaves_a_struck_row_and_no_gap(garage: Garage) -> None:
    async with garage.unit() as session:
        first, second = [await a_job(session, plate=a_plate()) for _ in range(2)]
        stay = await record_arrival(session, first.id, STAFF)
        await undo_arrival(session, stay.id, first.id, STAFF)
        await record_arrival(session, second.id, STAFF)
    struck, row = await register(garage)
    assert (struck.number, struck.is_cancelled, row.number) == (1, True, 2)
    assert (struck.struck[0].by.reason, struck.struck[0].by.actor) == (ARRIVAL_UNDONE, STAFF.name)
    await sound(garage)


async def test_a_departure_that_is_undone_is_struck_and_waits_for_nothing(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        await record_arrival(session, job.id, STAFF)
        stay = await mark_off_site(session, job.id, STAFF)
        await undo_off_site(session, stay.id, job.id, STAFF)
    (row,) = await register(garage)
    assert row.exit is None
    assert row.struck[0].by.reason == EXIT_UNDONE
    assert await dues(garage) == []


async def test_another_date_strikes_the_first_and_moves_the_deadline(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        with frozen(datetime(2026, 9, 1, 9, tzinfo=UTC)):
            await record_arrival(session, job.id, STAFF)
        with frozen(datetime(2026, 11, 2, 9, tzinfo=UTC)):
            await mark_off_site(session, job.id, STAFF)
            await change_off_site_date(
                session, job.id, datetime(2026, 10, 30, 16, tzinfo=UTC), STAFF
            )
    (row,) = await register(garage)
    assert row.exit is not None
    assert (row.exit.day, row.struck[0].line.day) == (date(2026, 10, 30), date(2026, 11, 2))
    assert row.struck[0].by.reason == EXIT_CHANGED
    assert [due.due_on for due in await dues(garage)] == [date(2026, 11, 30)]
    await sound(garage)


@pytest.mark.usefixtures("acting")
async def test_the_clean_up_writes_its_exit_with_the_evidence(garage: Garage) -> None:
    with frozen(now() - 2 * WEEK):
        async with garage.unit() as session:
            job = await a_job(session)
            await record_arrival(session, job.id, STAFF)
            await set_status(session, job.id, "delivered", STAFF)
    await night(garage, now())
    (row,) = await register(garage)
    assert row.exit is not None
    assert (row.exit.actor_kind, row.exit.evidence["status"]) == ("system", "delivered")
    await sound(garage)


@pytest.mark.usefixtures("acting")
async def test_a_night_that_is_taken_back_strikes_its_exits(garage: Garage) -> None:
    await many_forgotten(garage, 12)
    await night(garage)
    assert [row.exit is not None for row in await register(garage)] == [True] * 12
    assert len(await dues(garage)) == 12
    with frozen(NOW + timedelta(hours=1)):
        async with garage.unit() as session:
            run = (await session.scalars(select(CleanupRun))).one()
            assert await take_back_night(session, run, STAFF) == (12, 0)
    rows = await register(garage)
    assert [(row.exit, row.struck[0].by.reason) for row in rows] == [(None, EXIT_UNDONE)] * 12
    assert await dues(garage) == []
    await sound(garage)


async def test_a_night_costs_the_register_the_same_for_two_and_for_forty(
    garage: Garage, other_garage: Garage
) -> None:
    costs = []
    for place, many in ((garage, 2), (other_garage, 40)):
        await let_act(place)
        await many_forgotten(place, many)
        with counted(place.house) as sent:
            await night(place)
        costs.append(len([statement for statement in sent if "_vat_" in statement]))
    assert costs[0] == costs[1]


async def test_many_departures_cost_what_one_costs(garage: Garage, other_garage: Garage) -> None:
    sent = [
        await _statements_of_departures(garage, 1),
        await _statements_of_departures(other_garage, 30),
    ]
    assert sent[0] == sent[1] <= 3
    assert [row.number for row in await register(other_garage)] == list(range(1, 31))
    assert len(await dues(other_garage)) == 30
    await sound(other_garage)


async def _statements_of_departures(garage: Garage, many: int) -> int:
    async with garage.unit() as session:
        job_ids = await many_jobs(session, many)
        for job_id in job_ids:
            await record_arrival(session, job_id, STAFF)
    async with garage.unit() as session:
        with counted(garage.house) as sent:
            assert len(await mark_many_off_site(session, job_ids, now(), STAFF)) == many
    return len([statement for statement in sent if "_vat_" in statement])


async def test_vehicles_that_came_before_the_book_are_entered_when_it_opens(
    garage: Garage,
) -> None:
    arrived = now() - WEEK
    async with garage.unit() as session:
        place = await create_location(session, name="Without a book")
        early, late, gone, new = [await _job_at(session, place) for _ in range(4)]
        await a_stay(session, late, arrived + timedelta(days=2))
        await a_stay(session, early, arrived)
        await a_stay(session, gone, arrived, left_at=now(), closed_by="clock")
        await record_arrival(session, new.id, STAFF)
    rows = await register(garage, place.id)
    assert [row.entry.job_id for row in rows] == [early.id, late.id, new.id]
    assert rows[0].entry.day == arrived.astimezone(garage.tenant.zone).date()
    assert [row.entry.words for row in rows] == [TAKEN_OVER, TAKEN_OVER, None]


async def test_a_departure_that_opens_the_book_is_entered_in_the_order_of_arrivals(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        place = await create_location(session, name="Without a book")
        leaving, staying = [await _job_at(session, place) for _ in range(2)]
        await a_stay(session, leaving, now() - WEEK)
        await a_stay(session, staying, now() - timedelta(days=1))
        await mark_off_site(session, leaving.id, STAFF)
    rows = await register(garage, place.id)
    assert [(row.entry.job_id, row.exit is None) for row in rows] == [
        (leaving.id, False),
        (staying.id, True),
    ]


async def _job_at(session: AsyncSession, location: Location) -> Job:
    job = await a_job(session, plate=a_plate())
    job.location_id = location.id
    await session.flush()
    return job


async def test_a_book_that_opens_on_a_full_site_enters_a_part_and_the_outbox_the_rest(
    garage: Garage, outbox: Outbox
) -> None:
    many = 2 * PART + 20
    async with garage.unit() as session:
        place = await create_location(session, name="Full")
        job_ids = await many_jobs(session, many + 1)
        await session.execute(update(Job).values(location_id=place.id))
        for hours, job_id in enumerate(job_ids[:many]):
            job = await session.get_one(Job, (garage.tenant.id, job_id))
            await a_stay(session, job, now() - WEEK - timedelta(hours=hours))
    async with garage.unit() as session:
        await record_arrival(session, job_ids[many], STAFF)
    first = await register(garage, place.id)
    assert [row.entry.words for row in first] == [TAKEN_OVER] * PART + [None]
    while await outbox.empty(garage):
        pass
    rows = await register(garage, place.id)
    assert [row.number for row in rows] == list(range(1, many + 2))
    assert [row.entry.job_id for row in rows] == [
        *reversed(job_ids[many - PART : many]),
        job_ids[many],
        *reversed(job_ids[: many - PART]),
    ]
    assert (await checked(garage, place.id)).is_sound


async def test_a_departure_of_many_opens_the_book_with_them_in_their_order(garage: Garage) -> None:
    async with garage.unit() as session:
        place = await create_location(session, name="Without a book")
        jobs = [await _job_at(session, place) for _ in range(4)]
        for days, job in enumerate(jobs):
            await a_stay(session, job, now() - WEEK + timedelta(days=days))
        await mark_many_off_site(session, [jobs[1].id, jobs[3].id], now(), STAFF)
    rows = await register(garage, place.id)
    assert [(row.entry.job_id, row.exit is not None) for row in rows] == [
        (job.id, bool(place % 2)) for place, job in enumerate(jobs)
    ]
    assert (await checked(garage, place.id)).is_sound


async def test_whoever_arrives_waits_for_no_register_that_misses_nothing(garage: Garage) -> None:
    async with garage.unit() as session:
        await record_arrival(session, (await a_job(session, plate=a_plate())).id, STAFF)
    async with garage.unit() as session:
        with counted(garage.house) as sent:
            assert await open_books(session) is False
    assert [text for text in sent if "_vat_" in text]
    assert not [text for text in sent if "FOR UPDATE" in text.upper()]


async def test_what_was_missed_is_entered_a_part_at_a_time_and_once_by_two_at_a_time(
    garage: Garage,
) -> None:
    await many_forgotten(garage, PART + 5, at=now())

    async def part() -> bool:
        async with garage.unit() as session:
            return await open_books(session)

    assert await part() is True
    assert len(await register(garage)) == PART
    assert await asyncio.gather(part(), part()) == [False, False]
    assert [row.number for row in await register(garage)] == list(range(1, PART + 6))
    await sound(garage)


async def test_an_invoice_that_was_noted_before_the_exit_leaves_nothing_to_wait_for(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        jobs = [await a_job(session, plate=a_plate()) for _ in range(3)]
        for job in jobs:
            await record_arrival(session, job.id, STAFF)
    known, wrong, _unknown = await register(garage)
    async with garage.unit() as session:
        for row in (known, wrong):
            await settle(session, row.row_id, Settlement("2026/117"), STAFF)
        await take_back_settlement(session, wrong.row_id, STAFF)
        await mark_many_off_site(session, [job.id for job in jobs], now(), STAFF)
    assert [due.number for due in await dues(garage)] == [2, 3]


async def test_lines_for_a_register_that_moved_on_meanwhile_are_not_stored(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        place = (await locations.first(session)).id
        before = await repository.open_book(session, place, lock=False)
        assert before is not None
        async with garage.unit() as other:
            await record_arrival(other, (await a_job(other, plate=a_plate())).id, STAFF)
        today = now().date()
        drafts = [Draft(ENTRY, day=today, plate="1-ABC-123"), Draft(EXIT, 1, day=today)]
        due = due_of(before, 1, today)
        assert await try_to_write(session, before, drafts, STAFF, [due]) is False
        fresh = await repository.open_book(session, place, lock=False)
        assert fresh is not None
        assert await try_to_write(session, fresh, drafts, STAFF, [due]) is True
        with pytest.raises(RuntimeError, match="must be locked"):
            await write(session, before, drafts, STAFF)
    assert [row.number for row in await register(garage)] == [1, 2]
    assert len(await dues(garage)) == 1
    await sound(garage)


async def test_lines_about_a_month_that_was_closed_meanwhile_are_not_stored(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        place = (await locations.first(session)).id
        before = await repository.open_book(session, place, lock=False)
        assert before is not None
        async with garage.unit() as other:
            closed = await repository.open_book(other, place)
            assert closed is not None
            closed.closed_until = now().date()
            await repository.move_head(other, closed)
        draft = Draft(ENTRY, day=now().date(), plate="1-ABC-123")
        assert await try_to_write(session, before, [draft], STAFF) is False
        again = await repository.open_book(session, place)
        assert again is not None
        await write(session, again, [draft], STAFF)
    (row,) = await register(garage)
    assert row.entry.is_late


@pytest.mark.usefixtures("acting")
async def test_arrivals_in_the_middle_of_a_clean_up_leave_a_sound_book(garage: Garage) -> None:
    await many_forgotten(garage, 250, at=now())
    async with garage.unit() as session:
        coming = await many_jobs(session, 60)

    async def arrive(job_id: UUID) -> None:
        async with garage.unit() as session:
            await record_arrival(session, job_id, STAFF)

    async def arrivals() -> None:
        for job_id in coming:
            await arrive(job_id)

    await asyncio.gather(night(garage, now()), arrivals(), arrivals())
    rows = await register(garage)
    assert [row.number for row in rows] == list(range(1, 311))
    assert sum(row.exit is not None for row in rows) == len(await dues(garage)) == 250
    await sound(garage)


async def test_what_another_release_noted_is_entered_later(garage: Garage) -> None:
    async with garage.unit() as session:
        job, left = [await a_job(session, plate=a_plate()) for _ in range(2)]
        await a_stay(session, job, now() - WEEK)
        await a_stay(session, left, now() - WEEK)
        await mark_off_site(session, left.id, STAFF)
        await open_books(session)
    assert [(row.entry.job_id, row.exit is None) for row in await register(garage)] == [
        (left.id, False),
        (job.id, True),
    ]


async def test_each_location_counts_for_itself(garage: Garage) -> None:
    async with garage.unit() as session:
        second = await create_location(session, name="Second", country="NL")
        here = await a_job(session, plate=a_plate())
        there = await _job_at(session, second)
        await record_arrival(session, here.id, STAFF)
        await record_arrival(session, there.id, STAFF)
    assert [row.number for row in await register(garage)] == [1]
    assert [row.number for row in await register(garage, second.id)] == [1]


async def test_switched_off_and_on_again_the_numbers_go_on(garage: Garage) -> None:
    async with garage.unit() as session:
        await record_arrival(session, (await a_job(session, plate=a_plate())).id, STAFF)
    await garage.switch("vehicle_presence", on=False)
    await garage.switch("vehicle_presence", on=True)
    async with garage.unit() as session:
        await record_arrival(session, (await a_job(session, plate=a_plate())).id, STAFF)
    assert [row.number for row in await register(garage)] == [1, 2]
    await sound(garage)
