"""The portal's four flows on the smallest phone in every language, by thumb and by keyboard."""

from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from tests.journeys import flows
from tests.journeys.people import NARROW, PHONE, People, Person

MOST_TAPS = {"estimate": 12, "repair": 6, "status": 2, "pictures": 3}
"""Without typing and without what the phone's own camera or gallery asks."""
OF_A_FLOW = ("estimate/photos", "repair/done", "status/job", "pictures/add")
PICTURES = {
    f"/{language}/{page}": f"flow-{page.partition('/')[0]}-{language}"
    for language in ("nl", "fr")
    for page in OF_A_FLOW
}
"""For the README: addresses whose pages are kept, and under which name."""


async def look(customer: Person) -> None:
    """No barrier, light or dark, nothing too small for a thumb, and nothing wider than the screen,
    also of a larger phone; what can be unfolded is."""
    await customer.page.evaluate(flows.UNFOLD)
    await customer.finds_no_barrier()
    await customer.finds_everything_large_enough()
    await customer.finds_no_barrier_in_the_dark()
    await customer.page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dict does
    await customer.scrolls_down_only()
    if (name := PICTURES.get(urlsplit(customer.page.url).path)) is not None:
        await customer.page.evaluate("scrollTo(0, 0)")
        await customer.picture(name)
    await customer.page.set_viewport_size(NARROW)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", flows.LANGUAGES)
async def test_every_page_of_every_flow_has_no_barrier_and_few_taps(
    people: People, language: str
) -> None:
    customer = await people.sit_down("noord", screen=NARROW, language=language)
    email = f"{language}@flows.example"
    needed, job = await flows.estimate(customer, language, email, look)
    taps = {
        "estimate": needed,
        "status": await flows.status(customer, language, job, look),
        "pictures": await flows.pictures(customer, language, job, look),
        "repair": await flows.repair(customer, language, job, look),
    }
    assert {flow: count for flow, count in taps.items() if count > MOST_TAPS[flow]} == {}, taps
    assert not customer.complaints


@pytest.mark.parametrize("language", flows.LANGUAGES)
async def test_what_goes_wrong_has_no_barrier_either(people: People, language: str) -> None:
    customer = await people.sit_down("noord", screen=NARROW, language=language)
    for path in ("estimate/vehicle", "status"):
        await customer.go(f"/{language}/{path}")
        await customer.tap(flows.NEXT)
        await expect(customer.page.locator(".error-summary")).to_be_focused()
        await look(customer)
    await customer.page.locator("input[name=plate]").fill("2-ZZZ-999")
    await customer.page.locator("input[name=number]").fill("AAA-AAA-AAA")
    await customer.tap(flows.NEXT)
    await expect(customer.page.locator(".error-summary")).to_be_focused()
    await look(customer)
    for path in ("nothing-here", "privacy", "job-number"):
        await customer.go(f"/{language}/{path}")
        await look(customer)
    await customer.tap(flows.NEXT)
    await look(customer)
    await customer.go(f"/{language}/estimate")
    await customer.page.locator("input[name=plate]").fill("12")
    await customer.tap(flows.NEXT)
    await customer.go(f"/{language}/estimate/damage")
    await look(customer)
    await customer.go(f"/{language}/estimate/wish")
    await look(customer)
