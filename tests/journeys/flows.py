"""The portal's four flows in any language: by thumb, found by what things are and not by words."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from playwright.async_api import FilePayload, expect

from tests.factories import jpeg
from tests.journeys.people import Person

Look = Callable[[Person], Awaitable[None]]
"""What is done on every page on the way."""
LANGUAGES = ("nl", "fr", "de", "en")
PLATE = "1-FLW-123"
NEXT = "main form:has(input[name=csrf_token]) .actions button.primary"
EARLIEST = "main button[name=take]"


UNFOLD = """() => {
  const days = [...document.querySelectorAll("main details.day")].slice(2);
  for (const each of document.querySelectorAll("main details:not(.menu)")) {
    each.open = !days.includes(each);
  }
}"""
"""All that unfolds in its place, of days two: the others are like them, and there are many."""


async def look_in_every_language(person: Person) -> None:
    """The page that is open, as it stands in each language, light and dark, on the smallest
    phone; then again in the one that it was opened in."""
    opened = person.page.url
    shown = urlsplit(opened).path.split("/")[1]
    for language in LANGUAGES:
        await person.page.goto(opened.replace(f"/{shown}/", f"/{language}/", 1))
        await expect(person.page.locator(f"html[lang={language}]")).to_have_count(1)
        await person.page.evaluate(UNFOLD)
        await person.finds_no_barrier()
        await person.finds_no_barrier_in_the_dark()
    await person.page.goto(opened)


async def photo_of(colour: int) -> FilePayload:
    """A photo that no other has."""
    return FilePayload(name="photo.jpg", mimeType="image/jpeg", buffer=jpeg((colour, 40, 90)))


async def begin(customer: Person, language: str, entry: str, look: Look) -> None:
    """From the home page to the first page of a flow."""
    customer.taps = 0
    await customer.go(f"/{language}")
    await look(customer)
    await customer.tap(f".entry-card[href$='/{entry}']")
    await customer.page.wait_for_url(f"**/{language}/{entry}**")
    await look(customer)


async def identify(customer: Person, job: dict[str, str], look: Look, target: str) -> None:
    """Plate and job number; a wrong number first shows the page with its error."""
    await customer.page.locator("input[name=plate]").fill(job["plate"])
    await customer.page.locator("input[name=number]").fill(job["number"])
    await customer.tap(NEXT)
    await customer.page.wait_for_url(f"**/{target}")
    await look(customer)


async def choose_photo(customer: Person, field: str, colour: int) -> None:
    """One tap opens the camera or the gallery, which is the phone's own."""
    async with customer.page.expect_file_chooser() as opened:
        await customer.tap(f"label[for={field}]")
    chooser = await opened.value
    await chooser.set_files(await photo_of(colour))


async def estimate(
    customer: Person, language: str, email: str, look: Look
) -> tuple[int, dict[str, str]]:
    """Make appointment for estimate, with a photo; taps until it is sent, and the job."""
    await begin(customer, language, "estimate", look)
    page = customer.page
    await page.locator("input[name=plate]").fill(PLATE)
    await customer.tap(NEXT)
    await page.wait_for_url("**/damage")
    await look(customer)
    await page.locator("textarea[name=damage]").fill("Kras, griffe, Kratzer")
    await customer.tap("label.choice:has(input[value=left])")
    await customer.tap(NEXT)
    await page.wait_for_url("**/photos")
    await look(customer)
    await choose_photo(customer, "camera-close_up", 30 + len(email))
    await expect(page.locator("[data-photo-count]").first).to_have_text("1")
    await look(customer)
    await customer.tap(NEXT)
    await page.wait_for_url("**/time")
    await look(customer)
    await customer.tap(EARLIEST)
    await page.wait_for_url("**/contact")
    await look(customer)
    await page.locator("input[name=name]").fill("Noor Peeters-Vandenbroucke")
    await page.locator("input[name=email]").fill(email)
    await customer.tap(NEXT)
    await page.wait_for_url("**/check")
    await look(customer)
    await customer.tap(NEXT)
    await page.wait_for_url("**/done")
    await look(customer)
    number = (await page.locator(".code").inner_text()).strip()
    return customer.taps, {"plate": PLATE, "number": number}


async def repair(customer: Person, language: str, job: dict[str, str], look: Look) -> int:
    """Make appointment for repair; taps until it is booked."""
    await begin(customer, language, "repair", look)
    await identify(customer, job, look, "repair/time")
    await customer.tap(EARLIEST)
    await expect(customer.page.locator("input[name=confirmed]")).to_have_count(1)
    await look(customer)
    await customer.tap("main form:has(input[name=confirmed]) button.primary")
    await customer.page.wait_for_url("**/repair/done")
    await look(customer)
    return customer.taps


async def status(customer: Person, language: str, job: dict[str, str], look: Look) -> int:
    """View repair status; taps until it is read."""
    await begin(customer, language, "status", look)
    await identify(customer, job, look, "status/job")
    return customer.taps


async def pictures(customer: Person, language: str, job: dict[str, str], look: Look) -> int:
    """Add pictures; taps until one is in the job. A last one says thank you."""
    await begin(customer, language, "pictures", look)
    await identify(customer, job, look, "pictures/add")
    count = customer.page.locator("[data-photo-count]").first
    before = int(await count.inner_text())
    await choose_photo(customer, "photos-camera", 60 + len(language) + before)
    await expect(count).to_have_text(str(before + 1))
    taps = customer.taps
    await customer.tap(NEXT)
    await customer.page.wait_for_url("**/pictures/done")
    await look(customer)
    return taps
