"""What is done on the job card: status, tasks, photos."""

import io

import httpx
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from sqlalchemy import select

from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job, JobTask
from core.workshop.photos.models import Photo
from core.workshop.staff import repository as staff
from tests import factories
from tests.garages import Browser, Garage

NOBODYS = "01a21000-0000-7000-8000-000000000000"


@pytest.fixture
async def planner(garage: Garage) -> Browser:
    """A planner at the desk."""
    return await garage.staff("planner")


@pytest.fixture
async def job(garage: Garage) -> Job:
    """A job of the garage."""
    async with garage.unit() as session:
        return await factories.a_job(session)


async def status_of(garage: Garage) -> str:
    """The status of the garage's only job."""
    async with garage.unit() as session:
        return (await session.scalars(select(Job.status))).one()


async def press(browser: Browser, path: str, **values: str) -> httpx.Response:
    """Press a button that posts, standing at the desk."""
    return await browser.submit(path, dict(values), page="/desk", follow=True)


async def undo(browser: Browser, page_text: str) -> None:
    """Press *Undo* in the message of a page."""
    form = BeautifulSoup(page_text, "html.parser").select_one(".toast form")
    assert form is not None
    await press(browser, str(form["action"]))


async def test_a_status_is_changed_and_undone(garage: Garage, planner: Browser, job: Job) -> None:
    answer = await press(planner, f"/desk/jobs/{job.id}/status", status="ready")
    changed = await status_of(garage)
    await undo(planner, answer.text)
    assert (changed, await status_of(garage)) == ("ready", "new")


async def test_a_status_that_is_none_is_refused_in_words(
    garage: Garage, planner: Browser, job: Job
) -> None:
    answer = await press(planner, f"/desk/jobs/{job.id}/status", status="exploded")
    assert answer.status_code == 409
    assert "Please choose one of the statuses in the list." in answer.text
    assert await status_of(garage) == "new"


async def test_that_the_client_was_informed_is_noted_with_the_time(
    garage: Garage, planner: Browser, job: Job
) -> None:
    answer = await press(planner, f"/desk/jobs/{job.id}/informed")
    async with garage.unit() as session:
        assert (await jobs.by_id(session, job.id)).client_informed_at is not None
    assert "Client informed by Planner Person" in answer.text


async def tasks_of(garage: Garage, job: Job) -> list[JobTask]:
    """The job's tasks in order."""
    async with garage.unit() as session:
        return await jobs.tasks_of(session, job.id)


async def test_a_technician_starts_and_finishes_a_task(garage: Garage, job: Job) -> None:
    browser = await garage.staff("technician")
    first, second, *_ = await tasks_of(garage, job)
    states = []
    for state in ("in_progress", "on_hold", "finished"):
        await press(browser, f"/desk/jobs/{job.id}/tasks/{first.id}", state=state)
        states.append((await tasks_of(garage, job))[0].state)
    async with garage.unit() as session:
        current = (await jobs.by_id(session, job.id)).current_task
    assert (states, current) == (["in_progress", "on_hold", "finished"], second.key)


async def test_a_task_is_taken_given_back_and_assigned_on_the_card(
    garage: Garage, planner: Browser, job: Job
) -> None:
    browser = await garage.staff("technician")
    first = (await tasks_of(garage, job))[0]
    path, shown = f"/desk/jobs/{job.id}/tasks/{first.id}/assignee", []
    (take,) = (await browser.open(f"/desk/jobs/{job.id}")).select("#tasks .now [value][name=staff]")
    technician = str(take["value"])
    for who, whose in ((browser, technician), (browser, ""), (planner, technician)):
        page = BeautifulSoup((await press(who, path, staff=whose)).text, "html.parser")
        shown.append("Technician Person" in page.select("#tasks .now .name")[0].text)
    assert shown == [True, False, True]
    assert str((await tasks_of(garage, job))[0].assignee_id) == technician
    assert page.text.count("for Technician Person") == 2


