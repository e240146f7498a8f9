"""The sheet of paper that travels with the vehicle."""

import segno

from core.workshop.jobs import repository as jobs
from core.workshop.jobs.services import set_task_state
from tests.factories import a_job
from tests.garages import STAFF, Garage


async def test_the_sheet_names_the_job_its_fields_and_its_tasks(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session, plate="1-PRN-234", damage="Hail <b>everywhere</b>")
        tasks = await jobs.tasks_of(session, job.id)
        await set_task_state(session, job.id, tasks[0].id, "finished", STAFF)
    browser = await garage.staff("technician")
    page = await browser.open(f"/desk/jobs/{job.id}/sheet")
    sheet = page.select_one(".sheet")
    assert sheet is not None
    for text in ("1-PRN-234", "Jan Peeters", "Hail <b>everywhere</b>"):
        assert text in sheet.text
    rows = sheet.select("tbody tr")
    assert len(rows) == len(tasks)
    assert [bool(row.select_one(".ticked")) for row in rows] == [True] + [False] * (len(rows) - 1)


async def test_without_plugins_the_code_opens_the_job_card(garage: Garage) -> None:
    await garage.switch("vehicle_presence", on=False)
    async with garage.unit() as session:
        job = await a_job(session)
    browser = await garage.staff("owner")
    page = await browser.open(f"/desk/jobs/{job.id}/sheet")
    drawn = page.select_one(".sheet-code svg path[stroke]")
    assert drawn is not None
    address = garage.house.settings.public_url(garage.slug, f"/desk/jobs/{job.id}")
    expected = segno.make(address, error="m", micro=False).svg_inline(border=2)
    assert str(drawn["d"]) in expected


async def test_the_job_card_leads_to_its_sheet_and_an_accountant_to_neither(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
    planner = await garage.staff("planner")
    card = await planner.open(f"/desk/jobs/{job.id}")
    assert card.select_one(f"a[href='/desk/jobs/{job.id}/sheet']") is not None
    accountant = await garage.staff("accountant")
    assert (await accountant.get(f"/desk/jobs/{job.id}/sheet")).status_code == 403


async def test_a_sheet_of_no_job_does_not_exist(garage: Garage) -> None:
    browser = await garage.staff("owner")
    answer = await browser.get("/desk/jobs/01900000-0000-7000-8000-000000000000/sheet")
    assert answer.status_code == 404
