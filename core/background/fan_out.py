"""From one tick of beat to one task per garage: ids only, staggered, each slot of time once.

Which slots were given out is noted in Redis with `SET NX`, so two beats do no harm. A nightly
task that was missed (nothing ran at that hour) is caught up within :data:`GRACE_HOURS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.background.process import Doors
from core.background.tenant_task import WorkerResources
from core.clock import now
from core.hooks.contributions import ScheduledTask
from core.tenancy.context import TenantContext
from core.workshop.notifications import repository as outbox

GRACE_HOURS = 3
DAY_SECONDS = 86_400
GARAGES_PER_SECOND = 10
LONGEST_SPREAD_SECONDS = 600
MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class Due:
    """A scheduled task that a garage is to run now; `delay_seconds` staggers the garages."""

    tenant_id: UUID
    task: str
    slot: str
    delay_seconds: float

    @property
    def key(self) -> str:
        """What names this one run in Redis."""
        return f"garagist:{{{self.tenant_id}}}:{self.task}:{self.slot}"


async def garages_with_outbox_work(resources: WorkerResources) -> list[UUID]:
    """Garages whose outbox has something due."""
    async with resources.database.platform_unit_of_work() as session:
        return await outbox.tenants_with_work(session, now())


async def due_tasks(doors: Doors) -> list[Due]:
    """Scheduled tasks that nobody has given out for their slot yet; they count as given out
    once they are returned."""
    found: list[Due] = []
    offered = list(doors.resources.hooks.ask_all("scheduled_tasks"))
    for position, tenant_id in enumerate(await doors.resources.directory.open_ids()):
        tenant = await doors.resources.directory.by_id(tenant_id)
        if tenant is None:
            continue
        delay = min(position / GARAGES_PER_SECOND, LONGEST_SPREAD_SECONDS)
        for task in _tasks_of(tenant, offered):
            slot = slot_of(task, tenant, now())
            if slot is None:
                continue
            due = Due(tenant_id, task.name, slot, delay)
            seconds = 2 * max(task.every_seconds, DAY_SECONDS if task.local_hour else 0)
            if await doors.redis.set(f"{due.key}:given", "1", nx=True, ex=seconds):
                found.append(due)
    return found


def slot_of(task: ScheduledTask, tenant: TenantContext, moment: datetime) -> str | None:
    """Which run of a task `moment` belongs to; None outside the hours of a nightly one."""
    if task.local_hour is None:
        return str(int(moment.timestamp()) // task.every_seconds)
    local = moment.astimezone(tenant.zone)
    late = local.hour - task.local_hour
    return local.date().isoformat() if 0 <= late < GRACE_HOURS else None


async def may_still_try(doors: Doors, key: str) -> bool:
    """Count a try of one run; False once it has used up its tries (it kills its worker)."""
    tries: int = await doors.redis.incr(f"{key}:tries")
    await doors.redis.expire(f"{key}:tries", 2 * DAY_SECONDS)
    return tries <= MOST_TRIES


def _tasks_of(
    tenant: TenantContext, offered: Sequence[tuple[str, Sequence[ScheduledTask]]]
) -> list[ScheduledTask]:
    return [task for plugin, tasks in offered if tenant.has_plugin(plugin) for task in tasks]
