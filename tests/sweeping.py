"""Forgotten vehicles, and looks of the clean-up at them, as tests need them."""

from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.workshop.audit.models import AuditEntry
from core.workshop.jobs.models import Job, JobEvent
from plugins.vehicle_presence import repository
from plugins.vehicle_presence.cleanup.models import CleanupRun
from plugins.vehicle_presence.cleanup.repository import proposals
from plugins.vehicle_presence.cleanup.rules import offered_rules
from plugins.vehicle_presence.cleanup.services import change_rule
from plugins.vehicle_presence.cleanup.sweep import SweepReport, advance, begin, sweep_tonight
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.services import NAME
from tenants.activation import change_settings
from tests.factories import a_job, a_plate, a_stay, many_jobs, set_past_services
from tests.garages import STAFF, SUPPORT, Garage
from tests.plugins.vehicle_presence.vat_book.reading import checked, lines

NOW = datetime(2027, 5, 20, 9, 0, tzinfo=UTC)
ARRIVED = NOW - timedelta(days=60)


def ago(**span: float) -> datetime:
    """A moment before :data:`NOW`."""
    return NOW - timedelta(**span)


async def forgotten(session: AsyncSession, status: str = "delivered", **columns: Any) -> UUID:
    """A vehicle that is marked in; its job has that status since ten days, and nothing happened
    to it after it was `updated_at`."""
    values: dict[str, Any] = {
        "status": status,
        "status_changed_at": ago(days=10),
        "updated_at": ago(days=10),
    }
    values |= columns
    with frozen(values["updated_at"]):
        job = await a_job(session, plate=a_plate())
    job = await set_past_services(session, job, **values)
    return (await a_stay(session, job, ARRIVED)).id


async def many_forgotten(
    garage: Garage, count: int, *, at: datetime = NOW, status: str = "delivered"
) -> list[UUID]:
    """The jobs of that many vehicles, all marked in, each with that status since ten days."""
    async with garage.unit() as session:
        since = at - timedelta(days=10)
        job_ids = await many_jobs(
            session, count, status=status, status_changed_at=since, updated_at=since
        )
        location_id = await session.scalar(select(Job.location_id).limit(1))
        rows = [
            {
                "tenant_id": garage.tenant.id,
                "job_id": job_id,
                "location_id": location_id,
                "plate": "1-ABC-123",
                "arrived_at": at - timedelta(days=60),
                "arrived_noted_by": "Robin",
            }
            for job_id in job_ids
        ]
        await session.execute(insert(Stay), rows)
    return job_ids


async def swept(garage: Garage, at: datetime | None = None) -> SweepReport:
    """A whole look by hand, a unit of work per part."""
    report = SweepReport()
    with frozen(at or now()):
        async with garage.unit() as session:
            run_id = (await begin(session)).id
        again = True
        while again:
            async with garage.unit() as session:
                run = await session.get_one(CleanupRun, (garage.tenant.id, run_id))
                again = await advance(session, run, report) is not None
    return report


async def night(garage: Garage, at: datetime = NOW) -> int:
    """A night's clean-up as the worker does it; in how many parts."""
    parts = 1
    with frozen(at):
        while True:
            async with garage.unit() as session:
                if await sweep_tonight(session) is None:
                    return parts
            parts += 1


async def stay_of(garage: Garage, stay_id: UUID) -> Stay:
    """That stay, as it is stored."""
    async with garage.unit() as session:
        found = await session.scalar(select(Stay).where(Stay.id == stay_id))
    assert found is not None
    return found


async def doubts(garage: Garage) -> list[tuple[UUID, str]]:
    """(stay, reason) of those about whom a person is asked."""
    async with garage.unit() as session:
        rows = await proposals(session)
        return [(row.stay_id, row.reason) for row in rows]


async def let_act(garage: Garage) -> None:
    """The garage lets every rule act that may."""
    async with garage.unit() as session:
        for rule in await offered_rules(session):
            await change_rule(
                session, rule, is_on=rule.is_on, days=rule.days, mode="automatic", actor=STAFF
            )


async def left_once(garage: Garage, job_ids: Collection[UUID]) -> bool:
    """Whether all of these left, each of them once: in histories, in the log, and in a sound
    register with one entry and one exit of each and nothing struck."""
    async with garage.unit() as session:
        inside = await repository.count_on_site(session)
        events = await session.scalars(
            select(JobEvent.job_id).where(JobEvent.kind == "vehicle_left")
        )
        entries = await session.scalars(
            select(AuditEntry.subject).where(AuditEntry.action == "presence.left")
        )
        noted = Counter([*(f"event:{each}" for each in events), *entries])
    written = Counter((line.job_id, line.kind) for line in await lines(garage))
    return (
        inside == 0
        and noted == {f"{kind}:{each}": 1 for each in job_ids for kind in ("event", "job")}
        and written == {(each, kind): 1 for each in job_ids for kind in ("entry", "exit")}
        and (await checked(garage)).is_sound
    )


async def set_thresholds(garage: Garage, **values: int) -> None:
    """Support changes the plugin's settings."""
    await change_settings(garage.house.switching, garage.slug, NAME, values, SUPPORT)
    fresh = await garage.house.directory.by_slug(garage.slug)
    assert fresh is not None
    garage.tenant = fresh
