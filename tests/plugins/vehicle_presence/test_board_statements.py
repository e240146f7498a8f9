"""What the board asks PostgreSQL when what it shows has just changed."""

import json
from typing import Any

import asyncpg
import pytest
from sqlalchemy import insert

from core.clock import now
from core.embedded.postgres import APP
from core.workshop.customers.models import Customer
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job, JobEvent, JobTask
from core.workshop.vehicles.models import Vehicle
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.services import record_arrival
from tests.factories import a_job, a_plate, many_jobs
from tests.garages import STAFF, Garage
from tests.plugins.vehicle_presence.test_repository import (
    HISTORY,
    a_past,
    analyse,
    on_site,
    statements,
    vehicles_inside,
)
from tests.servers import DATABASE, Servers
from tests.statements import counted

LARGE = {table.__tablename__: table for table in (Stay, Job, JobTask, JobEvent, Customer, Vehicle)}


async def test_after_a_change_the_board_takes_three_statements(garage: Garage) -> None:
    browser = await garage.staff("planner")
    await browser.open("/desk/on-site")
    for _ in range(2):
        async with garage.unit() as session:
            job = await a_job(session, plate=a_plate())
            await record_arrival(session, job.id, STAFF)
        with counted(garage.house) as sent:
            page = await browser.open("/desk/on-site")
        assert job.plate in page.text
        assert len(sent) <= 3


@pytest.mark.parametrize("page", ["first", "next"])
async def test_the_board_reads_no_large_table_from_end_to_end(
    garage: Garage, servers: Servers, page: str
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
        await session.execute(
            insert(JobEvent),
            [{"job_id": each, "kind": "note", "actor": "Robin", "at": now()} for each in old],
        )
        people = await session.scalars(
            insert(Customer).returning(Customer.id),
            [{"name": f"Customer {number}", "language": "nl"} for number in range(HISTORY)],
        )
        cars = [
            {"customer_id": each, "plate": f"X{number}", "plate_normalised": f"X{number}"}
            for number, each in enumerate(people)
        ]
        await session.execute(insert(Vehicle), cars)
    await analyse(servers)
    async with garage.unit() as session:
        await session.connection()
        after = None
        if page == "next":
            row = (await on_site(session))[3]
            after = (row.arrived_at, row.id)
        with statements(garage) as sent:
            await on_site(session, after)
    connection = await asyncpg.connect(servers.postgres.url(APP, DATABASE))
    await connection.execute("set plan_cache_mode = force_generic_plan")  # as after five uses
    sql, values = sent[-1]
    plan = json.loads(await connection.fetchval(f"explain (analyze, format json) {sql}", *values))
    await connection.close()
    nodes = _nodes(plan[0]["Plan"])
    read = {node["Relation Name"] for node in nodes if "Relation Name" in node}
    assert read >= {Stay.__tablename__, Job.__tablename__, JobEvent.__tablename__}
    assert [
        (node["Relation Name"], node["Actual Rows"])
        for node in nodes
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE
    ] == []


def _nodes(node: Any) -> list[Any]:
    return [node, *(inner for child in node.get("Plans", ()) for inner in _nodes(child))]
