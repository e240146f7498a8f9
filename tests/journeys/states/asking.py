"""States of the first page and of the questions of a request."""

from datetime import timedelta

from core.clock import frozen, now
from core.i18n import LANGUAGES
from core.workshop.locations import repository as locations
from core.workshop.locations.services import close_on
from core.workshop.planning import repository as planning_repository
from core.workshop.planning import services as planning
from plugins.self_service_portal import lost_numbers, time_wish_pages
from plugins.self_service_portal.booking_limits import PER_ADDRESS
from plugins.self_service_portal.estimate_pages import NEW_DRAFTS
from plugins.self_service_portal.identity import MISSES_PER_ADDRESS
from plugins.self_service_portal.look import ENTRIES, QUESTIONS, Look, Texts
from tests.factories import free_slots, jpeg
from tests.garages import STAFF, Browser, Garage
from tests.journeys.states.showing import Scene, Shown, opened, sent, state
from tests.plugins.self_service_portal import after_booking, deciding
from tests.plugins.self_service_portal.deciding import DESK, reach
from tests.plugins.self_service_portal.talkers import talkers_at
from tests.plugins.self_service_portal.test_confirmations import browser_of
from tests.plugins.self_service_portal.test_logos import clear_png
from tests.plugins.self_service_portal.waiting_people import at_the_check, at_the_time, take

HERE = "127.0.0.1"
WORDS = Texts(
    welcome="Carrosserie met zorg, sinds 1962",
    intro="Wij herstellen alle merken.\n\nOok hagelschade.",
    next_steps="Breng uw papieren mee.",
    status_foot="Vragen? Bel ons gerust.",
    consent="I agree that the garage keeps my data until the repair is done. " * 8,
)
NO_PHOTO = ("photos", ("letter.jpg", b"I am a letter.", "image/jpeg"))
HALF_A_PHOTO = ("photos", ("half.jpg", jpeg(size=(800, 600))[:2000], "image/jpeg"))
A_PHOTO = ("photos", ("whole.jpg", jpeg(), "image/jpeg"))


async def is_full(garage: Garage) -> None:
    """No time is free for anybody: the garage is closed for as long as anybody can look."""
    async with garage.unit() as session:
        location = await locations.first(session)
        today = now().date()
        await close_on(session, location.id, today, today + timedelta(days=400), "Flood")


async def asks_everything(garage: Garage, **more: object) -> Look:
    """Every question must be answered, a consent given; the owner's words are everywhere."""
    needs = dict.fromkeys(QUESTIONS, "required")
    texts = dict.fromkeys(LANGUAGES, WORDS)
    return await deciding.decide(garage, texts=texts, **needs, **more)


async def with_a_logo(garage: Garage) -> None:
    """The owner has chosen a logo."""
    owner = await garage.staff("owner")
    logo = ("logo", ("logo.png", clear_png(), "image/png"))
    answer = await owner.submit(f"{DESK}/logo", page=DESK, files=[logo])
    assert answer.status_code == 200


async def is_cancelled(garage: Garage, request: after_booking.Request) -> None:
    """The garage has cancelled what was booked."""
    async with garage.unit() as session:
        booked = await planning_repository.by_id(session, request.appointment_id)
        await planning.cancel(session, booked, STAFF)


async def with_photos(garage: Garage, browser: Browser) -> None:
    """Two photos have arrived and are drawn."""
    token = await browser.token("/en/estimate/photos")
    files = [("photos", (f"{n}.jpg", jpeg((n, 80, 90)), "image/jpeg")) for n in (20, 120)]
    answer = await browser.post(
        "/en/estimate/photos", files=[("csrf_token", (None, token)), *files]
    )
    assert answer.status_code == 303


@state("home.html", "You have begun to ask for an estimate.")
async def home_with_a_draft_the_logo_and_the_owners_words(scene: Scene) -> Shown:
    browser = await at_the_time(scene.garage)
    await asks_everything(scene.garage, brand="#ffdd00", accent="#0b5cab")
    await with_a_logo(scene.garage)
    return opened(browser, "/{lang}")


