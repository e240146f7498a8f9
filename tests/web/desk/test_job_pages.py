"""Jobs at the desk: the list, the search, a new one, the card, its fields."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from core.clock import now
from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job
from core.workshop.jobs.numbers import display_public_number
from core.workshop.jobs.repository import PAGE
from core.workshop.jobs.services import change_job, set_status
from core.workshop.locations import repository as locations
from core.workshop.locations.services import add_location, create_location
from core.workshop.photos.models import Photo
from core.workshop.vehicles.models import Vehicle
from plugins.vehicle_presence.services import record_arrival
from tests import factories
from tests.garages import STAFF, Browser, Garage

NEW_JOB = {
    "plate": "1-abc-123",
    "plate_country": "BE",
    "name": "Lotte Janssens",
    "email": "lotte@example.com",
    "phone": "0470 12 34 56",
    "language": "nl",
    "make": "Volvo",
    "model": "V60",
    "colour": "blue",
    "damage": "Front bumper",
}


@pytest.fixture
async def planner(garage: Garage) -> Browser:
    """A planner at the desk."""
    return await garage.staff("planner")


async def a_job(garage: Garage, **facts: str) -> Job:
    """A job of the garage."""
    async with garage.unit() as session:
        return await factories.a_job(session, **facts)  # type: ignore[arg-type]


def numbers_on(page: BeautifulSoup) -> list[int]:
    """The job numbers of a page's table, in its order."""
    return [int(link.text) for link in page.select("table tbody td:first-child a")]


def fields_of(page: BeautifulSoup) -> dict[str, str]:
    """What a form's fields hold."""
    form = page.select_one("main form[method=post]")
    assert form is not None
    found = {str(each["name"]): str(each.get("value", "")) for each in form.select("input[name]")}
    for area in form.select("textarea[name]"):
        found[str(area["name"])] = area.text.strip("\r\n")
    for choice in form.select("select[name]"):
        selected = choice.select_one("option[selected]")
        found[str(choice["name"])] = str(selected["value"]) if selected else ""
    return found


async def test_the_card_says_at_which_location_a_job_is_where_there_are_several(
    garage: Garage,
) -> None:
    browser = await garage.staff("technician")
    job = await a_job(garage)
    assert not (await browser.open(f"/desk/jobs/{job.id}")).select("#job-location")
    elsewhere = await a_job(garage)
    async with garage.unit() as session:
        other = await create_location(session, name="Second yard")
        moved = await session.get_one(Job, (garage.tenant.id, elsewhere.id))
        await factories.set_past_services(session, moved, location_id=other.id)
        first = await locations.first(session)
    for each, name in ((job, first.name), (elsewhere, "Second yard")):
        (said,) = (await browser.open(f"/desk/jobs/{each.id}")).select("#job-location")
        assert said.get_text(strip=True) == name


async def test_jobs_are_listed_newest_first_under_the_status_that_one_asks_for(
    garage: Garage, planner: Browser
) -> None:
    first, second = await a_job(garage), await a_job(garage, plate="2-DEF-456")
    async with garage.unit() as session:
        await set_status(session, first.id, "delivered", STAFF)
    shown = {
        show: numbers_on(await planner.open(f"/desk/jobs?show={show}"))
        for show in ("open", "new", "ready", "done", "nonsense")
    }
    assert shown == {"open": [2], "new": [2], "ready": [], "done": [1], "nonsense": [2]}
    assert second.sequence_number == 2


async def test_older_jobs_are_one_page_away_and_none_is_lost(
    garage: Garage, planner: Browser
) -> None:
    async with garage.unit() as session:
        for number in range(PAGE + 2):
            await factories.a_job(session, plate=f"1-AAA-{100 + number}")
    page = await planner.open("/desk/jobs")
    older = next(link for link in page.select("main a[href]") if "before=" in str(link["href"]))
    rest = await planner.open(str(older["href"]))
    assert numbers_on(page) + numbers_on(rest) == list(range(PAGE + 2, 0, -1))


async def test_a_row_says_what_the_garage_wants_to_know_of_a_job(
    garage: Garage, planner: Browser
) -> None:
    job = await a_job(garage, name="Lotte Janssens")
    async with garage.unit() as session:
        await record_arrival(session, job.id, STAFF, at=now() - timedelta(days=3))
        await factories.a_photo(session, job)
    row = (await planner.open("/desk/jobs")).select_one("tbody tr")
    assert row is not None
    text = " ".join(row.text.split())
    assert all(word in text for word in ("1-ABC-123", "Lotte Janssens", "New", "In, 3 days"))


@pytest.mark.parametrize(
    "query",
    [
        "1abc",
        "ABC-123",
        "lotte",
        "JANSSENS",
        "lotte@example",
        "470 12 34 56",
        "#1",
        "1",
        "{number}",
    ],
)
async def test_one_box_finds_a_job_by_whatever_is_known(
    garage: Garage, planner: Browser, query: str
) -> None:
    await planner.submit("/desk/jobs/new", dict(NEW_JOB))
    async with garage.unit() as session:
        job = (await session.scalars(select(Job))).one()
        await factories.a_job(session, plate="9-ZZZ-888", name="Other", email=None, phone=None)
    number = display_public_number(job.public_number)
    page = await planner.get("/desk/search", params={"q": query.format(number=number)})
    assert numbers_on(BeautifulSoup(page.text, "html.parser")) == [1]


