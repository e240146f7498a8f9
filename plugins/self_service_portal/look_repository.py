"""Every query about looks and consents."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.workshop.jobs.models import Job
from plugins.self_service_portal.look_models import Consent, PortalLook
from plugins.self_service_portal.models import Draft, DraftPhoto
from plugins.self_service_portal.time_wish_models import TimeWish

MANY = 500
_WAITS = exists().where(TimeWish.tenant_id == Draft.tenant_id, TimeWish.draft_id == Draft.id)
"""Somebody on the waiting list would go on with it, and its photos."""


async def row(session: AsyncSession) -> PortalLook | None:
    """The garage's row; None until its owner has decided something."""
    return await session.scalar(select(PortalLook).limit(1))


async def locked_row(session: AsyncSession) -> PortalLook:
    """The garage's row, made if there is none, for whoever changes it alone."""
    await session.execute(
        insert(PortalLook)
        .values(tenant_id=session.info["tenant_id"])
        .on_conflict_do_nothing(index_elements=["tenant_id"])
    )
    found = await session.scalars(
        select(PortalLook).with_for_update().execution_options(populate_existing=True)
    )
    return found.one()


async def consents_of_job(session: AsyncSession, job_id: UUID) -> Sequence[Consent]:
    """What was agreed to with a job's request."""
    found = await session.scalars(
        select(Consent).where(Consent.job_id == job_id).order_by(Consent.given_at).limit(MANY)
    )
    return list(found)


async def consents_of_customer(session: AsyncSession, customer_id: UUID) -> Sequence[Consent]:
    """What a customer agreed to, with whatever job."""
    found = await session.scalars(
        select(Consent)
        .join(Job, and_(Job.tenant_id == Consent.tenant_id, Job.id == Consent.job_id))
        .where(Job.customer_id == customer_id)
        .order_by(Consent.given_at)
        .limit(MANY)
    )
    return list(found)


async def unsent_since(session: AsyncSession, moment: datetime) -> Sequence[Draft]:
    """Drafts that were not sent and have had no answer since `moment`, and no wish waits for."""
    found = await session.scalars(
        select(Draft)
        .where(Draft.job_id.is_(None), Draft.updated_at <= moment, ~_WAITS)
        .order_by(Draft.updated_at)
        .limit(MANY)
    )
    return list(found)


async def unsent_photos_since(
    session: AsyncSession, moment: datetime
) -> Sequence[tuple[Draft, UUID]]:
    """Photos, with their drafts, that were not sent, have had neither an answer beside them nor
    came since `moment`, and no wish waits for."""
    rows = await session.execute(
        select(Draft, DraftPhoto.id)
        .join(
            DraftPhoto,
            and_(DraftPhoto.tenant_id == Draft.tenant_id, DraftPhoto.draft_id == Draft.id),
        )
        .where(
            Draft.job_id.is_(None),
            Draft.updated_at <= moment,
            DraftPhoto.created_at <= moment,
            ~_WAITS,
        )
        .order_by(DraftPhoto.created_at)
        .limit(MANY)
    )
    return [(draft, photo_id) for draft, photo_id in rows]
