"""Photos from a phone on a bad network."""

import asyncio
import hashlib
from base64 import b64decode
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.async_api import FilePayload, Locator, Response, Route, expect

from tests.demo_run import DemoRun
from tests.factories import jpeg
from tests.journeys.people import DESKTOP, NARROW, PHONE, PHOTOS, People, Person
from tests.workshop.photos.pictures import encoded

HEIC = PHOTOS / "IMG_5195.HEIC"
ORIENTATION, EXIF_IFD, TAKEN_AT = 0x0112, 0x8769, 0x9003
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


async def test_a_photo_that_was_chosen_before_the_script_was_there_is_sent_all_the_same(
    people: People,
) -> None:
    customer = await people.sit_down("noord", screen=PHONE)
    chosen = asyncio.Event()

    async def hold_back(route: Route) -> None:
        await chosen.wait()
        await route.continue_()

    await customer.page.route("**/photo-upload.*.js", hold_back)
    await customer.go("/en/estimate")
    await customer.fill("Registration plate", "2-SLO-001")
    await customer.press("Next »")
    await customer.fill("What happened, and what is damaged?", "Hail on the roof")
    await customer.press("Next »")
    await customer.page.wait_for_url("**/photos", wait_until="commit")
    await customer.page.get_by_label("Your photos").set_input_files(PHOTOS / "jolla.jpg")
    chosen.set()
    await expect(customer.page.get_by_text("Received", exact=True)).to_have_count(1)
    await expect(customer.page.locator("[data-photo-count]").first).to_have_text("1")


async def test_a_network_that_dies_mid_photo_and_a_reload_lose_and_double_nothing(
    people: People, demo: DemoRun
) -> None:
    before = len(kept(demo))
    customer = await people.sit_down("noord", screen=PHONE)
    await come_to_photos(customer, "2-NET-001")
    page, sizes, cut = customer.page, [], asyncio.Event()

    async def cut_after_the_first_piece(route: Route) -> None:
        if route.request.method == "PATCH":
            sizes.append(len(route.request.post_data_buffer or b""))
        if len(sizes) > 1:
            if not cut.is_set():  # a later try of the page's must not cut what is back by then
                await page.context.set_offline(True)
            await route.abort("internetdisconnected")
            cut.set()
        else:
            await route.continue_()

    await page.route(ENDPOINT, cut_after_the_first_piece)
    await page.locator("#gallery-odometer").set_input_files(HEIC)
    await customer.sees("No connection. It goes on by itself.")
    await cut.wait()  # what is held back when the route goes would be sent after all
    await page.unroute(ENDPOINT)
    pieces: list[tuple[int, int]] = []  # where each began, and where the server stood
    told: list[int] = []

    def note(response: Response) -> None:
        # In the order of the wire: the page may go on by itself before it is loaded again, and
        # the piece that the reload cuts short moves the server's offset on.
        if response.request.method == "PATCH":
            pieces.append((int(response.request.headers["upload-offset"]), told[-1]))
        if response.request.method in {"HEAD", "PATCH"} and "upload-offset" in response.headers:
            told.append(int(response.headers["upload-offset"]))

    page.on("response", note)
    await page.context.set_offline(False)
    await page.reload()
    received = page.locator("ol.received > li")
    await expect(received).to_have_count(1)
    await expect(received).to_contain_text("Odometer")
    assert sizes[0] == 1 << 19
    assert pieces[0][0] >= sizes[0], "what was there is not sent again"
    assert all(begun == stood for begun, stood in pieces), "goes on exactly where the server stands"
    await page.reload()
    await expect(received).to_have_count(1)
    await expect(page.locator(".upload-list li")).to_have_count(0)
    assert len(kept(demo)) == before + 1


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


def small(number: int) -> FilePayload:
    """A photo that no other has, by the name of its number."""
    body = jpeg((12 * number, 99, 40))
    return FilePayload(name=f"photo {number}.jpg", mimeType="image/jpeg", buffer=body)


async def names_of(received: Locator) -> list[str]:
    """The names of the photos that have arrived, in order and without their place."""
    texts = await received.locator(".name").all_inner_texts()
    return [text.splitlines()[0].partition(". ")[2] for text in texts]


async def test_twenty_photos_at_once_arrive_and_are_put_in_order_and_taken_back(
    people: People,
) -> None:
    customer = await people.sit_down("noord", screen=PHONE)
    await come_to_photos(customer, "2-TWE-001")
    received = customer.page.locator("ol.received > li")
    await customer.page.locator("#photos").set_input_files([small(each) for each in range(20)])
    await expect(received).to_have_count(20)
    await expect(customer.page.locator("[data-photo-count]").first).to_have_text("20")
    await expect(customer.page.locator(".upload-list li")).to_have_count(0)
    names = await names_of(received)
    assert sorted(names) == sorted(f"photo {number}.jpg" for number in range(20))
    await received.nth(0).get_by_role("button", name="Later").click()
    await expect(received.nth(0)).to_contain_text(names[1])
    await received.nth(2).get_by_role("button", name="Earlier").click()
    await expect(received.nth(1)).to_contain_text(names[2])
    last = received.nth(19).locator("img")
    await last.scroll_into_view_if_needed()  # pictures are asked for when they come into sight
    await expect(last).not_to_have_js_property("naturalWidth", 0)
    await received.nth(19).get_by_role("button", name="Remove").click()
    await expect(received).to_have_count(19)
    assert await names_of(received) == [names[1], names[2], names[0], *names[3:19]]
    assert not customer.complaints


