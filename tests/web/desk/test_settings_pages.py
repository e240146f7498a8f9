"""What an owner decides about opening hours and appointments."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup

from core.clock import now
from core.workshop.audit import repository as audit
from core.workshop.audit.models import AuditEntry
from core.workshop.locations import repository as locations
from core.workshop.locations.models import Location
from core.workshop.planning.rules import rules_for
from tests.garages import Browser, Garage

HOURS = {
    f"{edge}-{day}-a": clock
    for day in range(1, 6)
    for edge, clock in (("opens", "09:00"), ("closes", "16:00"))
}
RULES = {
    "duration_minutes": "20",
    "step_minutes": "20",
    "capacity": "3",
    "per_day": "6",
    "buffer_minutes": "5",
    "minimum_notice_hours": "12",
    "horizon_days": "30",
    "cancellation_notice_hours": "24",
}
KINDS = ("estimate", "drop_off", "pick_up")


def rules(**changes: str) -> dict[str, object]:
    """The form of all three kinds; `changes` are for drop-offs."""
    return {
        f"{kind}-{name}": changes.get(name, value) if kind == "drop_off" else value
        for kind in KINDS
        for name, value in RULES.items()
    }


async def location_of(garage: Garage) -> Location:
    async with garage.unit() as session:
        return await locations.first(session)


async def log_of(garage: Garage) -> AuditEntry:
    async with garage.unit() as session:
        return (await audit.newest(session))[0]


async def save(browser: Browser, what: str, values: dict[str, object]) -> tuple[int, BeautifulSoup]:
    answer = await browser.submit(f"/desk/settings/{what}", values, page="/desk/settings")
    return answer.status_code, BeautifulSoup(answer.text, "html.parser")


def value_of(page: BeautifulSoup, name: str) -> str:
    field = page.select_one(f'[name="{name}"]')
    assert field is not None
    return str(field.get("value", ""))


async def test_at_most_six_drop_offs_a_day_is_a_field_of_the_form(garage: Garage) -> None:
    status, page = await save(await garage.staff("owner"), "appointments", rules())
    found = rules_for(await location_of(garage), "drop_off")
    assert status == 200
    assert value_of(page, "drop_off-per_day") == "6"
    assert (found.per_day, found.capacity, found.buffer) == (6, 3, timedelta(minutes=5))
    assert (found.minimum_notice, found.horizon_days) == (timedelta(hours=12), 30)
    assert found.cancellation_notice == timedelta(hours=24)


async def test_an_empty_limit_a_day_is_no_limit(garage: Garage) -> None:
    owner = await garage.staff("owner")
    await save(owner, "appointments", rules())
    await save(owner, "appointments", rules(per_day=""))
    assert rules_for(await location_of(garage), "drop_off").per_day is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("capacity", "0"),
        ("capacity", "many"),
        ("per_day", "0"),
        ("duration_minutes", ""),
        ("horizon_days", "9999"),
        ("buffer_minutes", "-5"),
    ],
)
async def test_a_wrong_number_is_shown_at_its_field_and_nothing_is_saved(
    garage: Garage, name: str, value: str
) -> None:
    before = await location_of(garage)
    changes = {"minimum_notice_hours": "13", name: value}
    status, page = await save(await garage.staff("owner"), "appointments", rules(**changes))
    field = page.select_one(f'[name="drop_off-{name}"]')
    assert status == 422
    assert field is not None
    assert field.get("aria-invalid") == "true"
    assert value_of(page, f"drop_off-{name}") == value
    assert value_of(page, "drop_off-minimum_notice_hours") == "13"
    assert (await location_of(garage)).appointment_rules == before.appointment_rules


async def test_opening_hours_are_saved_and_logged_with_what_they_were(garage: Garage) -> None:
    before = (await location_of(garage)).opening_hours
    status, page = await save(await garage.staff("owner"), "hours", {**HOURS})
    entry = await log_of(garage)
    after = (await location_of(garage)).opening_hours
    assert (status, value_of(page, "opens-1-a")) == (200, "09:00")
    assert after == {str(day): [["09:00", "16:00"]] for day in range(1, 6)}
    assert (entry.action, entry.details) == ("location.hours", {"before": before, "after": after})


@pytest.mark.parametrize(
    "changes",
    [
        {"closes-2-a": "08:00"},
        {"closes-2-a": ""},
        {"opens-2-b": "15:00", "closes-2-b": "18:00"},
        {"opens-2-a": "late"},
    ],
)
async def test_hours_that_make_no_sense_stay_in_the_form_and_are_not_saved(
    garage: Garage, changes: dict[str, object]
) -> None:
    before = (await location_of(garage)).opening_hours
    values = {**HOURS, "opens-1-a": "07:30", **changes}
    status, page = await save(await garage.staff("owner"), "hours", values)
    summary = page.select_one(".error-summary")
    assert status == 422
    assert summary is not None
    assert "Tuesday" in summary.get_text()
    assert value_of(page, "opens-1-a") == "07:30"
    assert (await location_of(garage)).opening_hours == before


async def test_saving_what_is_saved_already_is_not_logged(garage: Garage) -> None:
    owner = await garage.staff("owner")
    await save(owner, "hours", {**HOURS})
    first = await log_of(garage)
    await save(owner, "hours", {**HOURS})
    assert (await log_of(garage)).id == first.id


async def test_a_public_holiday_can_be_a_day_of_work(garage: Garage) -> None:
    owner = await garage.staff("owner")
    page = await owner.open("/desk/settings")
    days = [str(box["value"]) for box in page.select("input[name=worked]")]
    _status, page = await save(owner, "holidays", {"worked": [days[1], "2020-01-01", "never"]})
    ticked = [str(box["value"]) for box in page.select("input[name=worked][checked]")]
    assert (await location_of(garage)).holidays_worked == ticked == [days[1]]


async def test_holidays_are_named_in_the_language_of_the_page(garage: Garage) -> None:
    owner = await garage.staff("owner")
    await owner.get("/language/nl")
    assert "Kerstmis" in (await owner.open("/desk/settings")).get_text()


async def test_closing_and_opening_again_are_both_logged(garage: Garage) -> None:
    owner = await garage.staff("owner")
    zone = ZoneInfo("Europe/Brussels")
    day = (datetime.now(zone) + timedelta(days=30)).date().isoformat()
    values = {"first_day": day, "last_day": day, "reason": "Bridge day"}
    _status, page = await save(owner, "closures", values)
    closed = await log_of(garage)
    button = page.select_one('form[action*="/closures/"][action$="/remove"]')
    assert button is not None
    await owner.submit(str(button["action"]), page="/desk/settings")
    opened = await log_of(garage)
    assert (closed.action, closed.details["after"]["first_day"]) == ("location.closed", day)
    assert (opened.action, opened.details["before"]["reason"]) == ("location.opened", "Bridge day")


async def test_a_closure_that_ends_before_it_begins_stays_in_the_form(garage: Garage) -> None:
    first, last = (now().date() + timedelta(days=offset) for offset in (9, 8))
    values = {"first_day": first.isoformat(), "last_day": last.isoformat(), "reason": "Leave"}
    status, page = await save(await garage.staff("owner"), "closures", values)
    assert (status, value_of(page, "reason")) == (409, "Leave")
    assert "The last day cannot be before the first." in page.get_text()


async def test_only_an_owner_decides(garage: Garage) -> None:
    planner = await garage.staff("planner")
    token = await planner.token("/desk")
    answer = await planner.post("/desk/settings/appointments", data={"csrf_token": token})
    assert answer.status_code == 403


async def test_address_and_vat_number_are_saved_as_they_are_printed(garage: Garage) -> None:
    owner = await garage.staff("owner")
    values: dict[str, object] = {
        "street": "Meir 1",
        "postal_code": "2000",
        "city": "Antwerpen",
        "vat_number": "be 0403.019.261",
    }
    status, page = await save(owner, "papers", values)
    place = await location_of(garage)
    assert (status, place.vat_number, place.street) == (200, "BE0403019261", "Meir 1")
    assert value_of(page, "city") == "Antwerpen"
    assert (await log_of(garage)).action == "location.papers"


async def test_a_vat_number_that_cannot_exist_is_kept_with_a_warning(garage: Garage) -> None:
    owner = await garage.staff("owner")
    _status, page = await save(owner, "papers", {"vat_number": "BE 0123.456.789"})
    assert (await location_of(garage)).vat_number == "BE 0123.456.789"
    assert "The VAT number looks unusual" in page.get_text()


async def test_a_vat_number_that_is_too_long_is_refused_and_kept_in_the_form(
    garage: Garage,
) -> None:
    owner = await garage.staff("owner")
    status, page = await save(owner, "papers", {"vat_number": "9" * 30})
    assert (status, value_of(page, "vat_number")) == (422, "9" * 30)
    assert (await location_of(garage)).vat_number is None


async def add_place(owner: Browser, name: str) -> tuple[int, BeautifulSoup, str]:
    """Add a location; the status, the page, and the query that names it."""
    answer = await owner.submit("/desk/settings/locations", {"name": name}, page="/desk/settings")
    return answer.status_code, BeautifulSoup(answer.text, "html.parser"), answer.url.query.decode()


async def test_a_further_location_begins_with_the_hours_of_the_first_and_gets_its_own(
    garage: Garage,
) -> None:
    owner = await garage.staff("owner")
    await save(owner, "hours", HOURS)
    status, page, query = await add_place(owner, "Depot")
    assert status == 200
    assert value_of(page, "opens-1-a") == "09:00"
    assert "Customers book online at" in page.text
    hours = {**HOURS, "opens-1-a": "07:30"}
    await owner.submit(f"/desk/settings/hours?{query}", hours, page="/desk/settings")
    async with garage.unit() as session:
        first, second = await locations.everywhere(session)
    assert (first.opening_hours["1"][0][0], second.opening_hours["1"][0][0]) == ("09:00", "07:30")
    assert (await log_of(garage)).subject == f"location:{second.id}"


async def test_papers_closed_days_and_rules_belong_to_the_location_that_is_shown(
    garage: Garage,
) -> None:
    owner = await garage.staff("owner")
    _status, _page, query = await add_place(owner, "Depot")
    papers = {"street": "Kaai 7", "postal_code": "2000", "city": "Antwerpen", "vat_number": ""}
    await owner.submit(f"/desk/settings/papers?{query}", papers, page="/desk/settings")
    await owner.submit(
        f"/desk/settings/appointments?{query}", rules(per_day="2"), page="/desk/settings"
    )
    days = {"first_day": "2030-07-01", "last_day": "2030-07-05", "reason": "Leave"}
    answer = await owner.submit(f"/desk/settings/closures?{query}", days, page="/desk/settings")
    assert "Leave" in answer.text
    assert "Leave" not in (await owner.get("/desk/settings")).text
    async with garage.unit() as session:
        first, second = await locations.everywhere(session)
    assert (first.street, second.street) != (second.street, first.street)
    assert second.street == "Kaai 7"
    assert rules_for(second, "drop_off").per_day == 2
    assert rules_for(first, "drop_off").per_day != 2


async def test_two_locations_of_one_name_are_refused_with_the_form_still_filled(
    garage: Garage,
) -> None:
    owner = await garage.staff("owner")
    _status, _page, query = await add_place(owner, "Depot")
    status, page, _query = await add_place(owner, "DEPOT")
    assert status == 409
    assert "There is a location of this name already." in page.text
    assert value_of(page.select_one("form[action*=locations]"), "name") == "DEPOT"  # type: ignore[arg-type]
    renamed = await owner.submit(
        f"/desk/settings/name?{query}", {"name": "Hal 2"}, page="/desk/settings"
    )
    assert "Hal 2" in renamed.text
    assert "Location renamed" in (await owner.get("/desk/audit")).text


@pytest.mark.parametrize("asked", ["nothing", "00000000-0000-7000-8000-000000000000"])
async def test_a_location_that_does_not_exist_here_is_not_found(garage: Garage, asked: str) -> None:
    owner = await garage.staff("owner")
    assert (await owner.get(f"/desk/settings?location={asked}")).status_code == 404


async def test_another_garages_location_is_not_found(garage: Garage, other_garage: Garage) -> None:
    foreign = (await location_of(other_garage)).id
    owner = await garage.staff("owner")
    assert (await owner.get(f"/desk/settings?location={foreign}")).status_code == 404
    answer = await owner.submit(
        f"/desk/settings/hours?location={foreign}", HOURS, page="/desk/settings"
    )
    assert answer.status_code == 404
    assert (await location_of(other_garage)).opening_hours["1"][0][0] == "08:00"
