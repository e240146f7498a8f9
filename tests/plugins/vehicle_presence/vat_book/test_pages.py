"""The VAT book at the desk."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.workshop.audit import repository as audit
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.locations.services import create_location
from core.workshop.staff.permissions import permissions_of
from plugins.vehicle_presence.arrivals import go_on_for
from plugins.vehicle_presence.services import mark_off_site
from plugins.vehicle_presence.vat_book import settling
from plugins.vehicle_presence.vat_book.closing import close_months
from plugins.vehicle_presence.vat_book.rights import CORRECT, SETTLE
from plugins.vehicle_presence.vat_book.settling import Settlement, settle
from plugins.vehicle_presence.vat_book.tasks import tend
from tests.factories import a_job
from tests.garages import STAFF, Garage
from tests.plugins.vehicle_presence.vat_book.reading import (
    a_departure,
    first_location,
    register,
)
from tests.statements import counted

PAGE = "/desk/vat-book"


def table(page: BeautifulSoup) -> list[list[str]]:
    """The cells of the register, as texts."""
    return [
        [" ".join(cell.get_text(" ", strip=True).split()) for cell in row.select("td")]
        for row in page.select("table.vat-book tbody tr")
    ]


async def test_the_accountant_sees_the_book_and_nothing_else(garage: Garage) -> None:
    await a_departure(garage, plate="1-ABC-123")
    browser = await garage.staff("accountant")
    home = await browser.open("/desk")
    entries = [link["href"] for link in home.select(".desk-nav a")]
    assert entries == ["/desk", PAGE]
    assert "on site" not in home.get_text()
    (row,) = table(await browser.open(PAGE))
    assert row[2] == "1-ABC-123"
    for path in ("/desk/on-site", "/desk/jobs", "/desk/planning", "/desk/audit"):
        assert (await browser.get(path)).status_code == 403


async def test_a_technician_does_not_see_it(garage: Garage) -> None:
    browser = await garage.staff("technician")
    assert (await browser.get(PAGE)).status_code == 403
    assert "VAT book" not in (await browser.open("/desk")).get_text()


async def test_the_planner_notes_invoices_and_corrects_nothing(garage: Garage) -> None:
    row_id = await a_departure(garage)
    browser = await garage.staff("planner")
    page = await browser.open(PAGE)
    assert page.select_one("input[name=words]") is not None
    assert not [link for link in page.select("a") if "/correct" in str(link["href"])]
    path = f"{PAGE}/rows/{row_id}"
    assert (await browser.get(f"{path}/correct")).status_code == 403
    form = {"day": "2026-01-01", "plate": "1-NEW-001", "reason": "mistyped"}
    answer = await browser.submit(f"{path}/correct", form, page=PAGE)
    assert answer.status_code == 403
    answer = await browser.submit(f"{path}/invoice", {"words": "2026/7"}, page=PAGE)
    assert answer.status_code == 200
    (row,) = await register(garage)
    assert row.invoice is not None
    assert (row.invoice.words, row.struck) == ("2026/7", [])


async def test_whoever_only_reads_sees_no_form(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    row_id = await a_departure(garage)
    only_read = permissions_of("accountant", garage.house.hooks, garage.tenant.active_plugins)
    only_read -= {SETTLE, CORRECT}
    monkeypatch.setattr("core.web.viewer.permissions_of", lambda *_: only_read)
    browser = await garage.staff("accountant")
    page = await browser.open(PAGE)
    assert "Due by" in table(page)[0][5]
    assert page.select("main form[method=post]") == []
    for path in ("invoice", "invoice/undo", "correct"):
        answer = await browser.submit(f"{PAGE}/rows/{row_id}/{path}", {"words": "1"}, page=PAGE)
        assert answer.status_code == 403


async def test_a_row_shows_its_days_the_deadline_and_a_field(garage: Garage) -> None:
    moment = datetime(2026, 2, 3, 9, tzinfo=UTC)
    await a_departure(garage, arrived=moment, plate="1-ABC-123")
    browser = await garage.staff("owner")
    page = await browser.open(f"{PAGE}?month=2026-02")
    (row,) = table(page)
    assert row[:2] == ["No. 1", "In 3 Feb 2026"]
    assert row[4] == "Out 3 Feb 2026"
    with frozen(moment):
        assert "Due by 31 Mar 2026" in table(await browser.open(f"{PAGE}?month=2026-02"))[0][5]
    assert page.select_one("input[name=words]") is not None
    with frozen(datetime(2026, 4, 1, 9, tzinfo=UTC)):
        late = await browser.open(f"{PAGE}?month=2026-02")
    assert "Overdue since 31 Mar 2026" in table(late)[0][5]


async def test_a_period_holds_what_came_in_it(garage: Garage) -> None:
    for day in (1, 15, 28):
        await a_departure(garage, arrived=datetime(2026, 2, day, 9, tzinfo=UTC))
    browser = await garage.staff("owner")
    assert len(table(await browser.open(f"{PAGE}?month=2026-02"))) == 3
    assert len(table(await browser.open(f"{PAGE}?from=2026-02-15&to=2026-02-28"))) == 2
    assert len(table(await browser.open(f"{PAGE}?from=2026-02-28&to=2026-02-15"))) == 2
    assert table(await browser.open(f"{PAGE}?month=2026-01")) == []


@pytest.mark.parametrize(
    "query", ["month=nonsense", "from=2026-13-01&to=x", "after=-1", "after=99999999999", "show=x"]
)
async def test_an_odd_address_shows_the_running_month(garage: Garage, query: str) -> None:
    await a_departure(garage)
    page = await (await garage.staff("owner")).open(f"{PAGE}?{query}")
    assert len(table(page)) == 1


async def test_another_garages_location_is_not_here(garage: Garage, other_garage: Garage) -> None:
    browser = await garage.staff("owner")
    theirs = await first_location(other_garage)
    for path in (PAGE, f"{PAGE}/export/csv"):
        for location in (str(theirs), str(uuid4()), "x"):
            assert (await browser.get(f"{path}?location={location}")).status_code == 404


async def test_a_second_location_has_a_book_of_its_own(garage: Garage) -> None:
    await a_departure(garage)
    async with garage.unit() as session:
        second = await create_location(session, name="Second hall")
    browser = await garage.staff("owner")
    page = await browser.open(f"{PAGE}?location={second.id}")
    assert table(page) == []
    assert "This book is not open yet" in page.get_text()
    assert [option.get_text() for option in page.select("select[name=location] option")] == [
        f"Garage {garage.slug}",
        "Second hall",
    ]


async def settle_on_page(garage: Garage, row_id: UUID, **values: str) -> BeautifulSoup:
    browser = await garage.staff("accountant")
    answer = await browser.submit(
        f"{PAGE}/rows/{row_id}/invoice", dict(values), page="/desk/vat-book"
    )
    assert answer.status_code == 200, answer.text[:300]
    return BeautifulSoup(answer.text, "html.parser")


async def test_the_reference_is_typed_into_the_row(garage: Garage) -> None:
    row_id = await a_departure(garage)
    page = await settle_on_page(garage, row_id, words="2026/7")
    assert "2026/7" in table(page)[0][5]
    assert page.select_one("input[name=words]") is None
    assert "No. 1 is settled." in page.get_text()


async def test_a_reason_is_marked_as_one(garage: Garage) -> None:
    row_id = await a_departure(garage)
    page = await settle_on_page(garage, row_id, words="Guarantee", none="yes")
    assert "None: Guarantee" in table(page)[0][5]


async def test_nothing_typed_is_said_beside_the_field(garage: Garage) -> None:
    row_id = await a_departure(garage)
    browser = await garage.staff("owner")
    answer = await browser.submit(f"{PAGE}/rows/{row_id}/invoice", {"words": " "}, page=PAGE)
    assert answer.status_code == 422
    assert "Please type the invoice reference, or the reason" in answer.text
    assert not (await register(garage))[0].invoice


async def test_a_text_that_is_too_long_is_refused_and_kept(garage: Garage) -> None:
    row_id = await a_departure(garage)
    browser = await garage.staff("owner")
    answer = await browser.submit(f"{PAGE}/rows/{row_id}/invoice", {"words": "x" * 121}, page=PAGE)
    assert answer.status_code == 422
    assert "x" * 121 in answer.text


async def test_undo_lets_the_row_wait_again(garage: Garage) -> None:
    row_id = await a_departure(garage)
    browser = await garage.staff("owner")
    await browser.submit(f"{PAGE}/rows/{row_id}/invoice", {"words": "1"}, page=PAGE)
    answer = await browser.submit(f"{PAGE}/rows/{row_id}/invoice/undo", page=PAGE)
    lines = table(BeautifulSoup(answer.text, "html.parser"))
    assert "Due by" in lines[0][5]
    assert "Struck by Owner Person" in lines[1][5]


async def test_the_job_cards_reference_is_proposed(garage: Garage) -> None:
    await a_departure(garage, details={"invoice_reference": "2026-0815"})
    page = await (await garage.staff("owner")).open(PAGE)
    field = page.select_one("input[name=words]")
    assert field is not None
    assert field["value"] == "2026-0815"


def version_on(page: BeautifulSoup) -> str:
    """Which version of the row a correction is about."""
    field = page.select_one("input[name=version]")
    assert field is not None
    return str(field["value"])


async def test_who_opened_the_form_before_somebody_else_corrected_sees_both(
    garage: Garage,
) -> None:
    row_id = await a_departure(garage, plate="1-AAA-111")
    path = f"{PAGE}/rows/{row_id}/correct"
    browser = await garage.staff("accountant")
    day = f"{(await register(garage))[0].entry.day}"
    values = {"day": day, "reason": "mistyped", "version": version_on(await browser.open(path))}
    answer = await browser.submit(path, values | {"plate": "1-AAA-112"})
    assert answer.status_code == 200
    late = values | {"plate": "1-AAA-111", "vat_number": "BE0403019261"}
    answer = await browser.submit(path, late)
    assert answer.status_code == 409
    page = BeautifulSoup(answer.text, "html.parser")
    assert "Accountant Person changed this row in the meantime." in page.get_text()
    assert "The register says now: 1-AAA-112" in page.get_text()
    for name in ("plate", "vat_number"):
        field = page.select_one(f"input[name={name}]")
        assert field is not None
        assert field["value"] == late[name]
    late |= {"plate": "1-AAA-112", "version": version_on(page)}
    assert (await browser.submit(path, late)).status_code == 200
    (row,) = await register(garage)
    assert (row.entry.plate, row.entry.vat_number) == ("1-AAA-112", "BE0403019261")


async def test_undo_that_gives_way_to_somebody_else_says_so_on_the_page(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    row_id = await a_departure(garage)

    async def gives_way(session: AsyncSession, *_: object) -> None:
        await session.execute(text("do $$ begin raise exception using errcode = '40P01'; end $$"))

    monkeypatch.setattr(settling, "take_back_settlement", gives_way)
    browser = await garage.staff("planner")
    answer = await browser.submit(f"{PAGE}/rows/{row_id}/invoice/undo", page=PAGE)
    assert answer.status_code == 409
    assert "Somebody changed this at the same moment" in answer.text
    assert len(table(BeautifulSoup(answer.text, "html.parser"))) == 1


async def test_undo_that_comes_too_late_says_what_helps(garage: Garage) -> None:
    row_id = await a_departure(garage)
    async with garage.unit() as session:
        await settle(session, row_id, Settlement("1"), STAFF)
    browser = await garage.staff("planner")
    answer = await browser.submit(f"{PAGE}/rows/{row_id}/invoice/undo", page=PAGE)
    assert answer.status_code == 409
    assert "It is too late to undo this. The owner or the accountant" in answer.text
    assert (await register(garage))[0].invoice is not None


async def test_after_a_hand_over_the_job_that_has_the_stay_is_asked(garage: Garage) -> None:
    await a_departure(garage, stays=True, details={"invoice_reference": "2026-OLD"})
    (row,) = await register(garage)
    assert row.entry.job_id is not None
    async with garage.unit() as session:
        first = await jobs.by_id(session, row.entry.job_id)
        details = {"invoice_reference": "2026-NEW"}
        second = await a_job(session, plate=first.plate, details=details)
        await go_on_for(session, second.id, STAFF)
        await mark_off_site(session, second.id, STAFF)
    browser = await garage.staff("owner")
    field = (await browser.open(PAGE)).select_one("input[name=words]")
    assert field is not None
    assert field["value"] == "2026-NEW"
    form = await browser.open(f"{PAGE}/rows/{row.row_id}/correct")
    assert form.select_one(f'main a[href="/desk/jobs/{second.id}"]') is not None


async def test_what_the_job_card_says_otherwise_stands_in_an_open_row_and_is_proposed(
    garage: Garage,
) -> None:
    row_id = await a_departure(garage, plate="1-AAA-111")
    (row,) = await register(garage)
    browser = await garage.staff("accountant")
    assert "The job card says" not in (await browser.open(PAGE)).get_text()
    async with garage.unit() as session:
        job = await jobs.by_id(session, row.entry.job_id)  # type: ignore[arg-type]
        job.plate, job.plate_normalised = "1-aaa-112", "1AAA112"
        (await customers.by_id(session, job.customer_id)).vat_number = "BE0403019261"
    page = await browser.open(PAGE)
    assert "The job card says: 1-AAA-112, BE 0403.019.261" in table(page)[0][5]
    link = next(each for each in page.select("a") if "from=card" in str(each["href"]))
    form = await browser.open(str(link["href"]))
    values: dict[str, object] = {
        name: str(field.get("value", ""))
        for name in ("version", "day", "left", "plate", "vin", "vat_number")
        if (field := form.select_one(f"input[name={name}]"))
    }
    assert (values["plate"], values["vat_number"]) == ("1-AAA-112", "BE 0403.019.261")
    path = f"{PAGE}/rows/{row_id}/correct"
    answer = await browser.submit(path, values | {"reason": "mistyped at the desk"})
    assert answer.status_code == 200
    assert "The job card says" not in answer.text
    planner = await (await garage.staff("planner")).open(PAGE)
    assert not [each for each in planner.select("a") if "from=card" in str(each["href"])]


async def test_a_correction_shows_the_struck_line_with_name_and_reason(garage: Garage) -> None:
    row_id = await a_departure(garage, plate="1-AAA-111")
    browser = await garage.staff("accountant")
    form = await browser.open(f"{PAGE}/rows/{row_id}/correct")
    day = form.select_one("input[name=day]")
    assert day is not None
    answer = await browser.submit(
        f"{PAGE}/rows/{row_id}/correct",
        {
            "day": str(day["value"]),
            "plate": "1-AAA-112",
            "vat_number": "BE 0123.456.789",
            "reason": "mistyped",
            "version": version_on(form),
        },
    )
    page = BeautifulSoup(answer.text, "html.parser")
    first, struck = table(page)
    assert first[2] == "1-AAA-112"
    assert struck[2] == "1-AAA-111"
    assert "Accountant Person" in struck[5]
    assert "mistyped" in struck[5]
    assert "VAT number looks unusual" in page.get_text()
    async with garage.unit() as session:
        assert (await audit.newest(session))[0].action == "vat_book.corrected"


async def test_the_accountant_corrects_a_departure_of_a_closed_month_and_sees_what_cannot_be(
    garage: Garage,
) -> None:
    moment = now() - timedelta(days=3)
    row_id = await a_departure(garage, arrived=moment, left=moment + timedelta(days=2))
    path = f"{PAGE}/rows/{row_id}/correct"
    left = (moment + timedelta(days=1)).astimezone(garage.tenant.zone).date()
    with frozen(now() + timedelta(days=45)):
        async with garage.unit() as session:
            assert await close_months(session, await first_location(garage))
        browser = await garage.staff("accountant")
        form = await browser.open(path)
        names = ("version", "day", "left", "plate", "vin", "vat_number")
        fields = {name: form.select_one(f"input[name={name}]") for name in names}
        values: dict[str, object] = {
            name: str(field.get("value", "")) if field else "" for name, field in fields.items()
        }
        refused = await browser.submit(path, values | {"left": "2001-01-01", "reason": "late"})
        page = BeautifulSoup(refused.text, "html.parser")
        assert refused.status_code == 409
        assert page.select_one("input[name=left][aria-invalid=true]")
        assert "cannot have left before it arrived" in page.get_text()
        answer = await browser.submit(path, values | {"left": f"{left}", "reason": "late"})
        assert answer.status_code == 200
    (row,) = await register(garage)
    assert row.exit is not None
    assert (row.exit.day, row.exit.is_late, row.exit.reason) == (left, True, "late")
    assert row.exit.actor == "Accountant Person"


async def test_a_correction_without_a_reason_is_refused_with_the_form_filled(
    garage: Garage,
) -> None:
    row_id = await a_departure(garage)
    browser = await garage.staff("owner")
    answer = await browser.submit(
        f"{PAGE}/rows/{row_id}/correct", {"day": "2026-01-01", "plate": "1-NEW-001"}
    )
    assert answer.status_code == 422
    assert "1-NEW-001" in answer.text
    same = (await register(garage))[0].entry
    answer = await browser.submit(
        f"{PAGE}/rows/{row_id}/correct",
        {"day": f"{same.day}", "plate": same.plate, "reason": "why not", "version": "2"},
    )
    assert answer.status_code == 409
    assert "Nothing is different." in answer.text


async def test_what_waits_has_a_list_of_its_own_whatever_its_month(garage: Garage) -> None:
    await a_departure(garage, arrived=now() - timedelta(days=200), plate="1-OLD-111")
    settled = await a_departure(garage)
    async with garage.unit() as session:
        await settle(session, settled, Settlement("1"), STAFF)
    browser = await garage.staff("owner")
    assert [row[2] for row in table(await browser.open(f"{PAGE}?show=waiting"))] == ["1-OLD-111"]
    assert "1 invoice reference is overdue." in (await browser.open("/desk")).get_text()


async def test_the_integrity_line_says_how_far_the_chain_was_verified(garage: Garage) -> None:
    await a_departure(garage)
    browser = await garage.staff("owner")
    assert "verified tonight for the first time" in (await browser.open(PAGE)).get_text()
    async with garage.unit() as session:
        await tend(session)
    assert "Chain verified up to no. 1 on" in (await browser.open(PAGE)).get_text()


async def test_a_page_holds_a_hundred_rows_and_leads_to_the_next(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugins.vehicle_presence.vat_book.repository.PAGE", 2)
    for _ in range(3):
        await a_departure(garage)
    browser = await garage.staff("owner")
    first = await browser.open(PAGE)
    assert [row[0] for row in table(first)] == ["No. 1", "No. 2"]
    more = next(link for link in first.select("a.button") if "More rows" in link.get_text())
    for_paper = first.select_one("p.only-print")
    assert for_paper is not None
    assert "only no. 1 to no. 2 are on this print. The PDF has all" in for_paper.get_text()
    second = await browser.open(str(more["href"]))
    assert [row[0] for row in table(second)] == ["No. 3"]
    assert "only no. 3 to no. 3" in second.get_text()


async def test_the_page_costs_the_same_for_one_row_and_for_thirty(
    garage: Garage, other_garage: Garage
) -> None:
    costs = []
    for place, many in ((garage, 1), (other_garage, 30)):
        for _ in range(many):
            await a_departure(place, arrived=now() - timedelta(hours=3))
        browser = await place.staff("owner")
        await browser.get(PAGE)
        with counted(place.house) as sent:
            assert (await browser.get(PAGE)).status_code == 200
        costs.append(len(sent))
    assert costs[0] == costs[1] <= 11


async def test_switched_off_nothing_of_it_is_there_and_its_rows_come_back(garage: Garage) -> None:
    await a_departure(garage, plate="1-ABC-123")
    await garage.switch("vehicle_presence", on=False)
    browser = await garage.staff("accountant")
    assert (await browser.get(PAGE)).status_code == 404
    assert "VAT book" not in (await browser.open("/desk")).get_text()
    await garage.switch("vehicle_presence", on=True)
    assert [row[2] for row in table(await browser.open(PAGE))] == ["1-ABC-123"]
