"""Writing down what happened to a job, for its card."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.db.many import ManyRows
from core.workshop.audit.services import Actor
from core.workshop.jobs.models import JobEvent
from core.workshop.notifications.live import JOBS, announce

_EVENTS = ManyRows(JobEvent, "job_id", "kind", "actor", "at", "details")


def note_event(
    session: AsyncSession,
    job_id: UUID,
    kind: str,
    actor: Actor,
    *,
    at: datetime | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add a line to a job's history, and tell open pages."""
    announce(session, JOBS)
    session.add(
        JobEvent(
            job_id=job_id,
            kind=kind,
            actor=actor.name,
            at=at or now(),
            details=dict(details or {}),
        )
    )


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of a job's history that is not yet written."""

    job_id: UUID
    at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)


async def note_events(
    session: AsyncSession, kind: str, actor: Actor, happenings: Iterable[Happening]
) -> None:
    """Add the same kind of line to the histories of many jobs, all with one statement."""
    rows = [
        {
            "job_id": each.job_id,
            "kind": kind,
            "actor": actor.name,
            "at": each.at,
            "details": dict(each.details),
        }
        for each in happenings
    ]
    if rows:
        announce(session, JOBS)
        await _EVENTS.add(session, rows)
