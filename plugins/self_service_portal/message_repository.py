"""Every query about messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.workshop.jobs.models import Job
from plugins.self_service_portal.talk_models import Message

MANY = 1000
FEW = 5
_UNREAD = and_(Message.author == "customer", Message.read_at.is_(None))


async def by_id(session: AsyncSession, message_id: UUID) -> Message:
    """The message with that id.

    Raises:
        NotFound: not here.
    """
    found = await session.scalar(select(Message).where(Message.id == message_id))
    if found is None:
        raise NotFound("message")
    return found


async def of_job(session: AsyncSession, job_id: UUID) -> list[Message]:
    """The whole talk about a job, oldest first."""
    found = await session.scalars(
        select(Message)
        .where(Message.job_id == job_id)
        .order_by(Message.sent_at, Message.id)
        .limit(MANY)
    )
    return list(found)


async def of_customer(session: AsyncSession, customer_id: UUID) -> list[Message]:
    """All that was said about a customer's jobs, oldest first."""
    found = await session.scalars(
        select(Message)
        .join(Job, and_(Job.tenant_id == Message.tenant_id, Job.id == Message.job_id))
        .where(Job.customer_id == customer_id)
        .order_by(Message.sent_at, Message.id)
        .limit(MANY)
    )
    return list(found)


async def add(
    session: AsyncSession, job_id: UUID, *, once: UUID, author: str, author_name: str, body: str
) -> UUID | None:
    """Add a message; None if it is there already."""
    return await session.scalar(
        insert(Message)
        .values(
            tenant_id=session.info["tenant_id"],
            job_id=job_id,
            once=once,
            author=author,
            author_name=author_name,
            body=body,
            sent_at=now(),
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "job_id", "once"])
        .returning(Message.id)
    )


async def mark_read(session: AsyncSession, job_id: UUID, author: str, moment: datetime) -> None:
    """The other side has read all that `author` wrote about the job."""
    await session.execute(
        update(Message)
        .where(Message.job_id == job_id, Message.author == author, Message.read_at.is_(None))
        .values(read_at=moment)
        .execution_options(synchronize_session=False)
    )


async def count_of_customer(session: AsyncSession, job_id: UUID) -> int:
    """How many messages the customer wrote about a job."""
    found = await session.scalar(
        select(func.count())
        .select_from(Message)
        .where(Message.job_id == job_id, Message.author == "customer")
    )
    return found or 0


async def count_unread(session: AsyncSession) -> int:
    """How many messages nobody at the garage has read."""
    found = await session.scalar(select(func.count()).select_from(Message).where(_UNREAD))
    return found or 0


async def jobs_with_unread(session: AsyncSession) -> Sequence[Row[*tuple[Any, ...]]]:
    """The :data:`FEW` jobs whose customers have waited longest for somebody to read."""
    rows = await session.execute(
        select(
            Job.id,
            Job.sequence_number,
            Job.plate,
            Job.plate_normalised,
            Job.plate_country,
            func.count().label("count"),
        )
        .join(Message, and_(Message.tenant_id == Job.tenant_id, Message.job_id == Job.id))
        .where(_UNREAD)
        .group_by(Job.id, Job.sequence_number, Job.plate, Job.plate_normalised, Job.plate_country)
        .order_by(func.min(Message.sent_at))
        .limit(FEW)
    )
    return rows.all()


async def delete_of_customer(session: AsyncSession, customer_id: UUID) -> None:
    """Remove all that was said about a customer's jobs."""
    theirs = select(Job.id).where(Job.customer_id == customer_id)
    await session.execute(
        delete(Message)
        .where(Message.job_id.in_(theirs))
        .execution_options(synchronize_session=False)
    )
