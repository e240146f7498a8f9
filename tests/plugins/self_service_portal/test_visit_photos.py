"""Photos that went straight into a job: shown to whoever sent them, and taken back by them."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup, Tag
from sqlalchemy import func, select

from core.clock import frozen, now
from core.storage import ObjectMissing, storage
from core.workshop.jobs.models import Job
from core.workshop.photos.models import Photo
from plugins.self_service_portal.identity import SECONDS
from plugins.self_service_portal.models import VisitPhoto
from plugins.self_service_portal.retention import keep_retention
from tests import factories
from tests.garages import Browser, Garage, Outbox
from tests.plugins.self_service_portal.test_photos import BLUE, GREEN, RED, file
from tests.statements import counted
from tests.tus import Sender

ADD = "/en/pictures/add"


@pytest.fixture
async def job(garage: Garage) -> Job:
    """A customer's job."""
    async with garage.unit() as session:
        return await factories.a_job(session, plate="1-ABC-123")


async def opened(garage: Garage, job: Job) -> Browser:
    """A browser in which the job is open."""
    browser = garage.browser()
    form: dict[str, object] = {"plate": job.plate, "number": job.public_number}
    await browser.submit("/en/pictures", form)
    return browser


@pytest.fixture
async def customer(garage: Garage, job: Job) -> Browser:
    """The customer's browser."""
    return await opened(garage, job)


def removals(page: BeautifulSoup) -> list[str]:
    """Where the *Remove* buttons of a page lead."""
    return [str(form["action"]) for form in page.select("#received form")]


async def names(garage: Garage) -> list[str]:
    """The photos in the garage's jobs."""
    async with garage.unit() as session:
        return list(await session.scalars(select(Photo.display_name).order_by(Photo.id)))


async def test_what_was_just_sent_is_listed_and_goes_without_scripts(
    garage: Garage, customer: Browser
) -> None:
    await customer.submit(ADD, files=[file("a.jpg", RED), file("b.jpg", GREEN)])
    first, second = removals(await customer.open(ADD))
    answer = await customer.submit(first, page=ADD, follow=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{ADD}#received")
    assert removals(await customer.open(ADD)) == [second]
    assert removals(await customer.open("/en/pictures/done")) == [second]
    assert await names(garage) == ["b.jpg"]


async def test_what_a_script_sent_is_listed_too(garage: Garage, customer: Browser) -> None:
    sender = Sender(customer, "/en/pictures/uploads", await customer.token(ADD))
    assert (await sender.send(RED, filename="a.jpg")).status_code == 204
    assert len(removals(await customer.open(ADD))) == 1


async def test_a_removed_photo_leaves_no_file_and_the_same_one_can_come_again(
    garage: Garage, customer: Browser, outbox: Outbox
) -> None:
    await customer.submit(ADD, files=[file("a.jpg", RED), file("b.jpg", GREEN)])
    async with garage.unit() as session:
        keys = list(await session.scalars(select(Photo.original_key).order_by(Photo.id)))
    for path in removals(await customer.open(ADD)):
        await customer.submit(path, page=ADD)
    await customer.submit(ADD, files=[file("a.jpg", RED)])
    while await outbox.empty(garage):
        pass
    assert await storage().get_bytes(garage.tenant.id, keys[0])
    with pytest.raises(ObjectMissing):
        await storage().get_bytes(garage.tenant.id, keys[1])
    async with garage.unit() as session:
        (photo,) = await session.scalars(select(Photo))
    assert (photo.display_name, photo.state) == ("a.jpg", "ready")


async def test_the_desk_counts_what_is_left(garage: Garage, job: Job, customer: Browser) -> None:
    await customer.submit(ADD, files=[file("a.jpg", RED), file("b.jpg", GREEN)])
    await customer.submit(removals(await customer.open(ADD))[0], page=ADD)
    card = await (await garage.staff("owner")).open(f"/desk/jobs/{job.id}")
    assert "Photos received: 1" in card.text


async def test_another_browser_with_the_same_number_neither_sees_nor_removes_them(
    garage: Garage, job: Job, customer: Browser
) -> None:
    await customer.submit(ADD, files=[file("a.jpg", RED)])
    (path,) = removals(await customer.open(ADD))
    other = await opened(garage, job)
    assert removals(await other.open(ADD)) == []
    await other.submit(path, page=ADD)
    assert (await other.get(path.replace("/remove", "/thumb"))).status_code == 404
    assert await names(garage) == ["a.jpg"]


async def test_what_the_job_had_before_cannot_be_taken_back_by_sending_it_again(
    garage: Garage, job: Job, customer: Browser
) -> None:
    async with garage.unit() as session:
        await factories.a_photo(session, job, body=BLUE, source="desk")
    await customer.submit(ADD, files=[file("mine.jpg", BLUE)])
    assert removals(await customer.open(ADD)) == []
    assert await names(garage) == ["front.jpg"]


async def test_once_the_visit_is_over_nobody_knows_who_sent_what(
    garage: Garage, customer: Browser
) -> None:
    await customer.submit(ADD, files=[file("a.jpg", RED)])
    with frozen(now() + timedelta(seconds=SECONDS + 1)):
        async with garage.unit() as session:
            await keep_retention(session)
            left = await session.scalar(select(func.count()).select_from(VisitPhoto))
    assert (left, await names(garage)) == (0, ["a.jpg"])


async def test_the_list_asks_the_database_once_however_long_it_is(
    garage: Garage, customer: Browser
) -> None:
    asked = []
    for bodies in ((RED,), (GREEN, BLUE)):
        await customer.submit(ADD, files=[file(f"{len(each)}", each) for each in bodies])
        with counted(garage.house) as sent:
            await customer.get(ADD)
        asked.append(len(sent))
    assert asked[0] == asked[1]


async def shown_on(customer: Browser, section: str) -> list[str]:
    """The pictures in a part of the status page."""
    part = (await customer.open("/en/status/job")).select_one(section)
    return [str(each["src"]) for each in part.select("img")] if isinstance(part, Tag) else []


async def test_customers_see_what_they_sent_themselves_apart_from_what_was_shared(
    garage: Garage, job: Job, customer: Browser
) -> None:
    async with garage.unit() as session:
        own = await factories.a_photo(session, job, body=RED)
        hidden = await factories.a_photo(session, job, body=GREEN, source="desk")
        shared = await factories.a_photo(session, job, body=BLUE, source="desk", shared=True)
    assert await shown_on(customer, "#own-photos") == [f"/en/status/photos/{own.id}/thumb"]
    seen = {
        each.id: (await customer.get(f"/en/status/photos/{each.id}/thumb")).status_code
        for each in (own, hidden, shared)
    }
    assert seen == {own.id: 200, hidden.id: 404, shared.id: 200}
    stranger = await garage.browser().get(f"/en/status/photos/{own.id}/thumb")
    assert stranger.status_code == 404
