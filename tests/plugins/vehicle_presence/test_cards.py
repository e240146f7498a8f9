"""The list of cards: what is on site now as JSON, in one statement however long the history."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import insert, update

from core.clock import now
from core.db.reading import PreparedLists
from core.embedded.postgres import APP
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job, JobTask
from plugins.vehicle_presence import cards
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.services import mark_off_site
from tests.factories import a_job, a_plate, a_stay, days_ago, many_jobs
from tests.garages import STAFF, Browser, Garage
from tests.plugins.vehicle_presence.test_repository import HISTORY, a_past, analyse, vehicles_inside
from tests.servers import DATABASE, Servers
from tests.statements import counted

ADDRESS = "/desk/on-site/cards.json"


async def answer_of(browser: Browser, address: str = ADDRESS) -> Any:
    """What the list answers."""
    answer = await browser.get(address)
    assert answer.status_code == 200, answer.text[:300]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def test_a_card_says_all_that_a_screen_shows(garage: Garage) -> None:
    arrived_at = days_ago(9, garage.tenant.zone)
    async with garage.unit() as session:
        job = await a_job(
            session,
            plate="1-abc 123",
            name="Jan Peeters",
            vehicle={"make": "Volvo", "model": "V60", "colour": "blue"},
        )
        stay = await a_stay(session, job, arrived_at)
    browser = await garage.staff("planner")
    [card] = (await answer_of(browser))["cards"]
    assert datetime.fromisoformat(card.pop("arrived_at")) == arrived_at
    assert card == {
        "stay_id": str(stay.id),
        "job_id": str(job.id),
        "job_number": job.sequence_number,
        "plate": "1-ABC-123",
        "plate_country": "BE",
        "customer": "Jan Peeters",
        "make": "Volvo",
        "model": "V60",
        "colour": "blue",
        "status": "new",
        "task": "Estimate",
        "estimated_completion": None,
        "days_inside": 9,
        "band": "ageing",
    }


async def test_the_current_task_is_named_in_the_persons_language(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        await a_stay(session, job, now())
        [task, *_others] = await jobs.tasks_of(session, job.id)
        job.current_task = task.key
        await session.execute(
            update(JobTask)
            .where(JobTask.id == task.id)
            .values(labels={"en": "Painting", "nl": "Spuiten", "fr": ""})
        )
        other = await a_job(session, plate=a_plate())
        await a_stay(session, other, now())
        await session.execute(
            update(JobTask).where(JobTask.job_id == other.id).values(labels={"de": "Lackieren"})
        )
    browser = await garage.staff("planner")
    found = {}
    for language in ("nl", "fr", "en"):
        browser.cookies.set("__Host-language", language)
        found[language] = [card["task"] for card in (await answer_of(browser))["cards"]]
    assert found == {
        "nl": ["Spuiten", "Lackieren"],
        "fr": ["Painting", "Lackieren"],
        "en": ["Painting", "Lackieren"],
    }


@pytest.mark.parametrize(
    ("days", "band"), [(0, "fresh"), (7, "fresh"), (8, "ageing"), (21, "ageing"), (22, "long")]
)
async def test_the_band_says_how_long_is_long(garage: Garage, days: int, band: str) -> None:
    async with garage.unit() as session:
        await a_stay(session, await a_job(session), days_ago(days, garage.tenant.zone))
    [card] = (await answer_of(await garage.staff("planner")))["cards"]
    assert (card["days_inside"], card["band"]) == (days, band)


async def test_days_are_counted_on_the_garages_calendar(garage: Garage) -> None:
    midnight = now().astimezone(garage.tenant.zone).replace(hour=0, minute=0, second=0)
    async with garage.unit() as session:
        await a_stay(session, await a_job(session, plate=a_plate()), midnight.astimezone(UTC))
        before = midnight.astimezone(UTC) - timedelta(seconds=2)
        await a_stay(session, await a_job(session, plate=a_plate()), before)
    found = (await answer_of(await garage.staff("planner")))["cards"]
    assert [card["days_inside"] for card in found] == [1, 0]


async def test_pages_follow_each_other_without_a_gap(garage: Garage) -> None:
    async with garage.unit() as session:
        job_ids = await vehicles_inside(session, 2 * cards.PAGE + 5)
    browser = await garage.staff("planner")
    shown: list[str] = []
    sizes = []
    address: str | None = ADDRESS
    while address:
        page = await answer_of(browser, address)
        sizes.append(len(page["cards"]))
        shown += [card["job_id"] for card in page["cards"]]
        address = f"{ADDRESS}?after={page['next'].replace('+', '%2B')}" if page["next"] else None
    assert shown == [str(job_id) for job_id in job_ids]
    assert sizes == [60, 60, 5]


@pytest.mark.parametrize("after", ["", "x", "2026-01-01_x", "%00", "2026-13-01T00:00:00Z_1"])
async def test_a_position_that_is_none_begins_at_the_first_page(garage: Garage, after: str) -> None:
    async with garage.unit() as session:
        await vehicles_inside(session, 2)
    page = await answer_of(await garage.staff("planner"), f"{ADDRESS}?after={after}")
    assert len(page["cards"]) == 2


async def test_vehicles_that_left_and_other_garages_have_no_card(
    garage: Garage, other_garage: Garage
) -> None:
    async with garage.unit() as session:
        job_ids = await vehicles_inside(session, 3)
        await mark_off_site(session, job_ids[1], STAFF)
    async with other_garage.unit() as session:
        await vehicles_inside(session, 2)
    found = (await answer_of(await garage.staff("technician")))["cards"]
    assert [card["job_id"] for card in found] == [str(job_ids[0]), str(job_ids[2])]


async def test_whose_role_does_not_look_at_the_board_sees_no_card(garage: Garage) -> None:
    answer = await (await garage.staff("accountant")).get(ADDRESS)
    assert answer.status_code == 403


async def test_nobody_who_is_not_logged_in_sees_a_card(garage: Garage) -> None:
    answer = await garage.browser().get(ADDRESS, headers={"Accept": "application/json"})
    assert answer.status_code == 401


async def test_login_and_list_take_one_statement_while_nothing_changes(garage: Garage) -> None:
    browser = await garage.staff("planner")
    for more in (1, 59):
        async with garage.unit() as session:
            job_ids = await vehicles_inside(session, more)
            await a_past(session, await jobs.by_id(session, job_ids[0]), 500)
        with counted(garage.house) as first:
            await answer_of(browser)
        with counted(garage.house) as again:
            await answer_of(browser)
        assert len(again) == 1
        assert len(first) <= 3


@pytest.mark.parametrize("statement", [cards.CARDS, cards.CARDS_AFTER], ids=["first", "next"])
async def test_no_large_table_is_read_from_end_to_end(
    garage: Garage, servers: Servers, statement: PreparedLists[cards.Stays]
) -> None:
    async with garage.unit() as session:
        job_ids = await vehicles_inside(session, 30)
        job = await jobs.by_id(session, job_ids[0])
        await a_past(session, job, HISTORY)
        old = await many_jobs(session, HISTORY)
        await session.execute(
            insert(JobTask),
            [{"job_id": each, "position": 1, "key": "x", "labels": {}} for each in old],
        )
    await analyse(servers)
    values = {
        "tenant": garage.tenant.id,
        "language": "nl",
        "today": now().date(),
        "zone": "Europe/Brussels",
        "after_at": now() - timedelta(days=30),
        "after_id": job.id,
    }
    connection = await asyncpg.connect(servers.postgres.url(APP, DATABASE))
    await connection.execute("set plan_cache_mode = force_generic_plan")  # as after five uses
    plan = json.loads(
        await connection.fetchval(
            f"explain (analyze, format json) {statement.sql}", *statement.arguments(values)
        )
    )
    found = await connection.fetchval(statement.sql, *statement.arguments(values))
    await connection.close()
    scans = [
        (node["Relation Name"], node["Actual Rows"])
        for node in _nodes(plan[0]["Plan"])
        if node["Node Type"] == "Seq Scan"
        and node["Relation Name"] in {Stay.__tablename__, Job.__tablename__, JobTask.__tablename__}
    ]
    assert scans == []
    assert len(statement.decoder.decode(found).stays) == 30


def _nodes(node: Any) -> list[Any]:
    return [node, *(inner for child in node.get("Plans", ()) for inner in _nodes(child))]
