"""A look at all vehicles of a garage, a batch per unit of work.

It never invents a date. A vehicle leaves by itself only where a rule that acts applies and there
is evidence for when; everything else is put before a person. Where it stands is a row, so that
it goes on after whatever stopped it; one advisory lock per garage keeps two looks apart for as
long as a batch takes. What others may want is locked last, and only for the time that
:mod:`~plugins.vehicle_presence.cleanup.pace` aims at. Stays that somebody is working on are passed
over and looked at again, until a look without locks finds none of them.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import structlog
from sqlalchemy import bindparam, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.clock import now
from core.db.many import ManyRows
from core.errors import ChangedAtOnce, Refused
from core.hooks.contributions import Again, VehicleMoment
from core.tenancy.context import current_tenant
from core.workshop.audit.services import SYSTEM
from plugins.vehicle_presence import telling
from plugins.vehicle_presence.cleanup import candidates, digest
from plugins.vehicle_presence.cleanup.candidates import Position
from plugins.vehicle_presence.cleanup.exits import Exit, end_allowed
from plugins.vehicle_presence.cleanup.models import LONGEST_NIGHT, CleanupRun
from plugins.vehicle_presence.cleanup.pace import MOST, Paces
from plugins.vehicle_presence.cleanup.rules import MONTH_CLOSED, Judge, Verdict, judge_of
from plugins.vehicle_presence.models import Doubt, Stay
from plugins.vehicle_presence.vat_book.errors import MonthClosed

MOST_ROUNDS = 20
ROUND_PAUSE_SECONDS = 1.0
"""Whoever holds a stay is given that long before the next round."""
MOST_UNENDED = 20
_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")

_DOUBTS = ManyRows(Doubt, "stay_id", "reason", "left_at", "evidence")
_ASK = _DOUBTS.insert.on_conflict_do_update(
    index_elements=["tenant_id", "stay_id"],
    set_={
        **{name: _DOUBTS.insert.excluded[name] for name in ("reason", "left_at", "evidence")},
        "settled_at": None,
        "settled_by": None,
        "ask_again_at": None,
    },
    where=or_(Doubt.settled_at.is_(None), Doubt.ask_again_at <= bindparam("moment")),
)
"""What a person settled meanwhile stays settled."""

log = structlog.get_logger(__name__)
paces = Paces()


@dataclass(slots=True)
class SweepReport:
    """What was, or would be, done in one garage; `looked_at` is how many vehicles were judged, and
    `is_whole` says whether that was all of them."""

    marked: list[Verdict] = field(default_factory=list)
    doubtful: list[Verdict] = field(default_factory=list)
    looked_at: int = 0
    is_whole: bool = True


async def look(
    session: AsyncSession, judge: Judge | None = None, *, most: int | None = None
) -> SweepReport:
    """What a clean-up of the garage in scope would do now, by its own rules or by those of `judge`.
    Changes nothing. With `most` it stops after that many vehicles, those that are in longest."""
    report, judge = SweepReport(), judge or await judge_of(session)
    after: Position | None = None
    while batch := await candidates.batch(session, after, MOST):
        if most is not None and report.looked_at + len(batch) > most:
            report.is_whole = False
            batch = batch[: most - report.looked_at]
        for verdict in await judge.weigh(session, batch):
            (report.doubtful if verdict.doubt else report.marked).append(verdict)
        report.looked_at += len(batch)
        if not report.is_whole:
            break
        after = batch[-1].position
    return report


async def sweep_tonight(session: AsyncSession) -> Again | None:
    """A part of tonight's clean-up of the garage in scope; None when the night is done, also if
    somebody else did it."""
    night = now().astimezone(current_tenant().zone).date()
    return await advance(session, await _run_of_night(session, night), SweepReport())


async def begin(session: AsyncSession) -> CleanupRun:
    """A run by hand, whatever the nights do."""
    run = CleanupRun(began_at=now(), rounds=0, held=0, marked=0, asked=0)
    session.add(run)
    await session.flush()
    return run


async def advance(session: AsyncSession, run: CleanupRun, report: SweepReport) -> Again | None:
    """Judge the next batch: mark the evidenced ones off site, ask about the doubtful ones."""
    await session.execute(_LOCK, {"key": f"vehicle_presence:{run.tenant_id}"})
    await session.refresh(run)
    if run.ended_at is not None:
        return None
    if run.after_id is None:
        await _forget_doubts_of_departed(session)
    after = (run.after_at, run.after_id) if run.after_at and run.after_id else None
    batch = await candidates.batch(session, after, paces.size(run.tenant_id))
    if not batch:
        return await _end_round(session, run)
    judge = await judge_of(session)
    verdicts = await judge.weigh(session, batch)
    doubtful = [each for each in verdicts if each.doubt]
    run.asked += await ask(session, doubtful)
    began = time.perf_counter()
    locked, held = await _lock(session, [each for each in verdicts if each.doubt is None])
    run.marked += len(locked)
    run.held += held
    run.after_at, run.after_id = batch[-1].position
    await session.flush()
    marked, refused = await _let_leave(session, locked)
    if locked:
        paces.note(run.tenant_id, len(locked), time.perf_counter() - began)
    if refused:
        run.marked -= len(refused)
        run.asked += await ask(session, refused)
    report.marked += marked
    report.doubtful += [*doubtful, *refused]
    return Again()


async def _end_round(session: AsyncSession, run: CleanupRun) -> Again | None:
    """Begin anew for the sake of those that somebody held; else the run is at its end."""
    if run.held and run.rounds < MOST_ROUNDS:
        run.rounds += 1
        run.held, run.after_at, run.after_id = 0, None, None
        await session.flush()
        return Again(ROUND_PAUSE_SECONDS)
    if run.held:
        log.warning("cleanup.still_held", stays=run.held)
    run.ended_at = now()
    await session.flush()
    paces.forget(run.tenant_id)
    await digest.announce(session, run)
    return None


async def _run_of_night(session: AsyncSession, night: date) -> CleanupRun:
    """The run that is under way, also one that began before midnight; else that of `night`."""
    unended = await session.scalars(
        select(CleanupRun)
        .where(CleanupRun.ended_at.is_(None))
        .order_by(CleanupRun.id.desc())
        .limit(MOST_UNENDED)
    )
    is_broken_off = False
    for run in unended:
        if run.began_at <= now() - LONGEST_NIGHT:
            is_broken_off = True
        elif run.night is not None:
            return run
    if is_broken_off:
        await _end_broken_off(session)
    values = {"tenant_id": session.info["tenant_id"], "night": night, "began_at": now()}
    await session.execute(
        insert(CleanupRun)
        .values(values)
        .on_conflict_do_nothing(index_elements=["tenant_id", "night"])
    )
    found = await session.scalars(select(CleanupRun).where(CleanupRun.night == night))
    return found.one()


async def _end_broken_off(session: AsyncSession) -> None:
    """Runs that something stopped for good ended with the last exit that they noted, before
    another one began."""
    later = aliased(CleanupRun)
    next_began = (
        select(func.min(later.began_at))
        .where(later.tenant_id == CleanupRun.tenant_id, later.began_at > CleanupRun.began_at)
        .scalar_subquery()
    )
    last_exit = (
        select(func.max(Stay.left_noted_at))
        .where(
            Stay.tenant_id == CleanupRun.tenant_id,
            Stay.closed_by == "sweep",
            Stay.left_noted_at >= CleanupRun.began_at,
            Stay.left_noted_at <= CleanupRun.began_at + LONGEST_NIGHT,
            or_(next_began.is_(None), Stay.left_noted_at < next_began),
        )
        .scalar_subquery()
    )
    await session.execute(
        update(CleanupRun)
        .where(CleanupRun.ended_at.is_(None), CleanupRun.began_at <= now() - LONGEST_NIGHT)
        .values(ended_at=func.coalesce(last_exit, CleanupRun.began_at), broke_off=True),
        execution_options={"synchronize_session": False},
    )


async def _forget_doubts_of_departed(session: AsyncSession) -> None:
    """Nobody needs to decide any more about vehicles that left meanwhile."""
    left = select(Stay.id).where(
        Stay.tenant_id == Doubt.tenant_id, Stay.id == Doubt.stay_id, Stay.left_at.is_not(None)
    )
    await session.execute(
        delete(Doubt).where(Doubt.settled_at.is_(None), left.exists()),
        execution_options={"synchronize_session": False},
    )


async def _lock(session: AsyncSession, verdicts: Sequence[Verdict]) -> tuple[list[Verdict], int]:
    """Lock what is still as it was judged; also returns how many somebody else held."""
    if not verdicts:
        return [], 0
    judged = [each.candidate for each in verdicts]
    locked, held = await candidates.lock_unchanged(session, judged)
    return [each for each in verdicts if each.candidate.stay_id in locked], held


async def _let_leave(
    session: AsyncSession, verdicts: list[Verdict]
) -> tuple[list[Verdict], list[Verdict]]:
    """End these stays; also returns those that another plugin does not let leave, or whose month
    was closed meanwhile."""
    refused = await end_allowed(session, _exits_of(verdicts), SYSTEM, "sweep")
    for refusal in refused.values():
        log.warning("cleanup.refused", why=str(refusal))
    left = [each for each in verdicts if each.candidate.stay_id not in refused]
    kept = [
        replace(each, doubt=MONTH_CLOSED if isinstance(why, MonthClosed) else "refused")
        for each in verdicts
        if (why := refused.get(each.candidate.stay_id)) is not None
    ]
    return left, kept


def _exits_of(verdicts: Sequence[Verdict]) -> list[Exit]:
    return [
        Exit(
            each.candidate.stay_id,
            each.candidate.job_id,
            each.left_at,
            each.evidence,
            each.candidate.seen_at,
        )
        for each in verdicts
        if each.left_at is not None
    ]


async def ask(session: AsyncSession, verdicts: Sequence[Verdict]) -> int:
    """Put vehicles before a person; how many were not before one already."""
    changed = [
        each
        for each in verdicts
        if (each.candidate.asked_reason, each.candidate.asked_left_at) != (each.doubt, each.left_at)
    ]
    if not changed:
        return 0
    rows = [
        {
            "stay_id": each.candidate.stay_id,
            "reason": each.doubt,
            "left_at": each.left_at,
            "evidence": each.evidence,
        }
        for each in changed
    ]
    await _DOUBTS.send(session, _ASK, rows, moment=now())
    new = [each.candidate for each in changed if each.candidate.asked_reason is None]
    try:
        await telling.forgotten(
            session, [VehicleMoment(each.job_id, each.arrived_at) for each in new]
        )
    except ChangedAtOnce:
        raise
    except Refused as refusal:
        log.warning("cleanup.question_refused", why=str(refusal))
    return len(new)
