"""What a person adds to the VAT book: the invoice a row ended with, and corrections."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.i18n import gettext_noop
from core.workshop.audit.services import Actor, record
from plugins.vehicle_presence import arrivals, departures
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.vat_book import due_repository, repository
from plugins.vehicle_presence.vat_book.errors import (
    AlreadySettled,
    EntryAfterExit,
    LeftBetween,
    NothingToCorrect,
    ReasonMissing,
    RowCancelled,
    RowChangedMeanwhile,
    TooLateToTakeBack,
    VehicleMissing,
    WordsMissing,
)
from plugins.vehicle_presence.vat_book.models import (
    ENTRY,
    EXIT,
    INVOICE,
    NO_INVOICE,
    STRIKE,
    VatLine,
)
from plugins.vehicle_presence.vat_book.register import Draft, Row, rows_of
from plugins.vehicle_presence.vat_book.repository import OpenBook
from plugins.vehicle_presence.vat_book.writing import due_of, locked, write

INVOICE_UNDONE = gettext_noop("Taken back right away")


@dataclass(frozen=True, slots=True)
class Settlement:
    """Which invoice a stay ended with: its reference, or the reason why there is none."""

    words: str
    is_reference: bool = True

    @property
    def kind(self) -> str:
        """The kind of line that says it."""
        return INVOICE if self.is_reference else NO_INVOICE


async def settle(session: AsyncSession, row_id: UUID, settlement: Settlement, actor: Actor) -> Row:
    """Say which invoice a row ended with, for the first time. Said twice in the same words, it
    is said once.

    Raises:
        NotFound: there is no such row.
        RowCancelled, AlreadySettled, WordsMissing: as they say.
    """
    book, row = await open_row(session, row_id, actor)
    if not settlement.words.strip():
        raise WordsMissing
    if row.invoice is not None:
        if _differs(row.invoice, settlement):
            raise AlreadySettled
        return row
    await write(session, book, [_invoice(row, settlement)], actor)
    await due_repository.drop_dues(session, book.location_id, [row.number])
    record(session, actor, "vat_book.settled", f"vat_row:{row_id}", details=_told(row))
    return row


async def take_back_settlement(session: AsyncSession, row_id: UUID, actor: Actor) -> Row:
    """*Undo*, for whoever noted the reference and as long as the clock can be undone: it is struck,
    and the row waits again. Pressed twice it is one. Later that is a correction, with a reason.

    Raises:
        NotFound: there is no such row.
        RowCancelled, TooLateToTakeBack: as they say.
    """
    book, row = await open_row(session, row_id, actor)
    if row.invoice is None:
        return row
    if not _was_just_noted(row.invoice, actor):
        raise TooLateToTakeBack
    struck = strike_of(row.invoice, INVOICE_UNDONE)
    left_on = row.exit.day if row.exit is not None else None
    dues = [] if left_on is None else [due_of(book, row.number, left_on)]
    await write(session, book, [struck], actor, dues)
    record(session, actor, "vat_book.corrected", f"vat_row:{row_id}", details=_told(row))
    return row


def _was_just_noted(invoice: VatLine, actor: Actor) -> bool:
    """Whether it is this person's own press of some minutes ago, and struck nothing else."""
    if (invoice.actor_kind, invoice.actor) != (actor.kind, actor.name):
        return False
    return invoice.strikes is None and now() - invoice.recorded_at <= departures.time_to_undo()


@dataclass(frozen=True, slots=True)
class Correction:
    """What a row should say. `settlement` is None where no reference is known (any more), `left`
    where the day of departure stays what it is."""

    day: date
    plate: str
    vin: str
    vat_number: str
    settlement: Settlement | None
    left: date | None = None


async def correct(
    session: AsyncSession,
    row_id: UUID,
    correction: Correction,
    reason: str,
    actor: Actor,
    *,
    seen: int | None = None,
) -> Row:
    """Strike what is wrong in a row and put the right thing in its place, with the reason. With the
    day of arrival the stay moves along: the board and the register tell one story. `seen` is the
    version of the row that the person saw.

    Raises:
        NotFound: there is no such row.
        RowCancelled, RowChangedMeanwhile, ReasonMissing, NothingToCorrect, VehicleMissing,
        EntryAfterExit, LeftBetween, WordsMissing: as they say.
        OtherVisitThen, AwayThen: the days are impossible for the stay.
    """
    named = await repository.line(session, row_id)
    stay = await arrivals.locked_stay(session, named.stay_id)
    book, row = await open_row(session, row_id, actor, seen=seen)
    if not reason.strip():
        raise ReasonMissing
    drafts = [*_entry_again(book, row, correction, reason.strip())]
    moved = _exit_again(book, row, correction, reason.strip())
    drafts += [*moved, *_invoice_again(row, correction.settlement, reason.strip())]
    if not drafts:
        raise NothingToCorrect
    span = None if stay is None else _span_of(stay, book, row, correction, moved)
    if stay is not None and span is not None:
        await arrivals.check_span(session, stay, *span)
    await write(session, book, drafts, actor, _dues_after(book, row, correction, moved))
    if correction.settlement is not None and row.invoice is None:
        await due_repository.drop_dues(session, book.location_id, [row.number])
    if stay is not None and span is not None:
        await _move(session, stay, *span, actor)
    record(
        session,
        actor,
        "vat_book.corrected",
        f"vat_row:{row_id}",
        reason=reason.strip(),
        details=_told(row),
    )
    return row