@state("home.html", "Please call us or write to us: we are glad to help.")
async def home_without_entries(scene: Scene) -> Shown:
    await deciding.decide(scene.garage, hidden_entries=ENTRIES)
    return opened(scene.garage.browser(), "/{lang}")


@state("estimate/vehicle.html", "Mileage (km)")
async def vehicle_with_every_question(scene: Scene) -> Shown:
    await asks_everything(scene.garage)
    return opened(scene.garage.browser(), "/{lang}/estimate/vehicle")


@state("estimate/vehicle.html", "small calculation", status=200)
async def vehicle_with_a_puzzle(scene: Scene) -> Shown:
    await scene.near(NEW_DRAFTS, "portal-draft", HERE)
    return opened(scene.garage.browser(), "/{lang}/estimate/vehicle")


@state("estimate/vehicle.html", "Please check this", status=422)
async def vehicle_with_every_question_unanswered(scene: Scene) -> Shown:
    await asks_everything(scene.garage)
    values = {"plate": "", "country": "BE", "mileage": "many"}
    return sent(scene.garage.browser(), "/{lang}/estimate/vehicle", values)


@state("estimate/damage.html", "Please check this", status=422)
async def damage_unanswered(scene: Scene) -> Shown:
    browser = await at_the_time(scene.garage)
    return sent(browser, "/{lang}/estimate/damage", {"damage": ""})


@state("estimate/photos.html", "Received")
async def photos_that_have_arrived(scene: Scene) -> Shown:
    browser = await at_the_time(scene.garage)
    await with_photos(scene.garage, browser)
    while await scene.outbox.empty(scene.garage):
        pass
    return opened(browser, "/{lang}/estimate/photos")


@state("estimate/photos.html", "letter.jpg is not a photo that we can read.", status=422)
async def photos_with_an_error_each(scene: Scene) -> Shown:
    browser = await at_the_time(scene.garage)
    return sent(browser, "/{lang}/estimate/photos", files=[NO_PHOTO, HALF_A_PHOTO])


@state("estimate/time.html", "No time is free at the moment")
async def times_where_none_is_free(scene: Scene) -> Shown:
    await is_full(scene.garage)
    return opened(await at_the_time(scene.garage), "/{lang}/estimate/time")


@state("estimate/time.html", "Please choose a time.", status=422)
async def times_with_none_chosen(scene: Scene) -> Shown:
    return sent(await at_the_time(scene.garage), "/{lang}/estimate/time")


@state("estimate/time.html", "has just been taken", status=409)
async def times_with_one_that_is_gone(scene: Scene) -> Shown:
    browser = await at_the_time(scene.garage)
    async with scene.garage.unit() as session:
        slots = await free_slots(session)
        await take(session, "estimate", slots[10:11])
    return sent(browser, "/{lang}/estimate/time", {"slot": slots[10].isoformat()})


@state("estimate/contact.html", "Claim number at the insurer")
async def contact_with_every_question_and_the_consent(scene: Scene) -> Shown:
    await asks_everything(scene.garage)
    browser = scene.garage.browser()
    await reach(browser, scene.garage, "contact", mileage="12345")
    return opened(browser, "/{lang}/estimate/contact")


@state("estimate/contact.html", "Please tick the box, or call us instead.", status=422)
async def contact_with_every_question_unanswered(scene: Scene) -> Shown:
    await asks_everything(scene.garage)
    browser = scene.garage.browser()
    await reach(browser, scene.garage, "contact", mileage="12345")
    return sent(browser, "/{lang}/estimate/contact", {"name": "", "email": "nobody"})


@state("estimate/check.html", "has just been taken", status=200)
async def check_of_a_time_that_is_gone(scene: Scene) -> Shown:
    async with scene.garage.unit() as session:
        slots = await free_slots(session)
    browser = await at_the_check(scene.garage, slots[10])
    later = now() + timedelta(minutes=11)
    with frozen(later):
        async with scene.garage.unit() as session:
            await take(session, "estimate", slots[10:11])
    return opened(browser, "/{lang}/estimate/check", at=later)


