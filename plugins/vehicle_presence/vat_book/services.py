"""What arrivals and departures write into the VAT book.

Each verb is called in the unit of work of the deed itself, so the register and the workshop
cannot tell different stories: both are stored, or neither.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.i18n import gettext_noop
from core.workshop.audit.services import SYSTEM, Actor, record
from core.workshop.locations import repository as locations
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.vat_book import due_repository, repository, stay_repository
from plugins.vehicle_presence.vat_book.errors import MonthClosed, ReasonMissing
from plugins.vehicle_presence.vat_book.models import ENTRY, EXIT, STRIKE, VatBook, VatLine
from plugins.vehicle_presence.vat_book.register import Draft, Row, rows_of
from plugins.vehicle_presence.vat_book.repository import OpenBook
from plugins.vehicle_presence.vat_book.stay_repository import Entered, StayFacts, facts_of_stay
from plugins.vehicle_presence.vat_book.writing import (
    due_of,
    entries_for,
    in_order,
    locked,
    take_over,
    try_to_write,
    write,
)

ARRIVAL_UNDONE = gettext_noop("“Vehicle in” was checked by mistake")
EXIT_UNDONE = gettext_noop("Off-site date taken back")
EXIT_CHANGED = gettext_noop("Off-site date changed")


async def open_books(session: AsyncSession) -> bool:
    """Open the register of every location that has none, and enter a part of what is on site
    and was missed while another release of this program was running; whether there may be
    more. Registers that miss nothing are not locked."""
    is_more = False
    for location in await locations.everywhere(session):
        if await repository.book_of(session, location.id) is None:
            await locked(session, location.id, SYSTEM)
        elif await take_over(session, location.id, SYSTEM):
            is_more = True
    return is_more


async def note_entry(session: AsyncSession, stay: Stay, actor: Actor) -> None:
    """A vehicle arrived: it gets the next number."""
    book = await locked(session, stay.location_id, actor, arriving=stay.id)
    entries = await entries_for(session, book, [facts_of_stay(stay)], words=None)
    await write(session, book, entries, actor)


async def change_entry(
    session: AsyncSession, stay: Stay, actor: Actor, *, reason: str, may_correct: bool = False
) -> None:
    """A vehicle came at another moment than was noted: if that is another day, the entry is
    struck, and one with the right day stands in its place.

    Raises:
        ReasonMissing: it is another day, and there is no reason.
        MonthClosed: either day is in a closed month, and the actor may not correct the register.
    """
    facts = facts_of_stay(stay)
    book = await locked(session, facts.location_id, actor)
    row = (await _rows_of_stays(session, book, [facts], actor))[facts.id]
    entry = row.entry
    day = facts.arrived_at.astimezone(ZoneInfo(book.zone)).date()
    if entry.day == day:
        return
    if not reason.strip():
        raise ReasonMissing
    if not may_correct and any(is_closed(book, each) for each in (day, entry.day)):
        raise MonthClosed("arrived_at")
    draft = Draft(
        ENTRY,
        row.number,
        strikes=entry.position,
        day=day,
        at=facts.arrived_at,
        plate=entry.plate,
        vin=entry.vin,
        vat_number=entry.vat_number,
        words=entry.words,
        reason=reason.strip(),
        stay_id=facts.id,
        job_id=facts.job_id,
    )
    await write(session, book, [draft], actor)
    details = {"number": row.number}
    record(
        session,
        actor,
        "vat_book.corrected",
        f"vat_row:{row.row_id}",
        reason=reason.strip(),
        details=details,
    )


async def undo_entry(session: AsyncSession, stay: Stay, actor: Actor) -> None:
    """*Vehicle in* was a mistake: the row is struck, its number stays."""
    facts = facts_of_stay(stay)
    book = await locked(session, facts.location_id, actor)
    row = (await _rows_of_stays(session, book, [facts], actor))[facts.id]
    await write(session, book, [_strike(row.entry, facts, ARRIVAL_UNDONE)], actor)


async def note_exits(
    session: AsyncSession, stays: Sequence[StayFacts], actor: Actor, *, may_correct: bool = False
) -> None:
    """Vehicles left, as many as you like for the same few statements: their rows get the days. One
    that was noted by a release that kept no book is entered now.

    Raises:
        MonthClosed: a day is in a closed month, and the actor may not correct the register.
    """
    for location_id, group in _by_location(stay for stay in stays if stay.left_at is not None):
        book = await repository.open_book(session, location_id, lock=False)
        if book is None or not await _write_exits(session, book, group, actor, may_correct):
            book = await locked(session, location_id, actor, leaving=group)
            if not await _write_exits(session, book, group, actor, may_correct):
                raise RuntimeError("a register changed although it was locked")


async def _write_exits(
    session: AsyncSession,
    book: OpenBook,
    stays: Sequence[StayFacts],
    actor: Actor,
    may_correct: bool,
) -> bool:
    """Everything is read, and hashed, before the one statement that others may have to wait for:
    if they wrote meanwhile, it does nothing."""
    known = await stay_repository.entered(session, [stay.id for stay in stays])
    missing = in_order(stay for stay in stays if stay.id not in known)
    entries = await entries_for(session, book, missing)
    for number, stay in enumerate(missing, start=book.number + 1):
        known[stay.id] = Entered(number)
    ordered = sorted(stays, key=lambda stay: known[stay.id].number)
    exits = [_exit(book, stay, known[stay.id].number) for stay in ordered]
    if not may_correct and any(is_closed(book, draft.day) for draft in exits):
        raise MonthClosed("left_at")
    waiting = [
        due_of(book, known[stay.id].number, draft.day)
        for stay, draft in zip(ordered, exits, strict=True)
        if draft.day is not None and not known[stay.id].is_settled
    ]
    return await try_to_write(session, book, [*entries, *exits], actor, waiting)


async def undo_exit(
    session: AsyncSession, stay: Stay, actor: Actor, *, reason: str = "", may_correct: bool = False
) -> None:
    """The off-site date was taken back: the exit is struck, the row is open again.

    Raises:
        MonthClosed, ReasonMissing: as :func:`undo_exits` says.
    """
    await undo_exits(session, [facts_of_stay(stay)], actor, reason=reason, may_correct=may_correct)


async def undo_exits(
    session: AsyncSession,
    stays: Sequence[StayFacts],
    actor: Actor,
    *,
    reason: str = "",
    may_correct: bool = False,
) -> None:
    """Off-site dates were taken back, as many as you like for the same few statements.

    Raises:
        MonthClosed: a day is in a closed month, and the actor may not correct the register.
        ReasonMissing: a day is in a closed month, and there is no reason.
    """
    for location_id, group in _by_location(stays):
        book = await locked(session, location_id, actor)
        rows = await _rows_of_stays(session, book, group, actor)
        left = {stay.id: line for stay in group if (line := rows[stay.id].exit) is not None}
        if any(is_closed(book, line.day) for line in left.values()):
            if not may_correct:
                raise MonthClosed("left_at")
            if not reason.strip():
                raise ReasonMissing
        drafts = [
            _strike(left[stay.id], stay, reason.strip() or EXIT_UNDONE)
            for stay in sorted(group, key=lambda stay: rows[stay.id].number)
            if stay.id in left
        ]
        await write(session, book, drafts, actor)
        await due_repository.drop_dues(
            session, location_id, [line.number for line in left.values()]
        )


async def change_exit(
    session: AsyncSession,
    stay: Stay,
    actor: Actor,
    reason: str = EXIT_CHANGED,
    *,
    may_correct: bool = False,
) -> None:
    """The off-site date is another one: the exit is struck, and a new one stands in its place.

    Raises:
        MonthClosed: either day is in a closed month, and the actor may not correct the register.
    """
    facts = facts_of_stay(stay)
    book = await locked(session, facts.location_id, actor)
    row = (await _rows_of_stays(session, book, [facts], actor))[facts.id]
    draft = _exit(book, facts, row.number, replaces=row.exit, reason=reason)
    days = [draft.day, row.exit.day if row.exit is not None else None]
    if not may_correct and any(is_closed(book, day) for day in days):
        raise MonthClosed("left_at")
    waits = row.invoice is None and draft.day is not None
    dues = [due_of(book, row.number, draft.day)] if waits and draft.day is not None else []
    await write(session, book, [draft], actor, dues)


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """The last day of a register's closed months, and whether a stay came, or left, by then."""

    until: date
    came_then: bool
    left_then: bool


