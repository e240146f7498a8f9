"""Every page without barriers: axe, no sideways scroll, nothing on the console.

The portal on a phone, in every language, is walked through by test_flows.py; here it stands on a
desktop.
"""

from typing import Literal

import pytest

from tests.demo_run import DemoRun
from tests.journeys.people import DESKTOP, PHONE, People, Person

LOOKS = pytest.mark.parametrize(
    ("screen", "colours"),
    [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")],
    ids=["desktop-light", "desktop-dark", "phone-light", "phone-dark"],
)
AT_A_DESK = pytest.mark.parametrize("colours", ["light", "dark"])
Colours = Literal["light", "dark"]
PORTAL = (
    "",
    "/estimate",
    "/repair",
    "/status?number=K7QX2M9D4",
    "/pictures",
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
    "/desk/on-site/clean-up",
    "/desk/on-site/clean-up/rules",
    "/desk/on-site/numbers",
    "/desk/on-site/numbers?period=month",
    "/desk/vat-book",
    "/desk/vat-book?show=waiting",
    "/desk/vat-book?month=2020-01",
    "/desk/planning",
    "/desk/wishes",
    "/desk/portal/card",
    "/desk/staff",
    "/desk/settings",
    "/desk/audit",
    "/desk/nothing-here",
)
OF_A_JOB = ("/edit", "/sheet", "/presence", "/presence/away")
SUPPORT = ("/", "/garages/new", "/garages/noord", "/audit", "/health", "/nothing-here")


async def walk(person: Person, paths: tuple[str, ...]) -> None:
    """Open each page and look for barriers."""
    for path in paths:
        await person.go(path)
        await person.finds_no_barrier()


@AT_A_DESK
async def test_the_portal_has_no_barrier(people: People, colours: Colours) -> None:
    customer = await people.sit_down("noord", colours=colours)
    await walk(customer, tuple(f"/en{path}" for path in PORTAL))


@AT_A_DESK
async def test_a_customers_job_has_no_barrier(
    people: People, demo: DemoRun, colours: Colours
) -> None:
    job = demo.garage("noord")["jobs"][1]
    customer = await people.sit_down("noord", colours=colours)
    await customer.go("/en/status")
    await customer.fill("Registration plate", job["plate"])
    await customer.fill("Job number", job["number"])
    await customer.press("Next »")
    await walk(customer, tuple(f"/en{path}" for path in OPENED))


@AT_A_DESK
async def test_the_questions_of_an_estimate_have_no_barrier(
    people: People, colours: Colours
) -> None:
    customer = await people.sit_down("noord", colours=colours)
    await customer.go("/en/estimate")
    await customer.press("Next »")
    await customer.finds_no_barrier()
    await customer.fill("Registration plate", "12")
    await customer.press("Next »")
    await customer.finds_no_barrier()
    await customer.fill("What happened, and what is damaged?", "Dent")
    await customer.press("Next »")
    await customer.finds_no_barrier()
    await customer.press("Next »")
    await customer.finds_no_barrier()
    await customer.page.get_by_role("radio").first.check()
    await customer.press("Next »")
    await customer.press("Next »")
    await customer.finds_no_barrier()
    await customer.fill("Name", "Ada Axe")
    await customer.fill("E-mail address", "ada@example.com")
    await customer.press("Next »")
    await customer.finds_no_barrier()


@LOOKS
async def test_the_desk_has_no_barrier(
    people: People, demo: DemoRun, screen: dict[str, int], colours: Colours
) -> None:
    owner = await people.staff("noord", screen=screen, colours=colours)
    await walk(owner, DESK)
    await owner.go(f"/desk/search?q={demo.garage('noord')['jobs'][2]['number']}")
    await owner.page.locator("table a").first.click()
    await owner.finds_no_barrier()
    job = owner.page.url.partition("localhost")[2].partition("/")[2]
    await walk(owner, tuple(f"/{job}{path}" for path in OF_A_JOB))


@pytest.mark.parametrize(
    ("screen", "colours"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"]
)
async def test_a_customers_page_has_no_barrier(
    people: People, demo: DemoRun, screen: dict[str, int], colours: Colours
) -> None:
    owner = await people.staff("noord", screen=screen, colours=colours)
    await owner.go(f"/desk/search?q={demo.garage('noord')['jobs'][2]['number']}")
    await owner.page.locator("table a").first.click()
    await owner.page.locator('dd a[href^="/desk/customers/"]').click()
    await owner.finds_no_barrier()
    for link in ("Edit", "Erase…"):
        address = owner.page.url
        await owner.follow(link)
        await owner.finds_no_barrier()
        await owner.page.goto(address)


@LOOKS
async def test_correcting_the_vat_book_has_no_barrier(
    people: People, screen: dict[str, int], colours: Colours
) -> None:
    accountant = await people.staff("noord", "accountant", screen=screen, colours=colours)
    await accountant.go("/desk/vat-book")
    await accountant.page.get_by_role("link", name="Correct").first.click()
    await accountant.finds_no_barrier()
    await accountant.press("Correct")
    await accountant.finds_no_barrier()


@LOOKS
async def test_the_support_console_has_no_barrier(
    people: People, screen: dict[str, int], colours: Colours
) -> None:
    support = await people.support(screen=screen, colours=colours)
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
    await visitor.finds_no_barrier()
