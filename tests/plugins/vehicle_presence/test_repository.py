"""The board reads what is on site now, however long the history is."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from core.clock import now
from core.db.reading import Prepared, Reading, SessionReading
from core.db.session import async_url
from core.embedded.postgres import OWNER
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job, JobEvent
from plugins.vehicle_presence import board, board_repository, repository
from plugins.vehicle_presence.board_repository import PAGE, BoardRow, Position
from plugins.vehicle_presence.cleanup import candidates
from plugins.vehicle_presence.filters import Filters
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.numbers.periods import period_of
from plugins.vehicle_presence.numbers.services import numbers_of
from plugins.vehicle_presence.services import mark_off_site, record_arrival
from tests.factories import a_job, a_plate, a_stay, many_jobs, set_past_services
from tests.garages import STAFF, Browser, Garage
from tests.servers import DATABASE, Servers

HISTORY = 4000
ANALYSED = (Stay.__tablename__, "jobs", "job_tasks", "job_events", "customers", "vehicles")
Statement = tuple[str, Any]


async def on_site(session: AsyncSession, after: Position | None = None) -> Sequence[BoardRow]:
    """The rows of a page of the board, for somebody who sees what this session has written."""
    wanted = board.wanted(Filters(), after)
    return (await board_repository.board(SessionReading(session), wanted)).value.rows


async def a_past(session: AsyncSession, job: Job, count: int) -> None:
    """So many stays that are over."""
    rows = [
        {
            "tenant_id": job.tenant_id,
            "job_id": job.id,
            "location_id": job.location_id,
            "plate": job.plate,
            "arrived_at": now() - timedelta(days=400, minutes=number),
            "arrived_noted_by": "Robin",
            "left_at": now() - timedelta(days=300),
            "closed_by": "clock",
        }
        for number in range(count)
    ]
    await session.execute(insert(Stay), rows)


async def vehicles_inside(session: AsyncSession, count: int) -> list[UUID]:
    """So many jobs whose vehicles came an hour after each other, the first one first."""
    job_ids = await many_jobs(session, count)
    first = now() - timedelta(days=20)
    for number, job_id in enumerate(job_ids):
        job = await jobs.by_id(session, job_id)
        await a_stay(session, job, first + timedelta(hours=number))
    return job_ids


@contextmanager
def statements(garage: Garage) -> Iterator[list[Statement]]:
    """What is sent to the database as the application."""
    sent: list[Statement] = []
    engine = garage.house.database.app_engine.sync_engine

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        sent.append((statement, parameters))

    read = Reading.rows

    async def noted(reading: Reading, statement: Prepared, **values: Any) -> list[Any]:
        everything = {**values, "tenant": garage.tenant.id}
        sent.append((statement.sql, tuple(statement.arguments(everything))))
        return await read(reading, statement, **values)

    event.listen(engine, "before_cursor_execute", note)
    Reading.rows = noted  # type: ignore[method-assign] # it goes past the engine's events
    try:
        yield sent
    finally:
        Reading.rows = read  # type: ignore[method-assign]
        event.remove(engine, "before_cursor_execute", note)


def indexes(node: Any, table: str) -> set[str]:
    """The ways by which a plan reads that table."""
    found: set[str] = set()
    if isinstance(node, list):
        return found.union(*(indexes(child, table) for child in node))
    if node.get("Relation Name") == table:
        found.add(node.get("Index Name") or node["Node Type"])
    if node.get("Node Type") == "Bitmap Index Scan" and f"_{table}_" in node["Index Name"]:
        found.add(node["Index Name"])
    return found.union(*(indexes(child, table) for child in node.get("Plans", [])))


async def many_steps(session: AsyncSession, job_ids: Sequence[UUID], count: int) -> None:
    """So many changes of status, all jobs in turn."""
    rows = [
        {
            "tenant_id": session.info["tenant_id"],
            "job_id": job_ids[number % len(job_ids)],
            "kind": "status_changed",
            "details": {"before": "ready", "after": "delivered"},
        }
        for number in range(count)
    ]
    await session.execute(insert(JobEvent), rows)


async def test_the_board_shows_the_longest_stays_first_and_pages_on(garage: Garage) -> None:
    async with garage.unit() as session:
        job_ids = await vehicles_inside(session, PAGE + 5)
        await a_past(session, await jobs.by_id(session, job_ids[0]), 10)
        first = await on_site(session)
        last = first[PAGE - 1]
        second = await on_site(session, (last.arrived_at, last.id))
        assert await repository.count_on_site(session) == len(job_ids)
    shown = [row.job_id for row in [*first[:PAGE], *second]]
    assert len(first) == PAGE + 1
    assert shown == job_ids


async def test_finished_work_that_is_still_inside_is_counted(garage: Garage) -> None:
    async with garage.unit() as session:
        for status in ("in_progress", "ready", "delivered", "cancelled"):
            job = await a_job(session, plate=a_plate())
            await set_past_services(session, job, status=status)
            await record_arrival(session, job.id, STAFF)
        assert await repository.some_finished_but_inside(session) == 3


async def test_arrivals_and_departures_of_today_are_counted(garage: Garage) -> None:
    async with garage.unit() as session:
        for number in range(3):
            job = await a_job(session, plate=a_plate())
            await record_arrival(session, job.id, STAFF)
            if number:
                await mark_off_site(session, job.id, STAFF)
        assert await repository.moves_since(session, now() - timedelta(hours=1)) == (3, 2)
        assert await repository.moves_since(session, now() + timedelta(hours=1)) == (0, 0)


async def test_a_page_of_jobs_asks_once_who_is_inside(garage: Garage) -> None:
    async with garage.unit() as session:
        job_ids = await vehicles_inside(session, 4)
        await mark_off_site(session, job_ids[3], STAFF)
        await session.flush()
        with statements(garage) as sent:
            inside = await repository.jobs_inside(session, job_ids)
    assert list(inside) == job_ids[:3]
    assert len(sent) == 1


async def statements_of_the_board(garage: Garage, browser: Browser) -> int:
    """How many statements the page takes once it was opened before."""
    await browser.open("/desk/on-site")
    with statements(garage) as sent:
        await browser.open("/desk/on-site")
    return len(sent)


async def test_the_board_asks_as_often_whatever_lies_in_the_past(garage: Garage) -> None:
    counts = []
    async with garage.unit() as session:
        job_ids = await vehicles_inside(session, 3)
    browser = await garage.staff("planner")
    for more in (10, HISTORY):
        async with garage.unit() as session:
            await a_past(session, await jobs.by_id(session, job_ids[0]), more)
        counts.append(await statements_of_the_board(garage, browser))
    await browser.aclose()
    assert counts[0] == counts[1] <= 1


async def test_the_board_asks_as_often_for_sixty_vehicles_as_for_one(garage: Garage) -> None:
    counts = []
    browser = await garage.staff("planner")
    for more in (1, PAGE - 1):
        async with garage.unit() as session:
            await vehicles_inside(session, more)
        counts.append(await statements_of_the_board(garage, browser))
    await browser.aclose()
    assert counts[0] == counts[1]


OPEN_STAYS_ONLY = {"ix_vehicle_presence_stays_on_site", "uq_vehicle_presence_stays_open"}
"""Both are partial: which one a small table is read by is the planner's choice."""
ONE_AT_A_TIME = {"ix_vehicle_presence_stays_job", "pk_vehicle_presence_stays"}
"""Whether those whom the first page expects today have come already is looked up by job, and the
stays about which the clean-up asks by their ids."""


