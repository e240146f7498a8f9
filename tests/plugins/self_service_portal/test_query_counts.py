"""How many statements a page of the portal costs: few, and not more where there is more to show."""

from collections.abc import Mapping
from datetime import timedelta

from core.clock import now
from core.web.cookies import cookie_name
from core.web.host_router import HostRouter
from core.workshop.jobs.models import Job
from core.workshop.jobs.services import set_status
from plugins.self_service_portal import confirmations, job_links, link_tokens, mail_choices
from plugins.self_service_portal.estimate_steps import COOKIE
from plugins.self_service_portal.job_links import Target
from plugins.self_service_portal.mail_models import Confirmation
from plugins.self_service_portal.models import DraftPhoto
from plugins.self_service_portal.services import begin_draft
from tests import factories
from tests.factories import free_slots
from tests.garages import STAFF, Browser, Garage
from tests.plugins.self_service_portal.after_booking import far_slot, request_estimate
from tests.plugins.self_service_portal.deciding import ANSWERS, decide
from tests.plugins.self_service_portal.test_embed import FRAME, SITE
from tests.plugins.self_service_portal.waiting_people import with_a_job
from tests.statements import counted

FIRST_PAGE_AND_TIMES = ("/en", "/en/estimate/time", "/en/repair/time")
MOST = {
    "/en": 5,
    "/en/estimate/time": 6,
    "/en/repair/time": 6,
    "/en/estimate/vehicle": 4,
    "/en/estimate/damage": 4,
    "/en/estimate/photos": 5,
    "/en/estimate/contact": 4,
    "/en/estimate/check": 8,
    "/en/estimate/wish": 5,
    "/en/estimate/wish/done": 2,
    "/en/repair": 2,
    "/en/repair/done": 6,
    "POST /en/repair/time": 13,
    "/en/repair/wish": 5,
    "/en/repair/wish/done": 2,
    "/en/status": 2,
    "/en/status/job": 13,
    "fetching: /en/status/pick-up": 6,
    "/en/status/quotes/{quote}": 6,
    "/en/status/quotes/{quote}/approve": 6,
    "/en/pictures": 2,
    "/en/pictures/add": 6,
    "/en/pictures/done": 6,
    "/en/offline": 2,
    "/en/privacy": 2,
    "/en/job-number": 2,
    "/en/job-number/sent": 2,
    "sent: /en/estimate/done": 8,
    "stranger: /en/status/link/{talk}": 4,
    "stranger: /en/pictures/link/{pictures}": 4,
    "stranger: /en/mails/{mails}": 5,
    "stranger: /en/appointment/{appointment}": 7,
    "stranger: /en/appointment/{appointment}/cancel": 5,
    "stranger: /en/confirm/{confirm}": 6,
    "stranger: /en/wish/{wish}": 7,
    "framed: /en/embed/estimate?tried=yes": 2,
}
"""Page → statements; before the colon, whose browser it is. Each page tells PostgreSQL the garage
once for its look and once for itself, and that counts: both are round trips. What is left are the
queries."""
TELLING = "set_config('app.tenant'"
MOST_QUERIES = 4
"""Of the first page and of those with times."""
MOST_WHEN_COLD = {"/en": 8, "/en/estimate/time": 9, "/en/repair/time": 9}
"""The same with nothing left out: the first request that a process ever gets for this garage, the
look-up of the garage included."""


async def fill(garage: Garage, many: int) -> tuple[Job, dict[str, str]]:
    """A job about which so much was said, and what stands in the addresses of its pages."""
    async with garage.unit() as session:
        job = await factories.a_job(session, plate="1-QCT-001")
        for number in range(many):
            body = factories.jpeg((number, 9, 9))
            await factories.a_photo(session, job, body=body, shared=True)
            await factories.a_message(session, job, body=f"Message {number}")
            await factories.a_message(session, job, author="garage", author_name="Tom")
            quote = await factories.a_quote(session, job)
        await factories.an_appointment(
            session, job, "drop_off", at=await far_slot(session, "drop_off")
        )
        booked, appointment = await factories.an_appointment(
            session, job, at=await far_slot(session)
        )
        session.add(Confirmation(appointment_id=booked.id, expires_at=now() + timedelta(hours=2)))
        _wish, wish = await factories.a_time_wish(session, job)
        found = {
            "quote": str(quote.id),
            "talk": job_links.address_of(Target(job.id)).rpartition("/")[2],
            "pictures": link_tokens.sign("pictures", job.id),
            "mails": mail_choices.no_more_mails(job.id).rpartition("/mails/")[2],
            "appointment": appointment,
            "confirm": link_tokens.sign(confirmations.PURPOSE, booked.id),
            "wish": wish,
        }
    return job, found


