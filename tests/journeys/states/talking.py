"""States of what a customer and the garage say to each other, estimates among it."""

from datetime import timedelta

from core.clock import now
from core.workshop.jobs.services import set_status
from plugins.self_service_portal import quotes
from plugins.self_service_portal.talk_models import Quote
from tests import factories
from tests.garages import STAFF
from tests.journeys.states.asking import asks_everything
from tests.journeys.states.showing import Scene, Shown, opened, sent, state
from tests.plugins.self_service_portal.talkers import Talkers, talkers_at

QUOTE = "/{{lang}}/status/quotes/{id}"


async def with_a_quote(scene: Scene, **values: object) -> tuple[Talkers, Quote]:
    """A customer to whom an estimate with a PDF was sent."""
    talkers = await talkers_at(scene.garage)
    return talkers, await talkers.has_quote(pdf=True, **values)


async def withdraw(talkers: Talkers, quote: Quote) -> None:
    """The garage takes it back."""
    async with talkers.garage.unit() as session:
        await quotes.withdraw(session, talkers.job_id, quote.id, STAFF)


@state("quote.html", "Your reason:")
async def an_estimate_that_was_declined(scene: Scene) -> Shown:
    talkers, quote = await with_a_quote(scene)
    await talkers.decide(quote, "decline", reason="Much too expensive for so old a car.")
    return opened(talkers.customer, QUOTE.format(id=quote.id))


@state("quote.html", "We have withdrawn this estimate.")
async def an_estimate_that_was_withdrawn(scene: Scene) -> Shown:
    talkers, quote = await with_a_quote(scene)
    await withdraw(talkers, quote)
    return opened(talkers.customer, QUOTE.format(id=quote.id))


@state("quote.html", "This estimate is no longer valid.")
async def an_estimate_that_has_expired(scene: Scene) -> Shown:
    talkers, quote = await with_a_quote(scene, valid_until=now().date() - timedelta(days=1))
    return opened(talkers.customer, QUOTE.format(id=quote.id))


@state("quote.html", "Please check this", status=409)
async def an_estimate_that_is_approved_too_late(scene: Scene) -> Shown:
    talkers, quote = await with_a_quote(scene)
    await withdraw(talkers, quote)
    values = {"name": "Jan Peeters", "shown": "x"}
    return sent(talkers.customer, QUOTE.format(id=quote.id) + "/approve", values)


@state("quote_confirm.html", "Please check this", status=422)
async def approving_without_a_name(scene: Scene) -> Shown:
    talkers, quote = await with_a_quote(scene)
    return sent(talkers.customer, QUOTE.format(id=quote.id) + "/approve", {"name": ""})


@state("quote_confirm.html", "Please check this", status=422)
async def declining_without_a_name(scene: Scene) -> Shown:
    talkers, quote = await with_a_quote(scene)
    return sent(talkers.customer, QUOTE.format(id=quote.id) + "/decline", {"name": ""})


@state("time_is_up.html", "nothing is lost", status=401)
async def a_message_after_two_hours(scene: Scene) -> Shown:
    browser = scene.garage.browser()
    return sent(browser, "/{lang}/status/messages", {"body": "A long story. " * 20})


@state("time_is_up.html", "We find no job with this plate and number.", status=422)
async def photos_after_two_hours_with_a_wrong_number(scene: Scene) -> Shown:
    values = {"again": "yes", "plate": "1-ABC-123", "number": "AAA-AAA-AAA"}
    return sent(scene.garage.browser(), "/{lang}/pictures/add", values)


async def with_everything(scene: Scene) -> Talkers:
    """A job about which everything was said that can be said, with the garage's words below."""
    await asks_everything(scene.garage)
    talkers = await talkers_at(scene.garage)
    quote = await talkers.has_quote()
    await talkers.decide(quote, "decline", reason="Too much")
    await talkers.has_quote(valid_until=now().date() - timedelta(days=1))
    await withdraw(talkers, await talkers.has_quote())
    await talkers.has_quote(pdf=True)
    async with scene.garage.unit() as session:
        job = await talkers.job(session)
        job.estimated_completion = now().date() + timedelta(days=9)
        for colour, source in ((40, "desk"), (90, "desk"), (140, "portal")):
            body = factories.jpeg((colour, 10, 10))
            await factories.a_photo(session, job, body=body, source=source, shared=True)
        await factories.an_appointment(session, job, "drop_off")
        await factories.a_message(session, job)
        answer = (
            "On Friday.\n\nhttps://example.com/a-rather-long-address-without-a-break/0123456789"
        )
        await factories.a_message(session, job, body=answer, author="garage", author_name="Tom")
    return talkers


@state("status.html", "On Friday.")
async def a_status_with_everything(scene: Scene) -> Shown:
    return opened((await with_everything(scene)).customer, "/{lang}/status/job")


@state("status.html", "This job was cancelled.")
async def a_status_of_a_cancelled_job(scene: Scene) -> Shown:
    talkers = await talkers_at(scene.garage, email=None)
    async with scene.garage.unit() as session:
        await set_status(session, talkers.job_id, "cancelled", STAFF)
    return opened(talkers.customer, "/{lang}/status/job")


@state("status.html", "Please write your message.", status=422)
async def a_status_with_an_empty_message(scene: Scene) -> Shown:
    talkers = await talkers_at(scene.garage, email=None)
    return sent(talkers.customer, "/{lang}/status/messages", {"body": ""})


@state("status.html", "Please choose when you want an e-mail.", status=422)
async def a_status_with_an_odd_wish(scene: Scene) -> Shown:
    talkers = await talkers_at(scene.garage)
    return sent(talkers.customer, "/{lang}/status/wish", {"choice": "hourly"})
