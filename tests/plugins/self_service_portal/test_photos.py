"""Customers' photos: by view, in order, resumable, and later by a link in a mail."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from PIL import Image
from sqlalchemy import select

from core.background.outbox import FIRST_PAUSE
from core.clock import frozen, now
from core.workshop.jobs.models import Job
from core.workshop.photos import sandbox
from core.workshop.photos.models import Photo
from core.workshop.photos.views import VIEWS
from plugins.self_service_portal import draft_photos
from plugins.self_service_portal.models import DraftPhoto
from tenants.activation import change_settings
from tests import factories
from tests.garages import SUPPORT, Browser, Garage, Outbox
from tests.tus import Sender
from tests.workshop.photos.pictures import GOOD, encoded

PHOTOS = "/en/estimate/photos"
RED, GREEN, BLUE = (factories.jpeg(colour) for colour in ((200, 0, 0), (0, 200, 0), (0, 0, 200)))
File = tuple[str, tuple[str, bytes, str]]


def file(name: str, body: bytes, view: str = "") -> File:
    """A file in the form's field for a view, or for anything."""
    return (f"photos-{view}" if view else "photos", (name, body, "image/jpeg"))


@pytest.fixture
async def customer(garage: Garage) -> Browser:
    """Somebody who has come to the photos of a request."""
    browser = garage.browser()
    await browser.submit("/en/estimate/vehicle", {"plate": "1-ABC-123", "country": "BE"})
    await browser.submit("/en/estimate/damage", {"damage": "A scratch"})
    return browser


@pytest.fixture
async def sender(customer: Browser) -> Sender:
    """The script on that page."""
    return Sender(customer, "/en/estimate/uploads", await customer.token(PHOTOS))


async def drafted(garage: Garage) -> list[tuple[str, str | None]]:
    """Names and views of the draft's photos, in order."""
    async with garage.unit() as session:
        rows = await session.execute(
            select(DraftPhoto.name, DraftPhoto.view).order_by(DraftPhoto.position)
        )
        return [(row[0], row[1]) for row in rows]


async def send_request(customer: Browser, garage: Garage) -> None:
    """Answer what is left, and send it."""
    async with garage.unit() as session:
        slot = await factories.first_slot(session)
    await customer.submit("/en/estimate/time", {"slot": slot.isoformat()})
    contact = {"name": "Ann", "email": "ann@example.com"}
    await customer.submit("/en/estimate/contact", contact)
    answer = await customer.submit("/en/estimate/check")
    assert "/done" in str(answer.url), answer.text[:2000]


async def job_photos(garage: Garage) -> list[tuple[str, str | None]]:
    async with garage.unit() as session:
        rows = await session.execute(select(Photo.display_name, Photo.view).order_by(Photo.id))
        return [(row[0], row[1]) for row in rows]


def tiles_on(page: BeautifulSoup) -> list[str]:
    return [str(each["data-tile"]) for each in page.select("[data-tile]")]


async def test_every_view_has_a_silhouette_and_two_ways_to_a_photo(customer: Browser) -> None:
    page = await customer.open(PHOTOS)
    assert tiles_on(page) == list(VIEWS)
    sprite = (await customer.get(str(page.select_one("[data-tile] use")["href"]))).text  # type: ignore[index]
    for view in VIEWS:
        camera, gallery = page.select(f"input[type=file][data-view={view}]")
        assert (camera["capture"], "multiple" in camera.attrs) == ("environment", False)
        assert ("capture" in gallery.attrs, "multiple" in gallery.attrs) == (False, True)
        assert f'<symbol id="{view}"' in sprite


async def test_support_chooses_the_views_of_a_garage(garage: Garage, customer: Browser) -> None:
    wishes = {f"tile_{view}": view in {"odometer", "close_up"} for view in VIEWS}
    await change_settings(
        garage.house.switching, garage.slug, "self_service_portal", wishes, SUPPORT
    )
    assert tiles_on(await customer.open(PHOTOS)) == ["close_up", "odometer"]


