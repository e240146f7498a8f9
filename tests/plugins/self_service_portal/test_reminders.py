"""The mail on the day before."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from core.clock import frozen
from core.workshop.jobs import repository as jobs
from core.workshop.locations import repository as locations
from core.workshop.planning import repository as planning_repository
from core.workshop.planning import services as planning
from core.workshop.planning.models import Appointment
from plugins.self_service_portal import stage_wishes
from plugins.self_service_portal.reminders import remind
from tests.factories import free_slots
from tests.garages import STAFF, Garage, Outbox
from tests.plugins.self_service_portal.after_booking import (
    Request,
    appointment_of,
    day_before,
    decide,
    far_slot,
    mails,
    path_in,
    request_estimate,
)


@pytest.fixture
async def far(garage: Garage) -> Request:
    """A request with an appointment in some days."""
    async with garage.unit() as session:
        slot = await far_slot(session)
    return await request_estimate(garage, at=slot)


async def run(garage: Garage, moment: datetime) -> None:
    """The scheduled task at that moment."""
    with frozen(moment):
        async with garage.unit() as session:
            await remind(session)


async def reminders(outbox: Outbox, garage: Garage, request: Request, moment: datetime) -> int:
    """How many reminders the customer has got by that moment."""
    with frozen(moment):
        got = await mails(outbox, garage, request)
    return sum(mail.subject.startswith("Tomorrow at ") for mail in got)


async def test_a_customer_is_reminded_once_however_often_the_task_runs(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    at = day_before((await appointment_of(garage, far)).starts_at, garage, 10)
    for minutes in (0, 0, 15, 600):
        await run(garage, at + timedelta(minutes=minutes))
    assert await reminders(outbox, garage, far, at + timedelta(minutes=700)) == 1


@pytest.mark.parametrize(("hour", "sent"), [(9, 0), (10, 1), (23, 1)])
async def test_reminders_begin_at_ten_on_the_garages_clock(
    garage: Garage, outbox: Outbox, far: Request, hour: int, sent: int
) -> None:
    at = day_before((await appointment_of(garage, far)).starts_at, garage, hour)
    await run(garage, at)
    assert await reminders(outbox, garage, far, at) == sent


@pytest.mark.parametrize("days", [-1, 1])
async def test_only_of_tomorrow_is_reminded(
    garage: Garage, outbox: Outbox, far: Request, days: int
) -> None:
    at = day_before((await appointment_of(garage, far)).starts_at, garage, 10)
    await run(garage, at + timedelta(days=days))
    assert await reminders(outbox, garage, far, at) == 0


@pytest.mark.parametrize(("wishes", "sent"), [({"reminders": False}, 0), ({"reminder_hour": 8}, 1)])
async def test_the_garage_decides_whether_and_when(
    garage: Garage, outbox: Outbox, far: Request, wishes: dict[str, object], sent: int
) -> None:
    await decide(garage, **wishes)
    at = day_before((await appointment_of(garage, far)).starts_at, garage, 8)
    await run(garage, at)
    assert await reminders(outbox, garage, far, at) == sent


async def test_a_cancelled_appointment_is_not_reminded_of(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    at = day_before((await appointment_of(garage, far)).starts_at, garage, 10)
    await run(garage, at)
    async with garage.unit() as session:
        booked = await planning_repository.by_id(session, far.appointment_id)
        await planning.cancel(session, booked, STAFF)
    assert await reminders(outbox, garage, far, at) == 0


async def test_a_moved_appointment_is_reminded_of_at_its_new_time_only(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    at = day_before((await appointment_of(garage, far)).starts_at, garage, 10)
    await run(garage, at)
    async with garage.unit() as session:
        booked = await planning_repository.by_id(session, far.appointment_id)
        last = (await free_slots(session))[-1]
        await planning.move(session, booked, last, STAFF)
    later = day_before(last, garage, 10)
    assert await reminders(outbox, garage, far, at) == 0
    await run(garage, later)
    assert await reminders(outbox, garage, far, later) == 1


@pytest.mark.parametrize(("booked", "sent"), [((9, 59), 1), ((10, 1), 0)])
async def test_whoever_booked_after_that_hour_has_just_had_a_mail(
    garage: Garage, outbox: Outbox, far: Request, booked: tuple[int, int], sent: int
) -> None:
    starts_at = (await appointment_of(garage, far)).starts_at
    async with garage.unit() as session:
        booked_at = day_before(starts_at, garage, *booked)
        await session.execute(update(Appointment).values(updated_at=booked_at))
    at = day_before(starts_at, garage, 10)
    await run(garage, at)
    assert await reminders(outbox, garage, far, at) == sent


async def test_a_reminder_that_could_not_leave_does_not_say_tomorrow_of_today(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    starts_at = (await appointment_of(garage, far)).starts_at
    await run(garage, day_before(starts_at, garage, 22))
    assert await reminders(outbox, garage, far, starts_at - timedelta(minutes=30)) == 0


async def test_the_day_before_is_the_one_at_the_location(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    at = day_before((await appointment_of(garage, far)).starts_at, garage, 10)
    async with garage.unit() as session:
        (await locations.first(session)).timezone = "America/New_York"
    await run(garage, at)
    assert await reminders(outbox, garage, far, at) == 0
    later = at + timedelta(hours=6)
    await run(garage, later)
    assert await reminders(outbox, garage, far, later) == 1


async def test_a_reminder_has_the_link_of_the_confirmation(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    at = day_before((await appointment_of(garage, far)).starts_at, garage, 10)
    await run(garage, at)
    with frozen(at):
        first, second = await mails(outbox, garage, far)
    assert path_in(first, "appointment") == path_in(second, "appointment")


async def test_who_wants_no_mails_is_not_reminded(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    async with garage.unit() as session:
        await stage_wishes.choose(session, far.job_id, "never")
    at = day_before((await appointment_of(garage, far)).starts_at, garage, 10)
    await run(garage, at)
    assert await reminders(outbox, garage, far, at) == 0


async def test_what_is_not_confirmed_is_not_reminded_of(garage: Garage, outbox: Outbox) -> None:
    await decide(garage, confirm_bookings=True)
    async with garage.unit() as session:
        slot = await far_slot(session)
    request = await request_estimate(garage, at=slot)
    at = day_before(slot, garage, 10)
    await run(garage, at)
    assert await reminders(outbox, garage, request, at) == 0
    async with garage.unit() as session:
        assert (await jobs.by_id(session, request.job_id)).status == "new"
