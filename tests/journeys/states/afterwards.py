"""States of what customers come to later: by a link in a mail, or with plate and job number."""

from datetime import timedelta

from core.clock import now
from core.workshop.planning import repository as planning
from core.workshop.planning.links import give_link
from plugins.self_service_portal import confirmations, job_links, link_tokens
from plugins.self_service_portal.identity import MISSES_PER_ADDRESS
from plugins.self_service_portal.job_links import Target
from tests.factories import a_job, a_time_wish, an_appointment, first_slot, free_slots
from tests.garages import Garage
from tests.journeys.states.asking import HERE, is_cancelled, is_full
from tests.journeys.states.showing import Scene, Shown, opened, sent, state
from tests.plugins.self_service_portal import after_booking
from tests.plugins.self_service_portal.waiting_people import PLATE, take

MOVE = "/{{lang}}/appointment/{secret}/move"
CANCEL = "/{{lang}}/appointment/{secret}/cancel"
REASONS = "I found another garage;My car was sold;I am ill"


async def personal_link(garage: Garage, *, hours: int = 96) -> str:
    """The secret of an appointment that is at least so many hours away."""
    async with garage.unit() as session:
        job = await a_job(session)
        soon = now() + timedelta(hours=hours)
        slot = next(each for each in await free_slots(session) if each > soon)
        return (await an_appointment(session, job, at=slot))[1]


@state("appointment.html", "This appointment is over. Do you need another one?")
async def an_appointment_that_is_past(scene: Scene) -> Shown:
    secret = await personal_link(scene.garage)
    later = now() + timedelta(days=100)
    return opened(scene.garage.browser(), f"/{{lang}}/appointment/{secret}", at=later)


@state("appointment.html", "Online, an appointment can be changed until")
async def an_appointment_that_is_too_near(scene: Scene) -> Shown:
    async with scene.garage.unit() as session:
        slot = await first_slot(session)
        _booked, secret = await an_appointment(session, await a_job(session), at=slot)
    before = slot - timedelta(hours=1)
    return opened(scene.garage.browser(), f"/{{lang}}/appointment/{secret}", at=before)


@state("appointment.html", "This plate does not belong to this appointment.", status=422)
async def an_appointment_of_another_plate(scene: Scene) -> Shown:
    secret = await personal_link(scene.garage)
    return sent(scene.garage.browser(), MOVE.format(secret=secret), {"plate": "1-XYZ-1"})


@state("appointment.html", "has just been taken", status=409)
async def an_appointment_with_other_times(scene: Scene) -> Shown:
    secret = await personal_link(scene.garage)
    async with scene.garage.unit() as session:
        slot = (await free_slots(session))[10]
        await take(session, "estimate", [slot])
    values = {"plate": PLATE, "slot": slot.isoformat()}
    return sent(scene.garage.browser(), MOVE.format(secret=secret), values)


@state("appointment.html", "No other time is free at the moment.")
async def an_appointment_where_nothing_else_is_free(scene: Scene) -> Shown:
    secret = await personal_link(scene.garage)
    await is_full(scene.garage)
    return opened(scene.garage.browser(), f"/{{lang}}/appointment/{secret}")


@state("cancel.html", "I found another garage")
async def cancelling_with_reasons_to_choose(scene: Scene) -> Shown:
    secret = await personal_link(scene.garage)
    await after_booking.decide(scene.garage, ask_cancel_reason=True, cancel_reasons=REASONS)
    return opened(scene.garage.browser(), CANCEL.format(secret=secret))


@state("cancel.html", "Please tell us why you cannot come.", status=422)
async def cancelling_without_the_reason_that_is_asked(scene: Scene) -> Shown:
    secret = await personal_link(scene.garage)
    await after_booking.decide(scene.garage, ask_cancel_reason=True)
    return sent(scene.garage.browser(), CANCEL.format(secret=secret), {"plate": PLATE})


