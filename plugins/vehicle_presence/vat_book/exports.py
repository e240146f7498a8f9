"""Files of a register: the rows of a period as PDF, XLSX or CSV, each recognisable by its hash."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.i18n import gettext as _
from core.tenancy.context import current_tenant
from core.workshop.audit.services import Actor
from core.workshop.locations import repository as locations
from core.workshop.locations.models import Location
from plugins.vehicle_presence.vat_book import due_repository, list_repository, repository
from plugins.vehicle_presence.vat_book.closing import sha256
from plugins.vehicle_presence.vat_book.countries import Column, CountryRegister, register_of
from plugins.vehicle_presence.vat_book.errors import PeriodTooLarge
from plugins.vehicle_presence.vat_book.lists import (
    DUE,
    columns_of,
    days_of,
    heading_of,
    name_of,
    nothing_in,
    numbers_of,
)
from plugins.vehicle_presence.vat_book.models import VatExport
from plugins.vehicle_presence.vat_book.pdf import pdf_of
from plugins.vehicle_presence.vat_book.periods import Selection
from plugins.vehicle_presence.vat_book.register import rows_of
from plugins.vehicle_presence.vat_book.sheets import csv_of, xlsx_of
from plugins.vehicle_presence.vat_book.views import ShownLine, late_text, shown_lines

MOST_ROWS = 20_000
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Extract:
    """The rows of a selection, with what stands above and below them on paper. Of a period, rows
    of vehicles that came before it and left in it follow at the end."""

    garage: str
    location: Location
    register: CountryRegister
    columns: tuple[Column, ...]
    heading: str
    nothing: str
    zone: ZoneInfo
    lines: list[ShownLine]
    rows: int
    late: list[str]
    position: int
    head: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A finished file."""

    name: str
    file_format: str
    content_type: str
    body: bytes


