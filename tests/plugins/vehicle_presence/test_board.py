"""The on-site board: what it shows, filtered and kept under a name, at what cost."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

import pytest
from bs4 import BeautifulSoup
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.db.reading import SessionReading
from core.i18n import format_date
from core.workshop.jobs.history import note_event
from core.workshop.jobs.models import Job
from core.workshop.locations.services import create_location
from plugins.vehicle_presence import board, board_repository
from plugins.vehicle_presence.absences import leave_for_a_while
from plugins.vehicle_presence.bands import band_edges, band_of, days_inside
from plugins.vehicle_presence.board_repository import PAGE, Board
from plugins.vehicle_presence.filters import Filters
from plugins.vehicle_presence.services import record_arrival
from plugins.vehicle_presence.settings import settings
from tests.factories import (
    a_job,
    a_plate,
    a_stay,
    an_appointment,
    days_ago,
    many_jobs,
    set_past_services,
)
from tests.garages import STAFF, Browser, Garage
from tests.hooks.listening import heard
from tests.live_listening import listening
from tests.statements import counted

BOARD = "/desk/on-site"


@pytest.fixture
async def planner(garage: Garage) -> AsyncIterator[Browser]:
    """A planner at the desk."""
    browser = await garage.staff("planner")
    yield browser
    await browser.aclose()


async def inside(
    garage: Garage, plate: str, *, days: int = 0, name: str = "Jan Peeters", **columns: object
) -> UUID:
    """A vehicle that came so many days ago; `columns` are its job's."""
    async with garage.unit() as session:
        job = await a_job(session, plate=plate, name=name, email=f"{plate}@example.com".lower())
        if columns:
            job = await set_past_services(session, job, **columns)
        moment = days_ago(days, garage.tenant.zone)
        await record_arrival(session, job.id, STAFF, at=moment)
        return job.id


async def board_of(session: AsyncSession, **filters: str) -> Board:
    """What the board holds for somebody who sees what this session has written."""
    wanted = board.wanted(Filters(**filters))
    return (await board_repository.board(SessionReading(session), wanted)).value


def plates(page: BeautifulSoup) -> list[str]:
    """The plates of the rows, from the top."""
    return [each.text for each in page.select("[data-row] .plate")]


async def test_finished_ones_stand_first_then_the_longest(garage: Garage, planner: Browser) -> None:
    await inside(garage, "1-NEW-001", days=1)
    await inside(garage, "1-OLD-002", days=30)
    await inside(garage, "1-FIN-003", days=2, status="ready")
    page = await planner.open(BOARD)
    assert plates(page) == ["1-FIN-003", "1-OLD-002", "1-NEW-001"]


async def test_an_overdue_promise_is_said_in_words(garage: Garage, planner: Browser) -> None:
    today = now().astimezone(garage.tenant.zone).date()
    await inside(garage, "1-LAT-001", estimated_completion=today - timedelta(days=1))
    await inside(garage, "1-TIM-002", estimated_completion=today)
    await inside(
        garage, "1-FIN-003", status="ready", estimated_completion=today - timedelta(days=1)
    )
    page = await planner.open(BOARD)
    late = [row for row in page.select("[data-row]") if "overdue" in row.text]
    assert [row.select_one(".plate").text for row in late] == ["1-LAT-001"]  # type: ignore[union-attr]
    assert plates(await planner.open(f"{BOARD}?overdue=yes")) == ["1-LAT-001"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=aaa001", ["1-AAA-001"]),
        ("q=Claes", ["1-BBB-002"]),
        ("q=%23{number}", ["1-CCC-003"]),
        ("q=nobody-here", []),
        ("band=long", ["1-AAA-001"]),
        ("band=ageing", ["1-BBB-002"]),
        ("band=fresh", ["1-CCC-003", "1-DDD-004"]),
        ("status=waiting", ["1-AAA-001", "1-DDD-004"]),
        ("status=working", ["1-BBB-002"]),
        ("status=finished", ["1-CCC-003"]),
        ("absent=out", ["1-DDD-004"]),
        ("absent=out&band=long", []),
        ("absent=here&status=waiting", ["1-AAA-001"]),
        ("band=nonsense&absent=x&status=y&location=z", None),
    ],
)
async def test_filters_live_in_the_address(
    garage: Garage, planner: Browser, query: str, expected: list[str] | None
) -> None:
    await inside(garage, "1-AAA-001", days=30)
    await inside(garage, "1-BBB-002", days=10, name="Tom Claes", status="in_progress")
    third = await inside(garage, "1-CCC-003", days=3, status="ready")
    fourth = await inside(garage, "1-DDD-004", days=1)
    async with garage.unit() as session:
        await leave_for_a_while(session, fourth, 0, STAFF)
        number = (await session.get_one(Job, (garage.tenant.id, third))).sequence_number
    found = plates(await planner.open(f"{BOARD}?{query.format(number=number)}"))
    assert found == (expected if expected is not None else plates(await planner.open(BOARD)))


