"""What a plugin that fails costs a garage: its own contribution, and nothing else."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import session as db_session
from core.db.session import Database, end_statement
from core.hooks import manager
from core.hooks.manager import FAULTS_UNTIL_OPEN, HookManager
from core.tenancy.context import tenant_scope
from core.workshop.customers import repository as customers
from core.workshop.customers.models import Customer
from core.workshop.jobs import repository as jobs
from core.workshop.notifications.services import enqueue
from tests.factories import a_job
from tests.garages import Garage
from tests.hooks.listening import heard
from tests.hooks.plugins import a_plugin, named
from tests.outside_plugins.polite.models import Note
from tests.worlds import one_connection


@pytest.fixture
async def unlucky(garage: Garage) -> Garage:
    """A garage where the rude plugin is on, and with it the polite one that it requires."""
    await garage.switch("rude", on=True)
    return garage


async def test_every_page_still_works(unlucky: Garage) -> None:
    async with unlucky.unit() as session:
        job = await a_job(session)
    browser = await unlucky.staff("owner")
    for path in ("/desk", "/desk/jobs", f"/desk/jobs/{job.id}", "/desk/search?q=1ABC"):
        assert (await browser.get(path)).status_code == 200, path


async def test_the_other_plugins_contributions_are_there(unlucky: Garage) -> None:
    async with unlucky.unit() as session:
        job = await a_job(session)
    browser = await unlucky.staff("owner")
    card = await browser.open(f"/desk/jobs/{job.id}")
    assert {"polite panel", "polite line"} <= set(card.stripped_strings)
    assert "polite badge" in (await browser.open("/desk/jobs")).text
    assert "polite dashboard" in (await browser.open("/desk")).text


async def test_what_it_wrote_before_it_failed_is_gone(unlucky: Garage) -> None:
    async with unlucky.unit() as session:
        job = await a_job(session)
    browser = await unlucky.staff("owner")
    await browser.open(f"/desk/jobs/{job.id}")
    async with unlucky.unit() as session:
        assert await session.scalar(select(func.count()).select_from(Customer)) == 1


async def test_what_its_failure_interrupted_is_stored(unlucky: Garage) -> None:
    async with unlucky.unit() as session:
        job = await a_job(session)
    async with unlucky.unit() as session:
        assert (await jobs.by_id(session, job.id)).plate == job.plate
    assert heard(unlucky, "job_created") != []


async def test_it_is_counted_for_this_garage_and_shown_to_support(
    unlucky: Garage, other_garage: Garage
) -> None:
    browser = await unlucky.staff("owner")
    await browser.open("/desk/jobs")
    faults = unlucky.house.hooks.faults
    fault = faults[unlucky.tenant.id, "rude", "navigation"]
    assert fault.last_error == "navigation: RudeError('navigation')"
    assert not any(key[:2] == (other_garage.tenant.id, "rude") for key in faults)


async def test_after_five_failures_its_breaker_opens(unlucky: Garage) -> None:
    browser = await unlucky.staff("owner")
    for _ in range(FAULTS_UNTIL_OPEN):
        await browser.open("/desk/jobs")
    fault = unlucky.house.hooks.faults[unlucky.tenant.id, "rude", "navigation"]
    before = fault.count
    await browser.open("/desk")
    assert fault.open_until > 0
    assert fault.count == before


async def changes_the_job_and_fails(session: AsyncSession, job_id: Any) -> None:
    """Leaves a changed row behind in the session."""
    job = await jobs.by_id(session, job_id)
    job.damage = "none at all"
    await session.flush()
    raise RuntimeError("out of order")


async def breaks_its_statement(session: AsyncSession) -> None:
    """Leaves a transaction that takes no further statement, where there is no savepoint."""
    await session.execute(text("select 1 / 0"))


async def asks_for_work_and_fails(session: AsyncSession) -> None:
    """Puts something into the outbox."""
    await enqueue(session, "polite.hello", {"what": "never"}, key="never")
    raise RuntimeError("out of order")


async def commits(session: AsyncSession) -> None:
    """Does what no plugin may."""
    session.add(Note(text="committed"))
    await session.commit()


async def rolls_back(session: AsyncSession) -> None:
    """The same the other way round."""
    await session.rollback()


WAYS = [
    changes_the_job_and_fails,
    breaks_its_statement,
    asks_for_work_and_fails,
    commits,
    rolls_back,
]


@pytest.mark.parametrize("way", WAYS)
async def test_however_it_fails_the_unit_of_work_goes_on_without_it(
    garage: Garage, way: Any
) -> None:
    loaded = HookManager([a_plugin("bad", named("job_created", way))])
    async with garage.unit() as session:
        job = await a_job(session, damage="a scratch")
        with tenant_scope(replace(garage.tenant, active_plugins=frozenset({"bad"}))):
            await loaded.ask_async("job_created", session=session, job_id=job.id)
        customer = await customers.by_id(session, job.customer_id)
        assert (job.damage, customer.name) == ("a scratch", "Jan Peeters")
        customer.phone = "after"
    assert loaded.faults[garage.tenant.id, "bad", "job_created"].count == 1
    async with garage.unit() as session:
        assert (await customers.by_id(session, job.customer_id)).phone == "after"
        assert await session.scalar(select(func.count()).select_from(Note)) == 0


async def waits_in_the_database(session: AsyncSession) -> None:
    """Waits in a statement."""
    await session.execute(text("select pg_sleep(30)"))


async def test_one_that_hangs_in_the_database_costs_its_own_part_alone(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "STATEMENT_SECONDS", 0.1)
    loaded = HookManager([a_plugin("bad", named("job_created", waits_in_the_database))])
    for _ in range(FAULTS_UNTIL_OPEN + 1):
        async with garage.unit() as session:
            job = await a_job(session)
            with tenant_scope(replace(garage.tenant, active_plugins=frozenset({"bad"}))):
                await loaded.ask_async("job_created", session=session, job_id=job.id)
    fault = loaded.faults[garage.tenant.id, "bad", "job_created"]
    assert fault.count == FAULTS_UNTIL_OPEN
    assert "canceling statement due to user request" in fault.last_error
    async with garage.unit() as session:
        stored = [row.sequence_number for row in await jobs.page(session)]
    assert sorted(stored) == list(range(1, FAULTS_UNTIL_OPEN + 2))


async def test_one_that_waits_outside_of_it_loses_no_statement_to_the_clock(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def waits_then_reads(session: AsyncSession) -> None:
        await asyncio.sleep(0.3)
        await session.execute(text("select 1"))

    monkeypatch.setattr(manager, "STATEMENT_SECONDS", 0.05)
    loaded = HookManager([a_plugin("slow", named("job_created", waits_then_reads))])
    async with garage.unit() as session:
        job = await a_job(session)
        with tenant_scope(replace(garage.tenant, active_plugins=frozenset({"slow"}))):
            await loaded.ask_async("job_created", session=session, job_id=job.id)
    assert not loaded.faults


async def test_one_that_hangs_is_ended_though_the_pool_has_no_connection_left(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "STATEMENT_SECONDS", 0.1)
    loaded = HookManager([a_plugin("bad", named("job_created", waits_in_the_database))])
    tenant = replace(garage.tenant, active_plugins=frozenset({"bad"}))
    async with garage.unit() as session:
        job = await a_job(session)
    async with (
        one_connection(garage.house) as database,
        database.unit_of_work(garage.tenant.id) as session,
    ):
        found = await jobs.by_id(session, job.id)
        found.damage = "a scratch"
        with tenant_scope(tenant):
            await loaded.ask_async("job_created", session=session, job_id=job.id)
    fault = loaded.faults[garage.tenant.id, "bad", "job_created"]
    assert "canceling statement due to user request" in fault.last_error
    async with garage.unit() as session:
        assert (await jobs.by_id(session, job.id)).damage == "a scratch"


async def test_to_have_a_statement_ended_takes_no_longer_than_a_plugin_may(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert manager.STATEMENT_SECONDS + db_session.ASIDE_SECONDS <= manager.LONGEST_SECONDS
    monkeypatch.setattr(db_session, "ASIDE_SECONDS", 0.2)
    over = asyncio.Event()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        nowhere = f"postgresql://somebody@127.0.0.1:{port}/x"
        silent = Database(nowhere, nowhere)
        async with garage.unit() as session, asyncio.timeout(5):
            await session.execute(text("select 1"))
            monkeypatch.setitem(session.info, "aside", silent.aside)
            await end_statement(session)
            assert await session.scalar(text("select 1")) == 1
        over.set()
