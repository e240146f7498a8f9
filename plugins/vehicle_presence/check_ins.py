"""What a garage wants to know when a vehicle is taken in: asked, kept with the stay, shown."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.workshop.audit.services import Actor, record
from core.workshop.jobs.history import note_event
from core.workshop.jobs.services import note_mileage_at_repair
from core.workshop.photos import repository as photos
from core.workshop.photos.models import Photo
from plugins.vehicle_presence import repository
from plugins.vehicle_presence.board_models import CheckIn
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.settings import settings

QUESTIONS = ("mileage", "damage", "photos", "keys")


def asked() -> dict[str, str]:
    """What the garage asks at check-in: question → `optional` or `required`."""
    wishes = settings()
    wanted = {question: getattr(wishes, f"ask_{question}") for question in QUESTIONS}
    return {question: how for question, how in wanted.items() if how != "off"}


async def photos_of(session: AsyncSession, stay: Stay) -> list[Photo]:
    """The photos that the garage itself made since the vehicle came, oldest first."""
    begins = min(stay.arrived_at, stay.created_at)
    found = await photos.of_job(session, stay.job_id)
    return [each for each in found if each.source == "desk" and each.created_at >= begins]


async def of_stay(session: AsyncSession, stay_id: UUID) -> CheckIn | None:
    """What was noted about a stay."""
    return await session.scalar(select(CheckIn).where(CheckIn.stay_id == stay_id))


async def of_stays(session: AsyncSession, stay_ids: list[UUID]) -> dict[UUID, CheckIn]:
    """What was noted about each of these stays."""
    found = await session.scalars(select(CheckIn).where(CheckIn.stay_id.in_(stay_ids)))
    return {each.stay_id: each for each in found}


async def note(
    session: AsyncSession, job_id: UUID, answers: Mapping[str, Any], actor: Actor
) -> Stay:
    """Keep the answers with the job's open stay; answered again, the later ones count. The
    mileage becomes the job's *mileage at repair*.

    Raises:
        NotFound: there is no such job, or its vehicle is not in.
        Refused: the mileage is none.
    """
    stay = await repository.open_stay(session, job_id, lock=True)
    if stay is None:
        raise NotFound("vehicle inside")
    stay.seen_at = now()
    kept = {
        name: value
        for name, value in answers.items()
        if value is not None and value is not False and value != ""
    }
    if kept.get("mileage") is not None:
        await note_mileage_at_repair(session, job_id, kept["mileage"], actor)
    statement = insert(CheckIn).values(
        tenant_id=session.info["tenant_id"], stay_id=stay.id, answers=kept, noted_by=actor.name
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "stay_id"],
            set_={"answers": statement.excluded.answers, "noted_by": statement.excluded.noted_by},
        )
    )
    note_event(session, job_id, "checked_in", actor, details=kept)
    record(session, actor, "presence.checked_in", f"job:{job_id}")
    return stay