async def test_several_locations_can_be_told_apart(garage: Garage, planner: Browser) -> None:
    await inside(garage, "1-ONE-001")
    assert (await planner.open(BOARD)).select_one("#board-location") is None
    async with garage.unit() as session:
        other = await create_location(session, name="Second yard")
    await inside(garage, "1-TWO-002", location_id=other.id)
    page = await planner.open(f"{BOARD}?location={other.id}")
    assert plates(page) == ["1-TWO-002"]
    assert "Second yard" in page.select_one("#board-location").text  # type: ignore[union-attr]


async def test_who_is_expected_today_can_be_checked_in_from_the_board(
    garage: Garage, planner: Browser
) -> None:
    async with garage.unit() as session:
        job = await a_job(session, plate="1-DUE-001")
        appointment, _secret = await an_appointment(session, job, "drop_off")
    with frozen(appointment.starts_at):
        async with garage.unit() as session:
            before = await board_of(session)
            await record_arrival(session, job.id, STAFF)
            after = await board_of(session)
    assert [row.job_id for row in before.expected] == [job.id]
    assert after.expected == ()


async def test_the_button_beside_who_is_expected_takes_the_vehicle_in(
    garage: Garage, planner: Browser
) -> None:
    async with garage.unit() as session:
        job = await a_job(session, plate="1-DUE-002")
        appointment, _secret = await an_appointment(session, job, "drop_off")
    with frozen(appointment.starts_at):
        browser = await garage.staff("technician")
        page = await browser.open(BOARD)
        (button,) = page.select("#board-expected [formaction*='/presence/in']")
        answer = await browser.submit(str(button["formaction"]), page=BOARD)
        board_now = BeautifulSoup(answer.text, "html.parser")
        await browser.aclose()
    assert answer.url.path == BOARD
    assert plates(board_now) == ["1-DUE-002"]
    assert not board_now.select("#board-expected")


@pytest.mark.parametrize("typed", ["wlk0", "1-WLK-001", "#{number}", "{number}"])
async def test_who_comes_without_an_appointment_is_found_by_plate_or_number_and_taken_in(
    garage: Garage, planner: Browser, typed: str
) -> None:
    async with garage.unit() as session:
        job = await a_job(session, plate="1-WLK-001", name="Wilma Walkin")
        await set_past_services(
            session, await a_job(session, plate="1-WLK-009"), status="delivered"
        )
    text = typed.format(number=job.sequence_number)
    path = f"{BOARD}?{urlencode({'q': text})}"
    page = await planner.open(path)
    found = page.select("#board-found li")
    assert [each.select_one(".plate").text for each in found] == ["1-WLK-001"]  # type: ignore[union-attr]
    assert not page.select("#board-none")
    (button,) = page.select("#board-found [formaction]")
    answer = await planner.submit(str(button["formaction"]), page=path)
    board_now = BeautifulSoup(answer.text, "html.parser")
    assert plates(board_now) == ["1-WLK-001"]
    assert not board_now.select("#board-found")
    (kept,) = board_now.select("#board-q")
    assert kept["value"] == text


