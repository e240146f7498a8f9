"""A row of the VAT book whose vehicle never came, found out after the time to undo."""

from datetime import UTC, datetime, timedelta

from bs4 import BeautifulSoup

from core.clock import frozen
from core.workshop.audit import repository as audit
from core.workshop.jobs import repository as jobs
from plugins.vehicle_presence import repository as presence
from plugins.vehicle_presence.services import mark_off_site, record_arrival
from plugins.vehicle_presence.vat_book.closing import close_months
from plugins.vehicle_presence.vat_book.settling import Settlement, settle
from tests.factories import a_job
from tests.garages import STAFF, Garage
from tests.plugins.vehicle_presence.vat_book.opened import csv_table
from tests.plugins.vehicle_presence.vat_book.reading import (
    a_departure,
    dues,
    first_location,
    register,
    sound,
)

PAGE = "/desk/vat-book"
CAME = datetime(2026, 3, 2, 9, tzinfo=UTC)
MARCH = "month=2026-03"


async def test_a_struck_row_is_struck_everywhere_and_its_stay_never_was(garage: Garage) -> None:
    row_id = await a_departure(garage, arrived=CAME, plate="1-NOT-111", left=CAME)
    async with garage.unit() as session:
        await settle(session, row_id, Settlement("2026/1"), STAFF)
    await a_departure(garage, arrived=CAME, plate="1-WAS-222")
    with frozen(datetime(2027, 2, 8, 9, tzinfo=UTC)):
        async with garage.unit() as session:
            assert await close_months(session, await first_location(garage))
        browser = await garage.staff("accountant")
        path = f"{PAGE}/rows/{row_id}"
        form = await browser.open(f"{path}/correct?{MARCH}")
        version = form.select_one(f'form[action*="{row_id}/strike"] input[name=version]')
        assert version is not None
        values = {"version": str(version["value"]), "strike_reason": "a typing error"}
        for _press in range(2):
            answer = await browser.submit(f"{path}/strike?{MARCH}", values, page=PAGE)
            assert answer.status_code == 200
        page = BeautifulSoup(answer.text, "html.parser")
        body = (await browser.get(f"{PAGE}/export/csv?{MARCH}")).content
    assert "No. 1 is struck." in page.get_text()
    (shown, _left, _invoice, other) = page.select("table.vat-book tbody tr")
    assert "struck" in shown["class"]
    assert "a typing error" in shown.get_text()
    assert "struck" not in other.get("class", [])
    assert [(line[2], line[6]) for line in csv_table(body)[1:] if line[2]] == [
        ("1-NOT-111", "struck"),
        ("1-WAS-222", "valid"),
    ]
    struck, _other = await register(garage)
    assert (struck.is_cancelled, struck.exit, struck.invoice, struck.waits) == (
        True,
        None,
        None,
        False,
    )
    assert [due.number for due in await dues(garage)] == [2]
    async with garage.unit() as session:
        assert await presence.latest_stay(session, struck.entry.job_id) is None  # type: ignore[arg-type]
        newest = (await audit.newest(session))[0]
        events = await jobs.events_of(session, struck.entry.job_id)  # type: ignore[arg-type]
    assert (newest.action, newest.reason) == ("vat_book.struck", "a typing error")
    assert [event.kind for event in events if event.kind.startswith("arrival")] == [
        "arrival_struck"
    ]
    await sound(garage)


async def test_a_vehicle_on_site_leaves_the_board_with_its_row_and_the_card_says_why(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        job = await a_job(session, plate="1-NOT-111")
        stay = await record_arrival(session, job.id, STAFF)
    (row,) = await register(garage)
    browser = await garage.staff("owner")
    with frozen(stay.arrived_at + timedelta(hours=1)):
        undo = f"/desk/jobs/{job.id}/presence/in/{stay.id}/undo"
        refused = await browser.submit(undo, page="/desk/jobs")
        assert refused.status_code == 409
        assert "can strike its row in the VAT book" in refused.text
    path = f"{PAGE}/rows/{row.row_id}/strike"
    for values, status_code in (
        ({"version": "1"}, 422),
        ({"version": "2", "strike_reason": "wrong car"}, 409),
    ):
        answer = await browser.submit(path, values, page=PAGE)
        assert answer.status_code == status_code
        assert len(BeautifulSoup(answer.text, "html.parser").select("details[open]")) == 1
    answer = await browser.submit(path, {"version": "1", "strike_reason": "wrong car"}, page=PAGE)
    assert answer.status_code == 200
    assert "1-NOT-111" not in (await browser.open("/desk/on-site")).get_text()
    card = (await browser.open(f"/desk/jobs/{job.id}")).get_text()
    assert "Arrival struck, no. 1 of the VAT book: wrong car (Owner Person)" in card
    planner = await garage.staff("planner")
    assert (await planner.submit(path, {"strike_reason": "x"}, page=PAGE)).status_code == 403
    again = await record_again(garage, row.entry.job_id)
    assert [each.number for each in await register(garage)] == [1, again]


async def record_again(garage: Garage, job_id: object) -> int:
    """The vehicle comes after all; the number of its row."""
    async with garage.unit() as session:
        await record_arrival(session, job_id, STAFF)  # type: ignore[arg-type]
        await mark_off_site(session, job_id, STAFF)  # type: ignore[arg-type]
    return (await register(garage))[-1].number