async def test_a_garage_that_asks_for_no_view_asks_for_photos_all_the_same(
    garage: Garage, customer: Browser
) -> None:
    wishes = {f"tile_{view}": False for view in VIEWS}
    await change_settings(
        garage.house.switching, garage.slug, "self_service_portal", wishes, SUPPORT
    )
    page = await customer.open(PHOTOS)
    assert (tiles_on(page), len(page.select("input[type=file]"))) == ([], 2)


async def test_a_photo_keeps_its_view_from_the_form_to_the_job_card(
    garage: Garage, customer: Browser
) -> None:
    files = [file("a.jpg", RED, "odometer"), file("b.jpg", GREEN), file("c.jpg", BLUE, "nonsense")]
    await customer.submit(PHOTOS, files=files)
    await send_request(customer, garage)
    assert await job_photos(garage) == [("a.jpg", "odometer"), ("b.jpg", None), ("c.jpg", None)]
    async with garage.unit() as session:
        job_id = await session.scalar(select(Job.id))
    card = await (await garage.staff("planner")).open(f"/desk/jobs/{job_id}")
    assert "Odometer" in card.select_one("#photos-shown").text  # type: ignore[union-attr]


async def test_a_resumable_photo_keeps_its_view_too(garage: Garage, sender: Sender) -> None:
    answer = await sender.send(RED, piece=500, filename="a.jpg", view="vin_plate")
    assert (answer.status_code, await drafted(garage)) == (204, [("a.jpg", "vin_plate")])


async def test_a_photo_that_is_already_there_gets_the_view_it_comes_with_again(
    garage: Garage, sender: Sender
) -> None:
    await sender.send(RED, filename="a.jpg")
    await sender.send(RED, filename="a.jpg", view="close_up")
    assert await drafted(garage) == [("a.jpg", "close_up")]


async def test_photos_are_put_in_order_without_scripts_and_arrive_in_it(
    garage: Garage, customer: Browser
) -> None:
    files = [file("1.jpg", RED), file("2.jpg", GREEN), file("3.jpg", BLUE)]
    await customer.submit(PHOTOS, files=files)
    await press(customer, "Earlier 3. 3.jpg")
    await press(customer, "Later 1. 1.jpg")
    await press(customer, "Later 1. 3.jpg")
    assert [name for name, _view in await drafted(garage)] == ["1.jpg", "3.jpg", "2.jpg"]
    await send_request(customer, garage)
    assert [name for name, _view in await job_photos(garage)] == ["1.jpg", "3.jpg", "2.jpg"]


async def test_the_first_cannot_go_earlier_nor_the_last_later(customer: Browser) -> None:
    await customer.submit(PHOTOS, files=[file("1.jpg", RED), file("2.jpg", GREEN)])
    page = await customer.open(PHOTOS)
    offered = [" ".join(each.text.split()) for each in page.select("ol.received button")]
    assert [each for each in offered if "Remove" not in each] == [
        "Later 1. 1.jpg",
        "Earlier 2. 2.jpg",
    ]


async def test_a_photo_that_was_taken_back_is_not_sent(garage: Garage, customer: Browser) -> None:
    await customer.submit(PHOTOS, files=[file("1.jpg", RED), file("2.jpg", GREEN)])
    await press(customer, "Remove 1. 1.jpg")
    await send_request(customer, garage)
    assert await job_photos(garage) == [("2.jpg", None)]


async def press(customer: Browser, name: str) -> None:
    """A button of the list, by all of its text."""
    page = await customer.open(PHOTOS)
    button = next(
        each for each in page.select("ol.received button") if " ".join(each.text.split()) == name
    )
    form = button.find_parent("form")
    assert form is not None
    answer = await customer.submit(str(form["action"]), page=PHOTOS)
    assert answer.status_code == 200