@pytest.mark.parametrize("query", ["", "x", "%", "__", "nobody at all", "' or 1=1 --", "\x00"])
async def test_a_search_that_finds_nothing_says_so(
    garage: Garage, planner: Browser, query: str
) -> None:
    await a_job(garage)
    page = await planner.get("/desk/search", params={"q": query})
    assert page.status_code == 200
    assert numbers_on(BeautifulSoup(page.text, "html.parser")) == []


async def test_a_new_job_is_opened_with_customer_and_vehicle(
    garage: Garage, planner: Browser
) -> None:
    answer = await planner.submit("/desk/jobs/new", dict(NEW_JOB))
    async with garage.unit() as session:
        job = (await session.scalars(select(Job))).one()
        customer = (await session.scalars(select(Customer))).one()
        vehicle = (await session.scalars(select(Vehicle))).one()
    assert answer.url.path == f"/desk/jobs/{job.id}"
    assert (job.plate, job.damage, customer.language) == ("1-abc-123", "Front bumper", "nl")
    assert (customer.name, vehicle.make, vehicle.colour) == ("Lotte Janssens", "Volvo", "blue")
    assert "Job 1 is open." in answer.text


async def test_a_plate_that_looks_unusual_is_taken_and_pointed_at(planner: Browser) -> None:
    answer = await planner.submit("/desk/jobs/new", {**NEW_JOB, "plate_country": "FR"})
    assert answer.status_code == 200
    assert "The plate looks unusual: please check it once more." in answer.text


async def test_a_plate_of_which_nothing_is_left_is_no_plate(planner: Browser) -> None:
    answer = await planner.submit("/desk/jobs/new", {**NEW_JOB, "plate": "-.-"})
    assert answer.status_code == 409
    assert "Please type the registration plate." in answer.text


async def test_a_flow_of_nobodys_is_not_taken(garage: Garage, planner: Browser) -> None:
    answer = await planner.submit("/desk/jobs/new", {**NEW_JOB, "flow_id": "x"})
    async with garage.unit() as session:
        assert (answer.status_code, list(await session.scalars(select(Job)))) == (422, [])


async def test_the_card_shows_every_field_that_a_garage_works_with(
    garage: Garage, planner: Browser
) -> None:
    job = await a_job(garage)
    card = (await planner.open(f"/desk/jobs/{job.id}")).text
    for label in (
        "Colour",
        "Start / End",
        "Mileage at estimate",
        "Mileage at repair",
        "Estimated completion date",
        "First registration",
        "Client informed",
        "Book-out date",
        "Off-site date",
        "Vehicle details",
        "Damage flow",
        "Current task",
        "Standard",
    ):
        assert label in card
    assert display_public_number(job.public_number) in card


async def test_opening_the_card_means_that_its_photos_were_looked_at(
    garage: Garage, planner: Browser
) -> None:
    job = await a_job(garage)
    async with garage.unit() as session:
        await factories.a_photo(session, job)
    first = await planner.open(f"/desk/jobs/{job.id}")
    second = await planner.open(f"/desk/jobs/{job.id}")
    async with garage.unit() as session:
        photo = (await session.scalars(select(Photo))).one()
    badges = [
        [badge.text for badge in page.select("#photos .photo .badge")] for page in (first, second)
    ]
    assert (badges, photo.seen_by_staff_at is not None) == ([["New"], []], True)


async def test_fields_of_the_card_are_saved(garage: Garage, planner: Browser) -> None:
    job = await a_job(garage)
    page = await planner.open(f"/desk/jobs/{job.id}/edit")
    values: dict[str, object] = {
        **fields_of(page),
        "comments": "Spoke to the insurer",
        "mileage_at_repair": "123456",
        "book_out_date": "2026-12-24",
        "colour": "green",
        "insurer": "Ethias",
        "courtesy_car_wished": "y",
    }
    answer = await planner.submit(f"/desk/jobs/{job.id}/edit", values, follow=False)
    async with garage.unit() as session:
        saved = (await session.scalars(select(Job))).one()
        vehicle = (await session.scalars(select(Vehicle))).one()
    assert answer.status_code == 303
    assert (saved.comments, saved.mileage_at_repair) == ("Spoke to the insurer", 123456)
    assert (saved.insurer, saved.courtesy_car_wished, vehicle.colour) == ("Ethias", True, "green")
    assert str(saved.book_out_date) == "2026-12-24"


async def test_the_form_holds_what_is_saved(garage: Garage, planner: Browser) -> None:
    job = await a_job(garage, damage="Roof & <mirror>")
    first = fields_of(await planner.open(f"/desk/jobs/{job.id}/edit"))
    await planner.submit(f"/desk/jobs/{job.id}/edit", {**first, "claim_capacity": "third_party"})
    second = fields_of(await planner.open(f"/desk/jobs/{job.id}/edit"))
    assert (first["damage"], first["claim_capacity"]) == ("Roof & <mirror>", "")
    assert second["claim_capacity"] == "third_party"


