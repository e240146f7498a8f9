"""What the garage's people do at the desk and at a tablet."""

import pytest
from playwright.async_api import expect

from tests.demo_run import DemoRun
from tests.journeys.people import DESKTOP, PHONE, People, Person


async def open_card(person: Person, query: str) -> None:
    """Find a job with the search box, and open it."""
    await person.page.keyboard.press("/")
    await person.page.keyboard.type(query)
    await person.page.keyboard.press("Enter")
    await person.page.locator("table a").first.click()


@pytest.mark.parametrize("scripts", [True, False], ids=["javascript", "no-javascript"])
async def test_the_clock_marks_off_site_and_undo_takes_both_back(
    people: People, demo: DemoRun, scripts: bool
) -> None:
    number = demo.garage("noord")["jobs"][2]["number"]
    planner = await people.staff("noord", "planner", scripts=scripts)
    await planner.go(f"/desk/search?q={number}")
    await planner.page.locator("table a").first.click()
    mark = planner.page.get_by_role("checkbox", name="Vehicle in")
    if not await mark.is_checked():
        await mark.click()
    await expect(planner.page.get_by_role("checkbox", name="Vehicle in")).to_be_checked()
    await planner.press("Off site now")
    await expect(planner.page.locator(".toast")).to_contain_text("Left ")
    await planner.picture("desk-clock")
    await expect(planner.page.get_by_role("checkbox", name="Vehicle in")).not_to_be_checked()
    await planner.press("Undo")
    await expect(planner.page.get_by_role("checkbox", name="Vehicle in")).to_be_checked()
    await expect(planner.page.locator("#presence")).to_contain_text("Off-site date: –")


async def test_the_search_box_finds_a_job_by_any_typing(people: People, demo: DemoRun) -> None:
    job = demo.garage("noord")["jobs"][0]
    technician = await people.staff("noord", "technician")
    for typed in (
        job["plate"].lower().replace("-", " "),
        job["number"].lower(),
        f"#{job['sequence_number']}",
    ):
        await technician.go("/desk")
        await open_card(technician, typed)
        await technician.reads_heading(f"Job {job['sequence_number']}")


async def test_a_vehicle_is_marked_off_site_from_the_board(people: People) -> None:
    planner = await people.staff("noord", "planner")
    await planner.go("/desk/on-site")
    await planner.picture("desk-on-site")
    total = int(await planner.page.locator("h1 .quiet").inner_text())
    await planner.press("Off site now")
    await expect(planner.page.locator("h1 .quiet")).to_have_text(str(total - 1))
    await planner.press("Undo")
    await expect(planner.page.locator("h1 .quiet")).to_have_text(str(total))


async def test_a_job_is_opened_edited_and_moved_on(people: People) -> None:
    planner = await people.staff("noord", "planner")
    await planner.follow("New job")
    await planner.fill("Registration plate", "1-NEW-777")
    await planner.fill("Name", "Walter Walk-in")
    await planner.fill("Damage", "Bumper torn off")
    await planner.press("Open the job")
    await planner.sees("Bumper torn off")
    await planner.follow("Edit")
    await planner.fill("Mileage at estimate (km)", "88123")
    await planner.fill("Book-out date", "2026-12-24")
    await planner.press("Save")
    await planner.sees("88123")
    await planner.press("Start Estimate")
    await expect(planner.page.locator("#tasks li").first).to_contain_text("In progress")


async def test_a_wrong_password_is_said_and_the_address_stays(people: People) -> None:
    person = await people.sit_down("noord")
    await person.go("/desk/login")
    await person.fill("E-mail address", "owner@noord.example.com")
    await person.fill("Password", "wrong wrong wrong")
    await person.press("Log in")
    await person.sees("This e-mail address and password do not belong together.")
    await expect(person.page.get_by_label("E-mail address")).to_have_value(
        "owner@noord.example.com"
    )


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_the_accountant_sees_no_jobs(people: People, screen: dict[str, int]) -> None:
    accountant = await people.staff("noord", "accountant", screen=screen)
    await expect(accountant.page.get_by_role("link", name="Jobs")).to_have_count(0)
    await accountant.go("/desk/jobs")
    await accountant.reads_heading("Your role does not include this")
