"""What the planner does in the morning about vehicles that were forgotten."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from core.clock import now
from tests.journeys.people import PHONE, People

BRUSSELS = ZoneInfo("Europe/Brussels")


@pytest.mark.parametrize("scripts", [True, False], ids=["javascript", "no-javascript"])
async def test_a_proposal_is_confirmed_and_taken_back(people: People, scripts: bool) -> None:
    planner = await people.staff("sud", "planner", scripts=scripts)
    await planner.go("/desk/on-site")
    await planner.follow("Clean-up")
    await planner.picture("desk-clean-up")
    heading = planner.page.locator("#waiting .quiet")
    waiting = int(await heading.inner_text())
    yesterday = now().astimezone(BRUSSELS) - timedelta(days=1)
    row = planner.page.locator("tr", has=planner.page.locator("input[name=doubt]")).first
    await row.get_by_role("checkbox").check()
    await planner.press("Confirm ticked")
    await planner.sees("Please say when it left.")
    await row.locator("input[type=datetime-local]").fill(yesterday.strftime("%Y-%m-%dT%H:%M"))
    if scripts:  # axe is one
        await planner.finds_no_barrier()
    await planner.press("Confirm ticked")
    await expect(planner.page.locator(".toast")).to_contain_text("1 vehicle is off site.")
    await expect(heading).to_have_text(str(waiting - 1))
    await planner.page.locator(".toast").get_by_role("button", name="Undo").click()
    await expect(planner.page.locator(".toast")).to_contain_text("1 vehicle is in.")


async def test_an_automatic_exit_is_taken_back_on_a_phone(people: People) -> None:
    planner = await people.staff("sud", "planner", screen=PHONE)
    await planner.go("/desk/on-site/clean-up")
    exits = planner.page.locator("#lately-section tbody tr")
    count = await exits.count()
    await exits.first.get_by_role("button", name="Undo").click()
    await expect(planner.page.locator(".toast")).to_contain_text("The vehicle is in.")
    await expect(exits).to_have_count(count - 1)


@pytest.mark.parametrize("screen", [None, PHONE], ids=["desk", "phone"])
async def test_the_owner_sees_what_rules_would_do_before_saving_them(
    people: People, screen: dict[str, int] | None
) -> None:
    owner = await people.staff("noord", "owner", **({"screen": screen} if screen else {}))
    await owner.go("/desk/on-site/clean-up")
    await owner.follow("Rules")
    days = owner.page.locator("input[name=rule_ready_days]")
    await days.fill("0")
    await owner.press("What would happen now?")
    await owner.reads_heading("Rules of the clean-up")
    await owner.sees("A person would be asked about")
    await expect(days).to_have_value("0")
    await owner.scrolls_down_only()
    await owner.finds_no_barrier()
    await owner.finds_no_barrier_in_the_dark()
    await owner.picture(f"desk-clean-up-rules-{'phone' if screen else 'desk'}")
    await owner.go("/desk/on-site/clean-up/rules")
    await expect(days).not_to_have_value("0")


async def test_the_numbers_of_another_period_open_as_a_table_and_as_a_file(
    people: People,
) -> None:
    owner = await people.staff("noord", "owner")
    await owner.go("/desk/on-site")
    await owner.follow("Numbers")
    await owner.picture("desk-numbers")
    await owner.follow("30 days")
    await owner.page.locator("details.behind summary").first.click()
    await expect(owner.page.locator("details.behind tbody tr")).not_to_have_count(0)
    await owner.finds_no_barrier()
    async with owner.page.expect_download() as downloading:
        await owner.follow("For a spreadsheet (CSV)")
    assert (await downloading.value).suggested_filename.startswith("places-")
