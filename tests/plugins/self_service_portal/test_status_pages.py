"""The status page: what a customer may read, and how much it asks of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from core.workshop.jobs import repository as jobs
from core.workshop.jobs.services import set_status, set_task_state
from core.workshop.photos.services import share_with_customer
from core.workshop.planning import services as planning
from plugins.self_service_portal.status_pages import masked
from tests import factories
from tests.garages import STAFF, Garage
from tests.plugins.self_service_portal.talkers import Talkers, talkers_at

MOST_STATEMENTS = 12


@pytest.fixture
async def talkers(garage: Garage) -> Talkers:
    """A customer who has the job open."""
    return await talkers_at(garage)


@contextmanager
def statements(garage: Garage) -> Iterator[list[str]]:
    """What is sent to the database as the application."""
    sent: list[str] = []
    engine = garage.house.database.app_engine.sync_engine

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


async def happened(talkers: Talkers) -> list[str]:
    """The lines of *What happened so far*, newest first."""
    page = await talkers.status()
    return [
        line.div.find_all(string=True)[-1].strip() for line in page.select(".timeline")[-1]("li")
    ]


async def fill(talkers: Talkers, count: int) -> None:
    """So many photos, messages and estimates."""
    async with talkers.garage.unit() as session:
        job = await talkers.job(session)
        for number in range(count):
            body = factories.jpeg((number, 0, 9))
            await factories.a_photo(session, job, body=body, source="desk", shared=True)
            await factories.a_message(session, job, body=f"Message {number}")
            await factories.a_message(session, job, author="garage", author_name="Tom")
            await factories.a_quote(session, job)


async def test_the_page_asks_little_however_much_there_is(talkers: Talkers) -> None:
    asked = []
    for count in (1, 6):
        await fill(talkers, count)
        with statements(talkers.garage) as sent:
            await talkers.customer.get("/en/status/job")
        asked.append(len(sent))
    assert asked[0] == asked[1] <= MOST_STATEMENTS


@pytest.mark.parametrize(
    ("status", "asked"), [("new", 1), ("planned", 1), ("in_progress", 0), ("ready", 0)]
)
async def test_nobody_is_asked_to_bring_a_vehicle_that_is_being_repaired_or_ready(
    talkers: Talkers, status: str, asked: int
) -> None:
    async with talkers.garage.unit() as session:
        await set_status(session, (await talkers.job(session)).id, status, STAFF)
    page = await talkers.status()
    assert len(page.select("main a[href='/en/repair/time']")) == asked


@pytest.mark.parametrize(("status", "tells"), [("in_progress", True), ("ready", False)])
async def test_what_comes_next_is_told_until_the_vehicle_can_be_fetched(
    talkers: Talkers, status: str, tells: bool
) -> None:
    async with talkers.garage.unit() as session:
        await set_status(session, (await talkers.job(session)).id, status, STAFF)
    page = await talkers.status()
    assert ("What comes next:" in page.get_text()) == tells


async def test_the_timeline_tells_what_a_customer_may_know(talkers: Talkers) -> None:
    async with talkers.garage.unit() as session:
        job = await talkers.job(session)
        for task in (await jobs.tasks_of(session, job.id))[:3]:
            await set_task_state(session, job.id, task.id, "finished", STAFF)
        appointment, _secret = await factories.an_appointment(session, job, "drop_off")
        await planning.cancel(session, appointment, STAFF)
        await factories.a_message(session, job)
        photo = await factories.a_photo(session, job, source="desk")
        await share_with_customer(session, photo.id, shared=True)
        await factories.a_photo(session, job, body=factories.jpeg((1, 2, 3)), source="desk")
    await talkers.decide(await talkers.has_quote(), "approve")
    lines = await happened(talkers)
    assert lines[:2] == [
        "You approved the estimate of €1,210.00.",
        "We sent you an estimate of €1,210.00.",
    ]
    assert {"1 photo from us", "You wrote to us.", "We are preparing the estimate."} <= set(lines)
    assert (
        sum(line.startswith(("Appointment made", "Appointment cancelled")) for line in lines) == 2
    )
    assert "We have received your request." in lines
    assert not any("Agreed" in line or "Akkoord" in line for line in lines)


async def test_a_photo_is_released_on_the_day_on_which_it_is_shared(talkers: Talkers) -> None:
    async with talkers.garage.unit() as session:
        photo = await factories.a_photo(session, await talkers.job(session), source="desk")
        private = photo.shared_at
        shared = (await share_with_customer(session, photo.id, shared=True)).shared_at
        again = (await share_with_customer(session, photo.id, shared=True)).shared_at
        taken_back = (await share_with_customer(session, photo.id, shared=False)).shared_at
    assert (private, taken_back) == (None, None)
    assert shared is not None
    assert again == shared


async def test_photos_that_are_not_shared_are_not_there(talkers: Talkers) -> None:
    async with talkers.garage.unit() as session:
        photo = await factories.a_photo(session, await talkers.job(session), source="desk")
    answer = await talkers.customer.get(f"/en/status/photos/{photo.id}/thumb")
    assert answer.status_code == 404
    assert (await talkers.status()).select(".photos") == []


@pytest.mark.parametrize("choice", ["every", "ready", "never"])
async def test_a_customer_chooses_when_to_be_told(talkers: Talkers, choice: str) -> None:
    answer = await talkers.customer.submit(
        "/en/status/wish", {"choice": choice}, page="/en/status/job", follow=False
    )
    checked = (await talkers.status()).select("#wish input[checked]")
    assert answer.status_code == 303
    assert [field["value"] for field in checked] == [choice]


async def test_another_choice_is_refused(talkers: Talkers) -> None:
    answer = await talkers.customer.submit(
        "/en/status/wish", {"choice": "hourly"}, page="/en/status/job"
    )
    assert answer.status_code == 422
    assert "Please choose when you want an e-mail." in answer.text


async def test_without_an_address_nothing_is_promised(garage: Garage) -> None:
    talkers = await talkers_at(garage, email=None)
    wish = (await talkers.status()).select_one("#wish")
    assert wish.select("form") == []
    assert "We have no e-mail address of you." in wish.text


@pytest.mark.parametrize(
    ("email", "shown"),
    [("jan.peeters@example.com", "j…@example.com"), ("a@b.be", "a…@b.be"), (None, ""), ("", "")],
)
def test_an_address_is_shown_to_its_owner_only(email: str | None, shown: str) -> None:
    assert masked(email) == shown


async def test_where_the_plugin_is_off_nothing_is_left_on_the_desk(talkers: Talkers) -> None:
    await fill(talkers, 1)
    desk = await talkers.garage.staff("owner")
    await talkers.garage.switch("self_service_portal", on=False)
    pages = [await desk.open(path) for path in ("/desk", f"/desk/jobs/{talkers.job_id}")]
    assert [page.select("#messages, #quotes, #needs-attention") for page in pages] == [[], []]
    assert (await talkers.customer.get("/en/status/job")).status_code == 404
    await talkers.garage.switch("self_service_portal", on=True)
    assert len((await talkers.status()).select("#messages .talk > li")) == 2
