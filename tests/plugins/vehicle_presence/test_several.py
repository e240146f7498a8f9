"""Several vehicles at once: in, off site, and back again."""

from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.clock import frozen, now
from core.hooks.contributions import VehicleMoment
from core.workshop.locations import repository as locations
from plugins.vehicle_presence import repository, several
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.services import mark_many_off_site, mark_off_site, record_arrival
from plugins.vehicle_presence.several_pages import are_off_site
from plugins.vehicle_presence.vat_book.closing import close_months
from plugins.vehicle_presence.vat_book.errors import CLOSED
from tests.factories import a_job, a_plate
from tests.garages import STAFF, Browser, Garage
from tests.hooks.listening import heard
from tests.plugins.vehicle_presence.vat_book.reading import register, sound

BOARD = "/desk/on-site"


@pytest.fixture
async def planner(garage: Garage) -> AsyncIterator[Browser]:
    """A planner at the desk."""
    browser = await garage.staff("planner")
    yield browser
    await browser.aclose()


async def some_jobs(garage: Garage, count: int = 3, *, are_in: bool = False) -> list[UUID]:
    """Jobs, their vehicles in or not."""
    async with garage.unit() as session:
        found = [(await a_job(session, plate=a_plate())).id for _ in range(count)]
        for job_id in found if are_in else ():
            await record_arrival(session, job_id, STAFF, at=now() - timedelta(hours=3))
        return found


async def are_inside(garage: Garage, job_ids: list[UUID]) -> list[bool]:
    """Whether the vehicle of each is in."""
    async with garage.unit() as session:
        inside = await repository.jobs_inside(session, job_ids)
        return [each in inside for each in job_ids]


async def press(browser: Browser, path: str, job_ids: list[UUID], **more: object) -> str:
    """Tick those, press the button; the page that follows."""
    values = {"job": [str(each) for each in job_ids], **more}
    return (await browser.submit(path, values, page="/desk/jobs/new")).text


async def undo(browser: Browser, text: str) -> str:
    """Press *Undo* on that page."""
    (_before, _mark, rest) = text.partition("/undo?stays=")
    (verb,) = {each for each in ("/in", "/off") if _before.endswith(f"{BOARD}{each}")}
    query = rest.partition('"')[0].replace("&amp;", "&")
    path = f"{BOARD}{verb}/undo?stays={query}"
    return (await browser.submit(path, {}, page="/desk/jobs/new")).text


async def test_several_are_in_with_one_press_each_once(garage: Garage, planner: Browser) -> None:
    jobs = await some_jobs(garage)
    async with garage.unit() as session:
        await record_arrival(session, jobs[0], STAFF)
    text = await press(planner, f"{BOARD}/in", [*jobs, jobs[1]])
    assert "2 vehicles are in." in text
    assert await are_inside(garage, jobs) == [True] * 3
    assert [row.number for row in await register(garage)] == [1, 2, 3]
    await sound(garage)


async def test_arrivals_that_were_marked_together_are_taken_back_together(
    garage: Garage, planner: Browser
) -> None:
    jobs = await some_jobs(garage)
    text = await press(planner, f"{BOARD}/in?band=fresh", jobs)
    text = await undo(planner, text)
    assert "3 arrivals are taken back." in text
    assert await are_inside(garage, jobs) == [False] * 3
    await sound(garage)


async def test_nothing_ticked_is_said_and_nothing_happens(garage: Garage, planner: Browser) -> None:
    jobs = await some_jobs(garage)
    answer = await planner.submit(f"{BOARD}/in", {}, page="/desk/jobs/new")
    assert answer.status_code == 422
    assert "Please tick at least one vehicle." in answer.text
    assert await are_inside(garage, jobs) == [False] * 3


async def test_off_site_together_is_undone_together(garage: Garage, planner: Browser) -> None:
    jobs = await some_jobs(garage, are_in=True)
    today = now().astimezone(garage.tenant.zone).date().isoformat()
    text = await press(planner, f"{BOARD}/off", jobs, day=today)
    assert "3 vehicles are off site." in text
    assert await are_inside(garage, jobs) == [False] * 3
    text = await undo(planner, text)
    assert "3 vehicles are in." in text
    assert await are_inside(garage, jobs) == [True] * 3
    await sound(garage)


async def test_arrivals_that_were_taken_back_already_are_taken_back(garage: Garage) -> None:
    jobs = await some_jobs(garage)
    async with garage.unit() as session:
        marked = await several.record_many_arrivals(session, jobs, STAFF)
        names = [each.id for each in marked]
    for unknown in ([], [uuid4()]):
        async with garage.unit() as session:
            found = await several.undo_many_arrivals(session, [*names, *unknown], STAFF)
        assert found == several.TakenBack(done=3, late=len(unknown))
    assert await are_inside(garage, jobs) == [False] * 3
    await sound(garage)


