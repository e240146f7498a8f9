"""A customer and the garage who talk about one job."""

from dataclasses import dataclass
from uuid import UUID

from bs4 import BeautifulSoup
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from plugins.self_service_portal import message_repository, quote_repository
from plugins.self_service_portal.talk_models import Message, Quote, QuoteOutcome
from tests import factories
from tests.garages import Browser, Garage

PLATE = "1-TLK-001"


@dataclass(slots=True)
class Talkers:
    """One job of a garage, and the browser in which its customer has opened it."""

    garage: Garage
    job_id: UUID
    customer: Browser
    planner: Browser | None = None

    async def job(self, session: AsyncSession) -> Job:
        """The job."""
        return await jobs.by_id(session, self.job_id)

    async def desk(self) -> Browser:
        """The planner's browser; they log in once."""
        self.planner = self.planner or await self.garage.staff("planner")
        return self.planner

    async def write(self, body: str, **fields: object) -> Response:
        """Send a message from the status page."""
        return await self.customer.submit(
            "/en/status/messages", {"body": body, **fields}, page="/en/status/job", follow=False
        )

    async def status(self, language: str = "en") -> BeautifulSoup:
        """The status page."""
        return await self.customer.open(f"/{language}/status/job")

    async def messages(self) -> list[Message]:
        """What was said."""
        async with self.garage.unit() as session:
            return await message_repository.of_job(session, self.job_id)

    async def quotes(self) -> list[tuple[Quote, QuoteOutcome | None]]:
        """Estimates and how they ended, newest first."""
        async with self.garage.unit() as session:
            return await quote_repository.of_job(session, self.job_id)

    async def has_quote(self, **values: object) -> Quote:
        """An estimate that the garage has sent."""
        async with self.garage.unit() as session:
            return await factories.a_quote(session, await self.job(session), **values)  # type: ignore[arg-type]

    async def decide(self, quote: Quote, answer: str, **fields: object) -> Response:
        """Read the confirmation page, then send it."""
        address = f"/en/status/quotes/{quote.id}/{answer}"
        page = await self.customer.open(address)
        shown = page.select_one("input[name=shown]")
        read = {"shown": shown["value"]} if shown else {}
        values = {"name": "Jan Peeters", **read, **fields}
        return await self.customer.submit(address, values, page="/en/status/job", follow=False)


async def talkers_at(garage: Garage, plate: str = PLATE, **values: object) -> Talkers:
    """A new job, opened by its customer with plate and number."""
    async with garage.unit() as session:
        job = await factories.a_job(session, plate=plate, **values)  # type: ignore[arg-type]
    browser = garage.browser()
    answer = await browser.submit(
        "/en/status", {"plate": plate, "number": job.public_number}, follow=False
    )
    assert answer.status_code == 303, answer.text[:500]
    return Talkers(garage, job.id, browser)
