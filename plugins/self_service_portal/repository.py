"""Every query about drafts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now as clock_now
from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job
from core.workshop.planning.models import Appointment
from plugins.self_service_portal.models import Draft, DraftPhoto

MANY = 500


async def draft_by_secret(
    session: AsyncSession, secret_hash: str, now: datetime, *, lock: bool = False
) -> Draft | None:
    """The draft of a browser, if it has not expired."""
    statement = select(Draft).where(Draft.secret_hash == secret_hash, Draft.expires_at > now)
    return await session.scalar(statement.with_for_update() if lock else statement)


async def draft_by_id(session: AsyncSession, draft_id: UUID, now: datetime) -> Draft | None:
    """The draft with that id, locked, if it has not expired."""
    return await session.scalar(
        select(Draft).where(Draft.id == draft_id, Draft.expires_at > now).with_for_update()
    )


async def photos_of(session: AsyncSession, draft_id: UUID) -> list[DraftPhoto]:
    """A draft's photos in the person's order, which is at first that in which they came."""
    found = await session.scalars(
        select(DraftPhoto)
        .where(DraftPhoto.draft_id == draft_id)
        .order_by(DraftPhoto.position, DraftPhoto.id)
        .limit(MANY)
    )
    return list(found)


async def photo_of(session: AsyncSession, draft_id: UUID, photo_id: UUID) -> DraftPhoto | None:
    """A photo of that draft; another draft's is None."""
    return await session.scalar(
        select(DraftPhoto).where(DraftPhoto.draft_id == draft_id, DraftPhoto.id == photo_id)
    )


async def photo_to_draw(session: AsyncSession, photo_id: UUID) -> DraftPhoto | None:
    """The photo, locked while its thumb is drawn; None where it was taken back."""
    return await session.scalar(
        select(DraftPhoto).where(DraftPhoto.id == photo_id).with_for_update()
    )


async def delete_photo(session: AsyncSession, photo_id: UUID) -> None:
    """Remove a photo's row."""
    await session.execute(delete(DraftPhoto).where(DraftPhoto.id == photo_id))


async def count_photos(session: AsyncSession, draft_id: UUID) -> int:
    """How many photos a draft has."""
    found = await session.scalar(
        select(func.count()).select_from(DraftPhoto).where(DraftPhoto.draft_id == draft_id)
    )
    return found or 0


async def add_photo(session: AsyncSession, photo: DraftPhoto) -> UUID | None:
    """Add a photo; the same bytes again are the same photo, and None is returned."""
    return await session.scalar(
        insert(DraftPhoto)
        .values(
            tenant_id=session.info["tenant_id"],
            draft_id=photo.draft_id,
            sha256=photo.sha256,
            key=photo.key,
            name=photo.name,
            facts=photo.facts,
            size_bytes=photo.size_bytes,
            view=photo.view,
            position=photo.position,
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "draft_id", "sha256"])
        .returning(DraftPhoto.id)
    )


async def expired_drafts(session: AsyncSession, now: datetime) -> list[Draft]:
    """Drafts that nobody came back to."""
    found = await session.scalars(
        select(Draft).where(Draft.expires_at <= now).order_by(Draft.expires_at).limit(MANY)
    )
    return list(found)


async def delete_draft(session: AsyncSession, draft_id: UUID) -> None:
    """Remove a draft with its photos' rows."""
    await session.execute(delete(DraftPhoto).where(DraftPhoto.draft_id == draft_id))
    await session.execute(delete(Draft).where(Draft.id == draft_id))


async def drafts_of_customer(session: AsyncSession, customer_id: UUID) -> list[Draft]:
    """Drafts that were sent and became a job of this customer."""
    found = await session.scalars(
        select(Draft)
        .join(Job, and_(Job.tenant_id == Draft.tenant_id, Job.id == Draft.job_id))
        .where(Job.customer_id == customer_id)
        .limit(MANY)
    )
    return list(found)


async def customer_made_with(session: AsyncSession, job: Job) -> Customer | None:
    """The job's customer, where the two became known together and no other job is theirs. What one
    transaction stores has one moment."""
    others = exists().where(
        Job.tenant_id == Customer.tenant_id, Job.customer_id == Customer.id, Job.id != job.id
    )
    return await session.scalar(
        select(Customer).where(
            Customer.id == job.customer_id, Customer.created_at == job.created_at, ~others
        )
    )


async def open_estimates_of(session: AsyncSession, email: str) -> int:
    """How many estimates customers with that address have booked that are still to come."""
    found = await session.scalar(
        select(func.count())
        .select_from(Appointment)
        .join(Job, and_(Job.tenant_id == Appointment.tenant_id, Job.id == Appointment.job_id))
        .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
        .where(
            func.lower(Customer.email) == email.strip().lower(),
            Appointment.kind == "estimate",
            Appointment.status == "booked",
            Appointment.booked_by == "customer",
            Appointment.ends_at > clock_now(),
        )
    )
    return found or 0