@pytest.mark.parametrize("page", ["first", "next"])
async def test_the_board_reads_the_index_of_open_stays_only(
    garage: Garage, servers: Servers, page: str
) -> None:
    async with garage.unit() as session:
        job_ids = await vehicles_inside(session, 30)
        await a_past(session, await jobs.by_id(session, job_ids[0]), HISTORY)
    await analyse(servers)
    async with garage.unit() as session:
        await session.connection()
        after = None
        if page == "next":
            row = (await on_site(session))[3]
            after = (row.arrived_at, row.id)
        with statements(garage) as sent:
            rows = await on_site(session, after)
        plan = await explain(session, *sent[-1])
    assert len(rows) == (30 if after is None else 26)
    used = indexes(plan, Stay.__tablename__)
    assert used & OPEN_STAYS_ONLY
    assert used <= OPEN_STAYS_ONLY | (ONE_AT_A_TIME if page == "first" else set())


@pytest.mark.parametrize("batch", ["first", "next"])
async def test_the_clean_up_reads_the_index_of_open_stays_only(
    garage: Garage, servers: Servers, batch: str
) -> None:
    async with garage.unit() as session:
        job_ids = await vehicles_inside(session, 30)
        await a_past(session, await jobs.by_id(session, job_ids[0]), HISTORY)
        await many_steps(session, job_ids, HISTORY)
    await analyse(servers)
    async with garage.unit() as session:
        after = None
        if batch == "next":
            after = (await candidates.batch(session, None, 4))[-1].position
        with statements(garage) as sent:
            found = await candidates.batch(session, after, 100)
        plan = await explain(session, *sent[-1])
    assert len(found) == (30 if after is None else 26)
    used = indexes(plan, Stay.__tablename__)
    assert used
    assert used <= OPEN_STAYS_ONLY
    assert "ix_job_events_job" in indexes(plan, "job_events")
    assert "Seq Scan" not in indexes(plan, "job_events")


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (0, {"ix_vehicle_presence_stays_left"}),
        (1, {"ix_vehicle_presence_stays_noted", *OPEN_STAYS_ONLY}),
    ],
)
async def test_the_numbers_read_their_period_and_not_all_of_history(
    garage: Garage, servers: Servers, question: int, index: set[str]
) -> None:
    async with garage.unit() as session:
        job_ids = await vehicles_inside(session, 3)
        await a_past(session, await jobs.by_id(session, job_ids[0]), HISTORY)
    await analyse(servers)
    async with garage.unit() as session:
        with statements(garage) as sent:
            await numbers_of(session, period_of("month"))
        plan = await explain(session, *sent[question - 2])
    assert indexes(plan, Stay.__tablename__) <= index


async def analyse(servers: Servers) -> None:
    """Let the planner know how many rows there are; that is the owner's right."""
    engine = create_async_engine(
        async_url(servers.postgres.url(OWNER, DATABASE)), poolclass=NullPool
    )
    async with engine.begin() as connection:
        for table in (
            Stay.__tablename__,
            "jobs",
            "job_tasks",
            "job_events",
            "customers",
            "vehicles",
        ):
            await connection.execute(text(f"analyze {table}"))
    await engine.dispose()


async def explain(session: AsyncSession, statement: str, parameters: Any) -> Any:
    connection = await session.connection()
    answer = await connection.exec_driver_sql(f"explain (format json) {statement}", parameters)
    plan = answer.scalar_one()
    return [each["Plan"] for each in (json.loads(plan) if isinstance(plan, str) else plan)]
