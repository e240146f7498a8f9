"""A vehicle leaves, and what is said of that afterwards: when it was, or that it never was."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.hooks.contributions import VehicleMoment
from core.workshop.audit.services import Actor, record
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.history import note_event
from plugins.vehicle_presence import absence_repository, departure_mails, repository, telling
from plugins.vehicle_presence.board_models import Absence
from plugins.vehicle_presence.errors import (
    LeftBeforeArrival,
    LeftDuringOtherStay,
    LeftInFuture,
    TooLateToUndo,
    VehicleNotInside,
)
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.settings import settings
from plugins.vehicle_presence.vat_book import services as vat_book
from plugins.vehicle_presence.vat_book.errors import AwayThen, ReasonMissing
from plugins.vehicle_presence.vat_book.stay_repository import facts_of_stay


async def mark_off_site(
    session: AsyncSession,
    job_id: UUID,
    actor: Actor,
    *,
    at: datetime | None = None,
    closed_by: str = "clock",
    may_correct: bool = False,
) -> Stay:
    """Press the clock: the off-site date is `at` (now), and *vehicle in* is unchecked.

    Pressed twice at once it is one departure: the second press gets the same stay.

    Raises:
        NotFound: there is no such job.
        VehicleNotInside: it is not in, and did not leave within the time to undo either.
        LeftBeforeArrival, LeftInFuture: `at` is impossible.
        MonthClosed: `at` is in a closed month, and the actor needs the right to correct the VAT
            book (`may_correct`).
    """
    stay = await locked_stay_of(session, job_id)
    if stay is None:
        raise VehicleNotInside
    if stay.left_at is not None:
        if closed_by == "clock" and at is None and _can_be_undone(stay):
            return stay
        raise VehicleNotInside
    _end(stay, at or now(), actor, closed_by)
    await session.flush()
    await tell_departures(session, [stay], actor)
    is_allowed = may_correct or at is None
    await vat_book.note_exits(session, [facts_of_stay(stay)], actor, may_correct=is_allowed)
    return stay


async def mark_many_off_site(
    session: AsyncSession,
    job_ids: Sequence[UUID],
    at: datetime,
    actor: Actor,
    *,
    may_correct: bool = False,
) -> list[Stay]:
    """Mark several vehicles off site with one date, and return their stays; those that left
    meanwhile are passed over.

    Raises:
        LeftBeforeArrival, LeftInFuture: the date is impossible for one; then none is marked.
        MonthClosed: it is in a closed month, and the actor needs the right to correct the VAT book
            (`may_correct`); the same.
    """
    marked = await repository.open_stays_of(session, job_ids)
    for stay in marked:
        _end(stay, at, actor, "bulk")
    await session.flush()
    await tell_departures(session, marked, actor)
    facts = [facts_of_stay(stay) for stay in marked]
    await vat_book.note_exits(session, facts, actor, may_correct=may_correct)
    return marked


async def change_off_site_date(
    session: AsyncSession,
    job_id: UUID,
    at: datetime,
    actor: Actor,
    *,
    reason: str = "",
    may_correct: bool = False,
) -> Stay:
    """Somebody pressed late: say when the vehicle really left. The VAT book wants the `reason`,
    but for the time in which the clock can be undone. The minute that is noted already is no
    change.

    Raises:
        NotFound: there is no such job, or its vehicle has not left.
        LeftBeforeArrival, LeftInFuture, LeftDuringOtherStay, AwayThen: `at` is impossible.
        ReasonMissing: as it says.
        MonthClosed: the actor needs the right to correct the VAT book (`may_correct`).
    """
    await repository.lock_vehicles(session, [job_id])
    stay = await locked_stay_of(session, job_id)
    if stay is None or stay.left_at is None:
        raise NotFound("no departure to change")
    before = stay.left_at
    if _minute(at) == _minute(before):
        return stay
    if not reason.strip() and wants_reason(stay):
        raise ReasonMissing
    _check_moment(stay, at)
    if at > before and await repository.stay_overlaps(session, stay.id, stay.arrived_at, at):
        raise LeftDuringOtherStay
    if was_away_after(at, await absence_repository.of_stays(session, [stay.id])):
        raise AwayThen("left_at")
    details = await move(session, stay, before, at, actor)
    why = reason.strip() or vat_book.EXIT_CHANGED
    record(session, actor, "presence.date_changed", f"job:{job_id}", reason=why, details=details)
    await vat_book.change_exit(session, stay, actor, why, may_correct=may_correct)
    return stay


def was_away_after(end: datetime, away: Iterable[Absence]) -> bool:
    """Whether the vehicle left for a while, or came back, later than a stay would end that has
    these absences: one that ended with the stay had only begun."""
    return any(
        (each.out_at if each.back_at is None or each.ended_by_exit else each.back_at) > end
        for each in away
    )


async def move(
    session: AsyncSession, stay: Stay, before: datetime, at: datetime, actor: Actor
) -> dict[str, str]:
    """A stay that ended at `before` ended at another moment, and with it what ended with it; the
    job's history and other plugins are told. Returns both moments as text."""
    times_before = telling.times_of(stay)
    stay.left_at = at
    stay.left_noted_by = actor.name
    stay.closed_by = "correction"
    await session.flush()
    await absence_repository.move_ends(session, stay.id, at)
    details = {"before": before.isoformat(), "after": at.isoformat()}
    note_event(session, stay.job_id, "off_site_date_changed", actor, details=details)
    await telling.times_changed(session, stay, times_before)
    return details