@state("estimate/check.html", "small calculation")
async def check_with_a_puzzle(scene: Scene) -> Shown:
    async with scene.garage.unit() as session:
        slots = await free_slots(session)
    browser = await at_the_check(scene.garage, slots[3])
    await scene.near(PER_ADDRESS, "portal-booked", HERE)
    return opened(browser, "/{lang}/estimate/check")


@state("estimate/done.html", "One more step: confirm your appointment")
async def done_but_to_be_confirmed(scene: Scene) -> Shown:
    await asks_everything(scene.garage)
    await after_booking.decide(scene.garage, confirm_bookings=True)
    request = await after_booking.request_estimate(scene.garage)
    return opened(browser_of(scene.garage, request), "/{lang}/estimate/done")


@state("estimate/done.html", "There is no appointment any more")
async def done_and_cancelled_since(scene: Scene) -> Shown:
    request = await after_booking.request_estimate(scene.garage)
    await is_cancelled(scene.garage, request)
    return opened(browser_of(scene.garage, request), "/{lang}/estimate/done")


@state("home.html", "A repair is open on this device.")
async def home_with_a_repair_open(scene: Scene) -> Shown:
    return opened((await talkers_at(scene.garage)).customer, "/{lang}")


@state("estimate/done.html", "Please type an e-mail address such as", status=422)
async def done_with_a_mistake_in_the_address(scene: Scene) -> Shown:
    request = await after_booking.request_estimate(scene.garage)
    browser = browser_of(scene.garage, request)
    return sent(browser, "/{lang}/estimate/address", {"email": "nobody"})


@state("identify.html", "then you are back where you were")
async def identify_on_the_way_back(scene: Scene) -> Shown:
    return opened(scene.garage.browser(), "/{lang}/status?to=status/pick-up")


@state("identify.html", "small calculation")
async def identify_with_a_puzzle(scene: Scene) -> Shown:
    await scene.near(MISSES_PER_ADDRESS, "portal-miss", HERE)
    return opened(scene.garage.browser(), "/{lang}/pictures")


@state("time_wish.html", "small calculation")
async def a_wish_with_a_puzzle(scene: Scene) -> Shown:
    await scene.near(time_wish_pages.WISHES_PER_ADDRESS, "portal-wish", HERE)
    return opened(await at_the_time(scene.garage), "/{lang}/estimate/wish")


@state("time_wish.html", "Please give an e-mail address or a phone number.", status=422)
async def a_wish_that_says_nothing(scene: Scene) -> Shown:
    browser = await at_the_time(scene.garage)
    return sent(browser, "/{lang}/estimate/wish", {"name": "Wim Waits"})


@state("lost_number.html", "Please check this", status=422)
async def a_lost_number_of_nobody(scene: Scene) -> Shown:
    values = {"plate": "", "email": "nobody"}
    return sent(scene.garage.browser(), "/{lang}/job-number", values)


@state("lost_number.html", "small calculation")
async def a_lost_number_with_a_puzzle(scene: Scene) -> Shown:
    await scene.near(lost_numbers.PER_ADDRESS, "portal-lost", HERE)
    return opened(scene.garage.browser(), "/{lang}/job-number")


@state("lost_number_sent.html", "mail")
async def a_lost_number_that_was_mailed(scene: Scene) -> Shown:
    return opened(scene.garage.browser(), "/{lang}/job-number/sent")


@state("privacy.html", "Your rights")
async def the_privacy_notice(scene: Scene) -> Shown:
    return opened(scene.garage.browser(), "/{lang}/privacy")


@state("privacy.html", "A notice of our own")
async def a_privacy_notice_of_the_garages_own(scene: Scene) -> Shown:
    words = Texts(privacy="A notice of our own\n\nwith https://example.com/a/rather/long/address")
    await deciding.decide(scene.garage, texts=dict.fromkeys(LANGUAGES, words))
    return opened(scene.garage.browser(), "/{lang}/privacy")