async def test_a_refused_piece_says_how_far_it_was_and_is_tried_again(people: People) -> None:
    customer = await people.sit_down("noord", screen=PHONE)
    await come_to_photos(customer, "2-TRY-001")
    page, seen, pieces = customer.page, asyncio.Event(), list[str]()

    async def refuse_the_second_piece(route: Route) -> None:
        if route.request.method == "PATCH":
            pieces.append(route.request.headers["upload-offset"])
        if route.request.method == "PATCH" and len(pieces) == 2:
            await seen.wait()
            await route.fulfill(status=429, json={"error": "Too much at once. Please wait."})
        else:
            await route.continue_()

    await page.route(ENDPOINT, refuse_the_second_piece)
    await page.locator("#gallery-odometer").set_input_files(HEIC)
    row = page.locator(".upload-list li")
    share = round(100 * (1 << 19) / HEIC.stat().st_size)
    await expect(row).to_contain_text(f"Sending: {share}%")
    assert float(await row.locator("progress").evaluate("bar => bar.value")) > 0
    seen.set()
    await expect(row).to_contain_text("Too much at once. Please wait.")
    await expect(row.locator("progress")).to_be_hidden()
    await customer.finds_no_barrier()
    await row.get_by_role("button", name="Try again").click()
    await expect(page.locator("ol.received > li")).to_contain_text(["Odometer"])
    assert pieces[2] == pieces[1] == str(1 << 19), "it goes on where it was refused"


def lying_photo() -> bytes:
    """A photo of several megabytes that a phone was turned for, as its EXIF says."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif.get_ifd(EXIF_IFD)[TAKEN_AT] = "2026:11:20 08:09:10"
    noise = Image.effect_noise((3200, 2400), 60).convert("RGB")
    return encoded(noise, "JPEG", quality=90, exif=exif)


async def test_a_large_photo_is_made_smaller_upright_and_keeps_its_time(
    people: People, demo: DemoRun
) -> None:
    job = next(each for each in demo.garage("noord")["jobs"] if each["status"] == "new")
    customer = await people.sit_down("noord", screen=PHONE)
    await customer.go("/en/pictures")
    await customer.fill("Registration plate", job["plate"])
    await customer.fill("Job number", job["number"])
    await customer.press("Next »")
    body = lying_photo()
    photo = FilePayload(name="turned.jpg", mimeType="image/jpeg", buffer=body)
    async with customer.page.expect_request(
        lambda request: request.method == "POST" and request.url.endswith("/uploads")
    ) as begun:
        await customer.page.get_by_label("Your photos").set_input_files(photo)
    await expect(customer.page.get_by_text("Received", exact=True)).to_have_count(1)
    headers = (await begun.value).headers
    told = b64decode(headers["upload-metadata"].rpartition("taken_at ")[2])
    assert told == b"2026-11-20T08:09:10"
    assert int(headers["upload-length"]) < len(body)
    assert newest_original(demo) == ((1920, 2560), None)
    assert not customer.complaints


def newest_original(demo: DemoRun) -> tuple[tuple[int, int], int | None]:
    """Width, height and EXIF orientation of the photo that came last."""
    found = (demo.folder / "storage").rglob("jobs/*/originals/*")
    with Image.open(max(found, key=lambda path: path.stat().st_mtime)) as image:
        return image.size, image.getexif().get(ORIENTATION)


async def test_the_photo_pages_are_clear_to_everybody(people: People) -> None:
    for colours in COLOURS:
        customer = await people.sit_down("noord", screen=NARROW, colours=colours)
        await come_to_photos(customer, "2-AXE-001")
        photo = PHOTOS / "landscape_1.jpg"
        await customer.page.locator("#camera-front_left").set_input_files(photo)
        await expect(customer.page.locator("ol.received img")).to_have_count(1)
        await customer.picture(f"portal-photos-{colours}")
        await customer.finds_no_barrier()


async def test_a_phone_offers_its_camera_and_a_desktop_does_not(people: People) -> None:
    for screen, offered in ((PHONE, 9), (DESKTOP, 0)):
        customer = await people.sit_down("noord", screen=screen)
        await come_to_photos(customer, "2-CAM-001")
        camera = customer.page.locator("label:visible", has_text="Take photo")
        await expect(camera).to_have_count(offered)