async def test_two_people_who_edit_at_once_do_not_overwrite_each_other(
    garage: Garage, planner: Browser
) -> None:
    job = await a_job(garage)
    mine = fields_of(await planner.open(f"/desk/jobs/{job.id}/edit"))
    async with garage.unit() as session:
        await change_job(session, job.id, {"comments": "theirs"}, job.version, STAFF)
    answer = await planner.submit(f"/desk/jobs/{job.id}/edit", {**mine, "comments": "mine"})
    async with garage.unit() as session:
        saved = (await session.scalars(select(Job))).one()
    kept = fields_of(BeautifulSoup(answer.text, "html.parser"))
    assert (answer.status_code, saved.comments, kept["comments"]) == (409, "theirs", "mine")
    assert "Somebody else changed this job in the meantime." in answer.text


async def test_what_was_typed_can_be_saved_after_such_a_conflict(
    garage: Garage, planner: Browser
) -> None:
    job = await a_job(garage)
    mine = fields_of(await planner.open(f"/desk/jobs/{job.id}/edit"))
    async with garage.unit() as session:
        await change_job(session, job.id, {"comments": "theirs"}, job.version, STAFF)
    refused = await planner.submit(f"/desk/jobs/{job.id}/edit", {**mine, "comments": "mine"})
    again = fields_of(BeautifulSoup(refused.text, "html.parser"))
    await planner.submit(f"/desk/jobs/{job.id}/edit", dict(again))
    async with garage.unit() as session:
        assert (await session.scalars(select(Job))).one().comments == "mine"


async def test_a_chassis_number_of_another_vehicle_is_refused_at_its_field(
    garage: Garage, planner: Browser
) -> None:
    async with garage.unit() as session:
        await factories.a_job(session, plate="9-AAA-999", vehicle={"vin": "VF1AAAAA000000001"})
        job = await factories.a_job(session)
    values = fields_of(await planner.open(f"/desk/jobs/{job.id}/edit"))
    answer = await planner.submit(
        f"/desk/jobs/{job.id}/edit", {**values, "vin": "VF1AAAAA000000001", "comments": "new"}
    )
    async with garage.unit() as session:
        saved = await session.scalar(select(Job.comments).where(Job.id == job.id))
    page = BeautifulSoup(answer.text, "html.parser")
    assert (answer.status_code, saved) == (409, "")
    assert page.select_one("#vin[aria-invalid=true]") is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mileage_at_estimate", "many"),
        ("mileage_at_estimate", "-1"),
        ("mileage_at_repair", "99999999999999999999"),
        ("starts_on", "tomorrow"),
        ("book_out_date", "2026-02-30"),
        ("claim_capacity", "invented"),
        ("insurer", "x" * 121),
    ],
)
async def test_a_field_that_cannot_be_right_is_pointed_at(
    garage: Garage, planner: Browser, field: str, value: str
) -> None:
    job = await a_job(garage)
    values = fields_of(await planner.open(f"/desk/jobs/{job.id}/edit"))
    answer = await planner.submit(f"/desk/jobs/{job.id}/edit", {**values, field: value})
    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 422
    assert page.select_one(f"#{field}[aria-invalid=true]") is not None


async def test_with_one_location_nobody_is_asked_for_it(garage: Garage, planner: Browser) -> None:
    job = await a_job(garage)
    for path in ("/desk/jobs/new", f"/desk/jobs/{job.id}/edit"):
        assert (await planner.open(path)).select("#location_id") == []


async def test_with_several_a_job_is_opened_at_one_and_moved_to_another(
    garage: Garage, planner: Browser
) -> None:
    async with garage.unit() as session:
        first = await locations.first(session)
        second = await add_location(session, "Depot", like=first)
    page = await planner.open("/desk/jobs/new")
    assert [each.text for each in page.select("#location_id option")] == [first.name, "Depot"]
    await planner.submit("/desk/jobs/new", {**NEW_JOB, "location_id": str(second.id)})
    async with garage.unit() as session:
        job = (await session.scalars(select(Job))).one()
        assert job.location_id == second.id
    path = f"/desk/jobs/{job.id}/edit"
    fields = fields_of(await planner.open(path))
    assert fields["location_id"] == str(second.id)
    answer = await planner.submit(path, {**fields, "location_id": str(first.id)})
    assert answer.status_code == 200
    async with garage.unit() as session:
        moved = (await session.scalars(select(Job))).one()
        assert moved.location_id == first.id


@pytest.mark.parametrize("typed", ["x", "00000000-0000-7000-8000-000000000000"])
async def test_a_location_of_nobodys_is_not_taken(
    garage: Garage, planner: Browser, typed: str
) -> None:
    answer = await planner.submit("/desk/jobs/new", {**NEW_JOB, "location_id": typed})
    assert answer.status_code == 422
    async with garage.unit() as session:
        assert (await session.scalars(select(Job))).all() == []
