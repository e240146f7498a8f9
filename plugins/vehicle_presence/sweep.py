"""The clean-up: vehicles whose work is over but that are still marked in.

It never invents a date. The exit that it writes is the best evidenced one: the moment at which
the job became delivered or invoiced, else the book-out date (end of that day). A vehicle that
is only *ready*, or quiet for long, may well stand outside: a person is asked.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.tenancy.context import current_tenant
from core.workshop.audit.services import SYSTEM
from plugins.vehicle_presence import repository
from plugins.vehicle_presence.models import Doubt
from plugins.vehicle_presence.repository import Candidate
from plugins.vehicle_presence.services import settings, tell_departure

BATCH = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the clean-up thinks of one vehicle: an exit with its evidence, or a doubt."""

    candidate: Candidate
    left_at: datetime | None
    evidence: dict[str, Any]
    doubt: str | None


@dataclass(slots=True)
class SweepReport:
    """What was, or would be, done in one garage."""

    marked: list[Verdict] = field(default_factory=list)
    doubtful: list[Verdict] = field(default_factory=list)


def judge(candidate: Candidate) -> Verdict:
    """Weigh the evidence for one vehicle, without touching anything."""
    zone = current_tenant().zone
    if candidate.status in {"delivered", "invoiced"}:
        return _exit(candidate, candidate.status_changed_at, {"status": candidate.status})
    if candidate.book_out_date is not None and candidate.status in repository.FINISHED:
        end_of_day = datetime.combine(candidate.book_out_date, time(23, 59), zone)
        return _exit(candidate, end_of_day, {"book_out_date": candidate.book_out_date.isoformat()})
    reasons = {"ready": "ready", "cancelled": "cancelled"}
    if candidate.book_out_date is not None:
        return Verdict(candidate, None, {}, "booked_out_unfinished")
    return Verdict(candidate, None, {}, reasons.get(candidate.status, "quiet"))


def _exit(candidate: Candidate, moment: datetime, evidence: dict[str, Any]) -> Verdict:
    """An exit at that moment; one before the arrival, or before somebody saw the vehicle,
    contradicts itself, so a person decides."""
    if moment < (candidate.seen_at or candidate.arrived_at) or moment > now():
        return Verdict(candidate, None, {}, "contradiction")
    return Verdict(candidate, moment, {**evidence, "moment": moment.isoformat()}, None)


async def look(session: AsyncSession) -> SweepReport:
    """What a clean-up of the garage in scope would do now. Changes nothing."""
    report = SweepReport()
    async for batch in _batches(session):
        for verdict in batch:
            (report.doubtful if verdict.doubt else report.marked).append(verdict)
    return report


async def sweep(session: AsyncSession) -> SweepReport:
    """Mark the evidenced ones off site and list the doubtful ones, for the garage in scope.

    Safe to run twice at once: a stay that somebody else is ending is locked first and looked
    at again, so each vehicle leaves once.
    """
    report = SweepReport()
    async for batch in _batches(session):
        report.marked += await _mark(session, [each for each in batch if each.doubt is None])
        report.doubtful += await _ask(session, [each for each in batch if each.doubt])
    return report


async def _batches(session: AsyncSession) -> AsyncIterator[list[Verdict]]:
    wishes = settings()
    moment = now()
    after: UUID | None = None
    while True:
        found = await repository.candidates(
            session,
            finished_before=moment - timedelta(days=wishes.sweep_after_days),
            quiet_before=moment - timedelta(days=wishes.ask_after_days),
            booked_out_before=(
                moment.astimezone(current_tenant().zone).date()
                - timedelta(days=wishes.sweep_after_days)
            ),
            after=after,
            limit=BATCH,
        )
        if not found:
            return
        yield [judge(candidate) for candidate in found]
        after = found[-1].stay_id


async def _mark(session: AsyncSession, verdicts: Sequence[Verdict]) -> list[Verdict]:
    if not verdicts:
        return []
    stays = await repository.locked_open_stays(
        session, [verdict.candidate.stay_id for verdict in verdicts]
    )
    marked = [verdict for verdict in verdicts if verdict.candidate.stay_id in stays]
    for verdict in marked:
        stay = stays[verdict.candidate.stay_id]
        stay.left_at = verdict.left_at
        stay.left_noted_at = now()
        stay.left_noted_by = SYSTEM.name
        stay.closed_by = "sweep"
        stay.evidence = verdict.evidence
    await session.flush()
    for verdict in marked:
        await tell_departure(session, stays[verdict.candidate.stay_id], SYSTEM)
    return marked


async def _ask(session: AsyncSession, verdicts: Sequence[Verdict]) -> list[Verdict]:
    if not verdicts:
        return []
    tenant_id = session.info["tenant_id"]
    statement = insert(Doubt).values(
        [
            {
                "tenant_id": tenant_id,
                "stay_id": verdict.candidate.stay_id,
                "reason": verdict.doubt,
            }
            for verdict in verdicts
        ]
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "stay_id"],
            set_={"reason": statement.excluded.reason, "settled_at": None, "settled_by": None},
            where=or_(Doubt.settled_at.is_(None), Doubt.ask_again_at <= now()),
        )
    )
    return list(verdicts)
