"""The week at the desk, and a time for a job."""

from datetime import datetime, timedelta

from bs4 import BeautifulSoup

from core.clock import now
from core.workshop.audit import repository as audit
from core.workshop.jobs.models import Job
from core.workshop.locations import repository as locations
from core.workshop.planning import repository as planning
from tests.factories import a_job, a_plate, an_appointment, free_slots
from tests.garages import Browser, Garage
from tests.statements import counted


async def a_full_slot(garage: Garage) -> tuple[Job, str]:
    """A job without an appointment, and an estimate's time that somebody else has."""
    async with garage.unit() as session:
        slot = (await free_slots(session))[4]
        await an_appointment(session, await a_job(session, plate=a_plate()), at=slot)
        return await a_job(session), slot.isoformat()


async def book(browser: Browser, job: Job, **values: str) -> tuple[int, BeautifulSoup]:
    answer = await browser.submit(f"/desk/jobs/{job.id}/appointment/estimate", dict(values))
    return answer.status_code, BeautifulSoup(answer.text, "html.parser")


def beyond(garage: Garage, slot: str, reason: str) -> dict[str, str]:
    local = _local(garage, slot)
    return {"beyond": "yes", "day": local[:10], "clock": local[11:16], "reason": reason}


def _local(garage: Garage, slot: str) -> str:
    return datetime.fromisoformat(slot).astimezone(garage.tenant.zone).isoformat()


async def test_the_week_shows_how_full_each_day_is(garage: Garage) -> None:
    async with garage.unit() as session:
        location = await locations.first(session)
        location.appointment_rules = {"drop_off": {"per_day": 6}}
        slots = (await free_slots(session, "drop_off"))[-5:]  # all of the last day that is offered
        for slot in slots:
            job = await a_job(session, plate=a_plate())
            await an_appointment(session, job, "drop_off", at=slot)
    planner = await garage.staff("planner")
    day = slots[0].astimezone(garage.tenant.zone).date()
    assert "5 / 6 drop-offs" in (await planner.open(f"/desk/planning?from={day}")).get_text()


async def test_a_slot_just_taken_offers_the_next_three(garage: Garage) -> None:
    job, slot = await a_full_slot(garage)
    status, page = await book(await garage.staff("planner"), job, slot=slot)
    async with garage.unit() as session:
        later = [each.isoformat() for each in await free_slots(session)][4:7]
    radios = [str(radio["value"]) for radio in page.select("fieldset#slot input[type=radio]")]
    assert (status, radios) == (409, later)


async def test_the_earliest_time_is_one_tap(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
    planner = await garage.staff("planner")
    page = await planner.open(f"/desk/jobs/{job.id}/appointment/estimate")
    button = page.select_one("button[name=take]")
    assert button is not None
    status, _page = await book(planner, job, take=str(button["value"]))
    async with garage.unit() as session:
        booked = await planning.booked_of_job(session, job.id, "estimate")
    assert booked is not None
    assert (status, booked.starts_at.isoformat()) == (200, button["value"])


async def test_beyond_capacity_needs_a_reason_and_keeps_what_was_typed(garage: Garage) -> None:
    job, slot = await a_full_slot(garage)
    values = beyond(garage, slot, "")
    status, page = await book(await garage.staff("planner"), job, **values)
    clock = page.select_one("input[name=clock]")
    assert status == 422
    assert "Please say why." in page.get_text()
    assert clock is not None
    assert clock["value"] == values["clock"]


async def test_beyond_capacity_with_a_reason_is_booked_and_logged(garage: Garage) -> None:
    job, slot = await a_full_slot(garage)
    status, page = await book(
        await garage.staff("planner"), job, **beyond(garage, slot, "A taxi, needed at once")
    )
    async with garage.unit() as session:
        booked = await planning.booked_of_job(session, job.id, "estimate")
        entry = next(e for e in await audit.newest(session) if e.action == "appointment.overbooked")
    assert status == 200
    assert "beyond your capacity" in page.get_text()
    assert booked is not None
    assert (booked.starts_at.isoformat(), entry.reason) == (slot, "A taxi, needed at once")


async def test_an_overbooked_day_is_marked_in_the_week(garage: Garage) -> None:
    job, slot = await a_full_slot(garage)
    async with garage.unit() as session:
        location = await locations.first(session)
        location.appointment_rules = {"estimate": {"per_day": 1}}
    planner = await garage.staff("planner")
    await book(planner, job, **beyond(garage, slot, "urgent"))
    page = await planner.open(f"/desk/planning?from={_local(garage, slot)[:10]}")
    assert "2 / 1 estimate" in page.select(".badge.danger")[0].get_text()


async def test_yesterday_cannot_be_booked(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
    slot = (now() - timedelta(days=1)).isoformat()
    status, page = await book(await garage.staff("planner"), job, **beyond(garage, slot, "late"))
    assert status == 422
    assert "This time is over." in page.get_text()


async def test_the_week_needs_few_queries_however_full_it_is(garage: Garage) -> None:
    planner = await garage.staff("planner")
    await planner.open("/desk/planning")
    with counted(garage.house) as empty:
        await planner.open("/desk/planning")
    async with garage.unit() as session:
        for slot in (await free_slots(session))[:10]:
            await an_appointment(session, await a_job(session, plate=a_plate()), at=slot)
    with counted(garage.house) as full:
        await planner.open("/desk/planning")
    assert len(full) == len(empty)
