"""How many statements a page costs: few, and not more where there is more to show."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.workshop.jobs.models import Job
from core.workshop.jobs.services import set_status
from plugins.vehicle_presence.models import Doubt
from plugins.vehicle_presence.services import record_arrival
from tests import factories
from tests.garages import STAFF, Garage
from tests.statements import counted

LOGIN = "/desk/login"
"""Shown to who is not logged in yet."""
MOST = {
    "/desk": 22,
    "/desk/jobs": 16,
    "/desk/search?q=peeters": 15,
    "/desk/planning": 8,
    "/desk/on-site": 1,
    "/desk/on-site/rows": 1,
    "/desk/on-site/clean-up": 9,
    "/desk/on-site/numbers": 6,
    "/desk/on-site/cards.json": 1,
    "/desk/vat-book": 11,
    "/desk/wishes": 4,
    "/desk/portal": 5,
    "/desk/jobs/{job}": 36,
    "/desk/jobs/{job}/edit": 6,
    LOGIN: 2,
    "/theme/0b5cab.css": 0,
}
"""Page → statements. Looking up the session costs one, telling PostgreSQL the garage one, and each
plugin that is asked two more for its savepoint. The board reads only what has
changed."""


async def fill(garage: Garage, many: int) -> Job:
    """So many jobs on site, each asked about by the clean-up; the first has as many photos."""
    async with garage.unit() as session:
        jobs = [await _job(session, number) for number in range(many)]
        for number in range(many):
            await factories.a_photo(
                session,
                jobs[0],
                name=f"{number}.jpg",
                body=factories.jpeg((number, 9, 9)),
                shared=True,
            )
    return jobs[0]


async def _job(session: AsyncSession, number: int) -> Job:
    job = await factories.a_job(
        session, plate=f"1-ABC-{100 + number}", name=f"Jan Peeters {number}"
    )
    await factories.an_appointment(session, job)
    await factories.a_time_wish(session, job)
    stay = await record_arrival(session, job.id, STAFF, at=now() - timedelta(days=number + 1))
    session.add(Doubt(stay_id=stay.id, reason="ready"))
    await set_status(session, job.id, "ready", STAFF)
    return job


async def cost(garage: Garage, job: Job) -> dict[str, int]:
    """Page → how many statements it sends, once everything that is remembered is warm."""
    staff = await garage.staff("owner")
    visitor = garage.browser()
    found = {}
    for page in MOST:
        browser = staff if page.startswith("/desk") and page != LOGIN else visitor
        address = page.format(job=job.id)
        await browser.get(address)
        with counted(garage.house) as sent:
            answer = await browser.get(address, follow_redirects=False)
        assert answer.status_code == 200, address
        found[page] = len(sent)
    return found


async def test_a_page_costs_few_statements_and_not_more_with_more_rows(
    garage: Garage, other_garage: Garage
) -> None:
    one = await cost(garage, await fill(garage, 1))
    thirty = await cost(other_garage, await fill(other_garage, 30))
    assert thirty == one
    assert {page: found for page, found in thirty.items() if found > MOST[page]} == {}


@pytest.mark.parametrize("plugin", ["vehicle_presence", "self_service_portal"])
async def test_a_plugin_that_is_off_costs_nothing(garage: Garage, plugin: str) -> None:
    await garage.switch(plugin, on=False)
    browser = await garage.staff("owner")
    await browser.get("/desk/jobs")
    with counted(garage.house) as sent:
        await browser.get("/desk/jobs")
    assert not [statement for statement in sent if f"{plugin}_" in statement]
