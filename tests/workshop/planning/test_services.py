"""The verbs of appointments."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.errors import NotFound
from core.workshop.audit import repository as audit
from core.workshop.audit.services import CUSTOMER
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.services import set_status
from core.workshop.locations import repository as locations
from core.workshop.locations.services import close_on
from core.workshop.planning import repository
from core.workshop.planning.links import link_hash
from core.workshop.planning.models import Appointment
from core.workshop.planning.rules import DEFAULT_RULES, rules_for
from core.workshop.planning.services import (
    NotBooked,
    SlotAlreadyTaken,
    TooLateToCancel,
    book,
    can_be_changed,
    cancel,
    free_days,
    move,
)
from tests.factories import (
    a_job,
    a_plate,
    an_appointment,
    before_opening,
    first_slot,
    free_slots,
    many_jobs,
)
from tests.garages import STAFF, Garage
from tests.outside_plugins import polite


async def set_rules(session: AsyncSession, kind: str = "estimate", **rules: Any) -> None:
    (await locations.first(session)).appointment_rules = {kind: rules}
    await session.flush()


async def booked(session: AsyncSession, job_id: UUID) -> list[datetime]:
    found = await repository.of_job(session, job_id)
    return [each.starts_at for each in found if each.status == "booked"]


async def test_a_booked_slot_is_offered_no_longer(garage: Garage) -> None:
    async with garage.unit() as session:
        appointment, _ = await an_appointment(session, await a_job(session))
        offered = await free_slots(session)
    assert appointment.starts_at not in offered
    assert appointment.ends_at - appointment.starts_at == DEFAULT_RULES["estimate"].duration


async def test_a_slot_sold_once_is_not_sold_again(garage: Garage) -> None:
    async with garage.unit() as session:
        appointment, _ = await an_appointment(session, await a_job(session))
        job = await a_job(session, plate=a_plate())
        with pytest.raises(SlotAlreadyTaken) as refused:
            await book(session, job.id, "estimate", appointment.starts_at, CUSTOMER)
        offered = await free_slots(session)
    assert [slot.starts_at for slot in refused.value.alternatives] == offered[:3]
    assert refused.value.field == "slot"


async def test_a_slot_with_two_places_is_sold_twice(garage: Garage) -> None:
    async with garage.unit() as session:
        slot = await first_slot(session, "drop_off")
        made = [
            await book(session, job_id, "drop_off", slot, STAFF)
            for job_id in await many_jobs(session, 2)
        ]
        (third,) = await many_jobs(session, 1)
        with pytest.raises(SlotAlreadyTaken):
            await book(session, third, "drop_off", slot, STAFF)
    assert [appointment.lane for appointment, _ in made] == [1, 2]


@pytest.mark.parametrize("hours", [-24, 1, 24 * 400])
async def test_a_time_that_is_not_offered_cannot_be_booked(garage: Garage, hours: int) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        with pytest.raises(SlotAlreadyTaken):
            await book(session, job.id, "estimate", now() + timedelta(hours=hours), STAFF)
        assert await booked(session, job.id) == []


async def test_a_time_a_minute_beside_a_slot_cannot_be_booked(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        beside = await first_slot(session) + timedelta(minutes=1)
        with pytest.raises(SlotAlreadyTaken):
            await book(session, job.id, "estimate", beside, STAFF)


async def test_a_double_click_is_one_appointment(garage: Garage) -> None:
    async with garage.unit() as session:
        job_id, slot = (await a_job(session)).id, await first_slot(session)

    async def click() -> UUID:
        async with garage.unit() as session:
            appointment, _ = await book(session, job_id, "estimate", slot, CUSTOMER)
            return appointment.id

    ids = await asyncio.gather(*(click() for _ in range(5)))
    async with garage.unit() as session:
        assert await booked(session, job_id) == [slot]
    assert len(set(ids)) == 1


async def test_an_unknown_job_books_nothing(garage: Garage) -> None:
    async with garage.unit() as session:
        with pytest.raises(NotFound):
            await book(session, uuid4(), "estimate", await first_slot(session), STAFF)


async def test_only_the_hash_of_the_personal_link_is_stored(garage: Garage) -> None:
    async with garage.unit() as session:
        appointment, secret = await an_appointment(session, await a_job(session))
        found = await repository.by_link(session, link_hash(secret))
    assert found is appointment
    assert secret not in str(vars(appointment))
    assert len(secret) >= 32


async def test_moving_frees_the_old_slot(garage: Garage) -> None:
    async with garage.unit() as session:
        first, *_, last = await free_slots(session)
        appointment, secret = await an_appointment(session, await a_job(session), at=first)
        await move(session, appointment, last, STAFF)
        offered = await free_slots(session)
        event = (await jobs.events_of(session, appointment.job_id))[0]
    assert (first in offered, last in offered, appointment.starts_at) == (True, False, last)
    assert appointment.link_hash == link_hash(secret)
    assert event.details["before"] == first.isoformat()
    assert event.details["starts_at"] == last.isoformat()


async def test_moving_to_a_taken_slot_changes_nothing(garage: Garage) -> None:
    async with garage.unit() as session:
        first, second, *_ = await free_slots(session)
        await an_appointment(session, await a_job(session), at=first)
        mine, _ = await an_appointment(session, await a_job(session, plate=a_plate()), at=second)
    with pytest.raises(SlotAlreadyTaken):
        async with garage.unit() as session:
            await move(session, await repository.by_id(session, mine.id), first, STAFF)
    async with garage.unit() as session:
        stored = await repository.by_id(session, mine.id)
    assert (stored.starts_at, stored.sequence) == (second, 0)


async def test_moving_twice_to_the_same_time_is_moving_once(garage: Garage) -> None:
    async with garage.unit() as session:
        first, second, *_ = await free_slots(session)
        appointment, _ = await an_appointment(session, await a_job(session), at=first)
        for _ in range(2):
            await move(session, appointment, second, STAFF)
        kinds = [event.kind for event in await jobs.events_of(session, appointment.job_id)]
    assert appointment.sequence == 1
    assert kinds.count("appointment_moved") == 1


async def test_a_second_click_is_no_error_though_the_new_time_is_near(garage: Garage) -> None:
    async with garage.unit() as session:
        first, *_, last = await free_slots(session)
        appointment, _ = await an_appointment(session, await a_job(session), at=last)
        for _ in range(2):
            await move(session, appointment, first, CUSTOMER)
    assert (appointment.starts_at, appointment.sequence) == (first, 1)


async def test_an_appointment_is_not_in_its_own_way(garage: Garage) -> None:
    async with garage.unit() as session:
        early = await before_opening(session)
    with frozen(early):
        async with garage.unit() as session:
            await set_rules(session, duration_minutes=60, step_minutes=15, buffer_minutes=15)
            first, second, *_ = await free_slots(session)
            appointment, _ = await an_appointment(session, await a_job(session), at=first)
            await move(session, appointment, second, STAFF)
            location = await locations.first(session)
            days = await free_days(session, location, "estimate", moving=appointment)
    assert (second - first, appointment.lane) == (timedelta(minutes=15), 1)
    offered = [slot.starts_at for day in days for slot in day.slots]
    assert offered[0] == first
    assert second not in offered


async def test_cancelling_frees_the_slot_and_is_logged_once(garage: Garage) -> None:
    async with garage.unit() as session:
        appointment, _ = await an_appointment(session, await a_job(session))
        for _ in range(2):
            await cancel(session, appointment, STAFF, reason="ill")
        entries = await audit.newest(session)
        assert appointment.starts_at in await free_slots(session)
    assert (appointment.status, appointment.sequence) == ("cancelled", 1)
    assert [(e.action, e.reason) for e in entries if e.action == "appointment.cancelled"] == [
        ("appointment.cancelled", "ill")
    ]


async def test_a_cancelled_slot_can_be_booked_by_the_same_job_again(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        first, _ = await an_appointment(session, job)
        await cancel(session, first, STAFF)
        second, _ = await book(session, job.id, "estimate", first.starts_at, STAFF)
    assert second.id != first.id


@pytest.mark.parametrize("verb", ["cancel", "move"])
async def test_too_late_is_too_late_for_customers_but_not_for_staff(
    garage: Garage, verb: str
) -> None:
    async with garage.unit() as session:
        *_, other, last = await free_slots(session)
        appointment, _ = await an_appointment(session, await a_job(session), at=last)

        async def do(actor: Any) -> None:
            if verb == "cancel":
                await cancel(session, appointment, actor)
            else:
                await move(session, appointment, other, actor)

        with frozen(last - timedelta(hours=47, minutes=59)):
            with pytest.raises(TooLateToCancel):
                await do(CUSTOMER)
            assert appointment.status == "booked"
            other = (await free_slots(session))[-1]
            await do(STAFF)
    assert appointment.sequence == 1


async def test_a_customer_may_cancel_up_to_the_notice_of_the_garage(garage: Garage) -> None:
    async with garage.unit() as session:
        await set_rules(session, cancellation_notice_hours=24)
        location = await locations.first(session)
        appointment, _ = await an_appointment(
            session, await a_job(session), at=(await free_slots(session))[-1]
        )
        with frozen(appointment.starts_at - timedelta(hours=24, seconds=-1)):
            assert not can_be_changed(location, appointment)
        with frozen(appointment.starts_at - timedelta(hours=24)):
            await cancel(session, appointment, CUSTOMER)
    assert appointment.status == "cancelled"


async def test_nobody_moves_what_is_cancelled(garage: Garage) -> None:
    async with garage.unit() as session:
        appointment, _ = await an_appointment(session, await a_job(session))
        await cancel(session, appointment, STAFF)
        with pytest.raises(NotBooked):
            await move(session, appointment, (await free_slots(session))[5], STAFF)


@pytest.mark.parametrize(("minutes", "changeable"), [(29, True), (31, False)])
async def test_what_was_just_booked_may_be_corrected_however_near_it_is(
    garage: Garage, minutes: int, changeable: bool
) -> None:
    async with garage.unit() as session:
        location = await locations.first(session)
        appointment, _ = await an_appointment(session, await a_job(session))
    with frozen(appointment.created_at + timedelta(minutes=minutes)):
        assert can_be_changed(location, appointment) == changeable


async def test_with_a_job_its_appointments_ahead_are_cancelled_and_their_times_free(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        estimate, _ = await an_appointment(session, job)
        drop_off, _ = await an_appointment(session, job, "drop_off")
        await set_status(session, job.id, "cancelled", STAFF)
        assert [estimate.status, drop_off.status] == ["cancelled", "cancelled"]
        assert estimate.starts_at in await free_slots(session)
        assert drop_off.cancelled_by == "staff"


async def test_the_garages_own_rules_win_and_defaults_fill_up(garage: Garage) -> None:
    async with garage.unit() as session:
        await set_rules(session, duration_minutes=45, capacity=3)
        location = await locations.first(session)
    rules = rules_for(location, "estimate")
    assert (rules.duration, rules.capacity) == (timedelta(minutes=45), 3)
    assert rules.horizon_days == DEFAULT_RULES["estimate"].horizon_days
    assert rules_for(location, "pick_up") == DEFAULT_RULES["pick_up"]


async def test_nothing_is_offered_on_holidays_or_while_the_garage_is_closed(
    garage: Garage,
) -> None:
    national_day = date(2027, 7, 21)
    with frozen(datetime(2027, 7, 19, 4, tzinfo=UTC)):
        async with garage.unit() as session:
            location = await locations.first(session)
            await close_on(session, location.id, date(2027, 7, 20), date(2027, 7, 20), "bridge")
            days = [day.day for day in await free_days(session, location, "estimate")]
    assert days[:2] == [date(2027, 7, 19), date(2027, 7, 22)]
    assert national_day not in days


async def test_slots_are_taken_on_the_clock_of_the_location(garage: Garage) -> None:
    async with garage.unit() as session:
        location = await locations.first(session)
        location.timezone = "America/New_York"
        days = await free_days(session, location, "estimate")
    starts = {slot.starts_at.astimezone(UTC).time() for day in days for slot in day.slots}
    assert time(7) not in starts


async def test_kinds_do_not_take_each_others_slots(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        appointment, _ = await an_appointment(session, job, at=(await free_slots(session))[-1])
        assert appointment.starts_at in await free_slots(session, "pick_up")


async def test_behind_the_lock_stands_a_constraint(garage: Garage) -> None:
    async with garage.unit() as session:
        appointment, _ = await an_appointment(session, await a_job(session))
        twin = text(
            "insert into appointments (tenant_id, location_id, job_id, kind, starts_at, ends_at,"
            " lane) select tenant_id, location_id, job_id, kind, starts_at + interval '1 minute',"
            " ends_at, lane from appointments where id = :id"
        )
        with pytest.raises(IntegrityError, match="ex_appointments_lane"):
            async with session.begin_nested():
                await session.execute(twin, {"id": appointment.id})


async def test_the_agenda_shows_booked_ones_of_those_days_with_their_customers(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        first, second, *_ = await free_slots(session)
        shown, _ = await an_appointment(session, await a_job(session, name="Ann"), at=first)
        gone, _ = await an_appointment(session, await a_job(session, name="Ben"), at=second)
        await cancel(session, gone, STAFF)
        rows = await repository.agenda(session, first, first + timedelta(days=1))
        later = await repository.agenda(
            session, first + timedelta(seconds=1), first + timedelta(days=1)
        )
    assert [(row.id, row.customer_name) for row in rows] == [(shown.id, "Ann")]
    assert later == []


async def test_a_past_appointment_of_a_job_is_not_its_next_one(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        appointment, _ = await an_appointment(session, job)
        with frozen(appointment.ends_at):
            assert await repository.booked_of_job(session, job.id, "estimate") is None
        found = await repository.booked_of_job(session, job.id, "estimate")
    assert found is appointment


async def test_plugins_are_told_of_bookings_and_cancellations(garage: Garage) -> None:
    await garage.switch("polite", on=True)
    async with garage.unit() as session:
        appointment, _ = await an_appointment(session, await a_job(session))
        await cancel(session, appointment, STAFF)
    told = [
        hook
        for hook, slug, arguments in polite.calls
        if slug == garage.slug and arguments.get("appointment_id") == appointment.id
    ]
    assert told == ["appointment_booked", "appointment_cancelled"]


async def test_an_appointment_of_another_garage_is_not_found(
    garage: Garage, other_garage: Garage
) -> None:
    async with other_garage.unit() as session:
        appointment, secret = await an_appointment(session, await a_job(session))
    async with garage.unit() as session:
        assert await repository.by_link(session, link_hash(secret)) is None
        with pytest.raises(NotFound):
            await repository.by_id(session, appointment.id)
        await session.execute(update(Appointment).values(status="cancelled"))
    async with other_garage.unit() as session:
        assert (await repository.by_id(session, appointment.id)).status == "booked"