async def row_of(session: AsyncSession, row_id: UUID) -> Row:
    """The row with that name, as it stands.

    Raises:
        NotFound: not here.
    """
    first = await repository.line(session, row_id)
    (row,) = rows_of(await repository.lines_of(session, first.location_id, [first.number]))
    return row


async def open_row(
    session: AsyncSession, row_id: UUID, actor: Actor, *, seen: int | None = None
) -> tuple[OpenBook, Row]:
    """A row that can still be written about, its register locked.

    Raises:
        NotFound: not here.
        RowCancelled: as it says.
        RowChangedMeanwhile: `seen` is not its version.
    """
    first = await repository.line(session, row_id)
    book = await locked(session, first.location_id, actor)
    found = await repository.lines_of(session, first.location_id, [first.number])
    (row,) = rows_of(found)
    if row.is_cancelled:
        raise RowCancelled
    if seen is not None and seen != row.version:
        raise RowChangedMeanwhile(found[-1].actor)
    return book, row


def _invoice(
    row: Row, settlement: Settlement, *, strikes: int | None = None, reason: str | None = None
) -> Draft:
    return Draft(
        settlement.kind,
        row.number,
        strikes=strikes,
        words=settlement.words.strip(),
        reason=reason,
        stay_id=row.entry.stay_id,
        job_id=row.entry.job_id,
    )


def _invoice_again(row: Row, settlement: Settlement | None, reason: str) -> list[Draft]:
    """Another reference in the place of the first one; the first one there is; or none any more."""
    before = row.invoice
    if settlement is None:
        return [] if before is None else [strike_of(before, reason)]
    if not settlement.words.strip():
        raise WordsMissing
    if before is None:
        return [_invoice(row, settlement)]
    if not _differs(before, settlement):
        return []
    return [_invoice(row, settlement, strikes=before.position, reason=reason)]


def strike_of(line: VatLine, reason: str) -> Draft:
    """Take a line back, with nothing in its place."""
    return Draft(
        STRIKE,
        line.number,
        strikes=line.position,
        day=line.day,
        reason=reason,
        stay_id=line.stay_id,
        job_id=line.job_id,
    )


def _dues_after(
    book: OpenBook, row: Row, correction: Correction, moved: Sequence[Draft]
) -> list[dict[str, Any]]:
    """That the row waits, where it did not, or until another day."""
    left = _left_on(row, correction)
    if correction.settlement is not None or left is None or not (moved or row.invoice):
        return []
    return [due_of(book, row.number, left)]


def _entry_again(book: OpenBook, row: Row, correction: Correction, reason: str) -> Iterable[Draft]:
    entry = row.entry
    plate, vin, vat_number = (
        text.strip() or None for text in (correction.plate, correction.vin, correction.vat_number)
    )
    same = (entry.day, entry.plate, entry.vin, entry.vat_number)
    if same == (correction.day, plate, vin, vat_number):
        return
    if plate is None and vin is None:
        raise VehicleMissing
    today = now().astimezone(ZoneInfo(book.zone)).date()
    latest = _left_on(row, correction) or today
    if correction.day != entry.day and correction.day > min(latest, today):
        raise EntryAfterExit
    yield Draft(
        ENTRY,
        row.number,
        strikes=entry.position,
        day=correction.day,
        at=entry.at if correction.day == entry.day else None,
        plate=plate,
        vin=vin,
        vat_number=vat_number,
        words=entry.words,
        reason=reason,
        stay_id=entry.stay_id,
        job_id=entry.job_id,
    )


def _left_on(row: Row, correction: Correction) -> date | None:
    """The day on which the vehicle left, as it should be."""
    return (correction.left or row.exit.day) if row.exit is not None else None


def _exit_again(book: OpenBook, row: Row, correction: Correction, reason: str) -> list[Draft]:
    """At the hour of the first one, as far as that is possible on the other day."""
    before, left = row.exit, _left_on(row, correction)
    if before is None or left is None or left == before.day:
        return []
    zone = ZoneInfo(book.zone)
    if not correction.day <= left <= now().astimezone(zone).date():
        raise LeftBetween
    clock = before.at.astimezone(zone).time() if before.at is not None else time(12)
    moment = min(datetime.combine(left, clock, zone), now())
    again = Draft(
        EXIT,
        row.number,
        strikes=before.position,
        day=left,
        at=moment,
        reason=reason,
        stay_id=before.stay_id,
        job_id=before.job_id,
    )
    return [again]


def _span_of(
    stay: Stay, book: OpenBook, row: Row, correction: Correction, moved: Sequence[Draft]
) -> tuple[datetime, datetime | None]:
    """From when until when the stay lasts once the row is corrected."""
    end = moved[0].at if moved else stay.left_at
    if correction.day == row.entry.day:
        return stay.arrived_at, end
    return arrivals.moment_on(stay, correction.day, ZoneInfo(book.zone), end), end


async def _move(
    session: AsyncSession, stay: Stay, begin: datetime, end: datetime | None, actor: Actor
) -> None:
    """The job that has the stay now says the same as the register. In an order in which the stay
    never ends before it begins."""
    if begin < stay.arrived_at:
        await arrivals.move(session, stay, begin, actor)
    if stay.left_at is not None and end is not None and end != stay.left_at:
        await departures.move(session, stay, stay.left_at, end, actor)
    if begin > stay.arrived_at:
        await arrivals.move(session, stay, begin, actor)


def _differs(line: VatLine, settlement: Settlement) -> bool:
    return (line.kind, line.words) != (settlement.kind, settlement.words.strip())


def _told(row: Row) -> dict[str, object]:
    return {"number": row.number}