async def test_who_does_not_edit_jobs_takes_what_is_nobodys_and_gives_back_their_own(
    garage: Garage, planner: Browser, job: Job
) -> None:
    await garage.add_staff("technician", "colleague@example.test")
    browser = await garage.staff("technician")
    async with garage.unit() as session:
        colleague = await staff.by_email(session, "colleague@example.test")
        assert colleague is not None
    first = (await tasks_of(garage, job))[0]
    card, path = f"/desk/jobs/{job.id}", f"/desk/jobs/{job.id}/tasks/{first.id}/assignee"
    (take,) = (await browser.open(card)).select("#tasks .now [value][name=staff]")
    mine = str(take["value"])
    refused = [await press(browser, path, staff=str(colleague.id))]
    assert (await tasks_of(garage, job))[0].assignee_id is None
    await press(planner, path, staff=str(colleague.id))
    assert not (await browser.open(card)).select(f"form[action='{path}']")
    refused += [await press(browser, path, staff=each) for each in (mine, "")]
    assert [answer.status_code for answer in refused] == [403] * 3
    assert all("give back your own" in answer.text for answer in refused)
    assert (await tasks_of(garage, job))[0].assignee_id == colleague.id


async def test_a_task_is_not_taken_away_by_a_form_that_names_nobody(
    garage: Garage, planner: Browser, job: Job
) -> None:
    browser = await garage.staff("technician")
    path = f"/desk/jobs/{job.id}/tasks/{(await tasks_of(garage, job))[0].id}/assignee"
    (take,) = (await browser.open(f"/desk/jobs/{job.id}")).select("#tasks .now [value][name=staff]")
    await press(browser, path, staff=str(take["value"]))
    answer = await press(planner, path)
    assert answer.status_code == 422
    assert "Please say who does this task." in answer.text
    assert (await tasks_of(garage, job))[0].assignee_id is not None


async def test_a_task_is_for_nobody_who_does_not_work_here(
    garage: Garage, other_garage: Garage, planner: Browser, job: Job
) -> None:
    await garage.add_staff("technician", "gone@example.test")
    await other_garage.add_staff("technician", "there@example.test")
    async with garage.unit() as session:
        gone = await staff.by_email(session, "gone@example.test")
        assert gone is not None
        gone.is_active = False
    async with other_garage.unit() as session:
        there = await staff.by_email(session, "there@example.test")
        assert there is not None
    path = f"/desk/jobs/{job.id}/tasks/{(await tasks_of(garage, job))[0].id}/assignee"
    for each in (gone.id, there.id, NOBODYS, "nobody"):
        assert (await press(planner, path, staff=str(each))).status_code == 404
    assert (await tasks_of(garage, job))[0].assignee_id is None


async def test_a_task_of_another_job_is_not_found(
    garage: Garage, planner: Browser, job: Job
) -> None:
    async with garage.unit() as session:
        other = await factories.a_job(session, plate="9-ZZZ-999")
    task = (await tasks_of(garage, other))[0]
    answer = await press(planner, f"/desk/jobs/{job.id}/tasks/{task.id}", state="finished")
    assert (answer.status_code, (await tasks_of(garage, other))[0].state) == (404, "not_started")


async def test_a_state_that_is_none_is_refused(garage: Garage, planner: Browser, job: Job) -> None:
    task = (await tasks_of(garage, job))[0]
    answer = await press(planner, f"/desk/jobs/{job.id}/tasks/{task.id}", state="melted")
    assert (answer.status_code, (await tasks_of(garage, job))[0].state) == (409, "not_started")


@pytest.mark.parametrize(("size", "kind"), [("thumb", "image/webp"), ("display", "image/jpeg")])
async def test_a_photo_is_served_as_a_drawing_without_the_cameras_data(
    garage: Garage, planner: Browser, job: Job, size: str, kind: str
) -> None:
    async with garage.unit() as session:
        photo = await factories.a_photo(session, job, body=with_position())
    answer = await planner.get(f"/desk/photos/{photo.id}/{size}")
    picture = Image.open(io.BytesIO(answer.content))
    assert (answer.headers["content-type"], picture.format) == (kind, kind[6:].upper())
    assert not picture.getexif()
    assert b"GPS" not in answer.content
    assert answer.headers["cache-control"].startswith("private")


