"""Vehicles that are marked in, with what the rules judge by; always a batch at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.workshop.jobs.models import Job
from plugins.vehicle_presence.models import Doubt, Stay

Position = tuple[datetime, UUID]
"""Where in the order of a look a stay stands."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A vehicle that is marked in. `asked_reason` and `asked_left_at` are what a person is
    asked about it now, `changed_at` is when its job was last touched."""

    stay_id: UUID
    job_id: UUID
    sequence_number: int
    plate: str
    status: str
    arrived_at: datetime
    status_changed_at: datetime
    changed_at: datetime
    book_out_date: date | None
    seen_at: datetime | None
    asked_reason: str | None
    asked_left_at: datetime | None

    @property
    def position(self) -> Position:
        """What the next batch begins behind."""
        return self.arrived_at, self.stay_id


def inside(after: Position | None, limit: int) -> Any:
    """A batch of stays without an end, longest first: their own partial index, so that the cost
    depends on what is inside and never on history. What a person settled is left out until it
    is time to ask again."""
    is_open = Doubt.settled_at.is_(None)
    statement = (
        select(
            Stay.id.label("stay_id"),
            Stay.job_id,
            Job.sequence_number,
            Job.plate,
            Job.status,
            Stay.arrived_at,
            Job.status_changed_at,
            Job.updated_at.label("changed_at"),
            Job.book_out_date,
            Stay.seen_at,
            Doubt.reason.label("asked_reason"),
            Doubt.left_at.label("asked_left_at"),
            Doubt.settled_at,
        )
        .join(Job, and_(Job.tenant_id == Stay.tenant_id, Job.id == Stay.job_id))
        .outerjoin(Doubt, and_(Doubt.tenant_id == Stay.tenant_id, Doubt.stay_id == Stay.id))
        .where(
            Stay.left_at.is_(None), or_(Doubt.id.is_(None), is_open, Doubt.ask_again_at <= now())
        )
        .order_by(Stay.arrived_at, Stay.id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(tuple_(Stay.arrived_at, Stay.id) > tuple_(*after))
    return statement


async def batch(session: AsyncSession, after: Position | None, limit: int) -> list[Candidate]:
    """The next vehicles to judge; none is locked."""
    found = []
    for row in (await session.execute(inside(after, limit))).mappings():
        values = dict(row)
        if values.pop("settled_at") is not None:
            values |= {"asked_reason": None, "asked_left_at": None}
        found.append(Candidate(**values))
    return found


async def lock_unchanged(
    session: AsyncSession, candidates: Sequence[Candidate]
) -> tuple[set[UUID], int]:
    """Lock those stays that still are as they were judged, past those that somebody else is
    working on; returns them, and how many others are still open and must be looked at again."""
    rows = await session.execute(
        select(Stay.id, Stay.seen_at, Job.updated_at)
        .join(Job, and_(Job.tenant_id == Stay.tenant_id, Job.id == Stay.job_id))
        .where(Stay.id.in_([each.stay_id for each in candidates]), Stay.left_at.is_(None))
        .order_by(Stay.id)
        .with_for_update(of=Stay, skip_locked=True)
    )
    fresh = {row.id: (row.seen_at, row.updated_at) for row in rows}
    locked = {
        each.stay_id
        for each in candidates
        if fresh.get(each.stay_id) == (each.seen_at, each.changed_at)
    }
    missed = [each.stay_id for each in candidates if each.stay_id not in locked]
    if not missed:
        return locked, 0
    still_open = await session.scalars(
        select(Stay.id).where(Stay.id.in_(missed), Stay.left_at.is_(None))
    )
    return locked, len(list(still_open))