async def test_who_may_only_look_finds_the_job_without_a_button(
    garage: Garage, other_garage: Garage
) -> None:
    async with garage.unit() as session:
        await a_job(session, plate="1-WLK-001")
    async with other_garage.unit() as session:
        assert (await board_of(session, q="WLK001")).found == ()
    async with garage.unit() as session:
        assert len((await board_of(session, q="WLK001")).found) == 1
        assert (await board_of(session, q="W")).found == ()
        assert (await board_of(session)).found == ()


async def test_last_activity_is_the_later_of_the_jobs_history_and_its_card(
    garage: Garage, planner: Browser
) -> None:
    zone = garage.tenant.zone
    job_id = await inside(garage, "1-ACT-001", days=9)
    async with garage.unit() as session:
        with frozen(days_ago(5, zone)):
            note_event(session, job_id, "arrival_changed", STAFF)
            await session.flush()
        job = await session.get_one(Job, (garage.tenant.id, job_id))
        await set_past_services(session, job, updated_at=days_ago(7, zone))
    (row,) = (await planner.open(BOARD)).select("[data-row]")
    assert f"Last activity {format_date(days_ago(5, zone), zone, 'd MMM')}" in row.text
    async with garage.unit() as session:
        job = await session.get_one(Job, (garage.tenant.id, job_id))
        await set_past_services(session, job, updated_at=days_ago(3, zone))
    (row,) = (await planner.open(BOARD)).select("[data-row]")
    assert f"Last activity {format_date(days_ago(3, zone), zone, 'd MMM')}" in row.text
    async with garage.unit() as session:
        note_event(session, job_id, "arrival_changed", STAFF)
    (row,) = (await planner.open(BOARD)).select("[data-row]")
    assert re.search(r"Last activity \d{1,2}:\d\d", row.text)


async def test_pages_follow_each_other_without_gap_or_repetition(
    garage: Garage, planner: Browser
) -> None:
    async with garage.unit() as session:
        job_ids = await many_jobs(session, PAGE + 7)
        for number, job_id in enumerate(job_ids):
            job = await session.get_one(Job, (garage.tenant.id, job_id))
            await a_stay(session, job, now() - timedelta(days=20, minutes=-number))
    first = await planner.open(f"{BOARD}?band=ageing")
    (more,) = first.select("#board-more a")
    second = await planner.open(str(more["href"]))
    keys = [str(row["data-key"]) for page in (first, second) for row in page.select("[data-row]")]
    assert keys == [str(job_id) for job_id in job_ids]


async def test_the_lists_take_one_statement_whatever_is_inside(garage: Garage) -> None:
    for count in (1, 40):
        async with garage.unit() as session:
            for job_id in await many_jobs(session, count):
                job = await session.get_one(Job, (garage.tenant.id, job_id))
                await a_stay(session, job, now() - timedelta(days=9))
        async with garage.unit() as session:
            await session.connection()
            with counted(garage.house) as sent:
                await board_of(session)
            assert len(sent) == 1


async def test_many_forgotten_vehicles_are_not_counted_one_by_one(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_repository, "MOST_COUNTED", 3)
    async with garage.unit() as session:
        for days in (0, 30, 40, 50, 60, 70):
            await a_stay(session, await a_job(session, plate=a_plate()), now() - timedelta(days))
        (count,) = (await board_of(session)).counts
    page = await (await garage.staff("planner")).open("/desk/on-site")
    assert (count.total, count.fresh) == (4, 1)
    assert [tab.text.split()[-1] for tab in page.select("nav.tabs a")][:4] == ["3+", "1", "0", "3+"]
    assert len(page.select("tr[data-row]")) == 6


