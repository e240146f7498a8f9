"""The four tasks of the worker: two fan out, two work for exactly one garage."""

import asyncio
import time
from typing import Any
from uuid import UUID

import structlog
from celery import Celery
from structlog.contextvars import bound_contextvars

from core.background.celery_app import DELIVER, DELIVER_DUE, FAN_OUT, REQUEST, SCHEDULED
from core.background.fan_out import (
    due_tasks,
    garages_with_outbox_work,
    is_done,
    may_go_on,
    may_still_try,
    note_done,
    note_progress,
)
from core.background.outbox import deliver
from core.background.process import Doors, WorkerProcess
from core.background.tenant_task import garage_scope
from core.background.upkeep import offered_tasks, tasks_of
from core.hooks.contributions import Again, ScheduledTask
from core.pulse import WORKER, leave_sign_async

log = structlog.get_logger(__name__)

RETRY_SECONDS = 120
PART_SECONDS = 20
"""How long one message may keep a process of the worker: one that is told to stop finishes what
runs, and has a minute for it (docker/compose.yaml)."""


class NotAtItsEnd(Exception):
    """A scheduled task has worked for long enough, and what it did is stored."""


def register_tasks(celery: Celery, process: WorkerProcess) -> None:
    """Make the tasks known to `celery`, and to no other application; they run in `process`."""

    @celery.task(name=DELIVER_DUE, shared=False)
    def deliver_due() -> None:
        """Ask for a delivery in each garage whose outbox has something due."""
        for tenant_id in process.run(look_for_work):
            celery.send_task(DELIVER, [str(tenant_id)])

    @celery.task(name=DELIVER, shared=False, bind=True)
    def deliver_garage(self: Any, tenant_id: str) -> None:
        """Empty one garage's outbox."""
        with bound_contextvars(request=self.request.get(REQUEST)):
            process.run(lambda doors: deliver_in(doors, UUID(tenant_id)))

    @celery.task(name=FAN_OUT, shared=False)
    def fan_out() -> None:
        """Give out the scheduled tasks that are due, one message per garage and task."""
        for due in process.run(due_tasks):
            celery.send_task(
                SCHEDULED, [str(due.tenant_id), due.task, due.key], countdown=due.delay_seconds
            )

    @celery.task(
        name=SCHEDULED,
        shared=False,
        bind=True,
        max_retries=2,
        default_retry_delay=RETRY_SECONDS,
    )
    def scheduled(self: Any, tenant_id: str, task: str, key: str) -> None:
        """Run a scheduled task for one garage, if its plugin is still on there."""
        try:
            process.run(lambda doors: run_scheduled(doors, UUID(tenant_id), task, key))
        except NotAtItsEnd:
            celery.send_task(SCHEDULED, [tenant_id, task, key])
        except OSError as error:
            raise self.retry(exc=error) from error


async def look_for_work(doors: Doors) -> list[UUID]:
    """Garages whose outbox has something due; who looks gives a sign of life."""
    await leave_sign_async(doors.redis, WORKER)
    return await garages_with_outbox_work(doors.resources)


async def deliver_in(doors: Doors, tenant_id: UUID) -> int:
    """Empty one garage's outbox; returns how many effects were done. Where many messages wait, none
    looks for work for long, and still the worker is at it."""
    await leave_sign_async(doors.redis, WORKER)
    return await deliver(doors.resources, doors.effects, tenant_id)


async def run_scheduled(doors: Doors, tenant_id: UUID, name: str, key: str) -> bool:
    """One scheduled task for one garage, a unit of work per part; False where it was not run:
    it was done before, its garage is closed, its plugin is off since, or it was tried too often.

    Between two parts it rests for as long as the last one took, so that the garage's own people
    come first.

    Raises:
        NotAtItsEnd: its time is over; what it did is stored, and the next message goes on.
    """
    if await is_done(doors, key):
        return False
    if not await may_still_try(doors, key):
        log.error("scheduled.given_up", task=name, tenant_id=str(tenant_id))
        return False
    began = time.monotonic()
    while True:
        part_began = time.monotonic()
        await leave_sign_async(doors.redis, WORKER)
        part = await _run_part(doors, tenant_id, name)
        if part is None:
            return False
        task, answer = part
        if answer is None:
            await note_done(doors, key, task)
            log.info("scheduled.done", task=name)
            return True
        await note_progress(doors, key)
        if time.monotonic() - began >= PART_SECONDS:
            await _hand_on(doors, key, name)
        await asyncio.sleep(max(time.monotonic() - part_began, answer.pause_seconds))


async def _run_part(
    doors: Doors, tenant_id: UUID, name: str
) -> tuple[ScheduledTask, Again | None] | None:
    """One unit of work of the task, the gate asked afresh; None where it may not run here."""
    async with garage_scope(doors.resources, tenant_id) as tenant:
        if tenant is None:
            return None
        for task in tasks_of(tenant, offered_tasks(doors.resources.hooks)):
            if task.name == name:
                async with doors.resources.database.unit_of_work(tenant.id) as session:
                    return task, await task.run(session)
    return None


async def _hand_on(doors: Doors, key: str, name: str) -> None:
    if not await may_go_on(doors, key):
        log.error("scheduled.endless", task=name)
        raise RuntimeError(f"{name} does not come to its end")
    raise NotAtItsEnd
