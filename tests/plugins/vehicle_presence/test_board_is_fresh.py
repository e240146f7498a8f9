"""The board is drawn once for what it shows, and shows every change at the next request."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.web import remembering
from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job, JobTask
from core.workshop.jobs.services import set_status
from core.workshop.locations.services import create_location
from core.workshop.staff.models import StaffMember
from core.workshop.vehicles.models import Vehicle
from plugins.vehicle_presence import absences, board_views, check_ins, repository
from plugins.vehicle_presence.board_models import BoardView
from plugins.vehicle_presence.filters import Filters
from plugins.vehicle_presence.models import Doubt, Stay
from plugins.vehicle_presence.services import record_arrival
from tenants.activation import change_settings
from tests.factories import a_job, a_message, a_quote, an_appointment, set_past_services
from tests.garages import STAFF, SUPPORT, Browser, Garage

BOARD = "/desk/on-site?all=1"
Drawn = list[str]


@pytest.fixture
async def planner(garage: Garage) -> AsyncIterator[Browser]:
    """A planner at the desk."""
    browser = await garage.staff("planner")
    yield browser
    await browser.aclose()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """The pages that were drawn, not remembered."""
    found: Drawn = []
    draw = remembering._draw  # noqa: SLF001

    def noted(connection: Any, template: str, context: Any) -> Any:
        found.append(template)
        return draw(connection, template, context)

    monkeypatch.setattr(remembering, "_draw", noted)
    return found


async def inside(garage: Garage, plate: str = "1-AAA-001", **columns: object) -> UUID:
    """A vehicle that came three days ago."""
    async with garage.unit() as session:
        job = await a_job(session, plate=plate, email=f"{plate}@example.com".lower())
        if columns:
            job = await set_past_services(session, job, **columns)
        await record_arrival(session, job.id, STAFF, at=now() - timedelta(days=3))
        return job.id


async def seen_by(browser: Browser) -> str:
    """What the board says, in the words that a person reads."""
    page = BeautifulSoup((await browser.get(BOARD)).text, "html.parser")
    main = page.select_one("main")
    assert main is not None
    return " ".join(main.get_text(" ").split())


async def job_of(session: AsyncSession, garage: Garage, job_id: UUID) -> Job:
    return await session.get_one(Job, (garage.tenant.id, job_id))


Change = Callable[[AsyncSession, Job], Awaitable[object]]


async def _stage(session: AsyncSession, job: Job) -> None:
    await set_status(session, job.id, "ready", STAFF)


async def _task(session: AsyncSession, job: Job) -> None:
    tasks = await session.scalars(select(JobTask).where(JobTask.job_id == job.id))
    first = min(tasks, key=lambda each: each.position)
    first.labels = {"en": "Something new"}
    job.current_task = first.key


async def _customer(session: AsyncSession, job: Job) -> None:
    (await session.get_one(Customer, (job.tenant_id, job.customer_id))).name = "Renamed Person"


async def _vehicle(session: AsyncSession, job: Job) -> None:
    (await session.get_one(Vehicle, (job.tenant_id, job.vehicle_id))).colour = "purple"


async def _promise(session: AsyncSession, job: Job) -> None:
    job.estimated_completion = now().date() - timedelta(days=2)


async def _absence(session: AsyncSession, job: Job) -> None:
    await absences.leave_for_a_while(session, job.id, 0, STAFF)


async def _left(session: AsyncSession, job: Job) -> None:
    stay = await repository.open_stay(session, job.id)
    assert stay is not None
    stay.left_at, stay.closed_by = now(), "clock"


async def _stay_is_gone(session: AsyncSession, job: Job) -> None:
    for stay in await session.scalars(select(Stay).where(Stay.job_id == job.id)):
        await session.delete(stay)


async def _doubt(session: AsyncSession, job: Job) -> None:
    stay = await repository.open_stay(session, job.id)
    assert stay is not None
    session.add(Doubt(stay_id=stay.id, reason="ready"))


async def _other_arrival(session: AsyncSession, _job: Job) -> None:
    job = await a_job(session, plate="1-NEW-002", email="new@example.com")
    await record_arrival(session, job.id, STAFF)


async def _view_for_all(session: AsyncSession, _job: Job) -> None:
    await board_views.save(session, "Everybody's", Filters(band="long"), None)


async def _message(session: AsyncSession, job: Job) -> None:
    await a_message(session, job)


async def _estimate(session: AsyncSession, job: Job) -> None:
    await a_quote(session, job)


async def _second_place(session: AsyncSession, job: Job) -> None:
    place = await create_location(session, name="Second yard")
    other = await a_job(session, plate="1-NEW-003", email="third@example.com")
    other.location_id = place.id
    await record_arrival(session, other.id, STAFF)


CHANGES: dict[str, tuple[Change, str]] = {
    "the stage of its job": (_stage, "Finished but still in"),
    "its task": (_task, "Something new"),
    "its customer": (_customer, "Renamed Person"),
    "the vehicle": (_vehicle, "purple"),
    "what was promised": (_promise, "overdue"),
    "an absence": (_absence, "since"),
    "its departure": (_left, "No vehicle is on site"),
    "a stay that was a mistake": (_stay_is_gone, "No vehicle is on site"),
    "a doubt": (_doubt, "The clean-up asks"),
    "another arrival": (_other_arrival, "1-NEW-002"),
    "a view of the garage": (_view_for_all, "Everybody's"),
    "a message of the customer": (_message, "1 new message"),
    "an estimate": (_estimate, "Estimate sent"),
    "a second location": (_second_place, "Second yard"),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_the_next_request_shows(
    garage: Garage, planner: Browser, drawn: Drawn, what: str
) -> None:
    job_id = await inside(garage)
    change, words = CHANGES[what]
    assert words not in await seen_by(planner)
    await seen_by(planner)
    assert len(drawn) == 1
    async with garage.unit() as session:
        await change(session, await job_of(session, garage, job_id))
    assert words in await seen_by(planner)
    await seen_by(planner)
    assert len(drawn) == 2


async def test_the_next_request_shows_what_was_noted_at_check_in(
    garage: Garage, planner: Browser
) -> None:
    job_id = await inside(garage)
    await wish(garage, ask_keys="optional")
    assert "Check-in open" in await seen_by(planner)
    async with garage.unit() as session:
        await check_ins.note(session, job_id, {"keys": 2}, STAFF)
    assert "Check-in open" not in await seen_by(planner)


async def wish(garage: Garage, **values: object) -> None:
    """Change the garage's settings of the plugin, as support does."""
    await change_settings(garage.house.switching, garage.slug, "vehicle_presence", values, SUPPORT)


