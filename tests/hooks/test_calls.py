"""Every hook that is asked about a garage: called with what it documents, where it is on."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.hooks.contributions import (
    VehicleHandedOver,
    VehicleMoment,
    VehicleTimes,
    VehicleTimesChanged,
)
from core.hooks.manager import hook_names
from core.workshop.audit.services import record
from core.workshop.customers.privacy import erase_customer, export_customer
from core.workshop.jobs import repository as jobs
from core.workshop.jobs import services
from core.workshop.locations.services import create_location
from core.workshop.planning import repository as planning_repository
from core.workshop.planning import services as planning
from plugins.vehicle_presence import arrivals
from plugins.vehicle_presence import services as presence
from plugins.vehicle_presence.models import Stay
from tests.factories import a_job, a_photo, a_plate, an_appointment, free_slots
from tests.garages import STAFF, Garage
from tests.hooks.listening import heard
from tests.sweeping import swept

Heard = dict[str, Any]
Act = Callable[[Garage], Awaitable[Heard]]
ACTS: dict[str, Act] = {}
ASKED_AT_START = {
    "routes",
    "permissions",
    "effects",
    "scheduled_tasks",
    "mail_templates",
    "commands",
}
"""Their tests stand in `test_contributions.py`."""
TESTED_ELSEWHERE = {"demo_data", "plugin_enabled", "plugin_disabled"}
"""In `test_demo_data.py` and `tests/tenants/test_activation.py`."""


def calls(hook: str) -> Callable[[Act], Act]:
    """The decorated function does what must call `hook`, and returns arguments it must get."""

    def note(act: Act) -> Act:
        ACTS[hook] = act
        return act

    return note


@calls("home_page")
async def _open_the_bare_host(garage: Garage) -> Heard:
    async with garage.browser(headers={"Accept-Language": "fr"}) as browser:
        await browser.get("/")
    return {"language": "fr"}


@calls("navigation")
async def _open_any_page(garage: Garage) -> Heard:
    async with garage.browser(headers={"Accept-Language": "de"}) as browser:
        await browser.open("/desk/login")
    return {"language": "de"}


@calls("public_pages")
async def _ask_what_engines_may_list(garage: Garage) -> Heard:
    async with garage.browser(headers={"Accept-Language": "fr"}) as browser:
        answer = await browser.get("/robots.txt")
    assert garage.tenant.has_plugin("polite") == ("Allow: /poli$" in answer.text)
    return {"language": "fr"}


@calls("dashboard_cards")
async def _open_the_first_page(garage: Garage) -> Heard:
    browser = await garage.staff("owner")
    await browser.open("/desk")
    return {"language": "en"}


@calls("job_card_panels")
@calls("job_timeline")
async def _open_a_job_card(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job = await a_job(session)
    browser = await garage.staff("owner")
    await browser.open(f"/desk/jobs/{job.id}")
    return {"job_id": job.id, "language": "en"}


@calls("job_sheet_panels")
async def _print_a_jobs_sheet(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job = await a_job(session)
    browser = await garage.staff("owner")
    page = await browser.open(f"/desk/jobs/{job.id}/sheet")
    assert garage.tenant.has_plugin("polite") == ("polite sheet" in page.text)
    return {"job_id": job.id, "language": "en"}


@calls("job_badges")
async def _open_the_list_of_two_jobs(garage: Garage) -> Heard:
    async with garage.unit() as session:
        older, newer = await a_job(session), await a_job(session)
    browser = await garage.staff("owner")
    await browser.open("/desk/jobs")
    return {"job_ids": [newer.id, older.id], "language": "en"}


@calls("job_created")
async def _open_a_job(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job = await a_job(session)
    return {"job_id": job.id}


@calls("audit_labels")
async def _open_the_log(garage: Garage) -> Heard:
    async with garage.unit() as session:
        record(session, STAFF, "polite.bowed", "customer:somebody")
    browser = await garage.staff("owner")
    page = await browser.open("/desk/audit")
    assert garage.tenant.has_plugin("polite") == ("Bowed politely" in page.text)
    return {"language": "en"}


@calls("job_status_changed")
async def _move_a_job_on(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job = await a_job(session)
        await services.set_status(session, job.id, "planned", STAFF)
    return {"job_id": job.id, "before": "new", "after": "planned"}


@calls("job_location_changed")
async def _move_a_job_to_another_location(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job, place = await a_job(session), await create_location(session, name="Second yard")
        before, values = job.location_id, {"location_id": place.id}
        for _twice in range(2):
            await services.change_job(session, job.id, values, job.version, STAFF)
    return {"job_id": job.id, "before": before, "after": place.id}


@calls("task_finished")
async def _finish_a_task(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job = await a_job(session)
        task = (await jobs.tasks_of(session, job.id))[0]
        await services.set_task_state(session, job.id, task.id, "finished", STAFF)
    return {"job_id": job.id, "task_key": task.key}


@calls("photo_added")
async def _add_a_photo(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job = await a_job(session)
        photo = await a_photo(session, job)
    return {"job_id": job.id, "photo_id": photo.id}


@calls("appointment_booked")
async def _book_an_appointment(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job = await a_job(session)
        slot = (await free_slots(session))[0]
        appointment, _secret = await planning.book(
            session, job.id, "estimate", slot, STAFF, tell_customer=True
        )
    return {"appointment_id": appointment.id, "tell_customer": True}


@calls("appointment_moved")
async def _move_an_appointment(garage: Garage) -> Heard:
    async with garage.unit() as session:
        appointment, _secret = await an_appointment(session, await a_job(session))
        before, later = appointment.starts_at, (await free_slots(session))[-1]
        await planning.move(session, appointment, later, STAFF, tell_customer=True)
    told = {"by": "staff", "tell_customer": True}
    return {"appointment_id": appointment.id, "before": before, **told}


@calls("appointment_cancelled")
async def _cancel_an_appointment(garage: Garage) -> Heard:
    async with garage.unit() as session:
        booked, _secret = await an_appointment(session, await a_job(session))
        appointment = await planning_repository.by_id(session, booked.id, lock=True)
        await planning.cancel(session, appointment, STAFF)
    return {"appointment_id": appointment.id, "tell_customer": False}


@calls("appointment_notice")
async def _look_for_a_time(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job = await a_job(session)
    planner = await garage.staff("planner")
    page = await planner.open(f"/desk/jobs/{job.id}/appointment/estimate")
    assert garage.tenant.has_plugin("polite") == ("a carrier pigeon" in page.text)
    return {"job_id": job.id}


@calls("vehicle_arrived")
async def _check_a_vehicle_in(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job = await a_job(session)
        stay = await presence.record_arrival(session, job.id, STAFF)
    return {"job_id": job.id, "at": stay.arrived_at}


@calls("vehicle_is_here")
async def _ask_when_to_bring_it(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job = await a_job(session)
    async with garage.browser() as browser:
        await browser.submit("/en/repair", {"plate": job.plate, "number": job.public_number})
        values: dict[str, object] = {"slot": now().isoformat()}
        await browser.submit("/en/repair/time", values, page="/en/repair")
    return {"job_id": job.id}


@calls("vehicle_left")
async def _press_the_clock(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job = await a_job(session)
        await presence.record_arrival(session, job.id, STAFF)
        stay = await presence.mark_off_site(session, job.id, STAFF)
    return {"job_id": job.id, "at": stay.left_at}


@calls("vehicles_left")
async def _mark_two_off_site(garage: Garage) -> Heard:
    async with garage.unit() as session:
        stays = await _two_inside(session)
        job_ids = [stay.job_id for stay in stays]
        marked = await presence.mark_many_off_site(session, job_ids, now(), STAFF)
    return {"vehicles": [VehicleMoment(stay.job_id, stay.left_at or now()) for stay in marked]}


@calls("vehicles_forgotten")
async def _ask_about_two_vehicles(garage: Garage) -> Heard:
    with frozen(now() - timedelta(days=10)):
        async with garage.unit() as session:
            stays = await _two_inside(session)
            for stay in stays:
                await services.set_status(session, stay.job_id, "ready", STAFF)
    await swept(garage)
    return {"vehicles": [VehicleMoment(stay.job_id, stay.arrived_at) for stay in stays]}


@calls("vehicle_arrivals_undone")
async def _take_an_arrival_back(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job = await a_job(session)
        stay = await presence.record_arrival(session, job.id, STAFF)
        await presence.undo_arrival(session, stay.id, job.id, STAFF)
    return {"vehicles": [VehicleMoment(job.id, stay.arrived_at)]}


@calls("vehicle_departures_undone")
async def _take_the_clock_back(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job = await a_job(session)
        await presence.record_arrival(session, job.id, STAFF)
        stay = await presence.mark_off_site(session, job.id, STAFF)
        left_at = stay.left_at or now()
        for _twice in range(2):
            await presence.undo_off_site(session, stay.id, job.id, STAFF)
    return {"vehicles": [VehicleMoment(job.id, left_at)]}


@calls("vehicle_times_changed")
async def _say_when_a_vehicle_really_came_and_left(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job = await a_job(session)
        stay = await presence.record_arrival(session, job.id, STAFF)
        came = stay.arrived_at - timedelta(minutes=9)
        await arrivals.change_arrival(session, job.id, came, STAFF)
        await presence.mark_off_site(session, job.id, STAFF, at=came)
        left = came + timedelta(minutes=1)
        for _twice in range(2):
            await presence.change_off_site_date(session, job.id, left, STAFF, reason="late")
    before, after = VehicleTimes(came, came), VehicleTimes(came, left)
    return {"vehicles": [VehicleTimesChanged(job.id, before, after)]}


@calls("vehicle_handed_over")
async def _let_a_vehicle_stay_for_another_job(garage: Garage) -> Heard:
    async with garage.unit() as session:
        first, then = await a_job(session), await a_job(session)
        await presence.record_arrival(session, first.id, STAFF)
        stay, _before = await arrivals.go_on_for(session, then.id, STAFF)
    return {"vehicles": [VehicleHandedOver(first.id, then.id, stay.seen_at or now())]}


async def _two_inside(session: AsyncSession) -> list[Stay]:
    jobs_ = [await a_job(session, plate=a_plate()) for _ in range(2)]
    return [await presence.record_arrival(session, job.id, STAFF) for job in jobs_]


@calls("vehicle_forgotten")
async def _ask_about_a_vehicle(garage: Garage) -> Heard:
    with frozen(now() - timedelta(days=10)):
        async with garage.unit() as session:
            job = await a_job(session)
            stay = await presence.record_arrival(session, job.id, STAFF)
            await services.set_status(session, job.id, "ready", STAFF)
    await swept(garage)
    return {"job_id": job.id, "since": stay.arrived_at}


@calls("cleanup_rules")
async def _look_at_the_rules(garage: Garage) -> Heard:
    browser = await garage.staff("owner")
    page = await browser.open("/desk/on-site/clean-up/rules")
    assert garage.tenant.has_plugin("polite") == ("Keys handed back" in page.text)
    return {}


@calls("personal_data_export")
async def _export_a_customer(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job = await a_job(session)
        await export_customer(session, job.customer_id, STAFF)
    return {"customer_id": job.customer_id}


@calls("personal_data_erase")
async def _erase_a_customer(garage: Garage) -> Heard:
    async with garage.unit() as session:
        job = await a_job(session)
        await services.set_status(session, job.id, "delivered", STAFF)
        await erase_customer(session, job.customer_id, STAFF, reason="asked for it")
    return {"customer_id": job.customer_id}


def test_every_hook_has_a_test() -> None:
    assert set(ACTS) | ASKED_AT_START | TESTED_ELSEWHERE == set(hook_names())


@pytest.mark.parametrize("hook", ACTS)
async def test_a_hook_is_called_as_documented_where_its_plugin_is_on(
    garage: Garage, hook: str
) -> None:
    await garage.switch("polite", on=True)
    expected = await ACTS[hook](garage)
    got = heard(garage, hook)[-1]
    assert {name: got.get(name) for name in expected} == expected
    if "session" in got:
        assert got["session"].info["tenant_id"] == garage.tenant.id


@pytest.mark.parametrize("hook", ACTS)
async def test_a_hook_is_not_called_where_its_plugin_is_off(
    garage: Garage, other_garage: Garage, hook: str
) -> None:
    await other_garage.switch("polite", on=True)
    await ACTS[hook](garage)
    assert heard(garage, hook) == []
