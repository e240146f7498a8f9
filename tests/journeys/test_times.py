"""Choosing a time on a phone with one tap, waiting for one, and what the desk sees of it."""

from typing import Literal

import pytest
from playwright.async_api import expect

from tests.demo_run import DemoRun
from tests.journeys.flows import look_in_every_language
from tests.journeys.people import DESKTOP, PHONE, People, Person

LOOKS = pytest.mark.parametrize(
    ("screen", "colours"), [(PHONE, "light"), (DESKTOP, "dark")], ids=["phone", "desktop-dark"]
)


async def to_the_times(customer: Person, plate: str) -> None:
    """From the first question to the times."""
    await customer.go("/en/estimate")
    await customer.fill("Registration plate", plate)
    await customer.press("Next »")
    await customer.fill("What happened, and what is damaged?", "A dent in the left door")
    await customer.press("Next »")
    await customer.press("Next »")
    await customer.reads_heading("When does it suit you?")


@LOOKS
async def test_one_tap_takes_the_earliest_time_and_keeps_it(
    people: People, demo: DemoRun, screen: dict[str, int], colours: Literal["light", "dark"]
) -> None:
    customer = await people.sit_down("noord", screen=screen, colours=colours)
    await to_the_times(customer, "1-TAP-001")
    await customer.finds_no_barrier()
    await customer.picture(f"portal-times-{colours}")
    await customer.press("take this")
    await customer.fill("Name", "Tine Tap")
    await customer.fill("E-mail address", "tine.tap@example.com")
    await customer.press("Next »")
    await customer.sees("We keep this time for you until")
    await customer.finds_no_barrier()
    await customer.picture(f"portal-kept-{colours}")
    assert not customer.complaints


@LOOKS
async def test_whom_no_time_suits_waits_and_the_desk_knows(
    people: People, demo: DemoRun, screen: dict[str, int], colours: Literal["light", "dark"]
) -> None:
    customer = await people.sit_down("noord", screen=screen, colours=colours)
    await to_the_times(customer, "1-WAI-002")
    await customer.follow("No time suits you?")
    await look_in_every_language(customer)
    await customer.fill("Name", f"Wanda {colours}")
    await customer.fill("Phone", "0470 12 34 56")
    await customer.page.get_by_label("In the morning").check()
    await customer.finds_no_barrier()
    await customer.picture(f"portal-wish-{colours}")
    await customer.page.get_by_label("You may keep this").check()
    await customer.press("Put me on the waiting list")
    await customer.reads_heading("You are on the waiting list")
    await look_in_every_language(customer)
    planner = await people.staff("noord", "planner", screen=screen, colours=colours)
    await planner.follow("Waiting list")
    await planner.sees(f"Wanda {colours}")
    await planner.finds_no_barrier()
    await planner.picture(f"desk-wishes-{colours}")
    await expect(planner.page.get_by_text("Any day").first).to_be_visible()
    assert not customer.complaints


@LOOKS
async def test_the_desks_pages_about_times_have_no_barrier(
    people: People, demo: DemoRun, screen: dict[str, int], colours: Literal["light", "dark"]
) -> None:
    owner = await people.staff("noord", screen=screen, colours=colours)
    for path, name in (("/desk/settings", "settings"), ("/desk/planning", "planning")):
        await owner.go(path)
        await owner.finds_no_barrier()
        await owner.picture(f"desk-{name}-{colours}")
    await owner.go("/desk/jobs")
    await owner.page.locator("table a").first.click()
    await owner.page.wait_for_url("**/desk/jobs/*")
    await owner.page.goto(f"{owner.page.url.split('#')[0]}/appointment/drop_off")
    await owner.page.get_by_text("Another time, beyond your capacity").click()
    await owner.page.evaluate("scrollTo(0, 0)")  # else the phone's bar covers part of a day
    await owner.finds_no_barrier()
    await owner.picture(f"desk-book-{colours}")
    assert not owner.complaints
