"""States of bringing a vehicle and of fetching it, and of adding pictures."""

from datetime import timedelta
from typing import Any

from core.workshop.jobs.models import Job
from core.workshop.jobs.services import set_status
from tests.factories import a_job, a_photo, an_appointment, first_slot, free_slots
from tests.garages import STAFF, Browser
from tests.journeys.states.asking import A_PHOTO, HALF_A_PHOTO, NO_PHOTO, is_full
from tests.journeys.states.showing import HORIZON, Scene, Shown, opened, sent, state
from tests.plugins.self_service_portal import after_booking
from tests.plugins.self_service_portal.waiting_people import rule, take, with_a_job

TIME = "/{lang}/repair/time"


async def with_the_job(scene: Scene, **values: Any) -> tuple[Browser, Job]:
    """Somebody who has come with plate and job number."""
    async with scene.garage.unit() as session:
        job = await a_job(session, **values)
    return await with_a_job(scene.garage, job), job


@state("repair_time.html", "This repair is finished")
async def bringing_a_vehicle_that_is_repaired(scene: Scene) -> Shown:
    browser, job = await with_the_job(scene)
    async with scene.garage.unit() as session:
        await set_status(session, job.id, "delivered", STAFF)
    return opened(browser, TIME)


@state("repair_time.html", "It is too late to change that online")
async def bringing_a_vehicle_very_soon(scene: Scene) -> Shown:
    browser, job = await with_the_job(scene)
    async with scene.garage.unit() as session:
        slot = await first_slot(session, "drop_off")
        await an_appointment(session, job, "drop_off", at=slot)
    return opened(browser, TIME, at=slot - timedelta(minutes=30))


@state("repair_time.html", "Your vehicle is with us: you need not bring it.")
async def bringing_a_vehicle_that_is_here(scene: Scene) -> Shown:
    browser, job = await with_the_job(scene)
    async with scene.garage.unit() as session:
        await set_status(session, job.id, "in_progress", STAFF)
    return opened(browser, TIME)


@state("repair_time.html", "If you choose another time, that one replaces it.")
async def bringing_a_vehicle_at_another_time(scene: Scene) -> Shown:
    browser, job = await with_the_job(scene)
    async with scene.garage.unit() as session:
        slots = await free_slots(session, "drop_off")
        await an_appointment(session, job, "drop_off", at=slots[-1])
    return opened(browser, TIME)


@state("repair_time.html", "No time is free at the moment")
async def bringing_a_vehicle_where_nothing_is_free(scene: Scene) -> Shown:
    browser, _job = await with_the_job(scene)
    await is_full(scene.garage)
    return opened(browser, TIME)


@state("repair_check.html", "has just been taken", status=409)
async def bringing_a_vehicle_at_a_time_that_is_gone(scene: Scene) -> Shown:
    await rule(scene.garage, "drop_off", capacity=1, horizon_days=HORIZON)
    browser, _job = await with_the_job(scene)
    async with scene.garage.unit() as session:
        slots = await free_slots(session, "drop_off")
        await take(session, "drop_off", slots[5:6])
    values = {"slot": slots[5].isoformat(), "courtesy_car": "y", "confirmed": "yes"}
    return sent(browser, TIME, values)


@state("repair_done.html", "We have no e-mail address of yours.")
async def bringing_a_vehicle_without_any_mail(scene: Scene) -> Shown:
    browser, job = await with_the_job(scene, email=None)
    async with scene.garage.unit() as session:
        await an_appointment(session, job, "drop_off")
    return opened(browser, "/{lang}/repair/done")


@state("time_wish.html", "When would it suit you?")
async def a_wish_to_bring_the_vehicle(scene: Scene) -> Shown:
    browser, _job = await with_the_job(scene)
    return opened(browser, "/{lang}/repair/wish")


@state("pictures_add.html", "of this batch", status=422)
async def pictures_with_an_error_each(scene: Scene) -> Shown:
    browser, _job = await with_the_job(scene)
    return sent(browser, "/{lang}/pictures/add", files=[A_PHOTO, NO_PHOTO, HALF_A_PHOTO])


@state("pictures_add.html", "Please choose at least one photo.", status=422)
async def pictures_without_any(scene: Scene) -> Shown:
    browser, _job = await with_the_job(scene)
    return sent(browser, "/{lang}/pictures/add")


@state("pictures_done.html", "Thank you for your photos")
async def pictures_that_have_arrived(scene: Scene) -> Shown:
    browser, job = await with_the_job(scene)
    async with scene.garage.unit() as session:
        await a_photo(session, job)
    return opened(browser, "/{lang}/pictures/done")


async def with_a_vehicle_to_fetch(scene: Scene) -> tuple[Browser, Job]:
    """Somebody whose vehicle is ready, at a garage where that is booked online."""
    await after_booking.decide(scene.garage, pick_up_online=True)
    await rule(scene.garage, "pick_up", horizon_days=HORIZON)
    browser, job = await with_the_job(scene)
    async with scene.garage.unit() as session:
        await set_status(session, job.id, "ready", STAFF)
    return browser, job


FETCH = "/{lang}/status/pick-up"


@state("pick_up.html", "When do you fetch your vehicle?")
async def fetching_a_vehicle(scene: Scene) -> Shown:
    browser, _job = await with_a_vehicle_to_fetch(scene)
    return opened(browser, FETCH)


@state("pick_up.html", "If you choose another time, that one replaces it.")
async def fetching_a_vehicle_at_another_time(scene: Scene) -> Shown:
    browser, job = await with_a_vehicle_to_fetch(scene)
    async with scene.garage.unit() as session:
        slots = await free_slots(session, "pick_up")
        await an_appointment(session, job, "pick_up", at=slots[-1])
    return opened(browser, FETCH)


@state("pick_up.html", "It is too late to change that online")
async def fetching_a_vehicle_very_soon(scene: Scene) -> Shown:
    browser, job = await with_a_vehicle_to_fetch(scene)
    async with scene.garage.unit() as session:
        slot = await first_slot(session, "pick_up")
        await an_appointment(session, job, "pick_up", at=slot)
    return opened(browser, FETCH, at=slot - timedelta(minutes=30))


@state("pick_up.html", "No time is free at the moment")
async def fetching_a_vehicle_where_nothing_is_free(scene: Scene) -> Shown:
    browser, _job = await with_a_vehicle_to_fetch(scene)
    await is_full(scene.garage)
    return opened(browser, FETCH)


@state("pick_up.html", "Please choose a time.", status=422)
async def fetching_a_vehicle_at_no_time(scene: Scene) -> Shown:
    browser, _job = await with_a_vehicle_to_fetch(scene)
    return sent(browser, FETCH)


@state("pick_up.html", "has just been taken", status=409)
async def fetching_a_vehicle_at_a_time_that_is_gone(scene: Scene) -> Shown:
    browser, _job = await with_a_vehicle_to_fetch(scene)
    await rule(scene.garage, "pick_up", capacity=1, horizon_days=HORIZON)
    async with scene.garage.unit() as session:
        slots = await free_slots(session, "pick_up")
        await take(session, "pick_up", slots[5:6])
    return sent(browser, FETCH, {"slot": slots[5].isoformat()})
