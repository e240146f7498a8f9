"""Every query about the outbox."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.notifications.models import OutboxEntry

MANY = 10_000
PAGE = 200


@dataclass(frozen=True, slots=True)
class Backlog:
    """A garage's entries that are due since `due_since`; those that have failed and will be tried
    again; and those that will not be tried again."""

    tenant_id: UUID
    due: int
    due_since: datetime | None
    failing: int
    dead: int


_DUE_TENANTS = text(
    "select distinct tenant_id from outbox"
    " where done_at is null and dead_at is null and due_at <= :now limit :many"
)


async def tenants_with_work(session: AsyncSession, now: datetime) -> list[UUID]:
    """Garages with something due; in a session of the platform role, which sees ids only."""
    rows = await session.execute(_DUE_TENANTS, {"now": now, "many": MANY})
    return [row.tenant_id for row in rows]


async def backlog(
    session: AsyncSession, now: datetime, tenant_ids: Collection[UUID] | None = None
) -> list[Backlog]:
    """What is due, failing or dead per garage (of those named, or of all), the worst first; in a
    session of the platform role."""
    is_dead = OutboxEntry.dead_at.is_not(None)
    is_due = OutboxEntry.due_at <= now
    has_failed = OutboxEntry.attempts > 1  # at the first one, somebody is at work
    dead = func.count(OutboxEntry.dead_at)
    due = func.count().filter(~is_dead, is_due)
    since = func.min(OutboxEntry.due_at).filter(~is_dead, is_due)
    failing = func.count().filter(~is_dead, has_failed)
    statement = (
        select(OutboxEntry.tenant_id, due, since, failing, dead)
        .where(OutboxEntry.done_at.is_(None), or_(is_dead, is_due, has_failed))
        .group_by(OutboxEntry.tenant_id)
        .order_by(dead.desc(), failing.desc(), due.desc(), since)
        .limit(MANY)
    )
    if tenant_ids is not None:
        statement = statement.where(OutboxEntry.tenant_id.in_(tenant_ids))
    return [Backlog(*row) for row in await session.execute(statement)]


async def claim_next(session: AsyncSession, now: datetime) -> OutboxEntry | None:
    """The oldest entry that is due and that nobody else is working on, locked."""
    return await session.scalar(
        select(OutboxEntry)
        .where(
            OutboxEntry.done_at.is_(None),
            OutboxEntry.dead_at.is_(None),
            OutboxEntry.due_at <= now,
        )
        .order_by(OutboxEntry.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


async def dead(session: AsyncSession, after: UUID | None = None) -> list[OutboxEntry]:
    """Entries that were given up, the oldest first, from behind the one named on; at most
    :data:`PAGE`."""
    statement = select(OutboxEntry).where(
        OutboxEntry.dead_at.is_not(None), OutboxEntry.done_at.is_(None)
    )
    if after is not None:
        statement = statement.where(OutboxEntry.id > after)
    return list(await session.scalars(statement.order_by(OutboxEntry.id).limit(PAGE)))


async def revive(session: AsyncSession, now: datetime, entry_id: UUID | None = None) -> int:
    """Have what was given up (one of it, or all) tried again, as if for the first time; how much
    that was."""
    statement = (
        update(OutboxEntry)
        .where(OutboxEntry.dead_at.is_not(None), OutboxEntry.done_at.is_(None))
        .values(dead_at=None, attempts=0, lost_attempts=0, due_at=now)
        .returning(OutboxEntry.id)
    )
    if entry_id is not None:
        statement = statement.where(OutboxEntry.id == entry_id)
    return len((await session.execute(statement)).all())


async def bring_forward(session: AsyncSession, now: datetime) -> int:
    """Make what was tried before and waits for its next try due; how much that was."""
    moved = await session.execute(
        update(OutboxEntry)
        .where(
            OutboxEntry.done_at.is_(None),
            OutboxEntry.dead_at.is_(None),
            OutboxEntry.last_error.is_not(None),
            OutboxEntry.due_at > now,
        )
        .values(due_at=now)
        .returning(OutboxEntry.id)
    )
    return len(moved.all())


async def by_key(session: AsyncSession, key: str) -> OutboxEntry | None:
    """The entry with that key."""
    return await session.scalar(select(OutboxEntry).where(OutboxEntry.key == key))


async def locked(session: AsyncSession, entry_id: UUID) -> OutboxEntry | None:
    """The entry with that id, locked."""
    return await session.scalar(
        select(OutboxEntry).where(OutboxEntry.id == entry_id).with_for_update()
    )


async def forget_done(session: AsyncSession, before: datetime, most: int) -> None:
    """Delete entries that were done before that moment, the oldest first."""
    old = (
        select(OutboxEntry.id)
        .where(OutboxEntry.done_at < before)
        .order_by(OutboxEntry.done_at)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("old")  # asked once; as a subquery, some plans ask it for each row and pass `most`
    )
    await session.execute(delete(OutboxEntry).where(OutboxEntry.id.in_(select(old.c.id))))
