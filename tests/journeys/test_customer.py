"""What a customer does on a phone, and without JavaScript."""

import re

import pytest
from playwright.async_api import FilePayload, expect

from core.mailbox.store import MailStore, StoredMail
from tests.demo_run import DemoRun
from tests.factories import jpeg
from tests.journeys.people import (
    BAD_PHOTOS,
    LONGEST_SECONDS,
    NARROW,
    PHONE,
    PHOTOS,
    People,
    Person,
)
from tests.journeys.test_keyboard import Keyboard
from tests.waiting import until

SEVERAL = [PHOTOS / name for name in ("landscape_6.jpg", "IMG_5195.HEIC", "jolla.jpg")]
NUMBER = re.compile(r"[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3}")
WAYS = pytest.mark.parametrize(
    ("screen", "scripts"), [(PHONE, True), (NARROW, False)], ids=["phone", "no-javascript"]
)


def job_of(demo: DemoRun, status: str) -> dict[str, str]:
    """One of the demo's jobs at noord."""
    found: dict[str, str] = next(
        job for job in demo.garage("noord")["jobs"] if job["status"] == status
    )
    return found


async def identify(customer: Person, plate: str, number: str) -> None:
    """Type plate and job number, and go on."""
    await customer.fill("Registration plate", plate)
    await customer.fill("Job number", number)
    await customer.press("Next »")


async def mail_to(demo: DemoRun, address: str, says: str = "") -> StoredMail:
    """The newest mail to that address in which that is said (a regular expression), once the
    worker has sent it."""
    store, found = MailStore(demo.folder / "mail"), list[StoredMail]()

    async def has_arrived() -> bool:
        mails = (mail for mail in store.newest_first() if address in mail.to)
        found.extend(mail for mail in mails if re.search(says, mail.text))
        return bool(found)

    await until(has_arrived, seconds=LONGEST_SECONDS)
    return found[0]


async def ask_for_estimate(customer: Person, email: str, *, scripts: bool) -> str:
    """The whole estimate, from the home page to the job number, which is returned."""
    await customer.go("/en")
    await customer.follow("Make appointment for estimate")
    await customer.fill("Registration plate", "1-abc 123")
    await customer.press("Next »")
    await customer.fill("What happened, and what is damaged?", "Scratched at a post, right side")
    await customer.page.get_by_label("Right side").check()
    await customer.press("Next »")
    await customer.page.get_by_label("Your photos").set_input_files(SEVERAL)
    if scripts:
        await expect(customer.page.get_by_text("Received", exact=True)).to_have_count(3)
    await customer.press("Next »")
    await customer.page.get_by_role("radio").first.check()
    await customer.picture("portal-time")
    await customer.press("Next »")
    await customer.fill("Name", "Noor Peeters")
    await customer.fill("E-mail address", email)
    await customer.press("Next »")
    await customer.sees("3 photos")
    await customer.press("Send and book the appointment")
    await customer.reads_heading("Thank you, we have your request")
    return (await customer.page.locator(".code").inner_text()).strip()


@WAYS
async def test_an_estimate_becomes_a_job_an_appointment_and_a_mail(
    people: People, demo: DemoRun, screen: dict[str, int], scripts: bool
) -> None:
    customer = await people.sit_down("noord", screen=screen, scripts=scripts)
    email = f"noor.{'phone' if scripts else 'plain'}@example.com"
    number = await ask_for_estimate(customer, email, scripts=scripts)
    await customer.picture(f"portal-done-{'phone' if scripts else 'plain'}")
    mail = await mail_to(demo, email)
    assert NUMBER.fullmatch(number)
    assert number in mail.text
    assert [name for name, _body in mail.attachments] == ["appointment.ics"]
    planner = await people.staff("noord", "planner")
    await planner.go(f"/desk/search?q={number.lower().replace('-', '')}")
    await planner.page.locator("table a").first.click()
    await planner.sees("Scratched at a post, right side")
    await expect(planner.page.locator(".photo img")).to_have_count(3)
    assert not customer.complaints


@WAYS
async def test_pictures_land_in_the_job(
    people: People, demo: DemoRun, screen: dict[str, int], scripts: bool
) -> None:
    job = job_of(demo, "in_progress" if scripts else "planned")
    planner = await people.staff("noord", "planner")
    await planner.go(f"/desk/search?q={job['number']}")
    await planner.page.locator("table a").first.click()
    await planner.has_it_all()
    before = await planner.page.locator(".photo").count()
    customer = await people.sit_down("noord", screen=screen, scripts=scripts)
    await customer.go("/en/pictures")
    await identify(customer, f" {job['plate'].lower().replace('-', '')} ", job["number"].lower())
    await customer.page.get_by_label("Your photos").set_input_files(
        [
            FilePayload(name=f"{green}.jpg", mimeType="image/jpeg", buffer=jpeg((9, green, 9)))
            for green in (100, 200)  # no photos of the demo's, which the job may have already
        ]
    )
    if scripts:
        await expect(customer.page.get_by_text("Received", exact=True)).to_have_count(2)
    await customer.press("Send")
    await customer.reads_heading("Thank you for your photos")
    await planner.page.reload()
    await expect(planner.page.locator(".photo")).to_have_count(before + 2)
    assert not customer.complaints


