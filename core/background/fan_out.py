"""From one tick of beat to one task per garage: ids only, staggered, each slot of time once.

Which slots were given out is noted in Redis with `SET NX`, so two beats do no harm. What was
given out and not done after :data:`GIVE_AGAIN_SECONDS` (its worker was killed) is given out
again while its slot lasts. A nightly task that was missed (nothing ran at that hour) is caught
up within :data:`GRACE`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from core.background.celery_app import HARD_LIMIT_SECONDS
from core.background.process import Doors
from core.background.tenant_task import WorkerResources
from core.background.upkeep import offered_tasks, tasks_of
from core.clock import now
from core.hooks.contributions import ScheduledTask
from core.tenancy.context import TenantContext
from core.workshop.notifications import repository as outbox

GRACE = timedelta(hours=3)
DAY_SECONDS = 86_400
GARAGES_PER_SECOND = 10
LONGEST_SPREAD_SECONDS = 600
GIVE_AGAIN_SECONDS = LONGEST_SPREAD_SECONDS + HARD_LIMIT_SECONDS
MOST_TRIES = 3
MOST_PARTS = 600
"""How often one run may be handed on: by then it has gone on for hours."""


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
    """Open garages whose outbox has something due; that of a closed one waits for its reopening."""
    async with resources.database.platform_unit_of_work() as session:
        found = await outbox.tenants_with_work(session, now())
    if not found:
        return []
    are_open = set(await resources.directory.open_ids())
    return [tenant_id for tenant_id in found if tenant_id in are_open]


async def due_tasks(doors: Doors) -> list[Due]:
    """Scheduled tasks that nobody has given out for their slot yet; they count as given out
    once they are returned."""
    found: list[Due] = []
    offered = offered_tasks(doors.resources.hooks)
    for position, tenant_id in enumerate(await doors.resources.directory.open_ids()):
        tenant = await doors.resources.directory.by_id(tenant_id)
        if tenant is None:
            continue
        delay = min(position / GARAGES_PER_SECOND, LONGEST_SPREAD_SECONDS)
        for task in tasks_of(tenant, offered):
            slot = slot_of(task, tenant, now())
            if slot is None:
                continue
            due = Due(tenant_id, task.name, slot, delay)
            if await _give_out(doors, due):
                found.append(due)
    return found


def slot_of(task: ScheduledTask, tenant: TenantContext, moment: datetime) -> str | None:
    """Which run of a task `moment` belongs to; None outside the hours of a nightly one."""
    hour = task.hour_in(tenant)
    if hour is None:
        return str(int(moment.timestamp()) // task.every_seconds)
    today = moment.astimezone(tenant.zone).date()
    for day in (today, today - timedelta(days=1)):
        begins = datetime.combine(day, time(hour), tenant.zone).astimezone(UTC)
        if begins <= moment < begins + GRACE:
            return day.isoformat()
    return None


async def is_done(doors: Doors, key: str) -> bool:
    """Whether that run has succeeded."""
    return bool(await doors.redis.exists(f"{key}:done"))


async def note_done(doors: Doors, key: str, task: ScheduledTask) -> None:
    """That run has succeeded: remembered for longer than its slot lasts."""
    seconds = 2 * max(task.every_seconds, DAY_SECONDS)
    await doors.redis.set(f"{key}:done", "1", ex=seconds)


async def may_still_try(doors: Doors, key: str) -> bool:
    """Count a try of one run; False once it has used up its tries (it kills its worker)."""
    tries: int = await doors.redis.incr(f"{key}:tries")
    await doors.redis.expire(f"{key}:tries", 2 * DAY_SECONDS)
    return tries <= MOST_TRIES


async def note_progress(doors: Doors, key: str) -> None:
    """A try of that run has stored something: it was no lost one."""
    await doors.redis.delete(f"{key}:tries")


async def may_go_on(doors: Doors, key: str) -> bool:
    """Whether that run may be handed on to a next message; then beat does not give it out too."""
    parts: int = await doors.redis.incr(f"{key}:parts")
    await doors.redis.expire(f"{key}:parts", 2 * DAY_SECONDS)
    await doors.redis.set(f"{key}:given", "1", ex=GIVE_AGAIN_SECONDS)
    return parts <= MOST_PARTS


async def _give_out(doors: Doors, due: Due) -> bool:
    given = await doors.redis.set(f"{due.key}:given", "1", nx=True, ex=GIVE_AGAIN_SECONDS)
    return bool(given) and not await is_done(doors, due.key)
