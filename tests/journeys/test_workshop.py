"""Arrival and departure on the workshop's tablet, by finger alone."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.demo_run import DemoRun
from tests.journeys.people import PHOTOS, TABLET, TABLET_UPRIGHT, People, Person
from tests.journeys.test_board import a_new_job

WORKSHOP = "/desk/workshop"
FINGER = 48
"""Pixels that a finger in a glove hits."""
CAMERA = """
const canvas = document.createElement("canvas");
const pen = canvas.getContext("2d");
setInterval(() => pen.fillRect(Math.random() * 300, 0, 9, 9), 50);
navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(5);
window.BarcodeDetector = class { async detect() { return [{ rawValue: window.codeInView }]; } };
"""
"""Chromium on Linux reads no codes, and there is no camera."""


async def small_targets(page: Page) -> list[str]:
    """What can be touched between the page's tools and its tiles and is smaller than a finger."""
    found: list[str] = await page.evaluate(
        """(least) => [...document.querySelectorAll(
             ".workshop :is(a, button, input), .toast :is(button, a.button)")]
          .filter((node) => node.checkVisibility())
          .filter((node) => node.getBoundingClientRect().height < least)
          .map((node) => node.outerHTML.slice(0, 120))""",
        FINGER,
    )
    return found


async def look(tablet: Person, name: str) -> None:
    """No barrier, in the light and in the dark, and a picture of both."""
    await tablet.finds_no_barrier()
    await tablet.finds_no_barrier_in_the_dark()
    await tablet.picture(name)
    await tablet.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    await tablet.picture(f"{name}-dark")
    await tablet.page.emulate_media(color_scheme="light", reduced_motion="null")


@pytest.mark.parametrize(
    ("screen", "plate"),
    [(TABLET, "1-TAB-101"), (TABLET_UPRIGHT, "1-TAB-102")],
    ids=["lying", "upright"],
)
async def test_a_vehicle_comes_is_checked_in_with_a_photo_and_leaves_by_finger_alone(
    people: People, screen: dict[str, Any], plate: str
) -> None:
    planner = await people.staff("sud", "planner")
    await a_new_job(planner, plate)
    tablet = await people.staff("sud", "technician", screen=screen)
    page = tablet.page
    await tablet.go(WORKSHOP)
    await tablet.reads_heading("Workshop")
    await look(tablet, f"workshop-{screen['width']}")
    assert await small_targets(page) == []

    await page.get_by_label("Plate, job or the code of a job sheet").fill(plate)
    await page.get_by_role("button", name="Find", exact=True).tap()
    await expect(page.locator("#workshop-found .plate")).to_have_text(plate)
    await look(tablet, f"workshop-found-{screen['width']}")
    await page.locator("#workshop-found").get_by_role("button", name="Vehicle in").tap()

    await tablet.reads_heading("Check-in")
    async with page.expect_file_chooser() as chooser:
        await page.get_by_label("Photos of the vehicle as it came").tap()
    await (await chooser.value).set_files(sorted(PHOTOS.glob("*.jpg"))[0])
    await expect(page.locator("#photo-count")).to_have_text("1 photo received")
    await look(tablet, f"workshop-check-in-{screen['width']}")
    await tablet.fill("Mileage (km)", "45123")
    await tablet.fill("How many keys?", "1")
    await page.get_by_role("button", name="Save the check-in").tap()

    tile = page.locator("[data-tile]", has_text=plate)
    await expect(tile).to_have_count(1)
    await tile.get_by_role("button", name="Off site now").tap()
    await expect(page.locator(".toast")).to_contain_text("Left ")
    await expect(tile).to_have_count(0)
    assert await small_targets(page) == []
    await tablet.picture(f"workshop-left-{screen['width']}")
    await page.locator(".toast").get_by_role("button", name="Undo").tap()
    await expect(tile).to_have_count(1)
    await tile.get_by_role("link", name="Tasks and photos").tap()
    await tablet.sees("45123 km, 1 photo, 1 key")
    await page.locator("#tasks .now").get_by_role("button", name="Take").tap()
    await expect(
        page.locator("#tasks .now").get_by_role("button", name="Give back")
    ).to_be_visible()
    await look(tablet, f"workshop-taken-{screen['width']}")
    await tablet.go(WORKSHOP)
    await page.get_by_role("link", name="My tasks").tap()
    await expect(tile).to_have_count(1)
    await look(tablet, f"workshop-mine-{screen['width']}")
    assert await small_targets(page) == []
    assert tablet.complaints == []


async def test_a_tablet_that_nobody_touches_goes_back_to_the_tiles_unless_something_was_typed(
    people: People,
) -> None:
    tablet = await people.staff("noord", "technician", screen=TABLET)
    page = tablet.page
    await page.clock.install()
    await tablet.go(f"{WORKSHOP}?q=nothing-like-it")
    await tablet.has_it_all()
    await page.clock.fast_forward(59_000)
    assert page.url.endswith("q=nothing-like-it")
    await page.clock.fast_forward(2_000)
    await page.wait_for_url(f"**{WORKSHOP}")
    await page.locator("[data-tile] a[href*='/presence/away']").first.tap()
    await tablet.has_it_all()
    await page.get_by_label("Note").fill("To the tyre shop")
    await page.clock.fast_forward(61_000)
    await tablet.reads_heading("Leaves for a while")
    await page.get_by_label("Note").fill("")
    await page.clock.fast_forward(61_000)
    await page.wait_for_url(f"**{WORKSHOP}")


async def test_the_tablets_camera_reads_the_code_on_a_job_sheet(
    people: People, demo: DemoRun
) -> None:
    planner = await people.staff("sud", "planner")
    path = await a_new_job(planner, "1-TAB-103")
    tablet = await people.staff("sud", "technician", screen=TABLET)
    await tablet.page.add_init_script(CAMERA)
    await tablet.go(WORKSHOP)
    await tablet.page.evaluate(
        "(text) => { window.codeInView = text; }", demo.url("sud", f"/{path}/presence")
    )
    await tablet.page.get_by_role("button", name="Scan a job sheet").tap()
    await tablet.page.wait_for_url(f"**/{path}/presence?back=workshop")
    await tablet.picture("workshop-scan")
    await tablet.page.get_by_role("button", name="Vehicle in").tap()
    await tablet.reads_heading("Check-in")


async def test_without_a_camera_there_is_no_button_for_it_and_the_field_does_the_same(
    people: People, demo: DemoRun
) -> None:
    planner = await people.staff("sud", "planner")
    path = await a_new_job(planner, "1-TAB-104")
    tablet = await people.staff("sud", "technician", screen=TABLET, scripts=False)
    await tablet.go(WORKSHOP)
    await expect(tablet.page.get_by_role("button", name="Scan a job sheet")).to_have_count(0)
    label = "Plate, job or the code of a job sheet"
    await tablet.page.get_by_label(label).fill(demo.url("sud", f"/{path}/presence"))
    await tablet.page.keyboard.press("Enter")
    await tablet.page.wait_for_url(f"**/{path}/presence?back=workshop")
