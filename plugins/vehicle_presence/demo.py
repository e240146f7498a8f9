"""Believable stays for the demo's jobs, a few of them forgotten."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.workshop.audit.services import SYSTEM
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from plugins.vehicle_presence.models import Stay

FORGOTTEN_EACH = 4
"""Every fourth finished job was never marked off site."""


async def fill_in(session: AsyncSession) -> None:
    """Vehicles of jobs in progress and ready ones are in; delivered ones left when they were
    delivered, except those that somebody forgot."""
    finished = 0
    for row in await jobs.page(session):
        job = await jobs.by_id(session, row.id)
        if job.status in {"in_progress", "ready"}:
            session.add(_stay(job))
        elif job.status in {"delivered", "invoiced"}:
            finished += 1
            stay = _stay(job)
            if finished % FORGOTTEN_EACH:
                stay.left_at = job.status_changed_at
                stay.left_noted_at = job.status_changed_at
                stay.left_noted_by = SYSTEM.name
                stay.closed_by = "clock"
            session.add(stay)
    await session.flush()


def _stay(job: Job) -> Stay:
    days_before = 2 + job.sequence_number % 9
    arrived = min(job.status_changed_at, now()) - timedelta(days=days_before, hours=1)
    return Stay(
        job_id=job.id,
        location_id=job.location_id,
        plate=job.plate,
        arrived_at=arrived,
        arrived_noted_by=SYSTEM.name,
    )
