"""The verbs of repair jobs."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen
from core.errors import NotFound, Refused
from core.workshop.audit import repository as audit
from core.workshop.jobs import repository
from core.workshop.jobs.models import Job
from core.workshop.jobs.services import (
    JobChangedMeanwhile,
    UnknownStatus,
    change_job,
    find_for_customer,
    note_mileage_at_repair,
    set_status,
    set_task_state,
    tell_client_informed,
)
from tests.factories import a_job
from tests.garages import STAFF, Garage
from tests.outside_plugins import polite

NOON = datetime(2026, 9, 7, 10, tzinfo=UTC)


class Interrupted(Exception):
    """Something that takes a unit of work back."""


async def task_id(session: AsyncSession, job_id: UUID, key: str) -> UUID:
    return next(t.id for t in await repository.tasks_of(session, job_id) if t.key == key)


async def stored(garage: Garage, job_id: UUID) -> Job:
    async with garage.unit() as session:
        return await repository.by_id(session, job_id)


async def at_once(
    garage: Garage, *verbs: Callable[[AsyncSession], Awaitable[Any]]
) -> list[BaseException | None]:
    """Each verb in a unit of work of its own, all begun before one ends."""

    async def run(verb: Callable[[AsyncSession], Awaitable[Any]]) -> None:
        async with garage.unit() as session:
            await verb(session)
            await asyncio.sleep(0.05)

    return await asyncio.gather(*map(run, verbs), return_exceptions=True)


async def test_numbers_have_no_gap_though_units_of_work_are_taken_back(garage: Garage) -> None:
    async def open_or_fail(number: int) -> None:
        async with garage.unit() as session:
            await a_job(session)
            if number % 3 == 0:
                raise Interrupted

    results = await asyncio.gather(
        *(open_or_fail(number) for number in range(30)), return_exceptions=True
    )
    async with garage.unit() as session:
        numbers = sorted(await session.scalars(select(Job.sequence_number)))
    assert sum(isinstance(result, Interrupted) for result in results) == 10
    assert numbers == list(range(1, 21))


async def test_each_garage_counts_for_itself(garage: Garage, other_garage: Garage) -> None:
    async with other_garage.unit() as session:
        await a_job(session)
        await a_job(session)
    async with garage.unit() as session:
        assert (await a_job(session)).sequence_number == 1


@pytest.mark.parametrize("plate", ["", " ", "---", "日本"])
async def test_a_job_without_a_plate_is_refused(garage: Garage, plate: str) -> None:
    async with garage.unit() as session:
        with pytest.raises(Refused) as refused:
            await a_job(session, plate=plate)
    assert refused.value.field == "plate"


async def test_a_job_of_an_unknown_flow_is_not_opened(garage: Garage) -> None:
    async with garage.unit() as session:
        with pytest.raises(NotFound):
            await a_job(session, flow_id=uuid4())


async def test_a_job_keeps_the_plate_that_it_was_opened_with(garage: Garage) -> None:
    async with garage.unit() as session:
        vehicle = {"vin": "WVWZZZ1JZ3W386752"}
        first = await a_job(session, plate="1-ABC-123", vehicle=vehicle)
        await a_job(session, plate="2-XYZ-999", vehicle=vehicle)
    assert (await stored(garage, first.id)).plate == "1-ABC-123"


async def test_a_customer_finds_their_job_by_plate_and_number(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session, plate="1-ABC-123")
        typed = f"{job.public_number[:3]}-{job.public_number[3:]}".lower()
        found = await find_for_customer(session, "1 abc 123", typed)
    assert found is not None
    assert found.id == job.id


async def test_what_is_saved_is_logged_with_before_and_after(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session, damage="Scratch")
        values = {"damage": "Dent", "estimated_completion": date(2026, 9, 9), "status": "invoiced"}
        await change_job(session, job.id, values, job.version, STAFF)
        entry = (await audit.newest(session))[0]
    assert entry.details == {
        "damage": ["Scratch", "Dent"],
        "estimated_completion": [None, "2026-09-09"],
    }
    assert (await stored(garage, job.id)).status == "new"


async def test_who_saw_an_older_job_does_not_overwrite_the_newer_one(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        seen = job.version
        await change_job(session, job.id, {"damage": "first"}, seen, STAFF)
    async with garage.unit() as session:
        with pytest.raises(JobChangedMeanwhile):
            await change_job(session, job.id, {"damage": "second"}, seen, STAFF)
    assert (await stored(garage, job.id)).damage == "first"


async def test_of_two_who_save_at_once_one_is_told(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)

    def save(text: str) -> Callable[[AsyncSession], Awaitable[Job]]:
        return lambda session: change_job(session, job.id, {"damage": text}, job.version, STAFF)

    results = await at_once(garage, save("one"), save("two"))
    assert sorted(type(result).__name__ for result in results) == [
        "JobChangedMeanwhile",
        "NoneType",
    ]


async def test_saving_without_a_change_is_no_change(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        await change_job(session, job.id, {"damage": job.damage}, job.version, STAFF)
    assert (await stored(garage, job.id)).version == job.version


async def test_technicians_can_finish_two_tasks_at_once(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        tasks = [await task_id(session, job.id, key) for key in ("body", "preparation", "paint")]

    def finish(task: UUID) -> Callable[[AsyncSession], Awaitable[Any]]:
        return lambda session: set_task_state(session, job.id, task, "finished", STAFF)

    results = await at_once(
        garage,
        *map(finish, tasks),
        lambda session: tell_client_informed(session, job.id, STAFF),
        lambda session: set_status(session, job.id, "planned", STAFF),
    )
    async with garage.unit() as session:
        states = {t.key: t.state for t in await repository.tasks_of(session, job.id)}
    assert results == [None] * 5
    assert [states[key] for key in ("body", "preparation", "paint")] == ["finished"] * 3


async def test_working_through_the_flow_moves_status_and_current_task(garage: Garage) -> None:
    seen = []
    async with garage.unit() as session:
        job = await a_job(session)
        for task in await repository.tasks_of(session, job.id):
            await set_task_state(session, job.id, task.id, "in_progress", STAFF)
            await set_task_state(session, job.id, task.id, "finished", STAFF)
            seen.append((task.key, job.status, job.current_task))
    status = {key: status for key, status, _ in seen}
    assert [status[key] for key in ("estimate", "check_in", "ready", "delivered")] == [
        "new",
        "in_progress",
        "ready",
        "delivered",
    ]
    assert seen[0][2] == "expert"
    assert seen[-1][2] is None


async def test_a_task_notes_when_it_began_and_ended(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        body = await task_id(session, job.id, "body")
        for hours, state in enumerate(("in_progress", "on_hold", "in_progress", "finished")):
            with frozen(NOON + timedelta(hours=hours)):
                task = await set_task_state(session, job.id, body, state, STAFF)
    assert task.started_at == NOON
    assert task.finished_at == NOON + timedelta(hours=3)


async def test_a_task_can_be_opened_again(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        body = await task_id(session, job.id, "body")
        await set_task_state(session, job.id, body, "finished", STAFF)
        task = await set_task_state(session, job.id, body, "in_progress", STAFF)
    assert task.finished_at is None
    assert job.current_task == "body"


async def test_the_same_state_again_is_no_event(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        body = await task_id(session, job.id, "body")
        for _ in range(2):
            await set_task_state(session, job.id, body, "skipped", STAFF)
        kinds = [event.kind for event in await repository.events_of(session, job.id)]
    assert kinds == ["task_skipped", "job_created"]


async def test_a_state_that_does_not_exist_is_refused(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        body = await task_id(session, job.id, "body")
        with pytest.raises(Refused):
            await set_task_state(session, job.id, body, "done", STAFF)
        with pytest.raises(UnknownStatus):
            await set_status(session, job.id, "done", STAFF)


async def test_a_task_of_another_job_is_not_found(garage: Garage) -> None:
    async with garage.unit() as session:
        job, other = await a_job(session), await a_job(session)
        foreign = await task_id(session, other.id, "body")
        with pytest.raises(NotFound):
            await set_task_state(session, job.id, foreign, "finished", STAFF)


async def test_a_status_set_by_hand_is_in_history_and_log(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        with frozen(NOON):
            await set_status(session, job.id, "ready", STAFF)
            await set_status(session, job.id, "ready", STAFF)
        events = await repository.events_of(session, job.id)
        entry = (await audit.newest(session))[0]
    assert [event.kind for event in events] == ["status_changed", "job_created"]
    assert (entry.action, entry.details) == ("job.status", {"before": "new", "after": "ready"})
    assert job.status_changed_at == NOON


async def test_that_the_client_was_informed_is_noted(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        with frozen(NOON):
            await tell_client_informed(session, job.id, STAFF)
        events = await repository.events_of(session, job.id)
    assert job.client_informed_at == NOON
    assert events[0].kind == "client_informed"


async def test_plugins_are_told_of_what_happens_to_a_job(garage: Garage) -> None:
    await garage.switch("polite", on=True)
    async with garage.unit() as session:
        job = await a_job(session)
        body = await task_id(session, job.id, "body")
        await set_task_state(session, job.id, body, "finished", STAFF)
    told = [
        (hook, arguments)
        for hook, slug, arguments in polite.calls
        if slug == garage.slug and arguments.get("job_id") == job.id
    ]
    assert [hook for hook, _ in told] == ["job_created", "job_status_changed", "task_finished"]
    assert (told[1][1]["before"], told[1][1]["after"]) == ("new", "in_progress")


async def test_the_mileage_at_check_in_is_the_jobs_mileage_at_repair(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        for kilometres in (88_123, 88_123, 88_130):
            await note_mileage_at_repair(session, job.id, kilometres, STAFF)
        entries = [each for each in await audit.newest(session) if each.action == "job.changed"]
    assert job.mileage_at_repair == 88_130
    assert [entry.details["mileage_at_repair"] for entry in entries] == [
        [88_123, 88_130],
        [None, 88_123],
    ]


@pytest.mark.parametrize("kilometres", [-1, 3_000_001])
async def test_a_mileage_that_no_odometer_shows_is_refused(garage: Garage, kilometres: int) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        with pytest.raises(Refused):
            await note_mileage_at_repair(session, job.id, kilometres, STAFF)
    assert job.mileage_at_repair is None