async def test_a_display_that_was_drawn_as_webp_is_still_served_as_what_it_is(
    garage: Garage, planner: Browser, job: Job
) -> None:
    body, key = io.BytesIO(), f"jobs/{job.id}/photos/of-last-year-display.webp"
    Image.new("RGB", (64, 48)).save(body, "WEBP")
    await garage.house.storage.put_bytes(garage.tenant.id, key, body.getvalue())
    async with garage.unit() as session:
        photo = await factories.a_photo(session, job)
        photo.renditions = {"display": {"key": key, "width": 64, "height": 48}}
    answer = await planner.get(f"/desk/photos/{photo.id}/display")
    assert (answer.headers["content-type"], answer.content) == ("image/webp", body.getvalue())


def with_position() -> bytes:
    """A photo that says where it was taken."""
    target, exif = io.BytesIO(), Image.Exif()
    exif[0x8825] = {1: "N", 2: (51.0, 13.0, 0.0), 3: "E", 4: (4.0, 24.0, 0.0)}
    exif[0x010F] = "GPS camera"
    Image.new("RGB", (64, 48), (9, 9, 9)).save(target, "JPEG", exif=exif)
    return target.getvalue()


@pytest.mark.parametrize("size", ["original", "thumb.webp", "huge", "..", "%2e%2e"])
async def test_only_drawings_are_served_and_never_the_original(
    garage: Garage, planner: Browser, job: Job, size: str
) -> None:
    async with garage.unit() as session:
        photo = await factories.a_photo(session, job)
    assert (await planner.get(f"/desk/photos/{photo.id}/{size}")).status_code == 404


async def test_to_ask_for_a_photo_that_is_not_drawn_yet_is_no_mistake(
    garage: Garage, planner: Browser, job: Job
) -> None:
    files = [("photos", ("front.jpg", factories.jpeg(), "image/jpeg"))]
    await planner.submit(f"/desk/jobs/{job.id}/photos", page="/desk", files=files)
    async with garage.unit() as session:
        photo = (await session.scalars(select(Photo))).one()
    answer = await planner.get(f"/desk/photos/{photo.id}/thumb")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["cache-control"] == "no-store"
    card = await planner.open(f"/desk/jobs/{job.id}")
    assert card.select_one(f"pending-photo[data-src='/desk/photos/{photo.id}/thumb']") is not None


async def test_a_photo_whose_file_is_gone_is_a_404(
    garage: Garage, planner: Browser, job: Job
) -> None:
    async with garage.unit() as session:
        photo = await factories.a_photo(session, job)
    await garage.house.storage.delete(garage.tenant.id, photo.renditions["thumb"]["key"])
    assert (await planner.get(f"/desk/photos/{photo.id}/thumb")).status_code == 404


@pytest.mark.parametrize(("shared", "seen"), [("yes", True), ("no", False), ("", False)])
async def test_a_photo_is_shown_to_the_customer_only_where_somebody_says_so(
    garage: Garage, planner: Browser, job: Job, shared: str, seen: bool
) -> None:
    async with garage.unit() as session:
        photo = await factories.a_photo(session, job)
    await press(planner, f"/desk/photos/{photo.id}/share", shared=shared)
    async with garage.unit() as session:
        assert (await session.scalars(select(Photo.shared_with_customer))).one() is seen


@pytest.mark.parametrize(
    "path",
    [
        "/desk/jobs/{id}",
        "/desk/jobs/{id}/edit",
        "/desk/photos/{id}/thumb",
        "/desk/jobs/{id}/appointment/estimate",
    ],
)
@pytest.mark.parametrize(
    "key", ["01a21000-0000-7000-8000-000000000000", "not-a-uuid", "1", "0" * 32]
)
async def test_what_does_not_exist_is_a_404(planner: Browser, path: str, key: str) -> None:
    assert (await planner.get(path.format(id=key))).status_code == 404