async def closed_days(session: AsyncSession, stay: Stay) -> ClosedDays | None:
    """What the register's closed months have of a stay; None where no month is closed."""
    book = await repository.book_of(session, stay.location_id)
    if book is None or book.closed_until is None:
        return None
    zone = ZoneInfo(book.zone)
    came = stay.arrived_at.astimezone(zone).date()
    left = None if stay.left_at is None else stay.left_at.astimezone(zone).date()
    return ClosedDays(book.closed_until, is_closed(book, came), is_closed(book, left))


def is_closed(book: OpenBook | VatBook, day: date | None) -> bool:
    """Whether that day is in a closed month of the register."""
    return day is not None and book.closed_until is not None and day <= book.closed_until


def _by_location(stays: Iterable[StayFacts]) -> Iterator[tuple[UUID, list[StayFacts]]]:
    """Registers in the order of their locations, so that two of these cannot wait for each
    other."""
    ordered = sorted(stays, key=lambda stay: (str(stay.location_id), str(stay.id)))
    for location_id, group in groupby(ordered, key=lambda stay: stay.location_id):
        yield location_id, list(group)


async def _rows_of_stays(
    session: AsyncSession, book: OpenBook, stays: Sequence[StayFacts], actor: Actor
) -> dict[UUID, Row]:
    """The rows of these stays. One that was noted by a release that kept no book is entered
    now."""
    numbers = await stay_repository.numbers_of_stays(session, [stay.id for stay in stays])
    missing = in_order(stay for stay in stays if stay.id not in numbers)
    if missing:
        begin = book.number
        drafts = await entries_for(session, book, missing)
        await write(session, book, drafts, actor)
        numbers |= {stay.id: begin + place for place, stay in enumerate(missing, start=1)}
    lines = await repository.lines_of(session, book.location_id, list(numbers.values()))
    rows = {row.number: row for row in rows_of(lines)}
    return {stay_id: rows[number] for stay_id, number in numbers.items()}


def _exit(
    book: OpenBook,
    stay: StayFacts,
    number: int,
    *,
    replaces: VatLine | None = None,
    reason: str = EXIT_CHANGED,
) -> Draft:
    """Evidence is what the clean-up went by; a date that a person corrected has none."""
    moment = stay.left_at or now()
    return Draft(
        EXIT,
        number,
        strikes=None if replaces is None else replaces.position,
        day=moment.astimezone(ZoneInfo(book.zone)).date(),
        at=moment,
        reason=None if replaces is None else reason,
        evidence={} if stay.closed_by == "correction" else dict(stay.evidence),
        stay_id=stay.id,
        job_id=stay.job_id,
    )


def _strike(line: VatLine, stay: StayFacts, reason: str) -> Draft:
    return Draft(
        STRIKE,
        line.number,
        strikes=line.position,
        day=line.day,
        reason=reason,
        stay_id=stay.id,
        job_id=stay.job_id,
    )
