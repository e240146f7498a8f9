"""The workshop's tablet: tiles of what is on site and who is expected, one press each."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from bs4 import BeautifulSoup

from core.clock import frozen, now
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.assignments import assign_task
from core.workshop.jobs.services import set_task_state
from core.workshop.staff import repository as staff
from plugins.vehicle_presence import repository
from plugins.vehicle_presence.board_repository import PAGE
from plugins.vehicle_presence.services import record_arrival
from tests.factories import a_job, a_stay, an_appointment, many_jobs, set_past_services
from tests.garages import STAFF, Browser, Garage
from tests.live_listening import listening
from tests.plugins.vehicle_presence.test_check_in import wish
from tests.statements import counted

WORKSHOP = "/desk/workshop"


@pytest.fixture
async def technician(garage: Garage) -> AsyncIterator[Browser]:
    """Somebody in the workshop."""
    browser = await garage.staff("technician")
    yield browser
    await browser.aclose()


async def inside(garage: Garage, plate: str, *, days: int = 0, **columns: object) -> UUID:
    """A vehicle that came so many days ago; `columns` are its job's."""
    async with garage.unit() as session:
        job = await a_job(session, plate=plate)
        if columns:
            job = await set_past_services(session, job, **columns)
        await record_arrival(session, job.id, STAFF, at=now() - timedelta(days=days))
        return job.id


def plates(page: BeautifulSoup, part: str) -> list[str]:
    """The plates of a section, in order."""
    return [each.text for each in page.select(f"#workshop-{part} .plate")]


async def test_finished_ones_are_the_first_tiles_then_the_longest(
    garage: Garage, technician: Browser
) -> None:
    await inside(garage, "1-NEW-001", days=1)
    await inside(garage, "1-OLD-002", days=30)
    await inside(garage, "1-FIN-003", days=2, status="ready")
    page = await technician.open(WORKSHOP)
    assert plates(page, "inside") == ["1-FIN-003", "1-OLD-002", "1-NEW-001"]


async def test_who_is_expected_is_in_with_one_press(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session, plate="1-DUE-001")
        appointment, _secret = await an_appointment(session, job, "drop_off")
    with frozen(appointment.starts_at):
        browser = await garage.staff("technician")
        page = await browser.open(WORKSHOP)
        assert plates(page, "expected") == ["1-DUE-001"]
        page = await press(browser, page, "#workshop-expected [formaction*='/presence/in']")
        assert (plates(page, "expected"), plates(page, "inside")) == ([], ["1-DUE-001"])
        await browser.aclose()


async def press(browser: Browser, page: BeautifulSoup, selector: str) -> BeautifulSoup:
    """Press the one button that fits; the tiles that it leads back to."""
    (button,) = page.select(selector)
    address = str(button.get("formaction") or button["action"])
    answer = await browser.submit(address, page=WORKSHOP)
    assert answer.url.path == WORKSHOP, answer.text
    return BeautifulSoup(answer.text, "html.parser")


async def test_arrival_departure_and_both_undos_are_one_press_each_and_lead_back_to_the_tiles(
    garage: Garage, technician: Browser
) -> None:
    async with garage.unit() as session:
        await a_job(session, plate="1-DUE-001")
    found = await technician.open(f"{WORKSHOP}?q=DUE001")
    arrive, leave = "#workshop-found [formaction]", "#workshop-inside [formaction*='/off']"
    page = await press(technician, found, arrive)
    assert plates(page, "inside") == ["1-DUE-001"]
    page = await press(technician, page, ".toast form")
    assert plates(page, "inside") == []
    page = await press(technician, found, arrive)
    page = await press(technician, page, leave)
    assert plates(page, "inside") == []
    page = await press(technician, page, ".toast form")
    assert plates(page, "inside") == ["1-DUE-001"]


async def test_my_tasks_are_the_tiles_on_which_a_task_of_mine_waits(
    garage: Garage, technician: Browser
) -> None:
    mine, done, nobodys = [await inside(garage, f"1-TSK-00{each}") for each in "123"]
    async with garage.unit() as session:
        me = await staff.by_email(session, f"technician@{garage.slug}.test")
        assert me is not None
        for job_id in (mine, done):
            task = (await jobs.tasks_of(session, job_id))[1]
            await assign_task(session, job_id, task.id, me.id, STAFF)
        await set_task_state(session, done, task.id, "finished", STAFF)
    page = await technician.open(WORKSHOP)
    assert len(plates(page, "inside")) == 3
    (tab,) = page.select("#workshop-whose a[href*=mine]")
    page = await technician.open(str(tab["href"]))
    assert plates(page, "inside") == ["1-TSK-001"]
    page = await technician.open(f"{WORKSHOP}/find?q=TSK&mine=1")
    assert plates(page, "inside") == ["1-TSK-001"]
    assert page.select(f"idle-return[data-href='{WORKSHOP}?mine=1']")
    (off,) = page.select("#workshop-inside [formaction*='/off']")
    answer = await technician.submit(str(off["formaction"]), page=WORKSHOP)
    assert answer.url.raw_path.decode() == f"{WORKSHOP}?mine=1"
    assert "No task of yours waits" in answer.text
    async with garage.unit() as session:
        assert set(await repository.jobs_inside(session, [mine, done, nobodys])) == {done, nobodys}


