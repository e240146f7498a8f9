"""Every query about mails to customers: what was told, what is due, what is not confirmed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job
from core.workshop.planning.models import Appointment
from plugins.self_service_portal.mail_models import Confirmation, StageMail
from plugins.self_service_portal.models import Draft
from plugins.self_service_portal.talk_models import StageWish

MANY = 2000


async def note_stage_mail(session: AsyncSession, job_id: UUID, stage: str, at: datetime) -> bool:
    """Note that a stage is told now; False where it was told before."""
    noted = await session.execute(
        insert(StageMail)
        .values(tenant_id=session.info["tenant_id"], job_id=job_id, stage=stage, sent_at=at)
        .on_conflict_do_nothing(index_elements=["tenant_id", "job_id", "stage"])
        .returning(StageMail.id)
    )
    return noted.scalar_one_or_none() is not None


async def stage_mails_of(session: AsyncSession, job_id: UUID) -> Sequence[StageMail]:
    """What the customer of a job was told, oldest first."""
    found = await session.scalars(
        select(StageMail).where(StageMail.job_id == job_id).order_by(StageMail.sent_at).limit(MANY)
    )
    return found.all()


async def has_stage_wish(session: AsyncSession, job_id: UUID) -> bool:
    """Whether the customer has said when to be mailed."""
    statement = select(StageWish.id).where(StageWish.job_id == job_id)
    return await session.scalar(statement) is not None


async def to_remind(
    session: AsyncSession,
    location_id: UUID,
    start: datetime,
    end: datetime,
    settled_before: datetime,
) -> Sequence[tuple[Appointment, str, str]]:
    """(appointment, address, language) of a location's appointments from `start` to `end` that
    were booked or moved before `settled_before`; without those whose customer wants no mail, and
    those that are not confirmed yet."""
    wants_none = exists().where(_same_job(StageWish), StageWish.choice == "never")
    unconfirmed = exists().where(
        Confirmation.tenant_id == Appointment.tenant_id,
        Confirmation.appointment_id == Appointment.id,
        Confirmation.confirmed_at.is_(None),
    )
    rows = await session.execute(
        select(Appointment, Customer.email, Customer.language)
        .join(Job, and_(Job.tenant_id == Appointment.tenant_id, Job.id == Appointment.job_id))
        .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
        .where(
            Appointment.location_id == location_id,
            Appointment.status == "booked",
            Appointment.starts_at >= start,
            Appointment.starts_at < end,
            Appointment.updated_at < settled_before,
            Customer.email.is_not(None),
            Job.status != "cancelled",
            ~wants_none,
            ~unconfirmed,
        )
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(MANY)
    )
    return [(appointment, str(email), language) for appointment, email, language in rows]


async def confirmation_of(
    session: AsyncSession, appointment_id: UUID, *, lock: bool = False
) -> Confirmation | None:
    """What is asked about an appointment; None where nothing was."""
    statement = select(Confirmation).where(Confirmation.appointment_id == appointment_id)
    return await session.scalar(statement.with_for_update() if lock else statement)


async def delete_open_confirmation(session: AsyncSession, appointment_id: UUID) -> datetime | None:
    """Take back what is still to be confirmed; until when it was, None where nothing was."""
    gone = await session.execute(
        delete(Confirmation)
        .where(
            Confirmation.appointment_id == appointment_id,
            Confirmation.confirmed_at.is_(None),
            Confirmation.freed_at.is_(None),
        )
        .returning(Confirmation.expires_at)
    )
    return gone.scalar_one_or_none()


async def open_confirmations(
    session: AsyncSession, job_id: UUID
) -> Sequence[tuple[Appointment, Confirmation]]:
    """A job's booked appointments that are still to be confirmed, by time."""
    rows = await session.execute(
        select(Appointment, Confirmation)
        .join(
            Confirmation,
            and_(
                Confirmation.tenant_id == Appointment.tenant_id,
                Confirmation.appointment_id == Appointment.id,
            ),
        )
        .where(
            Appointment.job_id == job_id,
            Appointment.status == "booked",
            Confirmation.confirmed_at.is_(None),
            Confirmation.freed_at.is_(None),
        )
        .order_by(Appointment.starts_at)
        .limit(MANY)
    )
    return [(row[0], row[1]) for row in rows]


async def overdue(session: AsyncSession, now: datetime) -> Sequence[Confirmation]:
    """Those that nobody confirmed in time, locked with their appointments; those that somebody
    is at are left out."""
    found = await session.scalars(
        select(Confirmation)
        .join(
            Appointment,
            and_(
                Appointment.tenant_id == Confirmation.tenant_id,
                Appointment.id == Confirmation.appointment_id,
            ),
        )
        .where(
            Confirmation.confirmed_at.is_(None),
            Confirmation.freed_at.is_(None),
            Confirmation.expires_at <= now,
        )
        .order_by(Confirmation.expires_at)
        .limit(MANY)
        .with_for_update(skip_locked=True)
    )
    return found.all()


async def draft_of_job(session: AsyncSession, job_id: UUID) -> Draft | None:
    """The draft that became that job, locked, while it is kept."""
    return await session.scalar(select(Draft).where(Draft.job_id == job_id).with_for_update())


def _same_job(table: type[StageWish]) -> ColumnElement[bool]:
    return and_(table.tenant_id == Appointment.tenant_id, table.job_id == Appointment.job_id)
