"""When a customer wants to be told by mail how far a job is."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.workshop.jobs.models import Job
from plugins.self_service_portal.talk_models import StageWish

CHOICES = ("every", "ready", "never")
UNTIL_CHOSEN = "ready"
"""Whoever has not chosen hears of the one stage at which they have something to do."""


class UnknownWish(Refused):
    """None of the three was chosen."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("Please choose when you want an e-mail.", field="choice")


async def wants_stage_mail(session: AsyncSession, job: Job, stage: str) -> bool:
    """Whether the customer wants a mail now that the job has reached `stage`, the key of a task
    that is shown to customers."""
    choice = await choice_of(session, job.id)
    return choice == "every" or (choice == "ready" and stage == "ready")


async def choice_of(session: AsyncSession, job_id: UUID) -> str:
    """One of :data:`CHOICES`."""
    found = await session.scalar(select(StageWish.choice).where(StageWish.job_id == job_id))
    return found or UNTIL_CHOSEN


async def choose(session: AsyncSession, job_id: UUID, choice: str) -> None:
    """Keep the customer's choice for this job.

    Raises:
        UnknownWish: there is no such choice.
    """
    if choice not in CHOICES:
        raise UnknownWish
    await session.execute(
        insert(StageWish)
        .values(tenant_id=session.info["tenant_id"], job_id=job_id, choice=choice)
        .on_conflict_do_update(
            index_elements=["tenant_id", "job_id"],
            set_={"choice": choice, "updated_at": func.now()},
        )
    )