async def test_leaving_for_a_while_and_coming_back_are_on_the_tile(
    garage: Garage, technician: Browser
) -> None:
    job_id = await inside(garage, "1-OUT-001")
    page = await technician.open(WORKSHOP)
    (away,) = page.select("#workshop-inside a[href*='/presence/away']")
    answer = await technician.submit(str(away["href"]), {"reason": "0"})
    assert answer.url.path == WORKSHOP
    page = BeautifulSoup(answer.text, "html.parser")
    assert not page.select("#workshop-inside a[href*='/presence/away']")
    (back,) = page.select("#workshop-inside [formaction*='/presence/back']")
    answer = await technician.submit(str(back["formaction"]), page=WORKSHOP)
    assert answer.url.path == WORKSHOP
    async with garage.unit() as session:
        assert await repository.open_stay(session, job_id) is not None


async def test_the_check_in_that_is_asked_leads_back_to_the_tiles(
    garage: Garage, technician: Browser
) -> None:
    await wish(garage, ask_keys="required")
    async with garage.unit() as session:
        job = await a_job(session, plate="1-KEY-001")
    page = await technician.open(f"{WORKSHOP}?q=KEY001")
    (button,) = page.select("#workshop-found [formaction]")
    answer = await technician.submit(str(button["formaction"]), page=WORKSHOP)
    asked = BeautifulSoup(answer.text, "html.parser")
    assert answer.url.path == f"/desk/jobs/{job.id}/check-in"
    assert asked.select(f"idle-return[data-href='{WORKSHOP}']")
    answer = await technician.submit(answer.url.raw_path.decode(), {"keys": "2"})
    assert answer.url.path == WORKSHOP


@pytest.mark.parametrize("host", ["https://noord.garagist.example", ""])
async def test_a_scanner_that_types_a_sheets_code_opens_the_jobs_page(
    garage: Garage, technician: Browser, host: str
) -> None:
    job_id = await inside(garage, "1-SCN-001")
    code = f"{host}/desk/jobs/{job_id}/presence"
    answer = await technician.get(f"{WORKSHOP}/find", params={"q": code}, follow_redirects=True)
    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.url.path == f"/desk/jobs/{job_id}/presence"
    (button,) = page.select("form[action*='/presence/off']")
    answer = await technician.submit(str(button["action"]), page=WORKSHOP)
    assert answer.url.path == WORKSHOP


async def test_what_is_no_code_is_searched(garage: Garage, technician: Browser) -> None:
    await inside(garage, "1-FND-001")
    await inside(garage, "1-XYZ-002")
    for typed, seen in (("fnd0", ["1-FND-001"]), ("", ["1-FND-001", "1-XYZ-002"])):
        answer = await technician.get(
            f"{WORKSHOP}/find", params={"q": typed}, follow_redirects=True
        )
        page = BeautifulSoup(answer.text, "html.parser")
        assert sorted(plates(page, "inside")) == seen


async def test_another_garages_code_leads_to_nothing(
    garage: Garage, other_garage: Garage, technician: Browser
) -> None:
    job_id = await inside(other_garage, "1-OTH-001")
    code = f"/desk/jobs/{job_id}/presence"
    answer = await technician.get(f"{WORKSHOP}/find", params={"q": code}, follow_redirects=True)
    assert answer.status_code == 404
    assert "1-OTH-001" not in (await technician.open(WORKSHOP)).text


async def test_the_tiles_are_read_with_few_statements_however_many_there_are(
    garage: Garage, technician: Browser
) -> None:
    for more in (1, 12):
        async with garage.unit() as session:
            for job_id in await many_jobs(session, more):
                job = await jobs.by_id(session, job_id)
                await a_stay(session, job, now() - timedelta(days=3))
        with counted(garage.house) as sent:
            await technician.open(WORKSHOP)
        assert len(sent) <= 3, sent


async def test_more_tiles_than_a_page_holds_go_on_on_the_next(
    garage: Garage, technician: Browser
) -> None:
    async with garage.unit() as session:
        for number, job_id in enumerate(await many_jobs(session, PAGE + 2)):
            job = await jobs.by_id(session, job_id)
            await a_stay(session, job, now() - timedelta(days=3, minutes=-number))
    first = await technician.open(WORKSHOP)
    (more,) = first.select("a[href*='after=']")
    second = await technician.open(str(more["href"]))
    assert [len(page.select("[data-tile]")) for page in (first, second)] == [PAGE, 2]


async def test_an_open_tablet_is_told_and_fetches_what_changed(
    garage: Garage, technician: Browser
) -> None:
    page = await technician.open(WORKSHOP)
    (region,) = page.select("live-region")
    fragment = str(region["data-fragment"])
    tag = (await technician.get(fragment)).headers["etag"]
    again = await technician.get(fragment, headers={"if-none-match": tag})
    assert again.status_code == 304
    async with listening(technician, str(region["data-events"])) as stream:
        assert (await stream.next())[0] == "hello"
        await inside(garage, "1-LIV-001")
        assert (await stream.next())[0] == "change"
    answer = await technician.get(fragment, headers={"if-none-match": tag})
    assert plates(BeautifulSoup(answer.text, "html.parser"), "inside") == ["1-LIV-001"]


@pytest.mark.parametrize(("role", "status"), [("planner", 200), ("accountant", 403)])
async def test_who_sees_the_tiles(garage: Garage, role: str, status: int) -> None:
    browser = await garage.staff(role)
    assert (await browser.get(WORKSHOP)).status_code == status


async def test_without_the_plugin_there_is_no_workshop(garage: Garage, technician: Browser) -> None:
    await garage.switch("vehicle_presence", on=False)
    for path in ("", "/tiles", "/find?q=x"):
        assert (await technician.get(f"{WORKSHOP}{path}")).status_code == 404