async def test_the_worker_draws_what_the_list_shows_though_it_had_no_time_at_first(
    garage: Garage, customer: Browser, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await customer.submit(PHOTOS, files=[file("1.HEIC", (GOOD / "IMG_5195.HEIC").read_bytes())])
    waiting = (await customer.open(PHOTOS)).select_one("ol.received pending-photo")
    assert waiting is not None
    assert (await customer.get(str(waiting["data-src"]))).status_code == 204
    assert (await garage.browser().get(str(waiting["data-src"]))).status_code == 404
    with monkeypatch.context() as patch:
        patch.setattr(sandbox, "WALL_SECONDS", 0.01)
        await outbox.empty(garage)
    assert (await customer.get(str(waiting["data-src"]))).status_code == 204
    with frozen(now() + FIRST_PAUSE):
        await outbox.empty(garage)
    picture = (await customer.open(PHOTOS)).select_one("ol.received img")
    assert picture is not None
    drawn = await customer.get(str(picture["src"]))
    assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/webp")
    assert (await garage.browser().get(str(picture["src"]))).status_code == 404


async def test_a_removed_photo_leaves_no_file(
    garage: Garage, customer: Browser, outbox: Outbox
) -> None:
    await customer.submit(PHOTOS, files=[file("1.jpg", RED)])
    await outbox.empty(garage)
    assert len(files_of(garage)) == 2
    await press(customer, "Remove 1. 1.jpg")
    await outbox.empty(garage)
    assert files_of(garage) == []


def files_of(garage: Garage) -> list[Path]:
    folder = Path(garage.house.settings.storage_url.removeprefix("file://"))
    below = folder / "tenants" / str(garage.tenant.id)
    return [each for each in below.rglob("*") if each.is_file()]


async def test_twenty_photos_at_once_come_in_their_order(garage: Garage, customer: Browser) -> None:
    files = [file(f"{n}.jpg", factories.jpeg((9 * n, 90, 90), (32, 24))) for n in range(20)]
    answer = await customer.submit(PHOTOS, files=files)
    assert answer.status_code == 200
    assert [name for name, _view in await drafted(garage)] == [f"{n}.jpg" for n in range(20)]


async def test_one_more_than_the_most_is_refused_in_words(
    garage: Garage, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_photos, "MOST_PHOTOS", 1)
    await sender.send(RED, filename="1.jpg")
    answer = await sender.send(GREEN, filename="2.jpg")
    assert (answer.status_code, len(await drafted(garage))) == (409, 1)
    assert answer.json()["error"].startswith("You have sent 1 photos, which is enough for now.")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "is not a photo that we can read"), ("nl", "foto"), ("fr", "photo"), ("de", "Foto")],
)
async def test_what_is_wrong_with_a_photo_is_said_in_the_persons_language(
    customer: Browser, language: str, words: str
) -> None:
    token = await customer.token(f"/{language}/estimate/photos")
    sender = Sender(customer, f"/{language}/estimate/uploads", token)
    error = (await sender.send(b"no photo at all", filename="x.jpg")).json()["error"]
    assert "x.jpg" in error
    assert words in error
    assert (language == "en") == ("is not a photo" in error)


async def test_without_a_draft_there_is_nothing_to_send_to(garage: Garage) -> None:
    stranger = garage.browser()
    token = await stranger.token("/en/estimate/vehicle")
    answer = await Sender(stranger, "/en/estimate/uploads", token).begin(9)
    assert (answer.status_code, "start again" in answer.json()["error"]) == (410, True)


async def test_a_draft_of_another_browser_does_not_take_up_an_upload(
    garage: Garage, sender: Sender
) -> None:
    address = (await sender.begin(len(RED))).headers["location"]
    other = garage.browser()
    await other.submit("/en/estimate/vehicle", {"plate": "1-ABC-123", "country": "BE"})
    await other.submit("/en/estimate/damage", {"damage": "Another"})
    thief = Sender(other, sender.endpoint, await other.token(PHOTOS))
    assert (await thief.look(address)).status_code == 404
    assert (await thief.add(address, 0, RED)).status_code == 404