async def test_the_next_request_follows_the_garages_settings(
    garage: Garage, planner: Browser
) -> None:
    await inside(garage)
    assert "3 days · fresh" in await seen_by(planner)
    await wish(garage, ageing_after_days=2)
    assert "3 days · ageing" in await seen_by(planner)
    await wish(garage, stale_after_days=2)
    assert "3 days · long" in await seen_by(planner)


async def test_at_midnight_a_day_is_added_although_nothing_changed(
    garage: Garage, planner: Browser
) -> None:
    await inside(garage)
    for days in (0, 1, 5):
        with frozen(now() + timedelta(days=days)):
            assert f"{3 + days} days" in await seen_by(planner)


async def test_who_is_expected_today_is_not_expected_tomorrow(
    garage: Garage, planner: Browser
) -> None:
    async with garage.unit() as session:
        job = await a_job(session, plate="1-DUE-001")
        appointment, _secret = await an_appointment(session, job, "drop_off")
    midnight = appointment.starts_at.astimezone(garage.tenant.zone).replace(hour=0, minute=5)
    shown = []
    for days in (-1, 0, 1):
        with frozen(midnight + timedelta(days=days)):
            browser = await garage.staff("planner")
            shown.append("1-DUE-001" in await seen_by(browser))
    assert shown == [False, True, False]


async def test_each_person_gets_the_board_of_their_rights(
    garage: Garage, planner: Browser, drawn: Drawn
) -> None:
    await inside(garage)
    assert "Off site now" in await seen_by(planner)
    async with garage.unit() as session:
        await _set_role(session, "accountant")
    assert (await planner.get(BOARD)).status_code == 403
    async with garage.unit() as session:
        await _set_role(session, "technician")
    page = await planner.open(BOARD)
    assert "Off site now" in page.text
    assert "Numbers" not in page.select_one("main").text  # type: ignore[union-attr]


async def _set_role(session: AsyncSession, role: str) -> None:
    found = await session.scalars(select(StaffMember).where(StaffMember.role != "owner"))
    for member in found:
        member.role = role


async def test_each_person_gets_the_board_in_their_language(
    garage: Garage, planner: Browser
) -> None:
    await inside(garage)
    said = []
    for language in ("en", "nl", "fr", "en"):
        await planner.get(f"/language/{language}")
        said.append(await seen_by(planner))
    assert said[0] == said[3]
    assert len(set(said)) == 3


