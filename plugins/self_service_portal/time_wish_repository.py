"""Every query about wishes for a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.workshop.jobs.models import Job
from plugins.self_service_portal.time_wish_models import TimeWish

PAGE = 200
WishRow = Row[*tuple[Any, ...]]


async def put(session: AsyncSession, values: Mapping[str, Any]) -> UUID:
    """Keep a wish, in the place of the open one of the same owner and kind."""
    row = {"tenant_id": session.info["tenant_id"], **values}
    changed = {name: value for name, value in values.items() if name not in {"kind", "owner_hash"}}
    found: UUID = (
        await session.execute(
            insert(TimeWish)
            .values(row)
            .on_conflict_do_update(
                index_elements=["tenant_id", "kind", "owner_hash"],
                index_where=TimeWish.done_at.is_(None),
                set_=changed,
            )
            .returning(TimeWish.id)
        )
    ).scalar_one()
    return found


async def by_id(session: AsyncSession, wish_id: UUID, *, lock: bool = False) -> TimeWish:
    """The wish with that id.

    Raises:
        NotFound: not here.
    """
    statement = select(TimeWish).where(TimeWish.id == wish_id)
    found = await session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotFound("wish")
    return found


async def by_secret(
    session: AsyncSession, secret_hash: str, *, lock: bool = False
) -> TimeWish | None:
    """The wish whose mail carries that secret."""
    statement = select(TimeWish).where(TimeWish.secret_hash == secret_hash)
    return await session.scalar(statement.with_for_update() if lock else statement)


async def open_of_owner(session: AsyncSession, kind: str, owner_hash: str) -> TimeWish | None:
    """The owner's open wish, locked."""
    return await session.scalar(
        select(TimeWish)
        .where(TimeWish.kind == kind, TimeWish.owner_hash == owner_hash, TimeWish.done_at.is_(None))
        .with_for_update()
    )


async def to_tell(
    session: AsyncSession, kind: str, told_before: datetime
) -> Sequence[tuple[TimeWish, UUID | None]]:
    """Open wishes whose customers can be written to and were not since that moment, the oldest
    first, locked, with the locations of their jobs; those that somebody else is telling right now
    are left out."""
    rows = await session.execute(
        select(TimeWish, Job.location_id)
        .outerjoin(Job, and_(Job.tenant_id == TimeWish.tenant_id, Job.id == TimeWish.job_id))
        .where(
            TimeWish.kind == kind,
            TimeWish.done_at.is_(None),
            or_(TimeWish.told_at.is_(None), TimeWish.told_at < told_before),
            TimeWish.email.is_not(None),
        )
        .order_by(TimeWish.id)
        .limit(PAGE)
        .with_for_update(of=TimeWish, skip_locked=True)
    )
    return [(row[0], row[1]) for row in rows]


async def listed(session: AsyncSession, *, done: bool) -> Sequence[WishRow]:
    """Open wishes, the oldest first, or those that are done, the newest first; with their jobs,
    None for those that have none."""
    statement = (
        select(TimeWish, Job)
        .outerjoin(Job, and_(Job.tenant_id == TimeWish.tenant_id, Job.id == TimeWish.job_id))
        .limit(PAGE)
    )
    if done:
        statement = statement.where(TimeWish.done_at.is_not(None)).order_by(TimeWish.done_at.desc())
    else:
        statement = statement.where(TimeWish.done_at.is_(None)).order_by(TimeWish.id)
    rows: Sequence[WishRow] = (await session.execute(statement)).all()
    return rows


async def count_open(session: AsyncSession) -> int:
    """How many wait."""
    found = await session.scalar(
        select(func.count()).select_from(TimeWish).where(TimeWish.done_at.is_(None))
    )
    return found or 0


async def counts(session: AsyncSession) -> tuple[int, int]:
    """How many wait, and how many do no longer."""
    waiting = func.count().filter(TimeWish.done_at.is_(None))
    done = func.count().filter(TimeWish.done_at.is_not(None))
    row = (await session.execute(select(waiting, done))).one()
    return row[0], row[1]


async def delete_before(session: AsyncSession, agreed: datetime, done: datetime) -> None:
    """Remove wishes that were agreed to, or done, before those moments."""
    await session.execute(
        delete(TimeWish).where(or_(TimeWish.consent_at < agreed, TimeWish.done_at < done))
    )


async def of_customer(
    session: AsyncSession, job_ids: Sequence[UUID], email: str | None
) -> list[TimeWish]:
    """Wishes about those jobs, or from that address."""
    theirs: list[ColumnElement[bool]] = [TimeWish.job_id.in_(job_ids)]
    if email:
        theirs.append(func.lower(TimeWish.email) == email.lower())
    found = await session.scalars(select(TimeWish).where(or_(*theirs)).limit(PAGE))
    return list(found)