DATED = encoded(Image.new("RGB", (40, 30)), "JPEG")
TOLD_TIMES = {
    "as the camera shows it": ("2026-03-01T10:20:30", "2026-03-01T09:20:30+00:00"),
    "with its offset": ("2026-03-01T10:20:30+05:00", "2026-03-01T05:20:30+00:00"),
    "before any phone had a camera": ("1970-01-01T00:00:00", None),
    "in the future": ("2190-01-01T00:00:00", None),
    "no time": ("yesterday", None),
}


@pytest.mark.parametrize(("told", "kept"), TOLD_TIMES.values(), ids=TOLD_TIMES.keys())
async def test_the_time_that_drawing_smaller_lost_is_told_beside_the_photo(
    garage: Garage, job_sender: Sender, told: str, kept: str | None
) -> None:
    await job_sender.send(DATED, filename="a.jpg", taken_at=told)
    async with garage.unit() as session:
        taken_at = await session.scalar(select(Photo.taken_at))
    assert (taken_at.isoformat() if taken_at else None) == kept


async def test_the_photos_own_time_is_believed_first(garage: Garage, job_sender: Sender) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2025:05:05 12:00:00"
    body = encoded(Image.new("RGB", (40, 30)), "JPEG", exif=exif)
    await job_sender.send(body, filename="a.jpg", taken_at="2026-03-01T10:20:30")
    async with garage.unit() as session:
        taken_at = await session.scalar(select(Photo.taken_at))
    assert taken_at is not None
    assert taken_at.year == 2025


@pytest.fixture
async def job(garage: Garage) -> Job:
    """A job of a customer."""
    async with garage.unit() as session:
        return await factories.a_job(session, plate="1-ABC-123")


@pytest.fixture
async def job_sender(garage: Garage, job: Job) -> Sender:
    """The script on *Add pictures*, after plate and number."""
    browser = garage.browser()
    await browser.submit("/en/pictures", {"plate": "1abc123", "number": job.public_number})
    return Sender(browser, "/en/pictures/uploads", await browser.token("/en/pictures/add"))


async def test_pictures_go_straight_into_the_job(garage: Garage, job_sender: Sender) -> None:
    answer = await job_sender.send(RED, piece=500, filename="a.jpg", view="front_left")
    assert (answer.status_code, await job_photos(garage)) == (204, [("a.jpg", "front_left")])


async def test_without_an_open_job_nothing_is_taken(garage: Garage) -> None:
    stranger = garage.browser()
    sender = Sender(stranger, "/en/pictures/uploads", await stranger.token("/en/pictures"))
    answer = await sender.begin(9)
    assert (answer.status_code, bool(answer.json()["error"])) == (401, True)


async def link_in_mail(garage: Garage, customer: Browser, outbox: Outbox) -> str:
    """The path of the mail's link to add pictures."""
    await customer.submit(PHOTOS, {})
    await send_request(customer, garage)
    await outbox.empty(garage)
    mails = [mail for mail in outbox.mails_to("ann@example.com") if garage.slug in mail.text]
    found = re.search(r"https://\S+?(/en/pictures/link/\S+)", mails[0].text)
    assert found is not None, mails[0].text
    return found[1]


async def test_the_mails_link_leads_to_the_pictures_with_the_plate_alone(
    garage: Garage, customer: Browser, outbox: Outbox
) -> None:
    path = await link_in_mail(garage, customer, outbox)
    reader = garage.browser()
    shown = await reader.get(path)
    assert (shown.status_code, "ABC" in shown.text.replace("1-ABC-123", "")) == (200, False)
    wrong = await reader.submit(path, {"plate": "1-XYZ-999"})
    assert (wrong.status_code, "does not belong" in wrong.text) == (422, True)
    assert 'value="1-XYZ-999"' in wrong.text
    right = await reader.submit(path, {"plate": "1 abc 123"})
    assert right.url.path == "/en/pictures/add"


async def test_a_link_of_another_garage_opens_nothing(
    garage: Garage, other_garage: Garage, customer: Browser, outbox: Outbox
) -> None:
    path = await link_in_mail(garage, customer, outbox)
    assert (await other_garage.browser().get(path)).status_code == 404
    assert (await garage.browser().get(path[:-2])).status_code == 404