async def test_other_plugins_hear_of_all_that_left_with_one_press(garage: Garage) -> None:
    await garage.switch("polite", on=True)
    jobs = await some_jobs(garage, are_in=True)
    async with garage.unit() as session:
        marked = await mark_many_off_site(session, jobs, now(), STAFF)
    (call,) = heard(garage, "vehicles_left")
    assert call["vehicles"] == [VehicleMoment(each.job_id, each.left_at) for each in marked]
    assert len(heard(garage, "vehicle_left")) == 3


async def test_what_came_back_meanwhile_is_left_alone_and_counted(
    garage: Garage, planner: Browser
) -> None:
    jobs = await some_jobs(garage, are_in=True)
    today = now().astimezone(garage.tenant.zone).date().isoformat()
    text = await press(planner, f"{BOARD}/off", jobs, day=today)
    async with garage.unit() as session:
        await record_arrival(session, jobs[1], STAFF)
    text = await undo(planner, text)
    assert "2 vehicles are in." in text
    assert "For 1 it was too late to undo." in text
    assert await are_inside(garage, jobs) == [True] * 3
    await sound(garage)


async def test_after_the_time_to_undo_nothing_is_taken_back(garage: Garage) -> None:
    jobs = await some_jobs(garage, are_in=True)
    async with garage.unit() as session:
        stays = [await mark_off_site(session, each, STAFF) for each in jobs]
        names = [each.id for each in stays]
    with frozen(now() + timedelta(days=3)):
        async with garage.unit() as session:
            taken = await several.undo_many_off_site(session, names, STAFF)
    assert taken == several.TakenBack(late=3)
    assert await are_inside(garage, jobs) == [False] * 3


async def test_another_garages_vehicles_are_not_there(
    garage: Garage, other_garage: Garage, planner: Browser
) -> None:
    foreign = await some_jobs(other_garage)
    answer = await planner.submit(
        f"{BOARD}/in", {"job": [str(each) for each in foreign]}, page="/desk/jobs/new"
    )
    assert answer.status_code == 404
    assert await are_inside(other_garage, foreign) == [False] * 3
    async with other_garage.unit() as session:
        for each in foreign:
            await record_arrival(session, each, STAFF)
        stays = list(await session.scalars(select(Stay.id)))
    async with garage.unit() as session:
        taken = await several.undo_many_arrivals(session, stays, STAFF)
    assert taken == several.TakenBack(late=3)
    assert await are_inside(other_garage, foreign) == [True] * 3


async def test_a_closed_month_needs_the_right_to_correct_and_is_named_when_it_is_not_undone(
    garage: Garage,
) -> None:
    jobs = await some_jobs(garage, are_in=True)
    local = now().astimezone(garage.tenant.zone)
    later = (local.replace(day=1) + timedelta(days=32)).replace(day=9)
    async with garage.unit() as session:
        with frozen(later):
            await close_months(session, (await locations.first(session)).id, at_once=True)
    day = local.date().isoformat()
    values = {"job": [str(each) for each in jobs], "day": day}
    with frozen(later):
        planner = await garage.staff("planner")
        answer = await planner.submit(f"{BOARD}/off", values, page="/desk/jobs/new")
        assert (answer.status_code, CLOSED in unescape(answer.text)) == (409, True)
        assert await are_inside(garage, jobs) == [True] * 3
        owner = await garage.staff("owner")
        text = await press(owner, f"{BOARD}/off", jobs, day=day)
        assert "3 vehicles are off site." in text
        text = unescape(await undo(owner, text))
        assert f"3 stay off site. {CLOSED}" in text
        assert "too late" not in text
        assert await are_inside(garage, jobs) == [False] * 3
    assert all(row.exit is not None and row.exit.is_late for row in await register(garage))
    await sound(garage)


def test_of_more_than_an_address_holds_no_undo_is_offered() -> None:
    few, many = (
        are_off_site([uuid4() for _ in range(count)]) for count in (several.MOST, several.MOST + 1)
    )
    assert few.undo_href is not None
    assert many.undo_href is None


@given(st.lists(st.uuids(), max_size=several.MOST))
def test_stays_survive_the_address(stays: list[UUID]) -> None:
    assert several.stays_in(several.code_of(stays)) == stays


@pytest.mark.parametrize("code", ["x", "é", "AAAA", "A" * 4000, "====", " "])
def test_what_is_no_code_names_nothing(code: str) -> None:
    assert several.stays_in(code) == []


def test_a_page_of_the_board_fits_a_cookie() -> None:
    assert len(several.code_of(uuid4() for _ in range(several.MOST))) < 2200
