"""The small calculation near a limit, in a real browser's worker."""

from playwright.async_api import expect

from tests.demo_run import DemoRun
from tests.journeys.people import NARROW, People, Person

MISSES = 10
"""Half of what one address may miss."""
WRONG = {"plate": "2-ZZZ-999", "number": "AAA-AAA-AAA"}


async def guess(person: Person) -> None:
    """A pair that fits nothing."""
    for name, text in WRONG.items():
        await person.page.locator(f"input[name={name}]").fill(text)
    async with person.page.expect_navigation():
        await person.press("Next »")


async def test_after_many_misses_the_browser_calculates_and_the_right_pair_opens_the_job(
    people: People, demo: DemoRun
) -> None:
    job = demo.garage("noord")["jobs"][0]
    customer = await people.sit_down("noord", screen=NARROW)
    await customer.go("/en/status")
    for _ in range(MISSES):
        await guess(customer)
    box = customer.page.locator("small-puzzle")
    await expect(box).to_contain_text("The calculation is done. You can go on.")
    await customer.finds_no_barrier()
    await customer.finds_no_barrier_in_the_dark()
    await box.scroll_into_view_if_needed()
    await customer.picture("portal-puzzle")
    await customer.fill("Registration plate", job["plate"])
    await customer.fill("Job number", job["number"])
    await customer.press("Next »")
    await customer.page.wait_for_url("**/status/job")
