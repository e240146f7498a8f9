"""Ending many stays at once, and taking back what a night has noted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Uuid, and_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import ChangedAtOnce, Refused
from core.hooks.contributions import VehicleMoment
from core.workshop.audit.services import Actor, record_all
from core.workshop.jobs.history import Happening, note_events
from core.workshop.jobs.models import Job
from plugins.vehicle_presence import absence_repository, repository, telling
from plugins.vehicle_presence.cleanup.models import CleanupRun
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.repository import at_its_jobs_place, overlaps_another
from plugins.vehicle_presence.vat_book import services as vat_book
from plugins.vehicle_presence.vat_book import stay_repository
from plugins.vehicle_presence.vat_book.stay_repository import STAY, StayFacts

MOST_AT_ONCE = 500
"""Exits that one click takes back."""
_ends = select(
    func.unnest(bindparam("stay_ids", type_=ARRAY(Uuid))).label("stay_id"),
    func.unnest(bindparam("moments", type_=ARRAY(DateTime(timezone=True)))).label("left_at"),
    func.unnest(bindparam("evidences", type_=ARRAY(JSONB))).label("evidence"),
).subquery("ends")
_END = (
    update(Stay)
    .where(Stay.tenant_id == bindparam("tenant"), Stay.id == _ends.c.stay_id)
    .values(
        left_at=_ends.c.left_at,
        evidence=_ends.c.evidence,
        closed_by=bindparam("how"),
        left_noted_by=bindparam("who"),
        left_noted_at=bindparam("moment"),
    )
    .returning(*STAY)
)
"""The same text however many stays there are, so it is compiled and prepared once."""


@dataclass(frozen=True, slots=True)
class Exit:
    """The end of one stay, with the evidence for its moment and what was there before."""

    stay_id: UUID
    job_id: UUID
    left_at: datetime
    evidence: dict[str, Any] = field(default_factory=dict)
    seen_at: datetime | None = None


async def end_stays(
    session: AsyncSession,
    exits: Sequence[Exit],
    actor: Actor,
    closed_by: str,
    *,
    may_correct: bool = False,
) -> None:
    """End stays that this unit of work has locked: one statement for all, one for their jobs'
    histories, one for the log; then other plugins are told of all at once.

    Raises:
        MonthClosed: one left in a closed month, and the actor may not correct the VAT book.
    """
    if not exits:
        return
    ended = await session.execute(
        _END,
        {
            "tenant": session.info["tenant_id"],
            "stay_ids": [each.stay_id for each in exits],
            "moments": [each.left_at for each in exits],
            "evidences": [each.evidence for each in exits],
            "how": closed_by,
            "who": actor.name,
            "moment": now(),
        },
        execution_options={"synchronize_session": False},
    )
    stays = [StayFacts(**row) for row in ended.mappings()]
    await absence_repository.end_with_stays(session, [each.stay_id for each in exits], actor.name)
    told = {each.job_id: _told(each, closed_by) for each in exits}
    happened = [Happening(each.job_id, each.left_at, told[each.job_id]) for each in exits]
    await note_events(session, "vehicle_left", actor, happened)
    await record_all(
        session,
        actor,
        "presence.left",
        [(f"job:{each.job_id}", {**told[each.job_id], "before": _before(each)}) for each in exits],
    )
    await telling.left(session, [VehicleMoment(each.job_id, each.left_at) for each in exits])
    await vat_book.note_exits(session, stays, actor, may_correct=may_correct)


async def end_allowed(
    session: AsyncSession,
    exits: Sequence[Exit],
    actor: Actor,
    closed_by: str,
    *,
    may_correct: bool = False,
) -> dict[UUID, Refused]:
    """End these stays but for those that another plugin does not let leave, or whose month was
    closed just now; why, by stay. It is said of all at once, so whom it means is found by halves.
    """
    if not exits:
        return {}
    try:
        async with session.begin_nested():
            await end_stays(session, exits, actor, closed_by, may_correct=may_correct)
    except ChangedAtOnce:
        raise
    except Refused as refusal:
        if len(exits) == 1:
            return {exits[0].stay_id: refusal}
        middle = len(exits) // 2
        halves = [
            await end_allowed(session, half, actor, closed_by, may_correct=may_correct)
            for half in (exits[:middle], exits[middle:])
        ]
        return halves[0] | halves[1]
    return {}


def _told(each: Exit, closed_by: str) -> dict[str, Any]:
    return {"closed_by": closed_by, **({"evidence": each.evidence} if each.evidence else {})}


def _before(each: Exit) -> dict[str, Any]:
    """What a departure overwrites: the log alone could bring it back."""
    seen = each.seen_at.isoformat() if each.seen_at else None
    return {"left_at": None, "closed_by": None, "evidence": {}, "seen_at": seen}


async def take_back_night(session: AsyncSession, run: CleanupRun, actor: Actor) -> tuple[int, int]:
    """Take back what a run noted and nobody has corrected since; vehicles that came in again, also
    those that left again, and days in closed months of the VAT book are left alone. Returns how
    many were taken back, and how many are left for another click."""
    rows = await _locked_exits(session, run)
    taken, left = rows[:MOST_AT_ONCE], rows[MOST_AT_ONCE:]
    if not taken:
        return 0, 0
    moment = now()
    reopened = await session.execute(
        update(Stay)
        .where(Stay.id.in_([row.id for row in taken]))
        .values(
            left_at=None,
            closed_by=None,
            left_noted_by=None,
            left_noted_at=None,
            evidence={},
            seen_at=moment,
        )
        .returning(*STAY),
        execution_options={"synchronize_session": False},
    )
    stays = [StayFacts(**row) for row in reopened.mappings()]
    await absence_repository.reopen_with_stays(session, [row.id for row in taken])
    happened = [Happening(row.job_id, moment) for row in taken]
    await note_events(session, "off_site_undone", actor, happened)
    undone = [(f"job:{row.job_id}", _state(row)) for row in taken]
    await record_all(session, actor, "presence.undone", undone)
    await telling.departures_undone(
        session, [VehicleMoment(row.job_id, row.left_at) for row in taken]
    )
    await vat_book.undo_exits(session, stays, actor)
    return len(taken), len(left)


async def _locked_exits(session: AsyncSession, run: CleanupRun) -> Sequence[Any]:
    """Those of a run that can be taken back, one more than are. Their vehicles are locked first:
    whether one came in again is asked when none can come any more. Then the stays are, in the
    order in which everybody locks several."""
    wanted = (
        select(Stay.id, Stay.job_id, Stay.left_at, Stay.closed_by, Stay.evidence, Stay.seen_at)
        .where(
            *of_run(run),
            ~overlaps_another(Stay.arrived_at, None),
            at_its_jobs_place(),
            ~stay_repository.left_in_closed_month(),
        )
        .order_by(Stay.left_noted_at, Stay.id)
        .limit(MOST_AT_ONCE + 1)
    )
    found = (await session.execute(wanted)).all()
    await repository.lock_vehicles(session, [row.job_id for row in found])
    theirs = wanted.where(Stay.id.in_([row.id for row in found])).order_by(None).order_by(Stay.id)
    locked = {row.id: row for row in await session.execute(theirs.with_for_update(of=Stay))}
    return [locked[row.id] for row in found if row.id in locked]


async def closed_exits(session: AsyncSession, run: CleanupRun) -> Sequence[Any]:
    """The plates of those of a run that are not taken back with it, as their month is closed in
    the VAT book; as many as one click takes back at most."""
    rows = await session.execute(
        select(Job.plate, Job.plate_normalised, Job.plate_country)
        .join(Stay, and_(Stay.tenant_id == Job.tenant_id, Stay.job_id == Job.id))
        .where(*of_run(run), stay_repository.left_in_closed_month())
        .order_by(Stay.left_noted_at, Stay.id)
        .limit(MOST_AT_ONCE)
    )
    return rows.all()


def of_run(run: CleanupRun) -> list[Any]:
    """Conditions on stays: the clean-up has noted their end during this run."""
    return [
        Stay.closed_by == "sweep",
        Stay.left_noted_at >= run.began_at,
        Stay.left_noted_at <= run.until,
    ]


def _state(row: Any) -> dict[str, Any]:
    """What is taken back, as the log keeps it."""
    return {
        "left_at": row.left_at.isoformat(),
        "closed_by": row.closed_by,
        "evidence": row.evidence,
        "seen_at": row.seen_at.isoformat() if row.seen_at else None,
    }
