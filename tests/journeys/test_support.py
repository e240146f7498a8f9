"""What the vendor's support does."""

from playwright.async_api import expect

from tests.journeys.people import PHONE, People, every_process_follows

PORTAL = "Self-service portal"


async def test_a_switched_on_portal_is_there_at_once_and_switched_off_it_is_gone(
    people: People,
) -> None:
    support = await people.support()
    customer = await people.sit_down("sud", screen=PHONE)
    await customer.go("/fr")
    await customer.reads_heading("Il n’y a rien à cette adresse")
    await support.picture("support-garages")
    await support.follow("Carrosserie du Sud")
    await support.picture("support-garage")
    card = support.page.locator("section, article, li").filter(has_text=PORTAL).last
    await card.get_by_label("Reason").fill("They signed the order")
    await card.get_by_role("button", name="Switch on").click()
    await expect(support.page.get_by_role("status").first).to_be_visible()
    await every_process_follows()
    await customer.go("/fr")
    await expect(customer.page.locator(".entry-card")).to_have_count(4)
    await customer.go("/fr/estimate")
    await expect(customer.page.locator("input[name=plate]")).to_be_visible()
    await support.press("Undo")
    await every_process_follows()
    await customer.go("/fr/estimate")
    await customer.reads_heading("Il n’y a rien à cette adresse")
    await support.go("/audit")
    await support.sees("They signed the order")


async def test_the_code_is_asked_and_a_wrong_one_refused(people: People) -> None:
    person = await people.sit_down("support")
    login = person.demo.facts["support"]
    await person.go("/")
    await person.fill("E-mail address", login["email"])
    await person.fill("Password", login["password"])
    await person.fill("Code", "000000")
    await person.press("Log in")
    await expect(person.page.locator(".error-summary")).to_be_visible()
    await expect(person.page.get_by_label("Code")).to_be_visible()


async def test_support_inside_a_garage_is_visible_to_both(people: People) -> None:
    support = await people.support()
    await support.follow("Carrosserie Noord")
    await support.follow("Enter this garage")
    await support.fill("Reason", "A photo does not open")
    await support.page.get_by_role("main").get_by_role("button").last.click()
    await (
        support.page.get_by_role("main").get_by_role("link", name="Carrosserie Noord").first.click()
    )
    await expect(support.page.locator(".note.warning").first).to_contain_text(
        "A photo does not open"
    )
    owner = await people.staff("noord")
    await owner.go("/desk/audit")
    await owner.sees("A photo does not open")
