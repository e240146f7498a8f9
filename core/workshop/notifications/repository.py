"""Every query about the outbox."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.notifications.models import OutboxEntry

MANY = 10_000

_DUE_TENANTS = text(
    "select distinct tenant_id from outbox"
    " where done_at is null and dead_at is null and due_at <= :now limit :many"
)


async def tenants_with_work(session: AsyncSession, now: datetime) -> list[UUID]:
    """Garages with something due; in a session of the platform role, which sees ids only."""
    rows = await session.execute(_DUE_TENANTS, {"now": now, "many": MANY})
    return [row.tenant_id for row in rows]


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


async def by_key(session: AsyncSession, key: str) -> OutboxEntry | None:
    """The entry with that key."""
    return await session.scalar(select(OutboxEntry).where(OutboxEntry.key == key))


async def locked(session: AsyncSession, entry_id: UUID) -> OutboxEntry | None:
    """The entry with that id, locked."""
    return await session.scalar(
        select(OutboxEntry).where(OutboxEntry.id == entry_id).with_for_update()
    )