def wants_reason(stay: Stay) -> bool:
    """Whether another off-site date needs a reason: the time in which the clock can be undone is
    over, or the clean-up noted it."""
    return stay.left_noted_at is None or now() - stay.left_noted_at > time_to_undo()


async def undo_off_site(
    session: AsyncSession,
    stay_id: UUID,
    job_id: UUID,
    actor: Actor,
    *,
    reason: str = "",
    may_correct: bool = False,
) -> Stay:
    """Take the clock back: *vehicle in* is checked again and the off-site date is empty. In a
    closed month of the VAT book that is a correction of it, with a `reason`.

    Raises:
        NotFound: there is no such job.
        TooLateToUndo: the time is over, the vehicle came back in between, or its job belongs to
            another location by now.
        MonthClosed: the actor needs the right to correct the VAT book (`may_correct`).
        ReasonMissing: as it says.
    """
    await repository.lock_vehicles(session, [job_id])
    stay = await locked_stay_of(session, job_id)
    if stay is None or stay.id != stay_id:
        raise TooLateToUndo
    if stay.left_at is None:
        return stay
    if not _can_be_undone(stay):
        raise TooLateToUndo
    if not await repository.can_go_on(session, stay.id):
        raise TooLateToUndo
    undone = VehicleMoment(job_id, stay.left_at)
    details = {
        "left_at": stay.left_at.isoformat(),
        "closed_by": stay.closed_by,
        **({"evidence": stay.evidence} if stay.evidence else {}),
    }
    stay.seen_at = now()
    stay.left_at = None
    stay.left_noted_by = None
    stay.left_noted_at = None
    stay.closed_by = None
    stay.evidence = {}
    await session.flush()
    await absence_repository.reopen_with_stays(session, [stay.id])
    note_event(session, job_id, "off_site_undone", actor)
    why = reason.strip()
    record(session, actor, "presence.undone", f"job:{job_id}", reason=why or None, details=details)
    await telling.departures_undone(session, [undone])
    await vat_book.undo_exit(session, stay, actor, reason=why, may_correct=may_correct)
    return stay


async def tell_departures(session: AsyncSession, stays: Sequence[Stay], actor: Actor) -> None:
    """Write departures into the jobs' histories and the log, end what ends with them, and tell
    other plugins and, later, the customers."""
    await absence_repository.end_with_stays(session, [stay.id for stay in stays], actor.name)
    departures = []
    for stay in stays:
        if stay.left_at is None:
            continue
        await departure_mails.promise(session, stay)
        details = {
            "closed_by": stay.closed_by,
            **({"evidence": stay.evidence} if stay.evidence else {}),
        }
        note_event(session, stay.job_id, "vehicle_left", actor, at=stay.left_at, details=details)
        record(session, actor, "presence.left", f"job:{stay.job_id}", details=details)
        departures.append(VehicleMoment(stay.job_id, stay.left_at))
    await telling.left(session, departures)


async def locked_stay_of(session: AsyncSession, job_id: UUID) -> Stay | None:
    """The job's stay that goes on, or else its newest, locked; a job that is not here is said to be
    missing, and not to have no vehicle."""
    stay = await repository.latest_stay(session, job_id, lock=True)
    if stay is None:
        await jobs.by_id(session, job_id)
    return stay


def time_to_undo() -> timedelta:
    """For how long a press can be taken back."""
    return timedelta(minutes=settings().undo_minutes)


def _end(stay: Stay, at: datetime, actor: Actor, closed_by: str) -> None:
    _check_moment(stay, at)
    stay.left_at = at
    stay.left_noted_by = actor.name
    stay.left_noted_at = now()
    stay.closed_by = closed_by


def _check_moment(stay: Stay, at: datetime) -> None:
    if at < stay.arrived_at:
        raise LeftBeforeArrival
    if at > now() + timedelta(minutes=1):
        raise LeftInFuture


def _minute(moment: datetime) -> datetime:
    """As exact as people type it; the clock knows its seconds."""
    return moment.replace(second=0, microsecond=0)


def _can_be_undone(stay: Stay) -> bool:
    if stay.closed_by == "sweep":
        return True
    return stay.left_noted_at is not None and now() - stay.left_noted_at <= time_to_undo()
