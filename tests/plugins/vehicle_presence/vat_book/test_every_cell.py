"""Every cell of every file says what the register says, in every country and for each location."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen
from core.i18n import format_date
from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job
from core.workshop.locations.services import create_location
from plugins.vehicle_presence.services import (
    change_off_site_date,
    mark_off_site,
    record_arrival,
    undo_arrival,
)
from plugins.vehicle_presence.vat_book.models import INVOICE, NO_INVOICE, VatLine
from plugins.vehicle_presence.vat_book.register import Row
from plugins.vehicle_presence.vat_book.settling import Correction, Settlement, correct, settle
from tests.factories import a_job
from tests.garages import STAFF, Garage
from tests.plugins.vehicle_presence.vat_book.opened import OPENED
from tests.plugins.vehicle_presence.vat_book.reading import a_departure, register

DAY = datetime(2026, 2, 3, 9, tzinfo=UTC)
VAT_NUMBER, SHOWN = "BE0403019261", "BE 0403.019.261"
VIN = "VF1AAAAAA00000001"
HEADS = {
    "BE": [
        "No.",
        "In",
        "Plate or chassis number",
        "Client VAT no.",
        "Out",
        "Invoice, or reason for none",
    ],
    "NL": ["No.", "In", "Plate", "Chassis number", "Out", "Invoice, or reason for none"],
}
LONG = "Garantie véhicule, voir le dossier de sinistre 2026/4711 du garage partenaire à Namur"


@dataclass
class Hall:
    """A location with a register of its own, under the law of its country."""

    garage: Garage
    location_id: UUID

    async def job(self, session: AsyncSession, place: int) -> Job:
        """A job there: every second client has a VAT number, every vehicle a chassis number."""
        job = await a_job(
            session,
            plate=f"1-HAL-{place:03}",
            name=f"Client {place}",
            email=f"client{place}@example.com",
            vehicle={"vin": f"{VIN[:-1]}{place}"},
        )
        job.location_id = self.location_id
        customer = await session.get_one(Customer, (job.tenant_id, job.customer_id))
        customer.vat_number = VAT_NUMBER if place % 2 == 0 else None
        await session.flush()
        return job

    async def visit(self, place: int, *, days: int | None = 1) -> UUID:
        """A vehicle that came and, unless `days` is None, left so many days later; its job."""
        arrived = DAY + timedelta(days=place)
        async with self.garage.unit() as session:
            job = await self.job(session, place)
            with frozen(arrived):
                await record_arrival(session, job.id, STAFF)
            if days is not None:
                with frozen(arrived + timedelta(days=days)):
                    await mark_off_site(session, job.id, STAFF)
        return job.id

    async def rows(self) -> list[Row]:
        """Its register."""
        return await register(self.garage, self.location_id)


async def a_busy_february(garage: Garage, country: str) -> Hall:
    """Everything that can stand in a register: settled twice over, corrected, moved, struck, on
    site; in a second location, while the first one has a row of its own."""
    await a_departure(garage, arrived=DAY, plate="1-OTH-999")
    async with garage.unit() as session:
        place = await create_location(session, name="Hall", country=country)
    hall = Hall(garage, place.id)
    jobs = [await hall.visit(number, days=number + 1) for number in range(4)]
    await hall.visit(4, days=None)
    mistaken = await hall.visit(5, days=None)
    rows = await hall.rows()
    with frozen(DAY + timedelta(days=5, minutes=5)):
        async with garage.unit() as session:
            stay_id = rows[5].entry.stay_id
            assert stay_id is not None
            await undo_mistake(session, stay_id, mistaken)
    async with garage.unit() as session:
        await settle(session, rows[0].row_id, Settlement("=1+1 €"), STAFF)
        await settle(session, rows[1].row_id, Settlement(LONG, is_reference=False), STAFF)
        entry = rows[2].entry
        assert entry.day is not None
        right = Correction(entry.day, "1-COR-123", entry.vin or "", VAT_NUMBER, None)
        await correct(session, rows[2].row_id, right, "mistyped", STAFF)
        earlier = DAY + timedelta(days=5)
        await change_off_site_date(session, jobs[3], earlier, STAFF, reason="left the day before")
    return hall


async def undo_mistake(session: AsyncSession, stay_id: UUID, job_id: UUID) -> None:
    await undo_arrival(session, stay_id, job_id, STAFF)


def expected(hall: Hall, row: Row, country: str, file_format: str) -> list[list[str]]:
    """The row as the register has it, then what was struck in it: cells, and the remark."""

    def day(value: date | None) -> str:
        if value is None:
            return ""
        if file_format == "pdf":
            return format_date(value, hall.garage.tenant.zone)
        return value.isoformat()

    def invoice(line: VatLine | None) -> str:
        if line is None or line.words is None:
            return ""
        text = f"None: {line.words}" if line.kind == NO_INVOICE else line.words
        return f"'{text}" if file_format == "csv" and text.startswith("=") else text

    def cells(entry: VatLine | None, left: VatLine | None, settled: VatLine | None) -> list[str]:
        plate, vin = (entry.plate or "", entry.vin or "") if entry else ("", "")
        vat_number = SHOWN if entry and entry.vat_number else ""
        vehicle = [plate or vin, vat_number] if country == "BE" else [plate, vin]
        return [
            str(row.number),
            day(entry.day if entry else None),
            *vehicle,
            day(left.day if left else None),
            invoice(settled),
        ]

    def struck_by(line: VatLine) -> str:
        on = format_date(line.recorded_at, hall.garage.tenant.zone)
        return f"Struck by {line.actor} on {on}: {line.reason}"

    lines = [[*cells(row.entry, row.exit, row.invoice), state(row.is_cancelled), ""]]
    for each in row.struck:
        if each.line is row.entry:
            lines[0][-1] = struck_by(each.by)
            continue
        own = {each.line.kind: each.line}
        settled = own.get(INVOICE) or own.get(NO_INVOICE)
        found = cells(own.get("entry"), own.get("exit"), settled)
        lines.append([*found, state(True), struck_by(each.by)])
    return lines


def state(is_struck: bool) -> str:
    return "struck" if is_struck else "valid"


@pytest.mark.parametrize("file_format", OPENED)
@pytest.mark.parametrize("country", ["BE", "NL"])
async def test_every_cell_of_every_line_is_what_the_register_says(
    garage: Garage, country: str, file_format: str
) -> None:
    hall = await a_busy_february(garage, country)
    browser = await garage.staff("accountant")
    query = f"location={hall.location_id}&month=2026-02"
    answer = await browser.get(f"/desk/vat-book/export/{file_format}?{query}")
    head, *found = OPENED[file_format](answer.content)
    rows = await hall.rows()
    lines = [line for row in rows for line in expected(hall, row, country, file_format)]
    assert len(rows) == 6
    assert len(lines) == 8
    if file_format == "pdf":  # on paper a struck line is drawn through
        assert head == [*HEADS[country], "Remarks"]
        lines = [[*line[:6], line[7]] for line in lines]
    else:
        assert head == [*HEADS[country], "State", "Remarks"]
    assert found == lines


@pytest.mark.parametrize("country", ["BE", "NL"])
async def test_the_page_has_the_same_columns(garage: Garage, country: str) -> None:
    hall = await a_busy_february(garage, country)
    browser = await garage.staff("accountant")
    page = await browser.open(f"/desk/vat-book?location={hall.location_id}&month=2026-02")
    heads = [each.get_text(strip=True) for each in page.select("table.vat-book th")]
    assert heads == [*HEADS[country], "Actions"]
    names = {"BE": "articles 28 and 29", "NL": "article 52 of the Dutch"}
    assert names[country] in page.get_text()
    shown = page.select_one("table.vat-book")
    assert shown is not None
    for row in await hall.rows():
        assert row.vehicle in shown.get_text()
    assert "1-OTH-999" not in shown.get_text()
