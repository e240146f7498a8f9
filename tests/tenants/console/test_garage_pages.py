"""Closing a garage and opening it again."""

from tests.factories import a_job
from tests.garages import Garage
from tests.tenants.console.conftest import Desk


async def test_a_closed_garage_opens_again_with_all_that_it_had(garage: Garage, desk: Desk) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
    lead, page = await desk(), f"/garages/{garage.slug}"
    await lead.submit(f"{page}/close", {"reason": "did not pay"})
    assert (await garage.browser().get("/desk/login")).status_code == 404
    await lead.submit(f"{page}/reopen", {"reason": "paid"}, page=page)
    owner = await garage.staff("owner")
    assert (await owner.get(f"/desk/jobs/{job.id}")).status_code == 200
    log = await lead.open(f"/audit?garage={garage.slug}")
    assert "Garage reopened" in log.text


async def test_reopening_asks_for_a_reason(garage: Garage, desk: Desk) -> None:
    lead, page = await desk(), f"/garages/{garage.slug}"
    await lead.submit(f"{page}/close", {"reason": "did not pay"})
    answer = await lead.submit(f"{page}/reopen", {"reason": " "}, page=page)
    assert answer.status_code == 422
    assert (await garage.browser().get("/desk/login")).status_code == 404


async def test_reopening_an_open_garage_changes_nothing(garage: Garage, desk: Desk) -> None:
    lead, page = await desk(), f"/garages/{garage.slug}"
    await lead.submit(f"{page}/reopen", {"reason": "by mistake"}, page=page)
    log = await lead.open(f"/audit?garage={garage.slug}")
    assert "Garage reopened" not in log.text