async def test_the_bands_of_the_counts_are_those_of_the_rows(garage: Garage) -> None:
    async with garage.unit() as session:
        wishes = settings()
        for days in (0, 7, 8, 21, 22, 40):
            job = await a_job(session, plate=a_plate())
            await a_stay(session, job, days_ago(days, garage.tenant.zone))
        (count,) = (await board_of(session)).counts
        found = {
            band: len((await board_of(session, band=band)).rows)
            for band in ("fresh", "ageing", "long")
        }
        words = [band_of(row.arrived_at, wishes).word for row in (await board_of(session)).rows]
    assert found == {"fresh": 2, "ageing": 2, "long": 2}
    assert (count.fresh, count.ageing, count.long, count.total) == (2, 2, 2, 6)
    assert words == ["long", "long", "ageing", "ageing", "fresh", "fresh"]


@pytest.mark.parametrize(
    ("arrived", "present", "days"),
    [
        # In Brussels 28 March 2027 has 23 hours, and 31 October 2027 has 25.
        (datetime(2027, 3, 27, 22, 30, tzinfo=UTC), datetime(2027, 3, 28, 21, 30, tzinfo=UTC), 1),
        (datetime(2027, 3, 27, 23, 30, tzinfo=UTC), datetime(2027, 3, 28, 21, 59, tzinfo=UTC), 0),
        (datetime(2027, 10, 30, 21, 30, tzinfo=UTC), datetime(2027, 10, 31, 22, 30, tzinfo=UTC), 1),
        (datetime(2027, 10, 30, 22, 30, tzinfo=UTC), datetime(2027, 10, 31, 22, 30, tzinfo=UTC), 0),
        (datetime(2027, 10, 30, 22, 30, tzinfo=UTC), datetime(2027, 10, 31, 23, 0, tzinfo=UTC), 1),
    ],
)
async def test_a_night_is_a_night_when_the_clocks_change(
    garage: Garage, arrived: datetime, present: datetime, days: int
) -> None:
    async with garage.unit():
        with frozen(present):
            assert days_inside(arrived) == days
            edges = band_edges(settings().model_copy(update={"ageing_after_days": 1}))
            assert (arrived < edges.ageing_before) == (days >= 1)


async def save(browser: Browser, query: str, **values: str) -> BeautifulSoup:
    answer = await browser.submit(f"{BOARD}/views?{query}", dict(values), page=BOARD)
    return BeautifulSoup(answer.text, "html.parser")


def view_names(page: BeautifulSoup) -> list[str]:
    return [each.get_text(" ", strip=True) for each in page.select("nav.views a")]


async def test_a_view_is_the_persons_own_or_everybodys(garage: Garage, planner: Browser) -> None:
    await save(planner, "band=long", name="Old ones")
    page = await save(planner, "overdue=yes", name="Late", whose="all")
    assert view_names(page) == ["Old ones", "Late"]
    technician = await garage.staff("technician")
    page = await technician.open(BOARD)
    assert view_names(page) == ["Late"]
    assert page.select_one("nav.views a")["href"] == f"{BOARD}?overdue=yes"  # type: ignore[index]


async def test_the_board_opens_with_the_view_that_was_chosen(
    garage: Garage, planner: Browser
) -> None:
    await inside(garage, "1-OLD-001", days=30)
    await inside(garage, "1-NEW-002")
    await save(planner, "band=long", name="Old ones", default="yes")
    assert plates(await planner.open(BOARD)) == ["1-OLD-001"]
    assert len(plates(await planner.open(f"{BOARD}?all=1"))) == 2
    await save(planner, "band=fresh", name="New ones", default="yes")
    assert plates(await planner.open(BOARD)) == ["1-NEW-002"]


async def test_a_removed_view_comes_back_with_undo(planner: Browser) -> None:
    page = await save(planner, "band=long", name="Old ones")
    (remove,) = [str(f["action"]) for f in page.select("form[action$='/remove']")]
    answer = await planner.submit(remove, page=BOARD)
    page = BeautifulSoup(answer.text, "html.parser")
    assert view_names(page) == []
    (undo,) = [str(f["action"]) for f in page.select(".toast form")]
    await planner.submit(undo, page=BOARD)
    assert view_names(await planner.open(BOARD)) == ["Old ones"]


