"""Every query about files on their way in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.workshop.uploads.models import Upload


async def of_owner(
    session: AsyncSession, upload_id: UUID, owner: str, now: datetime, *, lock: bool = False
) -> Upload:
    """An upload that this owner has begun.

    Raises:
        NotFound: there is none, it has expired, or it is somebody else's.
    """
    statement = select(Upload).where(
        Upload.id == upload_id, Upload.owner == owner, Upload.expires_at > now
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = await session.scalar(statement)
    if found is None:
        raise NotFound("upload")
    return found


async def open_of_owner(session: AsyncSession, owner: str, now: datetime) -> tuple[int, int]:
    """How many uploads of an owner are unfinished, and how many bytes they will have."""
    found = await session.execute(
        select(func.count(), func.coalesce(func.sum(Upload.length), 0)).where(
            Upload.owner == owner, Upload.finished_at.is_(None), Upload.expires_at > now
        )
    )
    row = found.one()
    return row[0], row[1]


async def expired(session: AsyncSession, now: datetime, most: int) -> list[Upload]:
    """Uploads that nobody came back to, and finished ones of yesterday; those that somebody else
    is just removing are left out."""
    found = await session.scalars(
        select(Upload)
        .where(Upload.expires_at <= now)
        .order_by(Upload.expires_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return list(found)


async def delete_upload(session: AsyncSession, upload_id: UUID) -> None:
    """Remove the row."""
    await session.execute(delete(Upload).where(Upload.id == upload_id))