Maker = Callable[[Extract], bytes]
FORMATS: dict[str, tuple[Maker, str]] = {
    "pdf": (pdf_of, "application/pdf"),
    "xlsx": (
        xlsx_of,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    "csv": (csv_of, "text/csv; charset=utf-8"),
}


async def export(
    session: AsyncSession, selection: Selection, file_format: str, actor: Actor
) -> ExportedFile:
    """Make a file, and keep its hash with where the chain stood.

    Raises:
        NotFound: there is no such location or format.
        PeriodTooLarge: more than :data:`MOST_ROWS` rows.
    """
    require_format(file_format)
    extract = await extract_of(session, selection)
    made = await file_of(extract, selection, file_format)
    keep(session, extract, selection, made, actor)
    return made


def require_format(file_format: str) -> None:
    """There are files of that kind.

    Raises:
        NotFound: there are none.
    """
    if file_format not in FORMATS:
        raise NotFound("format")


async def file_of(extract: Extract, selection: Selection, file_format: str) -> ExportedFile:
    """The file of an extract. It takes a while if there are many rows, and asks the database
    nothing."""
    make, content_type = FORMATS[file_format]
    body = await asyncio.to_thread(make, extract)
    today = extract.made_at.astimezone(extract.zone).date()
    name = f"vat-book-{current_tenant().slug}-{name_of(selection, today)}.{file_format}"
    return ExportedFile(name, file_format, content_type, body)


def keep(
    session: AsyncSession,
    extract: Extract,
    selection: Selection,
    made: ExportedFile,
    actor: Actor,
) -> None:
    """Keep the hash of a file with where the chain stood when it was extracted. As lines are only
    ever added, that may be another unit of work than the one that read them."""
    days = days_of(selection, extract.made_at.astimezone(extract.zone).date())
    session.add(
        VatExport(
            location_id=selection.location_id,
            first_day=days.first_day,
            last_day=days.last_day,
            format=made.file_format,
            sha256=sha256(made.body),
            rows=extract.rows,
            position=extract.position,
            head=extract.head,
            made_at=extract.made_at,
            made_by=actor.name,
        )
    )


async def extract_of(session: AsyncSession, selection: Selection) -> Extract:
    """The rows of a selection, read in pages of :data:`AT_ONCE`. All pages say what the chain said
    where it ended at first, whatever is written meanwhile.

    Raises:
        NotFound: there is no such location.
        PeriodTooLarge: more than :data:`MOST_ROWS` rows.
    """
    location = await locations.by_id(session, selection.location_id)
    book = await repository.book_of(session, selection.location_id)
    until = book.position if book else 0
    zone = ZoneInfo(book.zone if book else location.timezone)
    register = register_of(book.country if book else location.country)
    made_at = now()
    today = made_at.astimezone(zone).date()
    empty = Extract(
        garage=current_tenant().name,
        location=location,
        register=register,
        columns=columns_of(register, selection),
        heading=heading_of(selection, today),
        nothing=nothing_in(selection),
        zone=zone,
        lines=[],
        rows=0,
        late=[],
        position=until,
        head=book.head if book else "",
        made_at=made_at,
    )
    if selection.only_waiting:
        return await _waiting(session, empty)
    rows, lines = await _all_lines(session, selection, zone, until)
    if not selection.is_period:
        return replace(empty, rows=rows, lines=lines)
    earlier, more_lines = await _lines_of_earlier(session, selection, zone, until)
    late = await _late_texts(session, selection, zone, until)
    return replace(empty, rows=rows + earlier, lines=[*lines, *more_lines], late=late)


async def _waiting(session: AsyncSession, empty: Extract) -> Extract:
    """Rows that wait for their invoice, as of the moment at which they are listed."""
    location_id = empty.location.id
    waiting = await due_repository.waiting_now(session, location_id, MOST_ROWS + 1)
    if len(waiting.days) > MOST_ROWS:
        raise PeriodTooLarge
    lines: list[ShownLine] = []
    listed = list(waiting.days)
    for start in range(0, len(listed), AT_ONCE):
        numbers = listed[start : start + AT_ONCE]
        shown = await _shown(session, location_id, numbers, empty.zone, until=waiting.position)
        lines += [_with_deadline(line, waiting.days) for line in shown]
    return replace(
        empty,
        rows=len(waiting.days),
        lines=lines,
        position=waiting.position,
        head=waiting.head,
    )


async def _all_lines(
    session: AsyncSession, selection: Selection, zone: ZoneInfo, until: int
) -> tuple[int, list[ShownLine]]:
    lines: list[ShownLine] = []
    rows = after = 0
    while numbers := await numbers_of(session, selection, after=after, limit=AT_ONCE, until=until):
        rows, after = rows + len(numbers), numbers[-1]
        if rows > MOST_ROWS:
            raise PeriodTooLarge
        lines += await _shown(session, selection.location_id, numbers, zone, until=until)
    return rows, lines


def _with_deadline(line: ShownLine, days: Mapping[int, date]) -> ShownLine:
    if line.is_struck:
        return line
    return replace(line, cells={**line.cells, DUE.key: days.get(line.number)})


async def _lines_of_earlier(
    session: AsyncSession, selection: Selection, zone: ZoneInfo, until: int
) -> tuple[int, list[ShownLine]]:
    """Of vehicles that left in the period and had come before it, marked as such."""
    period = selection.period
    lines: list[ShownLine] = []
    rows, after, more = 0, 0, 1
    while more:
        numbers, more = await list_repository.numbers_left_of_before(
            session,
            selection.location_id,
            period.first_day,
            period.last_day,
            after=after,
            limit=AT_ONCE,
            until=until,
        )
        rows, after = rows + len(numbers), numbers[-1] if numbers else after
        if rows + more > MOST_ROWS:
            raise PeriodTooLarge
        lines += await _shown(
            session, selection.location_id, numbers, zone, until=until, came_before=True
        )
    return rows, lines


async def _shown(
    session: AsyncSession,
    location_id: UUID,
    numbers: Sequence[int],
    zone: ZoneInfo,
    *,
    until: int,
    came_before: bool = False,
) -> list[ShownLine]:
    found = await repository.lines_of(session, location_id, numbers, until=until)
    lines = []
    for row in rows_of(found):
        first, *struck = shown_lines(row, zone)
        if came_before:
            first = replace(first, remarks=(_("Came before this period"), *first.remarks))
        lines += [first, *struck]
    for each in found:
        session.expunge(each)
    return lines


async def _late_texts(
    session: AsyncSession, selection: Selection, zone: ZoneInfo, until: int
) -> list[str]:
    """All that was noted late in a period, however much it is.

    Raises:
        PeriodTooLarge: more than :data:`MOST_ROWS` lines.
    """
    location_id = selection.location_id
    begin, end = selection.period.span(zone)
    texts: list[str] = []
    after, more = 0, 1
    while more:
        found, more = await repository.late_lines(
            session, location_id, begin, end, after=after, limit=AT_ONCE, until=until
        )
        if len(texts) + len(found) + more > MOST_ROWS:
            raise PeriodTooLarge
        texts += [late_text(each, zone) for each in found]
        after = found[-1].position if found else after
    return texts
