"""Customer and garage talk about a repair: one on a phone, the other at a desk."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.demo_run import DemoRun
from tests.factories import a_pdf
from tests.journeys import flows
from tests.journeys.people import PHONE, People, Person
from tests.journeys.test_keyboard import Keyboard

WAYS = pytest.mark.parametrize(
    ("status", "scripts"), [("in_progress", True), ("planned", False)], ids=["phone", "no-scripts"]
)


async def look(person: Person, *, scripts: bool) -> None:
    """Look for barriers; axe itself needs scripts."""
    if scripts:
        await person.finds_no_barrier()


async def look_in_every_language(customer: Person, *, scripts: bool) -> None:
    """The customer's page, in the four languages."""
    if scripts:
        await flows.look_in_every_language(customer)


async def open_card(planner: Person, number: str) -> None:
    """The job card, found by the customer's job number."""
    await planner.go(f"/desk/search?q={number}")
    await planner.page.locator("table a").first.click()
    await planner.reads_heading("Job")


async def send_estimate(planner: Person, file: Path, *, scripts: bool) -> None:
    """From the job card, with a PDF."""
    await planner.follow("Send an estimate")
    await look(planner, scripts=scripts)
    await planner.fill("Amount without VAT (EUR)", "1.000,00")
    await planner.fill("Amount with VAT (EUR)", "1.210,00")
    await planner.fill("What the customer should know", "A new bumper, painted.")
    await planner.page.get_by_label("The estimate as a PDF").set_input_files(file)
    await planner.picture("desk-estimate")
    await planner.press("Send")
    await planner.sees("The estimate is sent.")


@WAYS
async def test_a_customer_writes_the_garage_answers_and_the_customer_approves(
    people: People, demo: DemoRun, tmp_path: Path, status: str, scripts: bool
) -> None:
    job = next(each for each in demo.garage("noord")["jobs"] if each["status"] == status)
    customer = await people.sit_down("noord", screen=PHONE, scripts=scripts)
    await customer.go("/en/status")
    await customer.fill("Registration plate", job["plate"])
    await customer.fill("Job number", job["number"])
    await customer.press("Next »")
    await customer.fill("Your message", "May I leave the child seat in it?")
    await customer.press("Send")
    await customer.sees("We have your message and answer as soon as we can.")
    await look(customer, scripts=scripts)

    planner = await people.staff("noord", "planner", scripts=scripts)
    await planner.sees("Needs attention")
    await look(planner, scripts=scripts)
    await open_card(planner, job["number"])
    await planner.sees("May I leave the child seat in it?")
    await planner.fill("Your answer", "Please take it out, we need the room.")
    await planner.page.locator("#messages").get_by_role("button", name="Send").click()
    await planner.sees("Your answer is sent.")
    file = tmp_path / "estimate.pdf"
    file.write_bytes(a_pdf())
    await send_estimate(planner, file, scripts=scripts)
    await planner.picture("desk-talk")
    await look(planner, scripts=scripts)

    await customer.page.reload()
    await customer.sees("Please take it out, we need the room.")
    await look_in_every_language(customer, scripts=scripts)
    await customer.picture("portal-talk")
    await customer.page.get_by_label("never").check()
    await customer.press("Save")
    await customer.follow("Read and answer")
    await customer.reads_heading("Estimate for your repair")
    await look_in_every_language(customer, scripts=scripts)
    await customer.follow("Approve…")
    await customer.picture("portal-estimate")
    await look_in_every_language(customer, scripts=scripts)
    approving = customer.page.url
    await customer.page.goto(approving.replace("/approve", "/decline"))
    await customer.reads_heading("Decline this estimate?")
    await look_in_every_language(customer, scripts=scripts)
    await customer.page.goto(approving)
    if scripts:
        await Keyboard(customer).type("input[name=name]", "Noor Peeters")
        await Keyboard(customer).enter("main form button.primary")
    else:
        await customer.fill("Your name", "Noor Peeters")
        await customer.press("I approve")
    await customer.sees("You approved this estimate")
    await look_in_every_language(customer, scripts=scripts)

    await planner.page.reload()
    quotes = planner.page.locator("#quotes")
    await expect(quotes.get_by_text("Approved", exact=True).first).to_be_visible()
    await quotes.get_by_role("button", name="Noted").first.click()
    await planner.sees("Noted.")
    assert not customer.complaints
    assert not planner.complaints