@state("appointment.html", "Not confirmed yet")
async def an_appointment_that_is_not_confirmed(scene: Scene) -> Shown:
    await after_booking.decide(scene.garage, confirm_bookings=True)
    request = await after_booking.request_estimate(scene.garage)
    async with scene.garage.unit() as session:
        secret = give_link(await planning.by_id(session, request.appointment_id))
    return opened(scene.garage.browser(), f"/{{lang}}/appointment/{secret}")


@state("confirm.html", "This time is free again")
async def confirming_too_late(scene: Scene) -> Shown:
    await after_booking.decide(scene.garage, confirm_bookings=True)
    request = await after_booking.request_estimate(scene.garage)
    await is_cancelled(scene.garage, request)
    async with scene.garage.unit():
        token = link_tokens.sign(confirmations.PURPOSE, request.appointment_id)
    return opened(scene.garage.browser(), f"/{{lang}}/confirm/{token}")


async def wish_link(garage: Garage, *, done: bool = False) -> str:
    """Where the mail of a free time leads."""
    async with garage.unit() as session:
        wish, secret = await a_time_wish(session, await a_job(session))
        wish.done_at = now() if done else None
    return f"/{{lang}}/wish/{secret}"


@state("time_is_free.html", "First come, first served.")
async def a_time_that_is_free(scene: Scene) -> Shown:
    return opened(scene.garage.browser(), await wish_link(scene.garage))


@state("time_is_free.html", "This plate does not belong to this link.", status=422)
async def a_time_that_is_free_for_another_plate(scene: Scene) -> Shown:
    values = {"plate": "1-XYZ-1"}
    return sent(scene.garage.browser(), await wish_link(scene.garage), values)


@state("time_is_free.html", "Somebody was faster")
async def a_time_that_somebody_else_took(scene: Scene) -> Shown:
    address = await wish_link(scene.garage)
    await is_full(scene.garage)
    return opened(scene.garage.browser(), address)


@state("time_is_free.html", "This wish is settled.")
async def a_wish_that_is_settled(scene: Scene) -> Shown:
    return opened(scene.garage.browser(), await wish_link(scene.garage, done=True))


@state("link.html", "This plate does not belong to this repair.", status=422)
async def a_link_into_the_job_with_another_plate(scene: Scene) -> Shown:
    address = await talk_link(scene.garage)
    return sent(scene.garage.browser(), address, {"plate": "1-XYZ-1"})


@state("finished.html", "Nothing of your visit is open here any more.")
async def a_visit_that_is_finished_on_this_device(scene: Scene) -> Shown:
    return opened(scene.garage.browser(), "/{lang}/finished")


@state("link.html", "Please type the registration plate of your vehicle")
async def a_link_into_the_job(scene: Scene) -> Shown:
    return opened(scene.garage.browser(), await talk_link(scene.garage))


async def talk_link(garage: Garage) -> str:
    """Where the mail of an answer leads."""
    async with garage.unit() as session:
        address = job_links.address_of(Target((await a_job(session)).id, is_talk=True))
    return f"/{{lang}}/status/link/{address.rpartition('/')[2]}"


@state("pictures_link.html", "This plate does not belong to this job.", status=422)
async def a_link_to_the_pictures_with_another_plate(scene: Scene) -> Shown:
    async with scene.garage.unit() as session:
        token = link_tokens.sign("pictures", (await a_job(session)).id)
    values = {"plate": "1-XYZ-1"}
    return sent(scene.garage.browser(), f"/{{lang}}/pictures/link/{token}", values)


@state("appointment.html", "small calculation")
async def an_appointment_whose_plate_others_guess(scene: Scene) -> Shown:
    secret = await personal_link(scene.garage)
    await scene.near(MISSES_PER_ADDRESS, "portal-miss", HERE)
    return opened(scene.garage.browser(), f"/{{lang}}/appointment/{secret}")


@state("link.html", "small calculation")
async def a_link_whose_plate_others_guess(scene: Scene) -> Shown:
    await scene.near(MISSES_PER_ADDRESS, "portal-miss", HERE)
    return opened(scene.garage.browser(), await talk_link(scene.garage))
