"""Lists that are made of a register: who was in on a day, what left, whose invoice is missing."""

import io
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

from core.clock import frozen
from plugins.vehicle_presence.services import record_arrival, undo_arrival
from plugins.vehicle_presence.vat_book import exports
from plugins.vehicle_presence.vat_book.settling import (
    Correction,
    Settlement,
    correct,
    row_of,
    settle,
)
from tests.factories import a_job
from tests.garages import STAFF, Browser, Garage
from tests.plugins.vehicle_presence.vat_book.opened import OPENED, Table
from tests.plugins.vehicle_presence.vat_book.reading import a_departure, first_location, register
from tests.plugins.vehicle_presence.vat_book.test_pages import table

PAGE = "/desk/vat-book"


def march(day: int) -> datetime:
    return datetime(2026, 3, day, 9, tzinfo=UTC)


async def a_stay(garage: Garage, plate: str, came: int, left: int | None) -> UUID:
    """A vehicle that came on a day of March and left on another, or stays."""
    departed = march(left) + timedelta(hours=3) if left else None
    return await a_departure(
        garage, arrived=march(came), left=departed, stays=left is None, plate=plate
    )


async def a_march(garage: Garage) -> None:
    """Some were in on the fourteenth, others not, one only until somebody knew better."""
    await a_stay(garage, "1-LEF-014", 10, 14)
    await a_stay(garage, "1-CAM-014", 14, None)
    await a_stay(garage, "1-CAM-015", 15, 20)
    await a_stay(garage, "1-LEF-013", 1, 13)
    corrected = await a_stay(garage, "1-COR-012", 2, 20)
    async with garage.unit() as session:
        with frozen(march(12)):
            job = await a_job(session, plate="1-MIS-012")
            stay = await record_arrival(session, job.id, STAFF)
            await undo_arrival(session, stay.id, job.id, STAFF)
        entry = (await row_of(session, corrected)).entry
        right = Correction(march(2).date(), entry.plate or "", "", "", None, left=date(2026, 3, 12))
        await correct(session, corrected, right, "left a week earlier", STAFF)


async def file_of(browser: Browser, file_format: str, query: str) -> Table:
    """The lines of a file that hold, without its headings."""
    answer = await browser.get(f"{PAGE}/export/{file_format}?{query}")
    assert answer.status_code == 200, answer.text[:300]
    return OPENED[file_format](answer.content)


async def test_an_inspector_sees_who_was_in_on_a_day(garage: Garage) -> None:
    await a_march(garage)
    browser = await garage.staff("accountant")
    page = await browser.open(f"{PAGE}?show=inside&day=2026-03-14")
    assert [row[2] for row in table(page)] == ["1-LEF-014", "1-CAM-014"]
    assert "On site on 14 Mar 2026" in page.get_text()
    page = await browser.open(f"{PAGE}?show=inside&day=2026-03-12")
    assert [row[2] for row in table(page) if row[4] != ""][:3] == [
        "1-LEF-014",
        "1-LEF-013",
        "1-COR-012",
    ]
    page = await browser.open(f"{PAGE}?show=inside&day=2026-02-28")
    assert table(page) == []
    assert "No vehicle was on site on that day" in page.get_text()


@pytest.mark.parametrize("file_format", OPENED)
async def test_who_was_in_on_a_day_is_a_file_too(garage: Garage, file_format: str) -> None:
    await a_march(garage)
    browser = await garage.staff("accountant")
    query = "show=inside&day=2026-03-14"
    _head, *lines = await file_of(browser, file_format, query)
    assert [line[2] for line in lines] == ["1-LEF-014", "1-CAM-014"]
    answer = await browser.get(f"{PAGE}/export/{file_format}?{query}")
    assert f"-on-site-2026-03-14.{file_format}" in answer.headers["content-disposition"]


