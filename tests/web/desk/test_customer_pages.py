"""One customer: details, jobs, a copy for them, and their erasure."""

from uuid import UUID

import pytest
from bs4 import BeautifulSoup

from core.workshop.audit import repository as audit
from core.workshop.customers import repository
from core.workshop.customers.models import Customer
from core.workshop.customers.privacy import ERASED_NAME
from core.workshop.jobs.models import Job
from core.workshop.jobs.services import set_status
from tests.factories import a_job
from tests.garages import STAFF, Browser, Garage

DETAILS = {
    "name": "Jan Peeters",
    "email": "Jan@Example.com",
    "phone": "+32 2 123 45 67",
    "language": "fr",
    "street": "Meir 1",
    "postal_code": "2000",
    "city": "Antwerpen",
    "vat_number": "BE 0403.019.261",
}


async def a_customers_job(garage: Garage, *, status: str = "new") -> Job:
    async with garage.unit() as session:
        job = await a_job(session)
        if status != job.status:
            await set_status(session, job.id, status, STAFF)
        return job


async def stored(garage: Garage, customer_id: UUID) -> Customer:
    async with garage.unit() as session:
        return await repository.by_id(session, customer_id)


async def save(browser: Browser, job: Job, **changes: str) -> tuple[int, BeautifulSoup]:
    address = f"/desk/customers/{job.customer_id}/edit"
    answer = await browser.submit(address, {**DETAILS, **changes}, follow=False)
    return answer.status_code, BeautifulSoup(answer.text, "html.parser")


async def test_the_job_card_leads_to_the_customer_and_their_jobs(garage: Garage) -> None:
    job = await a_customers_job(garage)
    planner = await garage.staff("planner")
    card = await planner.open(f"/desk/jobs/{job.id}")
    link = card.select_one(f'a[href="/desk/customers/{job.customer_id}"]')
    assert link is not None
    page = await planner.open(f"/desk/customers/{job.customer_id}")
    assert [row["href"] for row in page.select("tbody a.strong")] == [f"/desk/jobs/{job.id}"]


async def test_a_technician_sees_the_name_without_a_way_to_the_customer(garage: Garage) -> None:
    job = await a_customers_job(garage)
    technician = await garage.staff("technician")
    card = await technician.open(f"/desk/jobs/{job.id}")
    assert "Jan Peeters" in card.text
    assert not card.select('a[href^="/desk/customers"]')


async def test_details_are_saved_in_the_form_in_which_they_are_compared(garage: Garage) -> None:
    job = await a_customers_job(garage)
    status, _page = await save(await garage.staff("planner"), job)
    customer = await stored(garage, job.customer_id)
    assert status == 303
    assert (customer.email, customer.vat_number) == ("jan@example.com", "BE0403019261")
    assert (customer.street, customer.language) == ("Meir 1", "fr")


async def test_an_emptied_field_is_empty(garage: Garage) -> None:
    job = await a_customers_job(garage)
    await save(await garage.staff("planner"), job, phone="")
    assert (await stored(garage, job.customer_id)).phone is None


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "This field is required."),
        ("email", "jan at home", "Please type an e-mail address such as name@example.com."),
        ("vat_number", "BE 0403.019.262", "This VAT number is not right."),
    ],
)
async def test_a_wrong_detail_is_said_at_its_field_and_nothing_is_stored(
    garage: Garage, field: str, typed: str, said: str
) -> None:
    job = await a_customers_job(garage)
    status, page = await save(await garage.staff("planner"), job, **{"city": "Gent", field: typed})
    problem = page.select_one(f"#{field}-error")
    assert status == 422
    assert problem is not None
    assert said in problem.text
    assert page.select('[name="city"][value="Gent"]')
    assert (await stored(garage, job.customer_id)).city is None


async def test_the_log_says_which_fields_changed_and_not_what_was_in_them(garage: Garage) -> None:
    job = await a_customers_job(garage)
    await save(await garage.staff("planner"), job, phone="+32 470 12 34 56", language="en")
    async with garage.unit() as session:
        entry = (await audit.newest(session))[0]
    assert entry.action == "customer.changed"
    assert entry.details == {"fields": ["email", "street", "postal_code", "city", "vat_number"]}


async def test_a_copy_is_a_file_with_the_customers_jobs_and_what_plugins_keep(
    garage: Garage,
) -> None:
    job = await a_customers_job(garage)
    owner = await garage.staff("owner")
    page = f"/desk/customers/{job.customer_id}"
    answer = await owner.submit(f"{page}/copy", {}, page=page)
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.json()["customer"]["name"] == "Jan Peeters"
    assert answer.json()["jobs"][0]["plate"] == "1-ABC-123"
    assert "vehicle_presence" in answer.json()["plugins"]


async def test_a_copy_that_would_be_incomplete_is_not_handed_over(garage: Garage) -> None:
    await garage.switch("rude", on=True)
    job = await a_customers_job(garage)
    owner = await garage.staff("owner")
    page = f"/desk/customers/{job.customer_id}"
    answer = await owner.submit(f"{page}/copy", {}, page=page)
    assert answer.status_code == 503
    assert "Rude did not answer" in answer.text


async def test_a_customer_is_erased_with_the_reason_in_the_log(garage: Garage) -> None:
    job = await a_customers_job(garage, status="delivered")
    owner = await garage.staff("owner")
    address = f"/desk/customers/{job.customer_id}/erase"
    answer = await owner.submit(address, {"reason": "asked by letter"})
    async with garage.unit() as session:
        entry = (await audit.newest(session))[0]
    assert "The customer is erased." in answer.text
    assert (await stored(garage, job.customer_id)).name == ERASED_NAME
    assert (entry.action, entry.reason) == ("customer.erased", "asked by letter")


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [("delivered", "", "This field is required."), ("new", "a letter", "There is open work")],
)
async def test_without_a_reason_or_with_open_work_nothing_is_erased(
    garage: Garage, status: str, reason: str, said: str
) -> None:
    job = await a_customers_job(garage, status=status)
    owner = await garage.staff("owner")
    address = f"/desk/customers/{job.customer_id}/erase"
    answer = await owner.submit(address, {"reason": reason})
    assert answer.status_code in {409, 422}
    assert said in answer.text
    assert (await stored(garage, job.customer_id)).name == "Jan Peeters"


async def test_where_a_plugin_fails_nothing_is_erased_and_the_page_says_so(garage: Garage) -> None:
    await garage.switch("rude", on=True)
    job = await a_customers_job(garage, status="delivered")
    owner = await garage.staff("owner")
    address = f"/desk/customers/{job.customer_id}/erase"
    answer = await owner.submit(address, {"reason": "asked by letter"})
    assert answer.status_code == 503
    assert "so nothing was" in answer.text
    assert (await stored(garage, job.customer_id)).name == "Jan Peeters"


async def test_only_an_owner_hands_over_and_erases(garage: Garage) -> None:
    job = await a_customers_job(garage, status="delivered")
    planner = await garage.staff("planner")
    page = await planner.open(f"/desk/customers/{job.customer_id}")
    assert "Privacy" not in page.text
    assert (await planner.get(f"/desk/customers/{job.customer_id}/erase")).status_code == 403
