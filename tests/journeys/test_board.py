"""Vehicles come and go: by the code on paper, on a board that follows, with the keyboard alone."""

from playwright.async_api import expect

from tests.demo_run import DemoRun
from tests.journeys.people import PHONE, People, Person

AT_ONCE = 5000
"""Milliseconds; sooner than a stream says anything by itself."""


async def a_new_job(planner: Person, plate: str) -> str:
    """The path of a job that was just opened."""
    await planner.go("/desk/jobs/new")
    await planner.fill("Registration plate", plate)
    await planner.fill("Name", "Carla Code")
    await planner.fill("Damage", "Door scratched")
    await planner.press("Open the job")
    await planner.sees("Door scratched")
    return planner.page.url.partition("localhost")[2].partition("/")[2]


async def test_the_code_on_the_sheet_takes_a_vehicle_in_with_its_questions_on_a_phone(
    people: People, demo: DemoRun
) -> None:
    planner = await people.staff("sud", "planner")
    path = await a_new_job(planner, "1-SHT-401")
    await planner.follow("Job sheet")
    await planner.reads_heading("Job sheet")
    await planner.finds_no_barrier()
    await planner.picture("job-sheet")
    address = await planner.scan(".sheet-code svg")
    assert address == demo.url("sud", f"/{path}/presence")

    phone = await people.sit_down("sud", screen=PHONE)
    await phone.go("/language/en")
    await phone.page.goto(address)
    email, password = demo.login("sud", "technician")
    await phone.fill("E-mail address", email)
    await phone.fill("Password", password)
    await phone.press("Log in")
    await phone.page.wait_for_url(address)
    await phone.finds_no_barrier()
    await phone.picture("scan-phone")
    button = phone.page.get_by_role("button", name="Vehicle in")
    box = await button.bounding_box()
    assert box is not None
    assert box["height"] >= 64
    await button.click()
    await phone.reads_heading("Check-in")
    await phone.finds_no_barrier()
    await phone.picture("check-in-phone")
    await phone.press("Save the check-in")
    await phone.sees("This field is required.")
    await phone.fill("Mileage (km)", "77123")
    await phone.page.get_by_label("Looked around: no prior damage").check()
    await phone.fill("How many keys?", "2")
    await phone.press("Save the check-in")
    await phone.sees("The check-in is noted.")
    await expect(phone.page.get_by_role("button", name="Off site now")).to_be_visible()
    await planner.go(f"/{path}")
    await planner.sees("77123 km, 2 keys, no prior damage")


async def test_a_board_follows_what_another_window_does(people: People) -> None:
    watcher = await people.staff("noord", "owner")
    await watcher.go("/desk/on-site?all=1")
    await expect(watcher.page.locator("[data-live-state]")).to_have_text("Live")
    rows = watcher.page.locator("[data-row]")
    gone = await rows.nth(0).get_attribute("data-key")
    kept = rows.nth(3)
    kept_key = await kept.get_attribute("data-key")
    await kept.locator("input[name=job]").check()
    await kept.locator("input[name=job]").focus()
    await watcher.page.evaluate("window.sameDocument = true")
    total = int(await watcher.page.locator("#total").inner_text())

    colleague = await people.staff("noord", "technician")
    await colleague.go("/desk/on-site?all=1")
    await colleague.page.locator(f"[data-key='{gone}'] button.clock").click()
    await expect(watcher.page.locator("#total")).to_have_text(str(total - 1), timeout=AT_ONCE)
    await expect(watcher.page.locator(f"[data-row][data-key='{gone}']")).to_have_count(0)
    row = watcher.page.locator(f"[data-row][data-key='{kept_key}']")
    await expect(row.locator("input[name=job]")).to_be_checked()
    await expect(row.locator("input[name=job]")).to_be_focused()
    await expect(watcher.page.locator("[data-live-said]")).to_contain_text("Vehicles on site")
    await watcher.picture("board-live")
    await watcher.finds_no_barrier()

    await colleague.press("Undo")
    await expect(watcher.page.locator(f"[data-row][data-key='{gone}']")).to_have_count(
        1, timeout=AT_ONCE
    )
    assert await watcher.page.evaluate("window.sameDocument") is True
    assert watcher.complaints == []


async def test_the_clock_and_its_undo_with_the_keyboard_alone(people: People) -> None:
    planner = await people.staff("noord", "planner")
    await planner.go("/desk/on-site?all=1")
    keyboard, page = planner.page.keyboard, planner.page
    total = int(await page.locator("#total").inner_text())
    await keyboard.press("j")
    await keyboard.press("j")
    second = await page.evaluate("document.activeElement.dataset.key")
    await keyboard.press("c")
    await expect(page.locator(".toast")).to_contain_text("Left ")
    await expect(page.locator("#total")).to_have_text(str(total - 1))
    await expect(page.locator(f"[data-row][data-key='{second}']")).to_have_count(0)
    await expect(page.locator("[data-row]:focus")).to_have_count(1)
    await keyboard.press("u")
    await expect(page.locator(".toast")).to_contain_text("The vehicle is in.")
    await planner.has_it_all()
    await expect(page.locator("#total")).to_have_text(str(total))
    await keyboard.press("/")
    await expect(page.get_by_label("Plate, job, customer or model")).to_be_focused()
    await keyboard.type("cjk")
    await expect(page.locator("#total")).to_have_text(str(total))


async def test_single_keys_are_listed_and_can_be_switched_off(people: People) -> None:
    planner = await people.staff("noord", "planner")
    await planner.go("/desk/on-site?all=1")
    await planner.page.keyboard.press("?")
    await planner.reads_heading("On site")
    await planner.sees("Next vehicle")
    await planner.finds_no_barrier()
    await planner.page.get_by_label("Use single keys in this browser").uncheck()
    await planner.press("Close")
    for key in ("j", "/", "?"):
        await planner.page.keyboard.press(key)
    assert not await planner.page.evaluate("document.activeElement.matches('[data-row], input')")
    await expect(planner.page.locator("dialog[open]")).to_have_count(0)


async def test_without_scripts_the_board_has_a_refresh_link_and_every_button(
    people: People,
) -> None:
    planner = await people.staff("noord", "planner", scripts=False)
    await planner.go("/desk/on-site?all=1")
    await planner.follow("Refresh")
    await planner.reads_heading("On site")
    await planner.page.locator("a", has_text="Leaves for a while").first.click()
    await planner.page.get_by_label("Test drive").check()
    await planner.press("It leaves now")
    await expect(planner.page.locator(".toast")).to_contain_text("The stay goes on")
    await planner.press("Undo")
