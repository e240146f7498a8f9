"""The verbs of the VAT book: what arrivals and departures write, and what a person adds.

Each is called in the unit of work of the deed itself, so the register and the workshop cannot
tell different stories: both are stored, or neither.
"""

from collections.abc import Iterable, Sequence
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
from plugins.vehicle_presence.vat_book import repository
from plugins.vehicle_presence.vat_book.countries import register_of
from plugins.vehicle_presence.vat_book.errors import (
    AlreadySettled,
    EntryAfterExit,
    NothingToCorrect,
    ReasonMissing,
    RowCancelled,
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
from plugins.vehicle_presence.vat_book.writing import (
    TAKEN_OVER,
    entries_for,
    locked,
    take_over,
    write,
)

ARRIVAL_UNDONE = gettext_noop("“Vehicle in” was checked by mistake")
EXIT_UNDONE = gettext_noop("Off-site date taken back")
EXIT_CHANGED = gettext_noop("Off-site date changed")
INVOICE_UNDONE = gettext_noop("Taken back right away")


async def open_books(session: AsyncSession) -> None:
    """Open the register of every location that has none, and enter what is on site and was
    missed while another release of this program was running."""
    for location in await locations.everywhere(session):
        book = await locked(session, location.id, SYSTEM)
        await take_over(session, book, SYSTEM)


async def note_entry(session: AsyncSession, stay: Stay, actor: Actor) -> None:
    """A vehicle arrived: it gets the next number."""
    book = await locked(session, stay.location_id, actor, arriving=stay.id)
    await write(session, book, await entries_for(session, book, [stay]), actor)


async def note_exits(session: AsyncSession, stays: Sequence[Stay], actor: Actor) -> None:
    """Vehicles left: their rows get the day. Costs the same few statements for one and for
    many; registers are locked in the order of their locations, so that two of these cannot
    wait for each other."""
    leaving = [stay for stay in stays if stay.left_at is not None]
    by_location = sorted(leaving, key=lambda stay: (str(stay.location_id), str(stay.id)))
    for location_id, group in groupby(by_location, key=lambda stay: stay.location_id):
        await _note_exits_at(session, location_id, list(group), actor)


async def _note_exits_at(
    session: AsyncSession, location_id: UUID, stays: Sequence[Stay], actor: Actor
) -> None:
    book = await locked(session, location_id, actor, leaving=stays)
    numbers = await _numbers(session, book, stays, actor)
    rows = await _rows(session, book, numbers.values())
    drafts = [
        _exit(book, stay, numbers[stay.id])
        for stay in sorted(stays, key=lambda stay: numbers[stay.id])
    ]
    await write(session, book, drafts, actor)
    await repository.set_dues(
        session,
        [
            _due(session, book, draft.number, draft.day)
            for draft in drafts
            if draft.number is not None
            and draft.day is not None
            and rows[draft.number].invoice is None
        ],
    )


async def undo_entry(session: AsyncSession, stay: Stay, actor: Actor) -> None:
    """*Vehicle in* was a mistake: the row is struck, its number stays."""
    book = await locked(session, stay.location_id, actor)
    row = await _row_of_stay(session, book, stay, actor)
    struck = Draft(
        STRIKE,
        row.number,
        strikes=row.entry.position,
        day=row.entry.day,
        reason=ARRIVAL_UNDONE,
        stay_id=stay.id,
        job_id=stay.job_id,
    )
    await write(session, book, [struck], actor)


async def undo_exit(session: AsyncSession, stay: Stay, actor: Actor) -> None:
    """The off-site date was taken back: the exit is struck, the row is open again."""
    book = await locked(session, stay.location_id, actor)
    row = await _row_of_stay(session, book, stay, actor)
    if row.exit is None:
        return
    struck = Draft(
        STRIKE,
        row.number,
        strikes=row.exit.position,
        day=row.exit.day,
        reason=EXIT_UNDONE,
        stay_id=stay.id,
        job_id=stay.job_id,
    )
    await write(session, book, [struck], actor)
    await repository.drop_due(session, book.location_id, row.number)


async def change_exit(session: AsyncSession, stay: Stay, actor: Actor) -> None:
    """The off-site date is another one: the exit is struck, and a new one stands in its place."""
    book = await locked(session, stay.location_id, actor)
    row = await _row_of_stay(session, book, stay, actor)
    strikes = row.exit.position if row.exit else None
    draft = _exit(book, stay, row.number, strikes=strikes, reason=EXIT_CHANGED if strikes else None)
    await write(session, book, [draft], actor)
    if row.invoice is None and draft.day is not None:
        await repository.set_dues(session, [_due(session, book, row.number, draft.day)])


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
    """Say which invoice a row ended with, for the first time.

    Raises:
        NotFound: there is no such row.
        RowCancelled, AlreadySettled, WordsMissing: as they say.
    """
    book, row = await _open_row(session, row_id, actor)
    if not settlement.words.strip():
        raise WordsMissing
    if row.invoice is not None:
        raise AlreadySettled
    await write(session, book, [_invoice(row, settlement)], actor)
    await repository.drop_due(session, book.location_id, row.number)
    record(session, actor, "vat_book.settled", f"vat_row:{row_id}", details=_told(row))
    return row


async def take_back_settlement(
    session: AsyncSession, row_id: UUID, actor: Actor, *, reason: str = INVOICE_UNDONE
) -> Row:
    """The reference was wrong and another one is not known yet: it is struck.

    Raises:
        NotFound: there is no such row.
        RowCancelled: as it says.
    """
    book, row = await _open_row(session, row_id, actor)
    if row.invoice is None:
        return row
    struck = Draft(STRIKE, row.number, strikes=row.invoice.position, reason=reason)
    await write(session, book, [struck], actor)
    if row.exit is not None and row.exit.day is not None:
        await repository.set_dues(session, [_due(session, book, row.number, row.exit.day)])
    record(session, actor, "vat_book.corrected", f"vat_row:{row_id}", details=_told(row))
    return row


@dataclass(frozen=True, slots=True)
class Correction:
    """What a row should say. `settlement` is None where there is no reference yet."""

    day: date
    plate: str
    vin: str
    vat_number: str
    settlement: Settlement | None


async def correct(
    session: AsyncSession, row_id: UUID, correction: Correction, reason: str, actor: Actor
) -> Row:
    """Strike what is wrong in a row and put the right thing in its place, with the reason.

    Raises:
        NotFound: there is no such row.
        RowCancelled, ReasonMissing, NothingToCorrect, VehicleMissing, EntryAfterExit: as they
            say.
    """
    book, row = await _open_row(session, row_id, actor)
    if not reason.strip():
        raise ReasonMissing
    drafts = [*_entry_again(book, row, correction, reason.strip())]
    settlement = correction.settlement
    if settlement is not None and row.invoice is None:
        drafts.append(_invoice(row, settlement))
        await repository.drop_due(session, book.location_id, row.number)
    elif settlement is not None and row.invoice is not None and _differs(row.invoice, settlement):
        drafts.append(
            _invoice(row, settlement, strikes=row.invoice.position, reason=reason.strip())
        )
    if not drafts:
        raise NothingToCorrect
    await write(session, book, drafts, actor)
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


async def _open_row(session: AsyncSession, row_id: UUID, actor: Actor) -> tuple[OpenBook, Row]:
    """A row that can still be written about, its register locked."""
    first = await repository.line(session, row_id)
    book = await locked(session, first.location_id, actor)
    (row,) = rows_of(await repository.lines_of(session, first.location_id, [first.number]))
    if row.is_cancelled:
        raise RowCancelled
    return book, row


async def _row_of_stay(session: AsyncSession, book: OpenBook, stay: Stay, actor: Actor) -> Row:
    numbers = await _numbers(session, book, [stay], actor)
    return (await _rows(session, book, numbers.values()))[numbers[stay.id]]


async def _numbers(
    session: AsyncSession, book: OpenBook, stays: Sequence[Stay], actor: Actor
) -> dict[UUID, int]:
    """The rows of these stays. One that was noted by a release that kept no book is entered
    now."""
    numbers = await repository.numbers_of_stays(session, [stay.id for stay in stays])
    missing = sorted(
        (stay for stay in stays if stay.id not in numbers),
        key=lambda stay: (stay.arrived_at, str(stay.id)),
    )
    if missing:
        begin = book.number
        drafts = await entries_for(session, book, missing, words=TAKEN_OVER)
        await write(session, book, drafts, actor)
        numbers |= {stay.id: begin + place for place, stay in enumerate(missing, start=1)}
    return numbers


async def _rows(session: AsyncSession, book: OpenBook, numbers: Iterable[int]) -> dict[int, Row]:
    lines = await repository.lines_of(session, book.location_id, list(numbers))
    return {row.number: row for row in rows_of(lines)}


def _exit(
    book: OpenBook,
    stay: Stay,
    number: int,
    *,
    strikes: int | None = None,
    reason: str | None = None,
) -> Draft:
    moment = stay.left_at or now()
    return Draft(
        EXIT,
        number,
        strikes=strikes,
        day=moment.astimezone(ZoneInfo(book.zone)).date(),
        at=moment,
        reason=reason,
        evidence=dict(stay.evidence or {}) if stay.closed_by == "sweep" else {},
        stay_id=stay.id,
        job_id=stay.job_id,
    )


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
    latest = row.exit.day if row.exit and row.exit.day else today
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


def _differs(line: VatLine, settlement: Settlement) -> bool:
    return (line.kind, line.words) != (settlement.kind, settlement.words.strip())


def _due(session: AsyncSession, book: OpenBook, number: int, left_on: date) -> dict[str, object]:
    return {
        "tenant_id": session.info["tenant_id"],
        "location_id": book.location_id,
        "number": number,
        "left_on": left_on,
        "due_on": register_of(book.country).due(left_on),
    }


def _told(row: Row) -> dict[str, object]:
    return {"number": row.number}
