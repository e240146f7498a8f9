"""Every query about the audit log."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.workshop.audit.models import AuditEntry

PAGE = 50


async def by_id(session: AsyncSession, entry_id: UUID) -> AuditEntry:
    """The entry with that id.

    Raises:
        NotFound: not here.
    """
    found = await session.scalar(select(AuditEntry).where(AuditEntry.id == entry_id))
    if found is None:
        raise NotFound("entry")
    return found


async def newest(session: AsyncSession, before: UUID | None = None) -> list[AuditEntry]:
    """A page of entries, newest first, older than the entry `before`; one more than
    :data:`PAGE` where there is a next page."""
    statement = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(PAGE + 1)
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    return list(await session.scalars(statement))
