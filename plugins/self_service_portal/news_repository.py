"""Every query about what customers did online."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.jobs.models import Job
from core.workshop.planning.models import Appointment
from plugins.self_service_portal.mail_models import Confirmation
from plugins.self_service_portal.news_models import News

FEW = 8
MANY = 200


async def unseen(session: AsyncSession) -> Sequence[Row[*tuple[Any, ...]]]:
    """The :data:`FEW` newest about appointments that nobody at the garage has seen; each row says
    with `total` how many there are in all. A booking that must be confirmed first is none yet."""
    statement = _shown().add_columns(func.count().over().label("total"))
    rows = await session.execute(
        statement.where(
            News.seen_at.is_(None), News.appointment_id.is_not(None), ~_is_unconfirmed()
        )
        .order_by(News.at.desc(), News.id.desc())
        .limit(FEW)
    )
    return rows.all()


async def take_unmailed(session: AsyncSession) -> Sequence[Row[*tuple[Any, ...]]]:
    """What the garage was not mailed about yet, oldest first, at most :data:`MANY`; from now on it
    was."""
    due = (
        select(News.id)
        .where(News.is_to_be_mailed, ~_is_unconfirmed())
        .order_by(News.at, News.id)
        .limit(MANY)
        .with_for_update()
    )
    taken = await session.scalars(
        update(News)
        .where(News.id.in_(due))
        .values(is_to_be_mailed=False)
        .returning(News.id)
        .execution_options(synchronize_session=False)
    )
    rows = await session.execute(
        _shown().where(News.id.in_(taken.all())).order_by(News.at, News.id).limit(MANY)
    )
    return rows.all()


async def has_unmailed(session: AsyncSession, job_id: UUID, kind: str) -> bool:
    """Whether the next mail tells of that already."""
    statement = select(News.id).where(News.job_id == job_id, News.kind == kind)
    return await session.scalar(statement.where(News.is_to_be_mailed).limit(1)) is not None


async def booking_of(session: AsyncSession, appointment_id: UUID) -> News | None:
    """That an appointment was booked, where it was news."""
    statement = select(News).where(News.appointment_id == appointment_id, News.kind == "booked")
    return await session.scalar(statement.limit(1))


async def count_of(session: AsyncSession, news_ids: Sequence[UUID]) -> int:
    """How many of these there are."""
    statement = select(func.count()).select_from(News).where(News.id.in_(news_ids))
    return await session.scalar(statement) or 0


async def mark_seen(
    session: AsyncSession, news_ids: Sequence[UUID], moment: datetime, who: str
) -> None:
    """Somebody has seen these."""
    await session.execute(
        update(News)
        .where(News.id.in_(news_ids), News.seen_at.is_(None))
        .values(seen_at=moment, seen_by=who)
        .execution_options(synchronize_session=False)
    )


async def mark_older_seen(session: AsyncSession, before: datetime, who: str) -> None:
    """Somebody has seen all that is older."""
    await session.execute(
        update(News)
        .where(News.at < before, News.seen_at.is_(None))
        .values(seen_at=before, seen_by=who)
        .execution_options(synchronize_session=False)
    )


async def mark_unseen(session: AsyncSession, moment: datetime) -> None:
    """What was seen at that moment was not."""
    await session.execute(
        update(News)
        .where(News.seen_at == moment)
        .values(seen_at=None, seen_by=None)
        .execution_options(synchronize_session=False)
    )


async def forget(session: AsyncSession, before: datetime) -> None:
    """Remove what is older."""
    await session.execute(
        delete(News).where(News.at < before).execution_options(synchronize_session=False)
    )


def _shown() -> Select[*tuple[Any, ...]]:
    """A line with its job and its kind of appointment."""
    return (
        select(
            News.id,
            News.kind,
            News.at,
            News.starts_at,
            News.before,
            Appointment.kind.label("what"),
            Job.id.label("job_id"),
            Job.sequence_number,
            Job.plate,
            Job.plate_normalised,
            Job.plate_country,
        )
        .join(Job, and_(Job.tenant_id == News.tenant_id, Job.id == News.job_id))
        .outerjoin(
            Appointment,
            and_(
                Appointment.tenant_id == News.tenant_id,
                Appointment.id == News.appointment_id,
            ),
        )
    )


def _is_unconfirmed() -> ColumnElement[bool]:
    return exists().where(
        Confirmation.tenant_id == News.tenant_id,
        Confirmation.appointment_id == News.appointment_id,
        Confirmation.confirmed_at.is_(None),
    )
