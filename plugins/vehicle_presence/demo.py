"""Believable stays for the demo's jobs, a few of them forgotten."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.tenancy.context import current_tenant
from core.workshop.audit.services import SYSTEM, Actor
from core.workshop.jobs import repository as jobs
from core.workshop.staff import repository as staff
from plugins.vehicle_presence.services import mark_off_site, record_arrival

NOTED_EACH = 4
"""Of the vehicles that were handed over before today, the clock was pressed for one in four;
the others are the forgotten ones."""
_HAVE_ARRIVED = ("in_progress", "ready", "delivered", "invoiced")
_BEFORE_THE_KEYS = timedelta(minutes=2)


async def fill_in(session: AsyncSession) -> None:
    """Each vehicle came when its check-in began, and left when it was handed over if somebody
    pressed the clock then; today everybody did."""
    actor = await _receptionist(session)
    handed_over = 0
    rows = await jobs.page(session, statuses=_HAVE_ARRIVED)
    for row in sorted(rows, key=lambda each: each.sequence_number):
        moments = await _moments_of(session, row.id)
        with frozen(moments["check_in"] - _BEFORE_THE_KEYS):
            await record_arrival(session, row.id, actor)
            await session.flush()
        left = moments.get("delivered")
        if left is None:
            continue
        handed_over += 0 if _is_today(left) else 1
        if _is_today(left) or handed_over % NOTED_EACH == 1:
            with frozen(left):
                await mark_off_site(session, row.id, actor)
                await session.flush()


async def _receptionist(session: AsyncSession) -> Actor:
    """Whoever plans the work, else the system."""
    for member in await staff.everyone(session):
        if member.role == "planner":
            return Actor("staff", member.name, member.id)
    return SYSTEM


async def _moments_of(session: AsyncSession, job_id: UUID) -> dict[str, datetime]:
    """When each task that somebody touched began, or was done in a click."""
    return {
        task.key: moment
        for task in await jobs.tasks_of(session, job_id)
        if (moment := task.started_at or task.finished_at) is not None
    }


def _is_today(moment: datetime) -> bool:
    zone = current_tenant().zone
    return moment.astimezone(zone).date() == now().astimezone(zone).date()
