"""Files of the VAT book, opened by other programs and held against the register."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import openpyxl
import pytest
from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.pool import QueuePool

from core.clock import frozen, now
from core.workshop.locations import repository as locations
from plugins.vehicle_presence.services import record_arrival
from plugins.vehicle_presence.vat_book import exports, repository
from plugins.vehicle_presence.vat_book.closing import close_months, sha256
from plugins.vehicle_presence.vat_book.models import VatExport, VatLine
from plugins.vehicle_presence.vat_book.pdf import drawable
from plugins.vehicle_presence.vat_book.register import Row
from plugins.vehicle_presence.vat_book.settling import (
    Correction,
    Settlement,
    correct,
    row_of,
    settle,
)
from tests.factories import many_jobs
from tests.garages import STAFF, Browser, Garage
from tests.plugins.vehicle_presence.vat_book.reading import (
    a_departure,
    first_location,
    register,
)

FEBRUARY = "month=2026-02"
DAY = datetime(2026, 2, 3, 9, tzinfo=UTC)


async def three_rows(garage: Garage) -> list[Row]:
    """One settled, one corrected, one without an invoice; the last is still on site."""
    async with garage.unit() as session:
        place = await locations.first(session)
        place.vat_number = "BE0403019261"
    names = [
        await a_departure(garage, arrived=DAY + timedelta(days=place), stays=place == 3)
        for place in range(4)
    ]
    async with garage.unit() as session:
        await settle(session, names[0], Settlement("=1+1 €"), STAFF)
        await settle(session, names[1], Settlement("Garantie véhicule", is_reference=False), STAFF)
        entry = (await row_of(session, names[2])).entry
        assert entry.day is not None
        right = Correction(entry.day, "1-COR-123", "", "", None)
        await correct(session, names[2], right, "mistyped", STAFF)
    return await register(garage)


async def download(browser: Browser, file_format: str, query: str = FEBRUARY) -> bytes:
    answer = await browser.get(f"/desk/vat-book/export/{file_format}?{query}")
    assert answer.status_code == 200, answer.text[:300]
    assert "attachment" in answer.headers["content-disposition"]
    return answer.content


async def test_what_was_struck_is_struck_through_in_the_workbook(garage: Garage) -> None:
    rows = await three_rows(garage)
    body = await download(await garage.staff("accountant"), "xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(body)).worksheets[0]
    through = [
        row[2].value for row in sheet.iter_rows(min_row=2) if row[2].font.strike and row[2].value
    ]
    assert through == [rows[2].struck[0].line.plate]


async def test_the_pdf_says_it_with_the_garage_the_law_and_its_pages(garage: Garage) -> None:
    await three_rows(garage)
    reader = PdfReader(io.BytesIO(await download(await garage.staff("accountant"), "pdf")))
    (page,) = reader.pages
    text = page.extract_text()
    for expected in (
        f"Garage {garage.slug}",
        "Noorderlaan 1, 2030 Antwerpen",
        "BE 0403.019.261",
        "articles 28 and 29",
        "February 2026",
        "1 / 1",
    ):
        assert expected in text
    assert page.mediabox.width > page.mediabox.height


async def test_a_long_month_is_numbered_over_its_pages(garage: Garage) -> None:
    for place in range(45):
        await a_departure(garage, arrived=DAY + timedelta(minutes=place))
    reader = PdfReader(io.BytesIO(await download(await garage.staff("owner"), "pdf")))
    texts = [page.extract_text() for page in reader.pages]
    assert len(texts) > 1
    for place, text in enumerate(texts, start=1):
        assert f"{place} / {len(texts)}" in text
        assert "Plate or chassis number" in text
    told = "".join(texts)
    assert all(row.vehicle in told for row in await register(garage))


@pytest.mark.parametrize("file_format", ["pdf", "xlsx", "csv"])
async def test_an_empty_period_is_a_file_too(garage: Garage, file_format: str) -> None:
    body = await download(await garage.staff("owner"), file_format, "month=2020-01")
    assert body
    if file_format == "pdf":
        text = PdfReader(io.BytesIO(body)).pages[0].extract_text()
        assert "No vehicle came in this period." in text


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
async def test_files_speak_the_readers_language(garage: Garage, language: str) -> None:
    await three_rows(garage)
    browser = await garage.staff("owner")
    await browser.get(f"/language/{language}")
    body = await download(browser, "csv")
    assert b"Plate or chassis number" not in body
    assert await download(browser, "pdf")


async def test_a_format_that_nobody_knows_is_not_here(garage: Garage) -> None:
    browser = await garage.staff("owner")
    assert (await browser.get("/desk/vat-book/export/docx")).status_code == 404


async def test_too_much_for_one_file_is_said(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 1)
    await three_rows(garage)
    browser = await garage.staff("owner")
    answer = await browser.get(f"/desk/vat-book/export/pdf?{FEBRUARY}")
    assert answer.status_code == 409
    assert "Please choose a shorter period." in answer.text


async def test_a_file_is_remembered_by_its_hash_with_where_the_chain_stood(
    garage: Garage,
) -> None:
    await three_rows(garage)
    body = await download(await garage.staff("accountant"), "csv")
    async with garage.unit() as session:
        (made,) = list(await session.scalars(select(VatExport)))
    assert (made.sha256, made.rows, made.made_by) == (sha256(body), 4, "Accountant Person")
    assert (made.first_day, made.last_day) == (date(2026, 2, 1), date(2026, 2, 28))


async def test_what_is_noted_after_closing_stands_in_the_open_month(garage: Garage) -> None:
    row_id = await a_departure(garage, arrived=DAY)
    place = await first_location(garage)
    closing = now() + timedelta(days=70)  # the book is open since today
    noting = closing + timedelta(days=10)
    month = f"month={noting.astimezone(garage.tenant.zone):%Y-%m}"
    async with garage.unit() as session:
        with frozen(closing):
            assert await close_months(session, place)
    with frozen(noting):
        await corrected_day(garage, row_id)
        browser = await garage.staff("owner")
        page = await browser.open("/desk/vat-book")
        assert "Noted in this period about closed months" in page.get_text()
        assert "No. 1: arrival on 2 Feb 2026" in page.get_text()
        body = await download(browser, "pdf", month)
        assert "No. 1: arrival on 2 Feb 2026" in PdfReader(io.BytesIO(body)).pages[0].extract_text()
        book = openpyxl.load_workbook(io.BytesIO(await download(browser, "xlsx", month)))
        table = (await download(browser, "csv", month)).decode("utf-8-sig")
    last = list(csv.reader(io.StringIO(table)))[-1]
    assert last == ["", "", "", "", "", "", "noted late", "No. 1: arrival on 2 Feb 2026"]
    assert book.worksheets[1]["A2"].value == "No. 1: arrival on 2 Feb 2026"


async def test_files_hold_all_that_was_noted_late_and_the_page_says_how_much_more(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 40)
    closing = now() + timedelta(days=70)
    noting = closing + timedelta(days=10)
    month = f"month={noting.astimezone(garage.tenant.zone):%Y-%m}"
    with frozen(closing):
        async with garage.unit() as session:
            assert await close_months(session, await first_location(garage))
            job_ids = await many_jobs(session, 101)
    with frozen(noting):
        async with garage.unit() as session:
            for job_id in job_ids:
                await record_arrival(session, job_id, STAFF, at=DAY)
        browser = await garage.staff("owner")
        page = await browser.open(f"/desk/vat-book?{month}")
        files = {name: await download(browser, name, month) for name in ("pdf", "xlsx", "csv")}
    assert len(page.select(".late li")) == 100
    assert "And 1 more, which stands in the files of this period." in page.get_text()
    texts = [f"No. {number}: arrival on 3 Feb 2026" for number in range(1, 102)]
    table = list(csv.reader(io.StringIO(files["csv"].decode("utf-8-sig"))))
    assert [record[-1] for record in table[1:]] == texts
    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
    assert [cell.value for cell in book.worksheets[1]["A"]][1:] == texts
    pages = PdfReader(io.BytesIO(files["pdf"])).pages
    printed = "\n".join(page.extract_text() for page in pages).splitlines()
    assert [line for line in printed if line.startswith("No. ") and "arrival" in line] == texts


@pytest.mark.parametrize("query", [FEBRUARY, "show=inside&day=2026-02-03", "show=waiting"])
async def test_what_comes_and_leaves_while_a_file_is_made_is_not_in_it(
    garage: Garage, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    stays = "inside" in query
    rows = [await a_departure(garage, arrived=DAY, stays=stays) for _place in range(2)]
    before = (await register(garage))[1].version
    read, turns = repository.lines_of, iter(["first page"])

    async def and_somebody_comes(*values: Any, **named: Any) -> list[VatLine]:
        found = await read(*values, **named)
        if next(turns, None):
            await a_departure(garage, arrived=DAY, plate="1-NEW-111", stays=stays)
            async with garage.unit() as session:
                await settle(session, rows[1], Settlement("2026/NEW"), STAFF)
        return found

    monkeypatch.setattr(exports, "AT_ONCE", 1)
    monkeypatch.setattr(repository, "lines_of", and_somebody_comes)
    body = (await download(await garage.staff("owner"), "csv", query)).decode()
    assert "NEW" not in body
    assert [line.split(";")[0].split(",")[0] for line in body.splitlines()[1:]] == ["1", "2"]
    async with garage.unit() as session:
        (made,) = list(await session.scalars(select(VatExport)))
    assert (made.position, made.rows) == (before, 2)
    assert (await register(garage))[2].vehicle == "1-NEW-111"


async def corrected_day(garage: Garage, row_id: UUID) -> None:
    """The vehicle came a day earlier."""
    async with garage.unit() as session:
        entry = (await row_of(session, row_id)).entry
        assert entry.day is not None
        right = Correction(entry.day - timedelta(days=1), entry.plate or "", "", "", None)
        await correct(session, row_id, right, "came the evening before", STAFF)


def test_signs_that_the_font_lacks_lose_their_marks() -> None:
    assert drawable("é €") == "é €"
    assert drawable("Thị 車") == "Thi ?"


@pytest.mark.parametrize("file_format", sorted(exports.FORMATS))
async def test_no_connection_to_postgresql_waits_while_a_file_is_made(
    garage: Garage, file_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await three_rows(garage)
    pool, held = cast("QueuePool", garage.house.database.app_engine.pool), []
    make, content_type = exports.FORMATS[file_format]

    def made(extract: exports.Extract) -> bytes:
        held.append(pool.checkedout())
        return make(extract)

    monkeypatch.setitem(exports.FORMATS, file_format, (made, content_type))
    body = await download(await garage.staff("accountant"), file_format)
    assert held == [0]
    async with garage.unit() as session:
        kept = (await session.scalars(select(VatExport))).one()
        book = await repository.book_of(session, kept.location_id)
    assert book is not None
    assert (kept.sha256, kept.position, kept.head) == (sha256(body), book.position, book.head)
