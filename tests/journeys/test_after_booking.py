"""After booking, on the smallest phone: confirming, choosing another time, giving it back."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.demo_run import DemoRun
from tests.journeys.flows import look_in_every_language
from tests.journeys.people import NARROW, People, Person, every_process_follows
from tests.journeys.test_customer import mail_to
from tests.journeys.test_keyboard import Keyboard
from tests.journeys.test_talk import open_card

EMAIL = "confirm.me@example.com"


@asynccontextmanager
async def bookings_to_be_confirmed(people: People) -> AsyncIterator[None]:
    """Support changes the settings, and puts them back: mails of stages leave at once, too."""
    support = await people.support()
    for wanted in (True, False):
        await support.go("/garages/noord/plugins/self_service_portal/settings")
        await support.page.get_by_label("An estimate booked online counts").set_checked(wanted)
        await support.fill("Minutes until customers are told of a stage", "0" if wanted else "2")
        await support.press("Look at the changes")
        await support.finds_no_barrier()
        await support.press("Save these changes")
        await support.sees("are saved")
        await every_process_follows()
        if wanted:
            yield


async def book(customer: Person) -> None:
    """The questions of an estimate, with the last time that is offered."""
    await customer.go("/en/estimate")
    await customer.fill("Registration plate", "1-CNF-001")
    await customer.press("Next »")
    await customer.fill("What happened, and what is damaged?", "Mirror broken off")
    await customer.press("Next »")
    await customer.press("Next »")
    await customer.page.locator("details.day").last.locator("summary").click()
    await customer.page.get_by_role("radio").last.check()
    await customer.press("Next »")
    await customer.fill("Name", "Connie Firm")
    await customer.fill("E-mail address", EMAIL)
    await customer.press("Next »")
    await customer.press("Send and book the appointment")
    await customer.reads_heading("One more step: confirm your appointment")
    await customer.finds_no_barrier()


async def follow_mail(reader: Person, demo: DemoRun, below: str) -> None:
    """Open the link to a page below that word in the newest mail that has one."""
    link = rf"http://\S+/en/{below}/\S+"
    found = re.search(link, (await mail_to(demo, EMAIL, link)).text)
    assert found is not None
    await reader.page.goto(found[0])


async def finish_the_repair(people: People) -> None:
    """At the desk."""
    planner = await people.staff("noord", "planner")
    await open_card(planner, "1-CNF-001")
    await planner.page.get_by_label("Status", exact=True).select_option("ready")
    await planner.press("Change")
    await planner.sees("Undo")


async def test_an_appointment_is_confirmed_and_given_back_on_the_smallest_phone(
    people: People, demo: DemoRun
) -> None:
    reader = await people.sit_down("noord", screen=NARROW)
    async with bookings_to_be_confirmed(people):
        await book(await people.sit_down("noord", screen=NARROW))
        await follow_mail(reader, demo, "confirm")
        await reader.reads_heading("Confirm your appointment")
        await look_in_every_language(reader)
        await Keyboard(reader).enter("main button.primary")
        await reader.reads_heading("Your appointment is confirmed")
        await look_in_every_language(reader)
        await finish_the_repair(people)
        await follow_mail(reader, demo, "mails")
    await reader.reads_heading("No more e-mails about this repair?")
    await look_in_every_language(reader)
    await reader.press("No more e-mails")
    await reader.reads_heading("You get no more e-mails about this repair")
    await look_in_every_language(reader)
    await follow_mail(reader, demo, "pictures/link")
    await look_in_every_language(reader)
    await follow_mail(reader, demo, "appointment")
    await look_in_every_language(reader)
    await reader.follow("Cancel the appointment")
    await reader.reads_heading("Cancel this appointment?")
    await look_in_every_language(reader)
    hands = Keyboard(reader)
    await hands.type("input[name=plate]", "1 cnf 001")
    await hands.enter("main form button.danger")
    await reader.reads_heading("Your appointment was cancelled")
    await look_in_every_language(reader)
    assert not reader.complaints
