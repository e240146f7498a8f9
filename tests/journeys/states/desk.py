"""States of the desk's pages about the portal."""

from tests import factories
from tests.garages import Browser
from tests.journeys.states.asking import asks_everything, with_a_logo
from tests.journeys.states.showing import Scene, Shown, opened, sent, state
from tests.journeys.states.talking import with_everything
from tests.plugins.self_service_portal import after_booking
from tests.plugins.self_service_portal.deciding import DESK, fields_of
from tests.plugins.self_service_portal.test_embed import SITE


async def the_owner(scene: Scene) -> Browser:
    """The owner, whose portal has everything that it can have."""
    await asks_everything(scene.garage, embed_origins=(SITE,))
    await with_a_logo(scene.garage)
    return await scene.garage.staff("owner")


@state("look/edit.html", "Web sites that may show it")
async def the_owners_page(scene: Scene) -> Shown:
    return opened(await the_owner(scene), DESK)


@state("look/edit.html", "could not be read", status=422)
async def the_owners_page_with_mistakes(scene: Scene) -> Shown:
    owner = await the_owner(scene)
    values = {**await fields_of(owner), "accent": "#ffdd00", "embed_origins": "www.example.com"}
    return sent(owner, DESK, values, page=DESK)


@state("look/preview.html", "I agree")
async def the_preview_of_a_question(scene: Scene) -> Shown:
    return opened(
        await the_owner(scene), f"{DESK}/preview?shown_page=contact&shown_language={{lang}}"
    )


async def preview_of(scene: Scene, page: str) -> Shown:
    """A sample page in the portal's look."""
    address = f"{DESK}/preview?shown_page={page}&shown_language={{lang}}"
    return opened(await the_owner(scene), address)


@state("look/preview.html", "K7Q-X2M-9D4")
async def the_preview_of_what_was_sent(scene: Scene) -> Shown:
    return await preview_of(scene, "done")


@state("look/preview.html", "We are working on your vehicle.")
async def the_preview_of_the_status(scene: Scene) -> Shown:
    return await preview_of(scene, "status")


@state("look/preview.html", "legitimate interest")
async def the_preview_of_privacy(scene: Scene) -> Shown:
    return await preview_of(scene, "privacy")


@state("reach/card.html", "svg")
async def the_card(scene: Scene) -> Shown:
    return opened(await the_owner(scene), f"{DESK}/card")


async def an_appointment(scene: Scene) -> str:
    """The address of an appointment that the desk looks at."""
    async with scene.garage.unit() as session:
        booked, _secret = await factories.an_appointment(session, await factories.a_job(session))
    return f"/desk/appointments/{booked.id}"


@state("core/planning/book.html", "That time is free for others once you have moved it.")
async def moving_an_appointment(scene: Scene) -> Shown:
    address = await an_appointment(scene)
    return opened(await scene.garage.staff("planner"), f"{address}/move")


@state("core/planning/cancel.html", "Does the customer need another time?")
async def cancelling_an_appointment(scene: Scene) -> Shown:
    address = await an_appointment(scene)
    return opened(await scene.garage.staff("planner"), f"{address}/cancel")


@state("desk_unconfirmed.html", "Confirmed by phone")
async def an_appointment_that_nobody_has_confirmed(scene: Scene) -> Shown:
    await after_booking.decide(scene.garage, confirm_bookings=True)
    request = await after_booking.request_estimate(scene.garage)
    return opened(await scene.garage.staff("planner"), f"/desk/jobs/{request.job_id}")


@state("desk_news_card.html", "Mark all as seen")
async def today_with_news_from_customers(scene: Scene) -> Shown:
    for name in ("Jan Peeters", "Els Maes"):
        await after_booking.request_estimate(scene.garage, name=name)
    return opened(await scene.garage.staff("planner"), "/desk")


@state("desk_wishes.html", "Wim Waits")
async def the_waiting_list(scene: Scene) -> Shown:
    async with scene.garage.unit() as session:
        job = await factories.a_job(session)
        await factories.a_time_wish(session, job, weekdays=(0, 3), halves=("morning",))
        await factories.a_time_wish(session, job, email=None, phone="0470 11 22 33")
    return opened(await scene.garage.staff("owner"), "/desk/wishes")


@state("desk_wishes.html", "empty")
async def the_waiting_list_of_nobody(scene: Scene) -> Shown:
    return opened(await scene.garage.staff("owner"), "/desk/wishes")


@state("quote_new.html", "Amount with VAT (EUR)")
async def an_estimate_to_be_sent(scene: Scene) -> Shown:
    async with scene.garage.unit() as session:
        job = await factories.a_job(session)
    return opened(await scene.garage.staff("owner"), f"/desk/jobs/{job.id}/quotes/new")


@state("quote_new.html", "Please type an amount", status=422)
async def an_estimate_with_mistakes(scene: Scene) -> Shown:
    async with scene.garage.unit() as session:
        job = await factories.a_job(session)
    address = f"/desk/jobs/{job.id}/quotes/new"
    values = {"net": "ten", "gross": "", "valid_until": "2020-01-01"}
    owner = await scene.garage.staff("owner")
    letter = ("pdf", ("letter.pdf", b"no PDF", "application/pdf"))
    return sent(owner, address, values, files=[letter], page=address)


@state("core/jobs/card.html", "Estimates")
async def a_job_card_with_everything_said(scene: Scene) -> Shown:
    talkers = await with_everything(scene)
    return opened(await scene.garage.staff("owner"), f"/desk/jobs/{talkers.job_id}")


@state("core/garage/today.html", "Needs attention")
async def today_with_customers_who_wait(scene: Scene) -> Shown:
    talkers = await with_everything(scene)
    async with scene.garage.unit() as session:
        await factories.a_message(session, await talkers.job(session))
        await factories.a_time_wish(session, await talkers.job(session))
    return opened(await scene.garage.staff("owner"), "/desk")
