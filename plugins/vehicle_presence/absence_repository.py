"""Every query about absences and their reasons."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from plugins.vehicle_presence.board_models import Absence, AbsenceReason
from plugins.vehicle_presence.models import Stay

MANY = 50


async def open_absence(
    session: AsyncSession, stay_id: UUID, *, lock: bool = False
) -> Absence | None:
    """The stay's absence that has not ended."""
    statement = select(Absence).where(Absence.stay_id == stay_id, Absence.back_at.is_(None))
    return await session.scalar(statement.with_for_update() if lock else statement)


async def by_id(session: AsyncSession, absence_id: UUID) -> Absence | None:
    """The absence with that id."""
    return await session.scalar(select(Absence).where(Absence.id == absence_id))


async def of_stays(session: AsyncSession, stay_ids: Sequence[UUID]) -> list[Absence]:
    """Absences within these stays, newest first."""
    found = await session.scalars(
        select(Absence)
        .where(Absence.stay_id.in_(stay_ids))
        .order_by(Absence.id.desc())
        .limit(10 * MANY)
    )
    return list(found)


_END = (
    update(Absence)
    .where(
        Absence.tenant_id == bindparam("tenant"),
        Absence.stay_id == any_(bindparam("stay_ids", type_=ARRAY(Uuid))),
        Absence.back_at.is_(None),
        Stay.tenant_id == Absence.tenant_id,
        Stay.id == Absence.stay_id,
        Stay.left_at.is_not(None),
    )
    .values(
        back_at=func.greatest(Absence.out_at, Stay.left_at),
        back_noted_by=bindparam("who"),
        ended_by_exit=True,
    )
)


async def move_ends(session: AsyncSession, stay_id: UUID, moment: datetime) -> None:
    """The stay ended at another moment: what ended with it did so then, too."""
    await session.execute(
        update(Absence)
        .where(Absence.stay_id == stay_id, Absence.ended_by_exit)
        .values(back_at=func.greatest(Absence.out_at, moment)),
        execution_options={"synchronize_session": False},
    )


async def end_with_stays(session: AsyncSession, stay_ids: Sequence[UUID], who: str) -> None:
    """These vehicles left for good: whatever absence was open ends with its stay."""
    values = {"tenant": session.info["tenant_id"], "stay_ids": list(stay_ids), "who": who}
    await session.execute(_END, values, execution_options={"synchronize_session": False})


async def reopen_with_stays(session: AsyncSession, stay_ids: Sequence[UUID]) -> None:
    """These exits were taken back: what ended with them goes on."""
    await session.execute(
        update(Absence)
        .where(Absence.stay_id.in_(stay_ids), Absence.ended_by_exit)
        .values(back_at=None, back_noted_by=None, ended_by_exit=False)
        .execution_options(synchronize_session=False)
    )


async def reasons(session: AsyncSession) -> list[AbsenceReason]:
    """The garage's own list, in order; empty where it never wrote one."""
    found = await session.scalars(
        select(AbsenceReason).order_by(AbsenceReason.position, AbsenceReason.id).limit(MANY)
    )
    return list(found)


async def replace_reasons(session: AsyncSession, texts: Sequence[Mapping[str, str]]) -> None:
    """Write the whole list."""
    await session.execute(delete(AbsenceReason))
    session.add_all(
        AbsenceReason(position=number, texts=dict(each)) for number, each in enumerate(texts, 1)
    )
    await session.flush()
