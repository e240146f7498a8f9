"""Jobs and appointments as files for a spreadsheet."""

import csv
import io
import re

import httpx
import pytest
from sqlalchemy import select

from core.web import csv_downloads
from core.web.words import plate_text
from core.workshop.audit.models import AuditEntry
from core.workshop.csv_lines import BYTE_ORDER_MARK, unescaped
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.services import set_status
from core.workshop.planning import repository as planning
from core.workshop.planning.services import cancel
from tests import factories
from tests.garages import STAFF, Garage
from tests.naughty import NAUGHTY

JOBS = "/desk/exports/jobs.csv"
APPOINTMENTS = "/desk/exports/appointments.csv"


def rows_of(answer: httpx.Response, separator: str = ",") -> list[list[str]]:
    """The file as a spreadsheet reads it, with its guards against formulas taken away."""
    assert answer.status_code == 200, answer.text[:300]
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(BYTE_ORDER_MARK)
    text = answer.content.removeprefix(BYTE_ORDER_MARK).decode()
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    return [[unescaped(cell) for cell in row] for row in rows]


async def test_every_text_comes_back_from_the_file_as_it_is_stored(garage: Garage) -> None:
    async with garage.unit() as session:
        for text in NAUGHTY:
            await factories.a_job(
                session,
                plate=f"1{text}"[:20].replace("\x00", ""),
                name=text,
                damage=text,
                vehicle={"make": text, "colour": text},
                details={"insurer": text},
            )
        stored = await jobs.export_page(session, statuses=("new",))
    planner = await garage.staff("planner")
    head, *rows = rows_of(await planner.get(JOBS))
    assert head[:3] == ["No.", "Job number", "Plate"]
    assert len(rows) == len(stored) == len(NAUGHTY)
    for row, job in zip(rows, stored, strict=True):
        found = dict(zip(head, row, strict=True))
        assert found["Customer"] == job.customer_name
        assert found["Damage"] == job.damage
        assert found["Make"] == (job.make or "")
        assert found["Insurer"] == (job.insurer or "")
        assert found["Plate"] == plate_text(job)
    assert {row[8].split()[0] for row in rows} >= {"'=already", "''t", "'t", "+1+cmd|'"}


async def test_no_cell_is_a_formula_for_any_spreadsheet(garage: Garage) -> None:
    async with garage.unit() as session:
        for text in NAUGHTY:
            await factories.a_job(session, name=text, damage=text, phone="+32 3 123 45 67")
    answer = await (await garage.staff("planner")).get(JOBS)
    text = answer.content.removeprefix(BYTE_ORDER_MARK).decode()
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert not [cell for cell in cells if re.match(r"[=+\-@\t\r\n]", cell)]


async def test_the_file_holds_what_the_lists_filter_shows_in_all_its_pages(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "EXPORTED", 3)
    async with garage.unit() as session:
        made = [await factories.a_job(session, plate=f"1-ABC-{n:03}") for n in range(7)]
        await set_status(session, made[4].id, "ready", STAFF)
        await set_status(session, made[5].id, "delivered", STAFF)
    owner = await garage.staff("owner")
    shown = {
        show: [int(row[0]) for row in rows_of(await owner.get(JOBS, params={"show": show}))[1:]]
        for show in ("open", "ready", "done", "no-such-filter")
    }
    numbers = [job.sequence_number for job in reversed(made)]
    everything_open = [number for number in numbers if number != made[5].sequence_number]
    assert shown["open"] == shown["no-such-filter"] == everything_open
    assert shown["ready"] == [made[4].sequence_number]
    assert shown["done"] == [made[5].sequence_number]


async def test_a_file_that_is_cut_says_so(garage: Garage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "EXPORTED", 2)
    monkeypatch.setattr(csv_downloads, "MOST_ROWS", 4)
    async with garage.unit() as session:
        for number in range(6):
            await factories.a_job(session, plate=f"1-ABC-{number:03}")
    rows = rows_of(await (await garage.staff("owner")).get(JOBS))
    assert len(rows) == 1 + 4 + 1
    assert rows[-1] == ["Only the first 20000 rows are in this file."]


async def test_appointments_of_a_period_come_by_time_with_the_cancelled_ones(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "EXPORTED", 2)
    made = []
    async with garage.unit() as session:
        for number in range(5):
            job = await factories.a_job(session, plate=f"1-ABC-{number:03}")
            made.append((await factories.an_appointment(session, job))[0])
        await cancel(session, made[1], STAFF, reason="=too late")
    zone = garage.tenant.zone
    first = min(each.starts_at for each in made).astimezone(zone).date()
    last = max(each.starts_at for each in made).astimezone(zone).date()
    owner = await garage.staff("owner")
    period = {"from": first.isoformat(), "until": last.isoformat()}
    head, *rows = rows_of(await owner.get(APPOINTMENTS, params=period))
    assert [f"{row[0]} {row[1]}" for row in rows] == sorted(
        f"{each.starts_at.astimezone(zone):%Y-%m-%d %H:%M}" for each in made
    )
    assert [row[-1] for row in rows if row[4] == "Cancelled"] == ["=too late"]
    assert len(head) == len(rows[0])


async def test_a_file_speaks_the_readers_language_and_its_spreadsheets(garage: Garage) -> None:
    async with garage.unit() as session:
        await factories.a_job(session)
    await garage.add_staff("owner", f"owner@{garage.slug}.test", language="nl")
    head, row = rows_of(await (await garage.staff("owner")).get(JOBS), ";")
    assert (head[0], head[8]) == ("Nr.", "Klant")
    assert row[8] == "Jan Peeters"


async def test_only_who_may_see_customers_downloads_them(garage: Garage) -> None:
    for role in ("technician", "accountant"):
        browser = await garage.staff(role)
        assert (await browser.get(JOBS)).status_code == 403
        assert (await browser.get(APPOINTMENTS)).status_code == 403
    technician = await (await garage.staff("technician")).open("/desk/jobs")
    assert technician.select_one(f"a[href^='{JOBS}']") is None


async def test_another_garages_jobs_are_not_in_the_file(
    garage: Garage, other_garage: Garage
) -> None:
    for each, name in ((garage, "Ours"), (other_garage, "Theirs")):
        async with each.unit() as session:
            await factories.a_job(session, name=name)
    rows = rows_of(await (await garage.staff("owner")).get(JOBS))
    assert [row[8] for row in rows[1:]] == ["Ours"]


async def test_the_garages_log_names_who_downloaded_what(garage: Garage) -> None:
    owner = await garage.staff("owner")
    await owner.get(JOBS, params={"show": "ready"})
    async with garage.unit() as session:
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "jobs.exported"))
    assert entry is not None
    assert (entry.actor_name, entry.subject) == ("Owner Person", "jobs:ready")
    assert "Jobs downloaded as a file" in (await owner.get("/desk/audit")).text
