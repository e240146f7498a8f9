"""`garagist presence sweep`."""

import os
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.priority import NICENESS
from core.workshop.jobs.models import Job
from core.workshop.jobs.services import set_status
from plugins.vehicle_presence import commands, repository
from plugins.vehicle_presence import services as presence
from plugins.vehicle_presence.cleanup.sweep import SweepReport
from tests.cli.conftest import Terminal
from tests.factories import a_job
from tests.garages import STAFF, Garage
from tests.sweeping import let_act

A_WHILE_AGO = timedelta(days=10)


async def forgotten(garage: Garage) -> Job:
    """A job that was delivered ten days ago, its vehicle still marked in, in a garage that lets
    the clean-up act."""
    await let_act(garage)
    with frozen(now() - A_WHILE_AGO):
        async with garage.unit() as session:
            job = await a_job(session)
            await presence.record_arrival(session, job.id, STAFF)
            await set_status(session, job.id, "delivered", STAFF)
    return job


async def is_inside(garage: Garage, job: Job) -> bool:
    """Whether it is marked in."""
    async with garage.unit() as session:
        return await repository.open_stay(session, job.id) is not None


async def test_a_dry_run_says_what_it_would_do_and_changes_nothing(
    terminal: Terminal, garage: Garage
) -> None:
    job = await forgotten(garage)
    words = ["presence", "sweep", "--garage", garage.slug, "--dry-run"]
    reports = [await terminal.json(*words) for _ in range(2)]
    assert reports[0] == reports[1]
    assert [each["plate"] for each in reports[0][garage.slug]["marked"]] == [job.plate]
    assert "1 would be marked off site" in (await terminal.type(*words)).stdout
    assert await is_inside(garage, job)


async def test_a_sweep_does_it_once(terminal: Terminal, garage: Garage) -> None:
    job = await forgotten(garage)
    words = ["presence", "sweep", "--garage", garage.slug]
    first, second = [await terminal.json(*words) for _ in range(2)]
    assert len(first[garage.slug]["marked"]) == 1
    assert second[garage.slug] == {"marked": [], "doubtful": []}
    assert not await is_inside(garage, job)


async def test_without_a_name_it_sweeps_where_the_plugin_is_on_and_nowhere_else(
    terminal: Terminal, garage: Garage, other_garage: Garage
) -> None:
    job, other_job = await forgotten(garage), await forgotten(other_garage)
    await other_garage.switch("vehicle_presence", on=False)
    report = await terminal.json("presence", "sweep")
    assert garage.slug in report
    assert other_garage.slug not in report
    assert not await is_inside(garage, job)
    assert await is_inside(other_garage, other_job)


async def test_pages_go_before_a_sweep(
    terminal: Terminal, garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[int] = []

    async def look(_session: AsyncSession) -> SweepReport:
        found.append(os.getpriority(os.PRIO_PROCESS, 0))
        return SweepReport()

    monkeypatch.setattr(commands, "look", look)
    await terminal.json("presence", "sweep", "--garage", garage.slug, "--dry-run")
    assert found == [max(NICENESS, os.nice(0))]