async def test_what_left_in_a_month_and_had_come_before_stands_below_it(garage: Garage) -> None:
    february = datetime(2026, 2, 27, 9, tzinfo=UTC)
    await a_departure(garage, arrived=february, left=march(2), plate="1-FEB-027")
    await a_departure(garage, arrived=february, left=february, plate="1-FEB-028")
    await a_stay(garage, "1-MAR-003", 3, 4)
    browser = await garage.staff("accountant")
    page = await browser.open(f"{PAGE}?month=2026-03")
    first, second = page.select("table.vat-book")
    assert "1-MAR-003" in first.get_text()
    assert "1-FEB-027" not in first.get_text()
    assert "1-FEB-027" in second.get_text()
    assert "1-FEB-028" not in second.get_text()
    assert "Left in this period, and had come before" in page.get_text()
    page = await browser.open(f"{PAGE}?month=2026-02")
    assert len(page.select("table.vat-book")) == 1


@pytest.mark.parametrize("file_format", OPENED)
async def test_files_of_a_month_hold_what_left_in_it_to_the_last_row(
    garage: Garage, monkeypatch: pytest.MonkeyPatch, file_format: str
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    for place in range(5):
        came = datetime(2026, 2, 20 + place, 9, tzinfo=UTC)
        await a_departure(garage, arrived=came, left=march(2), plate=f"1-FEB-{place:03}")
    await a_stay(garage, "1-MAR-003", 3, 4)
    browser = await garage.staff("accountant")
    _head, *lines = await file_of(browser, file_format, "month=2026-03")
    assert [(line[2], line[-1]) for line in lines] == [
        ("1-MAR-003", ""),
        *((f"1-FEB-{place:03}", "Came before this period") for place in range(5)),
    ]


@pytest.mark.parametrize("file_format", OPENED)
async def test_missing_invoice_references_are_a_file_with_their_deadlines(
    garage: Garage, file_format: str
) -> None:
    await a_stay(garage, "1-MIS-001", 1, 2)
    settled = await a_stay(garage, "1-SET-001", 1, 2)
    await a_departure(garage, arrived=datetime(2026, 1, 5, tzinfo=UTC), plate="1-JAN-005")
    await a_stay(garage, "1-STA-001", 3, None)
    async with garage.unit() as session:
        await settle(session, settled, Settlement("2026/1"), STAFF)
    browser = await garage.staff("owner")
    page = await browser.open(f"{PAGE}?show=waiting")
    links = [str(link["href"]) for link in page.select("a[download]")]
    assert [link.rsplit("/", 1)[1].split("?")[0] for link in links] == ["pdf", "xlsx", "csv"]
    head, *lines = await file_of(browser, file_format, links[0].split("?", 1)[1])
    place = head.index("Due by")
    due = ["30 Apr 2026", "28 Feb 2026"] if file_format == "pdf" else ["2026-04-30", "2026-02-28"]
    assert [(line[2], line[place]) for line in lines] == [
        ("1-MIS-001", due[0]),
        ("1-JAN-005", due[1]),
    ]
    rows = {row.vehicle for row in await register(garage) if row.waits}
    assert rows == {line[2] for line in lines}


@pytest.mark.parametrize("query", ["show=waiting", "show=inside&day=2026-03-14"])
async def test_an_empty_list_is_a_file_that_says_so(garage: Garage, query: str) -> None:
    browser = await garage.staff("owner")
    texts = {
        "show=waiting": "No invoice reference is missing.",
        "show=inside&day=2026-03-14": "No vehicle was on site on that day.",
    }
    answer = await browser.get(f"{PAGE}/export/pdf?{query}")
    assert texts[query] in PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()


async def test_a_reference_is_noted_in_the_list_and_the_list_is_shown_again(
    garage: Garage,
) -> None:
    row_id = await a_stay(garage, "1-LEF-014", 10, 14)
    place = await first_location(garage)
    browser = await garage.staff("owner")
    query = f"location={place}&show=inside&day=2026-03-14"
    page = await browser.open(f"{PAGE}?{query}")
    form = page.select_one("form.settle")
    assert form is not None
    assert str(form["action"]) == f"{PAGE}/rows/{row_id}/invoice?{query}"
    answer = await browser.submit(str(form["action"]), {"words": "2026/9"}, page=f"{PAGE}?{query}")
    again = BeautifulSoup(answer.text, "html.parser")
    assert "On site on 14 Mar 2026" in again.get_text()
    assert "2026/9" in table(again)[0][5]
