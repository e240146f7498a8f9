"""Photos from a phone on a bad network."""

import hashlib
from pathlib import Path
from typing import Literal

from playwright.async_api import Request, Route, expect

from tests.demo_run import DemoRun
from tests.journeys.people import PHONE, PHOTOS, People, Person

HEIC = PHOTOS / "IMG_5195.HEIC"
NARROW = {"width": 320, "height": 640}
COLOURS: tuple[Literal["light", "dark"], ...] = ("light", "dark")
ENDPOINT = "**/uploads/*"


async def come_to_photos(customer: Person, plate: str) -> None:
    """Begin a request for an estimate, up to its photos."""
    await customer.go("/en/estimate")
    await customer.fill("Registration plate", plate)
    await customer.press("Next »")
    await customer.fill("What happened, and what is damaged?", "Hail on the roof")
    await customer.press("Next »")
    await customer.reads_heading("Photos of the damage")


def kept(demo: DemoRun) -> list[Path]:
    """The originals in drafts that are exactly the phone's file."""
    wanted = hashlib.sha256(HEIC.read_bytes()).hexdigest()
    found = [path for path in (demo.folder / "storage").rglob("drafts/*/*") if path.is_file()]
    return [each for each in found if hashlib.sha256(each.read_bytes()).hexdigest() == wanted]


async def test_a_network_that_dies_mid_photo_and_a_reload_lose_and_double_nothing(
    people: People, demo: DemoRun
) -> None:
    customer = await people.sit_down("noord", screen=PHONE)
    await come_to_photos(customer, "2-NET-001")
    page, sizes = customer.page, []

    async def cut_after_the_first_piece(route: Route) -> None:
        if route.request.method == "PATCH":
            sizes.append(len(route.request.post_data_buffer or b""))
        if len(sizes) > 1:
            await page.context.set_offline(True)
            await route.abort("internetdisconnected")
        else:
            await route.continue_()

    await page.route(ENDPOINT, cut_after_the_first_piece)
    await page.locator("#gallery-odometer").set_input_files(HEIC)
    await customer.sees("No connection. It goes on by itself.")
    await page.unroute(ENDPOINT)
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "PATCH" else None)
    await page.context.set_offline(False)
    await page.reload()
    received = page.locator("ol.received > li")
    await expect(received).to_have_count(1)
    await expect(received).to_contain_text("Odometer")
    assert int(sent[0].headers["upload-offset"]) == sizes[0] == 1 << 19
    await page.reload()
    await expect(received).to_have_count(1)
    await expect(page.locator(".upload-list li")).to_have_count(0)
    assert len(kept(demo)) == 1


async def test_it_goes_on_by_itself_when_the_network_is_back(people: People) -> None:
    customer = await people.sit_down("noord", screen=PHONE)
    await come_to_photos(customer, "2-NET-002")
    await customer.page.context.set_offline(True)
    await customer.page.locator("#photos").set_input_files(PHOTOS / "landscape_8.jpg")
    await customer.sees("No connection. It goes on by itself.")
    await customer.press("Next »")
    await customer.reads_heading("Photos of the damage")
    await customer.page.context.set_offline(False)
    await expect(customer.page.get_by_role("radio").first).to_be_visible()
    await customer.go("/en/estimate/photos")
    await expect(customer.page.locator("ol.received > li")).to_have_count(1)


async def test_a_large_photo_is_made_smaller_and_keeps_its_time(
    people: People, demo: DemoRun
) -> None:
    job = next(each for each in demo.garage("noord")["jobs"] if each["status"] == "new")
    customer = await people.sit_down("noord", screen=PHONE)
    await customer.go("/en/pictures")
    await customer.fill("Registration plate", job["plate"])
    await customer.fill("Job number", job["number"])
    await customer.press("Next »")
    async with customer.page.expect_request(
        lambda request: request.method == "POST" and request.url.endswith("/uploads")
    ) as begun:
        await customer.page.get_by_label("Your photos").set_input_files(PHOTOS / "jolla.jpg")
    await expect(customer.page.get_by_text("Received", exact=True)).to_have_count(1)
    headers = (await begun.value).headers
    assert int(headers["upload-length"]) < (PHOTOS / "jolla.jpg").stat().st_size
    assert "taken_at " in headers["upload-metadata"]
    assert not customer.complaints


async def test_the_photo_pages_are_clear_to_everybody(people: People) -> None:
    for colours in COLOURS:
        customer = await people.sit_down("noord", screen=NARROW, colours=colours)
        await come_to_photos(customer, "2-AXE-001")
        photo = PHOTOS / "landscape_1.jpg"
        await customer.page.locator("#camera-front_left").set_input_files(photo)
        await expect(customer.page.locator("ol.received img")).to_have_count(1)
        await customer.picture(f"portal-photos-{colours}")
        await customer.finds_no_barrier()
