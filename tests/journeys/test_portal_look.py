"""The owner sets up the portal, sees how it would look, and customers see it."""

from typing import Literal

import pytest
from playwright.async_api import FrameLocator, expect

from tests.journeys.people import DESKTOP, PHONE, People, Person, every_process_follows

DESK = "/desk/portal"
Colours = Literal["light", "dark"]


def preview_of(owner: Person) -> FrameLocator:
    """The frame beside the form."""
    return owner.page.frame_locator("iframe[name=portal-preview]")


async def choose_colour(owner: Person, label: str, colour: str) -> None:
    """Pick a colour as the browser's own picker does."""
    await owner.page.get_by_label(label).fill(colour)


async def test_the_owner_sees_the_portal_change_and_customers_once_it_is_saved(
    people: People,
) -> None:
    owner = await people.staff("noord")
    customer = await people.sit_down("noord", screen=PHONE)
    await owner.go(DESK)
    heading = preview_of(owner).get_by_role("heading", level=1)
    await owner.page.get_by_label("Heading of the first page (Nederlands)").fill("Dag en welkom")
    await expect(heading).to_have_text("Dag en welkom")
    await choose_colour(owner, "Colour of buttons and links", "#ffdd00")
    await expect(preview_of(owner).get_by_text("could not be read")).to_be_visible()
    await customer.go("/nl")
    await expect(customer.page.get_by_text("Dag en welkom")).to_have_count(0)
    await owner.press("Save")
    await owner.finds_no_barrier()
    await owner.press("Save with #")
    await owner.sees("Saved. Customers see it now.")
    await expect(heading).to_have_text("Dag en welkom")
    await owner.picture("portal-look")
    await every_process_follows()
    await customer.go("/nl")
    await customer.reads_heading("Dag en welkom")
    await customer.finds_no_barrier()
    await owner.press("Undo")
    await expect(heading).not_to_have_text("Dag en welkom")
    await every_process_follows()
    await customer.go("/nl")
    await expect(customer.page.get_by_text("Dag en welkom")).to_have_count(0)
    assert [each for each in owner.complaints if "status of 422" not in each] == []
    assert not customer.complaints


async def test_without_scripts_a_button_shows_the_preview(people: People) -> None:
    owner = await people.staff("noord", scripts=False)
    await owner.go(DESK)
    await owner.page.get_by_label("Heading of the first page (Nederlands)").fill("Zonder scripts")
    await owner.press("Preview")
    heading = preview_of(owner).get_by_role("heading", level=1)
    await expect(heading).to_have_text("Zonder scripts")
    await expect(owner.page.get_by_label("Heading of the first page (Nederlands)")).to_have_value(
        "Zonder scripts"
    )


@pytest.mark.parametrize(
    ("screen", "colours"),
    [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")],
    ids=["desktop-light", "desktop-dark", "phone-light", "phone-dark"],
)
async def test_the_page_has_no_barrier(
    people: People, screen: dict[str, int], colours: Colours
) -> None:
    owner = await people.staff("noord", screen=screen, colours=colours)
    await owner.go(DESK)
    await owner.page.locator("details.day").evaluate_all(
        "all => all.forEach(each => each.open = 1)"
    )
    await owner.finds_no_barrier()
    await owner.go(f"{DESK}/preview?shown_page=contact")
    await owner.finds_no_barrier()
    assert not owner.complaints
