"""Every page without barriers: axe, no sideways scroll, nothing on the console.

The portal on a phone, in every language, is walked through by test_flows.py; here it stands on a
desktop.
"""

import pytest

from tests.demo_run import DemoRun
from tests.journeys.flows import look_in_every_language
from tests.journeys.people import DESKTOP, PHONE, People, Person

SCREENS = pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
PORTAL = (
    "",
    "/estimate",
    "/repair",
    "/status?number=K7QX2M9D4",
    "/pictures",
    "/job-number",
    "/job-number/sent",
    "/privacy",
    "/offline",
    "/nothing-here",
)
OPENED = ("/status/job", "/pictures/add", "/repair/time")
DESK = (
    "/desk",
    "/desk/jobs",
    "/desk/jobs?show=done",
    "/desk/jobs/new",
    "/desk/search?q=a",
    "/desk/search?q=nothing-like-it",
    "/desk/on-site",
    "/desk/on-site?absent=out&status=working",
    "/desk/on-site?q=nothing-like-it",
    "/desk/on-site/reasons",
    "/desk/workshop",
    "/desk/workshop?q=nothing-like-it",
    "/desk/on-site/clean-up",
    "/desk/on-site/clean-up/rules",
    "/desk/on-site/numbers",
    "/desk/on-site/numbers?period=month",
    "/desk/vat-book",
    "/desk/vat-book?show=waiting",
    "/desk/vat-book?show=inside&day=2026-11-20",
    "/desk/vat-book?month=2020-01",
    "/desk/planning",
    "/desk/wishes",
    "/desk/portal/card",
    "/desk/staff",
    "/desk/settings",
    "/desk/settings/plugins/vehicle_presence",
    "/desk/settings/plugins/self_service_portal",
    "/desk/audit",
    "/desk/nothing-here",
)
OF_A_JOB = ("/edit", "/sheet", "/presence", "/presence/away", "/presence/arrival")
SUPPORT = ("/", "/garages/new", "/garages/noord", "/audit", "/health", "/nothing-here")


async def walk(person: Person, paths: tuple[str, ...]) -> None:
    """Open each page and look for barriers."""
    for path in paths:
        await person.go(path)
        await look(person)


async def look(person: Person) -> None:
    """No barrier in the light, and enough contrast in the dark."""
    await person.finds_no_barrier()
    await person.finds_no_barrier_in_the_dark()


async def test_the_portal_has_no_barrier(people: People) -> None:
    customer = await people.sit_down("noord")
    await walk(customer, tuple(f"/en{path}" for path in PORTAL))
    await customer.go("/en/offline")
    await look_in_every_language(customer)


async def test_a_customers_job_has_no_barrier(people: People, demo: DemoRun) -> None:
    job = demo.garage("noord")["jobs"][1]
    customer = await people.sit_down("noord")
    await customer.go("/en/status")
    await customer.fill("Registration plate", job["plate"])
    await customer.fill("Job number", job["number"])
    await customer.press("Next »")
    await walk(customer, tuple(f"/en{path}" for path in OPENED))


async def test_the_questions_of_an_estimate_have_no_barrier(people: People) -> None:
    customer = await people.sit_down("noord")
    await customer.go("/en/estimate")
    await customer.press("Next »")
    await look(customer)
    await customer.fill("Registration plate", "12")
    await customer.press("Next »")
    await look(customer)
    await customer.fill("What happened, and what is damaged?", "Dent")
    await customer.press("Next »")
    await look(customer)
    await customer.press("Next »")
    await look(customer)
    await customer.page.get_by_role("radio").first.check()
    await customer.press("Next »")
    await customer.press("Next »")
    await look(customer)
    await customer.fill("Name", "Ada Axe")
    await customer.fill("E-mail address", "ada@example.com")
    await customer.press("Next »")
    await look(customer)


@SCREENS
async def test_the_desk_has_no_barrier(
    people: People, demo: DemoRun, screen: dict[str, int]
) -> None:
    owner = await people.staff("noord", screen=screen)
    await walk(owner, DESK)
    await owner.go(f"/desk/search?q={demo.garage('noord')['jobs'][2]['number']}")
    await owner.page.locator("table a").first.click()
    await owner.page.wait_for_url("**/desk/jobs/*")
    await look(owner)
    job = owner.page.url.partition("localhost")[2].partition("/")[2]
    await walk(owner, tuple(f"/{job}{path}" for path in OF_A_JOB))


@SCREENS
async def test_a_customers_page_has_no_barrier(
    people: People, demo: DemoRun, screen: dict[str, int]
) -> None:
    owner = await people.staff("noord", screen=screen)
    await owner.go(f"/desk/search?q={demo.garage('noord')['jobs'][2]['number']}")
    await owner.page.locator("table a").first.click()
    await owner.page.locator('dd a[href^="/desk/customers/"]').click()
    await look(owner)
    for link in ("Edit", "Erase…"):
        address = owner.page.url
        await owner.follow(link)
        await look(owner)
        await owner.page.goto(address)


@SCREENS
async def test_correcting_the_vat_book_has_no_barrier(
    people: People, screen: dict[str, int]
) -> None:
    accountant = await people.staff("noord", "accountant", screen=screen)
    await accountant.go("/desk/vat-book")
    await accountant.page.get_by_role("link", name="Correct").first.click()
    await accountant.page.get_by_text("Strike this row").first.click()
    await look(accountant)
    await accountant.press("Correct")
    await look(accountant)


@SCREENS
async def test_the_support_console_has_no_barrier(people: People, screen: dict[str, int]) -> None:
    support = await people.support(screen=screen)
    await walk(support, SUPPORT)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("noord", "/desk/login"),
        ("noord", "/desk/password"),
        ("noord", "/desk/reset/used-up"),
        ("sud", "/desk/login"),
        ("support", "/login"),
        ("mail", "/"),
    ],
)
async def test_the_doors_have_no_barrier(people: People, host: str, path: str) -> None:
    visitor = await people.sit_down(host)
    await visitor.go(path)
    await look(visitor)
