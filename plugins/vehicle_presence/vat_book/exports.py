"""Files of a register: the rows of a period as PDF, XLSX or CSV, each recognisable by its hash."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.tenancy.context import current_tenant
from core.workshop.audit.services import Actor
from core.workshop.locations import repository as locations
from core.workshop.locations.models import Location
from plugins.vehicle_presence.vat_book import repository
from plugins.vehicle_presence.vat_book.closing import sha256
from plugins.vehicle_presence.vat_book.countries import CountryRegister, register_of
from plugins.vehicle_presence.vat_book.errors import PeriodTooLarge
from plugins.vehicle_presence.vat_book.models import VatExport
from plugins.vehicle_presence.vat_book.pdf import pdf_of
from plugins.vehicle_presence.vat_book.periods import Period
from plugins.vehicle_presence.vat_book.register import rows_of
from plugins.vehicle_presence.vat_book.sheets import csv_of, xlsx_of
from plugins.vehicle_presence.vat_book.views import ShownLine, late_text, shown_lines

MOST_ROWS = 20_000
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Extract:
    """The rows of a period, with what stands above and below them on paper."""

    garage: str
    location: Location
    register: CountryRegister
    period: Period
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
    session: AsyncSession, location_id: UUID, period: Period, file_format: str, actor: Actor
) -> ExportedFile:
    """Make a file, and keep its hash with where the chain stood.

    Raises:
        NotFound: there is no such location or format.
        PeriodTooLarge: more than :data:`MOST_ROWS` rows.
    """
    if file_format not in FORMATS:
        raise NotFound("format")
    make, content_type = FORMATS[file_format]
    extract = await extract_of(session, location_id, period)
    body = await asyncio.to_thread(make, extract)
    session.add(
        VatExport(
            location_id=location_id,
            first_day=period.first_day,
            last_day=period.last_day,
            format=file_format,
            sha256=sha256(body),
            rows=extract.rows,
            position=extract.position,
            head=extract.head,
            made_at=extract.made_at,
            made_by=actor.name,
        )
    )
    days = (
        f"{period.first_day:%Y-%m}" if period.is_month else f"{period.first_day}-{period.last_day}"
    )
    name = f"vat-book-{current_tenant().slug}-{days}.{file_format}"
    return ExportedFile(name, content_type, body)


async def extract_of(session: AsyncSession, location_id: UUID, period: Period) -> Extract:
    """The rows of a period, read in pages of :data:`AT_ONCE`.

    Raises:
        NotFound: there is no such location.
        PeriodTooLarge: more than :data:`MOST_ROWS` rows.
    """
    location = await locations.by_id(session, location_id)
    book = await repository.book_of(session, location_id)
    zone = ZoneInfo(book.zone if book else location.timezone)
    empty = Extract(
        garage=current_tenant().name,
        location=location,
        register=register_of(book.country if book else location.country),
        period=period,
        zone=zone,
        lines=[],
        rows=0,
        late=[],
        position=book.position if book else 0,
        head=book.head if book else "",
        made_at=now(),
    )
    late = await _late_texts(session, location_id, period, zone)
    lines: list[ShownLine] = []
    rows = after = 0
    while numbers := await repository.numbers_entered(
        session, location_id, period.first_day, period.last_day, after=after, limit=AT_ONCE
    ):
        rows, after = rows + len(numbers), numbers[-1]
        if rows > MOST_ROWS:
            raise PeriodTooLarge
        found = await repository.lines_of(session, location_id, numbers)
        lines += [line for row in rows_of(found) for line in shown_lines(row, zone)]
        for each in found:
            session.expunge(each)
    return replace(empty, lines=lines, rows=rows, late=late)


async def _late_texts(
    session: AsyncSession, location_id: UUID, period: Period, zone: ZoneInfo
) -> list[str]:
    """All that was noted late in a period, however much it is.

    Raises:
        PeriodTooLarge: more than :data:`MOST_ROWS` lines.
    """
    begin, end = period.span(zone)
    texts: list[str] = []
    after, more = 0, 1
    while more:
        found, more = await repository.late_lines(
            session, location_id, begin, end, after=after, limit=AT_ONCE
        )
        if len(texts) + len(found) + more > MOST_ROWS:
            raise PeriodTooLarge
        texts += [late_text(each, zone) for each in found]
        after = found[-1].position if found else after
    return texts