@pytest.mark.parametrize(
    ("name", "says"), [("", "give the view a name"), ("Old ones", "There is a view called")]
)
async def test_a_view_that_cannot_be_saved_says_why(planner: Browser, name: str, says: str) -> None:
    await save(planner, "band=long", name="Old ones")
    answer = await planner.submit(f"{BOARD}/views?band=fresh", {"name": name}, page=BOARD)
    assert answer.status_code == 422
    assert says in answer.text
    assert view_names(await planner.open(BOARD)) == ["Old ones"]


async def test_nobody_removes_a_colleagues_view(garage: Garage, planner: Browser) -> None:
    page = await save(planner, "band=long", name="Old ones")
    (remove,) = [str(f["action"]) for f in page.select("form[action$='/remove']")]
    technician = await garage.staff("technician")
    assert (await technician.submit(remove, page=BOARD)).status_code == 404
    page = await save(planner, "overdue=yes", name="Late", whose="all")
    for_all = [str(f["action"]) for f in page.select("form[action$='/remove']")]
    for address in for_all:
        assert (await technician.submit(address, page=BOARD)).status_code == 404
    assert view_names(await planner.open(BOARD)) == ["Old ones", "Late"]


async def test_what_the_page_shows_already_is_answered_by_304(
    garage: Garage, planner: Browser
) -> None:
    job_id = await inside(garage, "1-AAA-001")
    first = await planner.get(f"{BOARD}/rows")
    tag = {"If-None-Match": first.headers["etag"]}
    again = await planner.get(f"{BOARD}/rows", headers=tag)
    await planner.submit(f"/desk/jobs/{job_id}/presence/off", page=f"/desk/jobs/{job_id}")
    after = await planner.get(f"{BOARD}/rows", headers=tag)
    assert (first.status_code, after.status_code) == (200, 200)
    assert (again.status_code, again.content) == (304, b"")
    assert "1-AAA-001" in first.text
    assert "1-AAA-001" not in after.text
    assert "<html" not in first.text


async def test_what_happens_before_the_page_listens_is_told_all_the_same(
    garage: Garage, planner: Browser
) -> None:
    region = (await planner.open(BOARD)).select_one("live-region")
    assert region is not None
    address = f"{region['data-events']}?seen={region['data-seen']}"
    async with listening(planner, address) as stream:
        assert (await stream.next())[0] == "hello"
    await inside(garage, "1-MEA-001")
    async with listening(planner, address) as stream:
        assert (await stream.next())[0] == "change"


async def test_the_clock_leads_back_to_the_board_as_it_was_filtered(
    garage: Garage, planner: Browser
) -> None:
    await inside(garage, "1-OLD-001", days=30)
    address = f"{BOARD}?q=old&band=long"
    page = await planner.open(address)
    (clock,) = [str(each["formaction"]) for each in page.select("[formaction*='/presence/off']")]
    answer = await planner.submit(clock, page=address, follow=False)
    assert answer.headers["location"] == address


async def test_other_plugins_add_blocks_and_columns_for_the_whole_page_at_once(
    garage: Garage, planner: Browser
) -> None:
    first = await inside(garage, "1-AAA-001", days=3)
    second = await inside(garage, "1-BBB-002", days=1)
    await garage.switch("polite", on=True)
    page = await planner.open(BOARD)
    assert "polite board" in page.text
    assert "Polite column" in [th.text for th in page.select("thead th")]
    assert page.text.count("polite cell") == 2
    for hook in ("vehicle_presence_board_panels", "vehicle_presence_board_columns"):
        (call,) = heard(garage, hook)
        assert call["job_ids"] == [first, second]
    await garage.switch("polite", on=False)
    assert "olite" not in (await planner.open(BOARD)).text


async def test_another_garages_board_is_its_own(
    garage: Garage, other_garage: Garage, planner: Browser
) -> None:
    await inside(other_garage, "1-OUT-001")
    elsewhere = await other_garage.staff("planner")
    await save(elsewhere, "band=long", name="Theirs", whose="all")
    page = await planner.open(BOARD)
    assert plates(page) == []
    assert view_names(page) == []