async def test_a_view_of_ones_own_is_seen_by_nobody_else(garage: Garage, planner: Browser) -> None:
    await inside(garage)
    colleague = await garage.staff("technician")
    await seen_by(colleague)
    async with garage.unit() as session:
        member = await session.scalar(select(StaffMember).where(StaffMember.role == "planner"))
        assert member is not None
        session.add(BoardView(staff_id=member.id, name="Mine alone", query="band=long"))
    assert "Mine alone" in await seen_by(planner)
    assert "Mine alone" not in await seen_by(colleague)


async def test_another_plugin_is_seen_as_soon_as_it_is_switched(
    garage: Garage, planner: Browser
) -> None:
    await inside(garage)
    before = await seen_by(planner)
    await garage.switch("polite", on=True)
    during = await seen_by(planner)
    await garage.switch("polite", on=False)
    assert "polite badge" in during
    assert "polite cell" in during
    assert "polite board" in during
    assert await seen_by(planner) == before


async def test_two_garages_with_the_same_vehicles_share_nothing(
    garage: Garage, other_garage: Garage, planner: Browser, drawn: Drawn
) -> None:
    elsewhere = await other_garage.staff("planner")
    for each in (garage, other_garage):
        await inside(each, "1-TWN-001")
    pages = [(await browser.get(BOARD)).text for browser in (planner, elsewhere)]
    links = [set(re.findall(r"/desk/jobs/([0-9a-f-]{36})", page)) for page in pages]
    assert len(drawn) == 2
    assert [len(each) for each in links] == [1, 1]
    assert links[0] != links[1]
    assert [garage.tenant.name in page for page in pages] == [True, False]


TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]+)"')


async def test_each_answer_has_a_token_of_its_own_that_fits_only_its_browser(
    garage: Garage, planner: Browser, drawn: Drawn
) -> None:
    job_id = await inside(garage)
    colleague = await garage.staff("technician")
    pages = [(await browser.get(BOARD)).text for browser in (planner, planner, colleague)]
    tokens = [set(TOKEN.findall(page)) for page in pages]
    assert len(drawn) == 2
    assert [len(each) for each in tokens] == [1, 1, 1]
    assert len(set.union(*tokens)) == 3
    assert len({len(token) for token in set.union(*tokens)}) == 1
    off = f"/desk/jobs/{job_id}/presence/off?back=board"
    (stolen,), (own,) = tokens[2], tokens[1]
    refused = await planner.post(off, data={"csrf_token": stolen}, follow_redirects=False)
    assert refused.status_code == 403
    taken = await planner.post(off, data={"csrf_token": own}, follow_redirects=False)
    assert taken.status_code == 303


async def test_a_message_is_shown_once_and_not_remembered(garage: Garage, planner: Browser) -> None:
    first, _second = await inside(garage), await inside(garage, "1-BBB-002")
    await planner.get(BOARD)
    off = f"/desk/jobs/{first}/presence/off?back=board"
    answer = await planner.submit(off, page=BOARD)
    assert "Left " in answer.text
    assert "Left " not in (await planner.get(BOARD)).text
    assert "Left " not in (await (await garage.staff("technician")).get(BOARD)).text


async def test_one_change_draws_one_row(
    garage: Garage, planner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_ids = [await inside(garage, f"1-ROW-00{number}") for number in range(4)]
    await seen_by(planner)
    rows: list[Any] = []
    part = remembering.remembered_part

    def noted(connection: Any, template: str, *, shows: Any, values: Any) -> Any:
        def drawn_now() -> Any:
            found = values()
            rows.append(found["row"].plate)
            return found

        return part(connection, template, shows=shows, values=drawn_now)

    monkeypatch.setattr("plugins.vehicle_presence.board.remembered_part", noted)
    async with garage.unit() as session:
        (await job_of(session, garage, job_ids[2])).plate = "1-ROW-777"
    await seen_by(planner)
    assert rows == ["1-ROW-777"]


async def test_the_buttons_of_the_board_share_a_form_that_enter_does_not_send(
    garage: Garage, planner: Browser
) -> None:
    await inside(garage)
    page = await planner.open(BOARD)
    buttons = page.select("main [formaction]")
    forms = {str(button["form"]) for button in buttons}
    (form,) = [page.select_one(f"form#{name}") for name in forms]
    assert buttons
    assert form is not None
    assert form["method"] == "post"
    assert [field["name"] for field in form.select("input")] == ["csrf_token"]
    assert form["id"] != "bulk"
    assert page.select("[data-row] form") == []