async def test_photos_stand_upright_on_the_job_card(people: People, demo: DemoRun) -> None:
    job = job_of(demo, "new")
    customer = await people.sit_down("noord", screen=PHONE)
    await customer.go("/en/pictures")
    await identify(customer, job["plate"], job["number"])
    await customer.page.get_by_label("Your photos").set_input_files(PHOTOS / "landscape_6.jpg")
    await expect(customer.page.get_by_text("Received", exact=True)).to_have_count(1)
    planner = await people.staff("noord", "planner")
    await planner.go(f"/desk/search?q={job['number']}")
    await planner.page.locator("table a").first.click()
    await planner.has_it_all()
    await expect(planner.page.locator(".photo pending-photo")).to_have_count(0)
    newest = planner.page.locator(".photo img").last
    await newest.scroll_into_view_if_needed()
    await expect(newest).to_be_visible()
    await expect(newest).not_to_have_js_property("naturalWidth", 0)
    width, height = await newest.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert width > height, "the file is stored standing, and its EXIF says that it lies"
    await planner.picture("desk-job-card")


@WAYS
async def test_a_drop_off_time_is_booked(
    people: People, demo: DemoRun, screen: dict[str, int], scripts: bool
) -> None:
    job = job_of(demo, "new" if scripts else "planned")
    customer = await people.sit_down("noord", screen=screen, scripts=scripts)
    await customer.go("/en/repair")
    await identify(customer, job["plate"], job["number"])
    await customer.page.get_by_role("radio").nth(2).check()
    await customer.page.get_by_label("I would like a courtesy car during the repair").check()
    await customer.press("Next »")
    await customer.reads_heading("Is this right?")
    await customer.press("Book this time")
    await customer.reads_heading("Your appointment is booked")
    assert not customer.complaints


@WAYS
async def test_the_status_is_told_in_the_garages_words(
    people: People, demo: DemoRun, screen: dict[str, int], scripts: bool
) -> None:
    job = job_of(demo, "ready")
    customer = await people.sit_down("noord", screen=screen, scripts=scripts)
    await customer.go("/en/status")
    await identify(customer, job["plate"], job["number"])
    await customer.sees("Your vehicle is ready. You can collect it.")
    await customer.picture(f"portal-status-{'phone' if scripts else 'plain'}")
    assert not customer.complaints


async def test_reset_empties_the_fields(people: People) -> None:
    customer = await people.sit_down("noord", screen=PHONE)
    await customer.go("/en/pictures")
    await customer.fill("Registration plate", "1-ABC-123")
    await customer.press("Reset")
    await expect(customer.page.get_by_label("Registration plate")).to_have_value("")


async def test_what_is_no_photo_is_said_at_the_photo(people: People, demo: DemoRun) -> None:
    job = job_of(demo, "ready")
    customer = await people.sit_down("noord", screen=PHONE)
    await customer.go("/en/pictures")
    await identify(customer, job["plate"], job["number"])
    await customer.page.get_by_label("Your photos").set_input_files(
        [BAD_PHOTOS / "decompression_bomb.gif", BAD_PHOTOS / "truncated.heic"]
    )
    await customer.sees("decompression_bomb.gif is not a photo that we can read.")
    await customer.sees("truncated.heic arrived damaged or incomplete.")


async def test_a_reload_after_the_camera_loses_nothing(people: People) -> None:
    customer = await people.sit_down("noord", screen=PHONE)
    await customer.go("/en/estimate")
    await customer.fill("Registration plate", "2-XYZ-987")
    await customer.press("Next »")
    await customer.fill("What happened, and what is damaged?", "Hail on the roof")
    await customer.press("Next »")
    await customer.page.get_by_label("Your photos").set_input_files(PHOTOS / "jolla.jpg")
    await expect(customer.page.get_by_text("Received", exact=True)).to_have_count(1)
    await customer.page.reload()
    await expect(customer.page.locator("[data-photo-count]").first).to_have_text("1")
    await customer.go("/en")
    await customer.follow("Continue")
    await customer.reads_heading("Photos of the damage")


async def test_the_link_in_the_mail_moves_and_cancels_the_appointment(
    people: People, demo: DemoRun
) -> None:
    customer = await people.sit_down("noord", screen=PHONE)
    email = "link@example.com"
    await customer.go("/en/estimate")
    await customer.fill("Registration plate", "1-LNK-001")
    await customer.press("Next »")
    await customer.fill("What happened, and what is damaged?", "Mirror broken off")
    await customer.press("Next »")
    await customer.press("Next »")
    await customer.page.locator("details.day").last.locator("summary").click()
    await customer.page.get_by_role("radio").last.check()
    await customer.press("Next »")
    await customer.fill("Name", "Lena Link")
    await customer.fill("E-mail address", email)
    await customer.press("Next »")
    await customer.press("Send and book the appointment")
    await customer.reads_heading("Thank you, we have your request")
    mail = await mail_to(demo, email)
    link = re.search(r"http://\S+/en/appointment/\S+", mail.text)
    assert link is not None
    reader = await people.sit_down("noord", screen=PHONE)
    await reader.page.goto(link[0])
    await reader.reads_heading("Your appointment")
    assert "LNK" not in await reader.page.content()
    before = await reader.page.locator("main time").first.get_attribute("datetime")
    hands = Keyboard(reader)  # with no more than that
    await hands.type("input[name=plate]", "1 lnk 001")
    await hands.enter("main form > details > summary")
    while await reader.page.locator("details.day[open]").count():
        await hands.enter("details.day[open] > summary")  # what is soon cannot be cancelled online
    await hands.enter("details.day:last-of-type > summary")
    await hands.reach("details.day:last-of-type input[type=radio][name=slot]")
    await reader.page.keyboard.press("Space")
    await hands.enter("main form button.primary")
    await reader.sees("Your appointment was moved.")
    moved = reader.page.locator("main time").first
    await expect(moved).not_to_have_attribute("datetime", str(before))
    await reader.page.goto(link[0])
    await reader.follow("Cancel the appointment")
    await reader.reads_heading("Cancel this appointment?")
    await reader.fill("Registration plate", "1 lnk 001")
    await reader.press("Yes, cancel the appointment")
    await reader.reads_heading("Your appointment was cancelled")