async def browsers(garage: Garage, job: Job, many: int) -> Mapping[str, Browser]:
    """Who looks: a customer with the job and a request that can be sent, somebody who has sent
    one, somebody who has only a link, and a frame."""
    customer = await with_a_job(garage, job)
    async with garage.unit() as session:
        draft, secret = await begin_draft(session, "en")
        slot = {"slot": (await far_slot(session)).isoformat()}
        draft.answers = {**ANSWERS, "photos": {"asked": True}, "time": slot}
        session.add_all(
            DraftPhoto(
                draft_id=draft.id, sha256=f"{n}", key=f"d/{n}", name="x", facts={}, size_bytes=1
            )
            for n in range(many)
        )
    request = await request_estimate(garage)
    sent = garage.browser()
    for browser, told in ((customer, secret), (sent, request.secret)):
        name = cookie_name(garage.house.settings, COOKIE)
        browser.cookies.set(name, told, domain=garage.host)
    return {
        "": customer,
        "sent": sent,
        "fetching": await fetching(garage, many),
        "stranger": garage.browser(),
        "framed": garage.browser(headers=FRAME),
    }


async def fetching(garage: Garage, many: int) -> Browser:
    """A customer who may choose when to fetch one of so many vehicles that are ready."""
    async with garage.unit() as session:
        for _ in range(many):
            job = await factories.a_job(session, plate=factories.a_plate())
            await set_status(session, job.id, "ready", STAFF)
    return await with_a_job(garage, job)


async def cost(garage: Garage, many: int) -> dict[str, list[str]]:
    """Page → what it sends, once what is remembered for a while has been looked up."""
    await decide(garage, embed_origins=(SITE,))
    job, addresses = await fill(garage, many)
    seats = await browsers(garage, job, many)
    async with garage.unit() as session:
        slot = (await free_slots(session, "drop_off"))[-1].isoformat()
    form = {"csrf_token": await seats[""].token("/en/repair/time"), "slot": slot}
    found = {}
    for page in MOST:
        seat, _, address = page.rpartition(": ")
        path = address.removeprefix("POST ").format(**addresses)
        for _ in range(2):
            if seat in {"stranger", "framed"}:
                seats[seat].cookies.clear()
            with counted(garage.house) as statements:
                if address.startswith("POST "):
                    answer = await seats[seat].post(path, data=form)
                else:
                    answer = await seats[seat].get(path)
            assert answer.status_code == 200, (page, answer.status_code)
        found[page] = statements
    return found


async def test_a_page_costs_few_statements_and_not_more_with_more_to_show(
    garage: Garage, other_garage: Garage
) -> None:
    one, ten = await cost(garage, 1), await cost(other_garage, 10)
    numbers = {page: len(sent) for page, sent in ten.items()}
    queries = {
        page: [each for each in ten[page] if TELLING not in each] for page in FIRST_PAGE_AND_TIMES
    }
    assert numbers == {page: len(sent) for page, sent in one.items()}
    assert {page: number for page, number in numbers.items() if number > MOST[page]} == {}
    assert {page: rows for page, rows in queries.items() if len(rows) > MOST_QUERIES} == {}


async def test_the_first_request_of_all_costs_few_statements_too(
    garage: Garage, second_process: HostRouter
) -> None:
    job, _addresses = await fill(garage, 1)
    seats = await browsers(garage, job, 1)
    cold = Browser(second_process, garage.host, cookies=seats[""].cookies)
    numbers = {}
    for page in FIRST_PAGE_AND_TIMES:
        await garage.house.directory.forget()
        with counted(garage.house, whole=True) as statements:
            answer = await cold.get(page)
        assert answer.status_code == 200, page
        assert any("FROM tenants" in each for each in statements)
        numbers[page] = len(statements)
    assert {page: n for page, n in numbers.items() if n > MOST_WHEN_COLD[page]} == {}
