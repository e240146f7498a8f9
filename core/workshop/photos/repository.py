"""Every query about photos."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.workshop.photos.models import Photo

MANY = 500
_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")


async def by_id(session: AsyncSession, photo_id: UUID) -> Photo:
    """The photo with that id.

    Raises:
        NotFound: not here.
    """
    found = await session.scalar(select(Photo).where(Photo.id == photo_id))
    if found is None:
        raise NotFound("photo")
    return found


async def forget(session: AsyncSession, photo_id: UUID) -> None:
    """Remove a photo's row."""
    await session.execute(delete(Photo).where(Photo.id == photo_id))


async def lock_photos_of(session: AsyncSession, job_id: UUID) -> None:
    """Let only one unit of work at a time add photos to a job, so that they can be counted."""
    tenant_id = session.info["tenant_id"]
    await session.execute(_LOCK, {"key": f"{tenant_id}:photos:{job_id}"})


async def of_job(
    session: AsyncSession, job_id: UUID, *, for_customer: bool = False, own_source: str = ""
) -> list[Photo]:
    """A job's photos, oldest first; for a customer only those that the garage shared, and those
    of `own_source`, through which the customer sends."""
    statement = select(Photo).where(Photo.job_id == job_id).order_by(Photo.id).limit(MANY)
    if for_customer:
        statement = statement.where(or_(Photo.shared_with_customer, Photo.source == own_source))
    return list(await session.scalars(statement))


async def with_bytes(session: AsyncSession, job_id: UUID, sha256: str) -> Photo | None:
    """The job's photo with exactly these bytes."""
    return await session.scalar(select(Photo).where(Photo.job_id == job_id, Photo.sha256 == sha256))


async def count_of_job(session: AsyncSession, job_id: UUID) -> int:
    """How many photos a job has."""
    found = await session.scalar(
        select(func.count()).select_from(Photo).where(Photo.job_id == job_id)
    )
    return found or 0


async def unseen_by_job(session: AsyncSession, job_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many photos of customers nobody at the garage has looked at, per job."""
    rows = await session.execute(
        select(Photo.job_id, func.count())
        .where(Photo.job_id.in_(job_ids), Photo.seen_by_staff_at.is_(None), Photo.source != "desk")
        .group_by(Photo.job_id)
    )
    return {row[0]: row[1] for row in rows}


async def count_unseen(session: AsyncSession) -> int:
    """How many photos of customers nobody at the garage has looked at."""
    found = await session.scalar(
        select(func.count())
        .select_from(Photo)
        .where(Photo.seen_by_staff_at.is_(None), Photo.source != "desk")
    )
    return found or 0


async def known_keys(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Which of these files belong to a photo: as its original or as something drawn of it."""
    names = [key.rpartition("/")[2] for key in keys if "/photos/" in key]
    rows = await session.execute(
        select(Photo.original_key, Photo.renditions).where(
            or_(Photo.original_key.in_(keys), Photo.id.in_([UUID(name[:36]) for name in names]))
        )
    )
    found: set[str] = set()
    for original, renditions in rows:
        found.add(original)
        found |= {drawn["key"] for drawn in renditions.values()}
    return found.intersection(keys)


async def any_job_with_photos(session: AsyncSession) -> UUID | None:
    """A job by chance, to begin somewhere."""
    return await session.scalar(select(Photo.job_id).order_by(func.random()).limit(1))


async def mark_seen(session: AsyncSession, job_id: UUID, moment: datetime) -> None:
    """Somebody at the garage opened the job's card."""
    await session.execute(
        update(Photo)
        .where(Photo.job_id == job_id, Photo.seen_by_staff_at.is_(None))
        .values(seen_by_staff_at=moment)
        .execution_options(synchronize_session=False)
    )
