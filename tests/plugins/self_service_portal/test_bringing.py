"""Whether there is a vehicle to bring, and what holds where there is none."""

import pytest

from core.workshop.jobs.services import set_status
from core.workshop.planning import repository as planning
from plugins.vehicle_presence import services as presence
from tests.factories import a_job, free_slots
from tests.garages import STAFF, Garage
from tests.plugins.self_service_portal.waiting_people import with_a_job

TIME = "/en/repair/time"


@pytest.mark.parametrize(
    ("status", "seen", "said"),
    [
        ("planned", None, ""),
        ("planned", "in", "Your vehicle is with us"),
        ("in_progress", None, "Your vehicle is with us"),
        ("in_progress", "left", ""),
        ("ready", "left", "Your vehicle is ready"),
        ("delivered", None, "This repair is finished"),
    ],
)
async def test_a_vehicle_is_brought_only_where_it_is_not_here(
    garage: Garage, status: str, seen: str | None, said: str
) -> None:
    await garage.switch("vehicle_presence", on=True)
    async with garage.unit() as session:
        job = await a_job(session)
        slot = (await free_slots(session, "drop_off"))[-1]
        if seen:
            await presence.record_arrival(session, job.id, STAFF)
        if seen == "left":
            await presence.mark_off_site(session, job.id, STAFF)
        await set_status(session, job.id, status, STAFF)
    browser = await with_a_job(garage, job)
    page = await browser.open(TIME)
    values = {"slot": slot.isoformat(), "confirmed": "yes"}
    answer = await browser.submit(TIME, values, page="/en/repair")
    async with garage.unit() as session:
        booked = await planning.booked_of_job(session, job.id, "drop_off")
    shows_times = bool(page.select("input[name=slot]"))
    assert (booked is not None, shows_times) == (not said, status == "planned" or not said)
    assert said in answer.text
    assert said in page.text or shows_times
