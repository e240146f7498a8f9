"""A job's appointments at the desk: booked, moved and given back, and who hears of it."""

from datetime import datetime

import pytest

from core.workshop.jobs.models import Job
from core.workshop.planning import repository as planning
from core.workshop.planning.models import Appointment
from tests.factories import a_job, a_plate, an_appointment, free_slots
from tests.garages import Browser, Garage


async def booked_at_desk(garage: Garage) -> tuple[Job, Appointment, datetime]:
    """A job with an estimate, and another free time."""
    async with garage.unit() as session:
        job = await a_job(session)
        slots = await free_slots(session)
        appointment, _secret = await an_appointment(session, job, at=slots[3])
        return job, appointment, slots[-1]


async def ahead(garage: Garage, job: Job) -> list[datetime]:
    """When the job's customer is expected."""
    async with garage.unit() as session:
        return [each.starts_at for each in await planning.ahead_of_job(session, job.id)]


async def flash_after(browser: Browser, path: str, values: dict[str, object]) -> str:
    """What the page says that a form at `path` leads to."""
    return (await browser.submit(path, values)).text


async def test_an_appointment_is_moved_at_the_desk(garage: Garage) -> None:
    job, appointment, later = await booked_at_desk(garage)
    planner = await garage.staff("planner")
    card = await planner.open(f"/desk/jobs/{job.id}")
    (link,) = card.select("a[href$='/move']")
    await planner.submit(str(link["href"]), {"slot": later.isoformat()})
    assert link["href"] == f"/desk/appointments/{appointment.id}/move"
    assert await ahead(garage, job) == [later]


async def test_a_second_appointment_of_a_kind_is_refused_and_offers_to_move(garage: Garage) -> None:
    job, appointment, later = await booked_at_desk(garage)
    address = f"/desk/jobs/{job.id}/appointment/estimate"
    planner = await garage.staff("planner")
    led_to = await planner.get(address)
    token = await planner.token("/desk")
    answer = await planner.post(address, data={"csrf_token": token, "slot": later.isoformat()})
    assert led_to.headers["location"] == f"/desk/appointments/{appointment.id}/move"
    assert answer.status_code == 409
    assert "Move it instead." in answer.text
    assert f'action="{led_to.headers["location"]}"' in answer.text
    assert await ahead(garage, job) == [appointment.starts_at]


async def test_beyond_capacity_an_appointment_is_moved_with_a_reason_only(garage: Garage) -> None:
    job, appointment, _later = await booked_at_desk(garage)
    async with garage.unit() as session:
        taken = (await free_slots(session))[0]
        await an_appointment(session, await a_job(session, plate=a_plate()), at=taken)
    local = taken.astimezone(garage.tenant.zone)
    planner = await garage.staff("planner")
    path = f"/desk/appointments/{appointment.id}/move"
    values = {"beyond": "yes", "day": f"{local:%Y-%m-%d}", "clock": f"{local:%H:%M}"}
    refused = await planner.submit(path, {**values, "reason": ""})
    assert refused.status_code == 422
    assert await ahead(garage, job) == [appointment.starts_at]
    assert "beyond your capacity" in await flash_after(planner, path, {**values, "reason": "taxi"})
    assert await ahead(garage, job) == [taken]


async def test_the_desk_hears_that_with_the_job_its_appointments_went(garage: Garage) -> None:
    job, _appointment, _later = await booked_at_desk(garage)
    planner = await garage.staff("planner")
    card = f"/desk/jobs/{job.id}"
    gone = await planner.submit(f"{card}/status", {"status": "cancelled"}, page=card)
    back = await planner.submit(f"{card}/status/new", page=card)
    assert "The job is cancelled, and so are its appointments." in gone.text
    assert "Its appointments stay cancelled" in back.text
    assert await ahead(garage, job) == []


@pytest.mark.parametrize(
    ("portal", "values", "said"),
    [
        (True, {"tell": "yes"}, "The customer is told: ann@customer.test"),
        (True, {}, "The appointment is cancelled."),
        (False, {"tell": "yes"}, "Please tell the customer."),
    ],
)
async def test_the_desk_says_whether_the_customer_is_still_to_be_told(
    garage: Garage, portal: bool, values: dict[str, object], said: str
) -> None:
    await garage.switch("self_service_portal", on=portal)
    async with garage.unit() as session:
        job = await a_job(session, email="ann@customer.test")
        appointment, _secret = await an_appointment(session, job)
    planner = await garage.staff("planner")
    path = f"/desk/appointments/{appointment.id}/cancel"
    ticks = (await planner.open(path)).select("input[name=tell][checked]")
    text = await flash_after(planner, path, values)
    assert len(ticks) == portal
    assert said in text
    assert ("Please tell" in text) == (not portal)
    assert await ahead(garage, job) == []


async def test_nobody_is_told_of_what_was_so_before(garage: Garage) -> None:
    await garage.switch("self_service_portal", on=True)
    async with garage.unit() as session:
        job = await a_job(session, email="ann@customer.test")
        first, other = (await free_slots(session))[:2]
    planner = await garage.staff("planner")
    said: list[bool] = []

    async def press_twice(path: str, slot: datetime | None) -> None:
        values = {"slot": slot.isoformat() if slot else "", "tell": "yes"}
        for _ in range(2):
            page = await planner.submit(path, values, page="/desk", follow=True)
            assert "The appointment is" in page.text
            said.append("The customer is told: ann@customer.test" in page.text)

    await press_twice(f"/desk/jobs/{job.id}/appointment/estimate", first)
    async with garage.unit() as session:
        (appointment,) = await planning.ahead_of_job(session, job.id)
    await press_twice(f"/desk/appointments/{appointment.id}/move", other)
    await press_twice(f"/desk/appointments/{appointment.id}/cancel", None)
    assert said == [True, False] * 3
