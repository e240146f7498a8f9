"""What a customer does with appointments from the status page, after plate and job number."""

from datetime import datetime, timedelta

import pytest

from core.clock import now
from core.workshop.jobs.services import set_status
from core.workshop.planning import repository as planning_repository
from core.workshop.planning import services as planning
from core.workshop.planning.models import Appointment
from plugins.self_service_portal.settings import NAME
from tenants.activation import change_settings
from tests import factories
from tests.garages import STAFF, SUPPORT, Garage, Outbox
from tests.plugins.self_service_portal.after_booking import far_slot
from tests.plugins.self_service_portal.talkers import Talkers, talkers_at

PICK_UP = "/en/status/pick-up"


@pytest.fixture
async def talkers(garage: Garage) -> Talkers:
    """A customer who has the job open."""
    return await talkers_at(garage)


async def booked(talkers: Talkers, kind: str = "drop_off", *, far: bool = True) -> Appointment:
    """An appointment of the job, which may or may not still be changed online."""
    async with talkers.garage.unit() as session:
        slot = await far_slot(session, kind) if far else await factories.first_slot(session, kind)
        made, _secret = await planning.book(session, talkers.job_id, kind, slot, STAFF)
        made.created_at = now() - timedelta(hours=1)  # not just now, so that the notice counts
        return made


async def stored(talkers: Talkers, kind: str = "drop_off") -> Appointment | None:
    """The job's appointment as it is now."""
    async with talkers.garage.unit() as session:
        return await planning_repository.booked_of_job(session, talkers.job_id, kind)


async def other_slot(talkers: Talkers, kind: str, taken: datetime) -> datetime:
    """A free time that is not that one, and can be changed online."""
    async with talkers.garage.unit() as session:
        soon = now() + timedelta(days=4)
        slots = await factories.free_slots(session, kind)
        return next(slot for slot in slots if slot not in {taken} and slot > soon)


async def paths(talkers: Talkers) -> list[str]:
    """Where *Choose another time* and *Cancel* of the status page lead."""
    page = await talkers.status()
    return [str(each["href"]) for each in page.select("a[href*='/appointment/']")]


async def test_an_appointment_is_moved_without_typing_the_plate_again(talkers: Talkers) -> None:
    appointment = await booked(talkers)
    move, _cancel = await paths(talkers)
    page = await talkers.customer.open(move)
    slot = await other_slot(talkers, "drop_off", appointment.starts_at)
    answer = await talkers.customer.submit(f"{move}/move", {"slot": slot.isoformat()}, page=move)
    moved = await stored(talkers)
    assert page.select("input[name=plate]") == []
    assert answer.status_code == 200
    assert moved is not None
    assert (moved.id, moved.starts_at) == (appointment.id, slot)


async def test_an_appointment_is_cancelled_on_a_page_that_asks_first(talkers: Talkers) -> None:
    await booked(talkers)
    _move, cancel = await paths(talkers)
    page = await talkers.customer.open(cancel)
    assert page.select("input[name=plate]") == []
    assert await stored(talkers) is not None
    await talkers.customer.submit(cancel)
    assert await stored(talkers) is None


async def test_whoever_has_only_the_link_still_types_the_plate(talkers: Talkers) -> None:
    await booked(talkers)
    _move, cancel = await paths(talkers)
    answer = await talkers.garage.browser().submit(cancel)
    assert answer.status_code == 422
    assert await stored(talkers) is not None


async def test_a_job_that_is_open_opens_no_appointment_of_another(talkers: Talkers) -> None:
    await booked(talkers)
    _move, cancel = await paths(talkers)
    async with talkers.garage.unit() as session:
        other = await factories.a_job(session, plate="9-OTH-999")
    browser = talkers.garage.browser()
    form: dict[str, object] = {"plate": other.plate, "number": other.public_number}
    await browser.submit("/en/status", form)
    assert (await browser.submit(cancel)).status_code == 422
    assert await stored(talkers) is not None


async def test_too_late_is_too_late_from_here_as_well(talkers: Talkers) -> None:
    await booked(talkers, far=False)
    page = await talkers.status()
    assert await paths(talkers) == []
    assert "It is too late to change this appointment online" in page.text


async def make_ready(talkers: Talkers) -> None:
    """The repair is done."""
    async with talkers.garage.unit() as session:
        await set_status(session, talkers.job_id, "ready", STAFF)


@pytest.mark.parametrize(
    ("status", "offered"), [("in_progress", 0), ("ready", 1), ("delivered", 0)]
)
async def test_a_time_to_fetch_is_offered_once_the_vehicle_is_ready(
    talkers: Talkers, status: str, offered: int
) -> None:
    async with talkers.garage.unit() as session:
        await set_status(session, talkers.job_id, status, STAFF)
    page = await talkers.status()
    answer = await talkers.customer.get(PICK_UP)
    assert len(page.select(f"a[href='{PICK_UP}']")) == offered
    assert answer.status_code == (200 if offered else 303)


async def test_a_time_to_fetch_is_booked_moved_and_mailed(garage: Garage, outbox: Outbox) -> None:
    email = f"{garage.slug}@fetch.test"
    talkers = await talkers_at(garage, email=email)
    await make_ready(talkers)
    async with talkers.garage.unit() as session:
        first = await far_slot(session, "pick_up")
    answer = await talkers.customer.submit(PICK_UP, {"take": first.isoformat()})
    made = await stored(talkers, "pick_up")
    await outbox.empty(garage)
    assert "You fetch your vehicle on" in answer.text
    assert made is not None
    assert (made.starts_at, made.booked_by) == (first, "customer")
    second = await other_slot(talkers, "pick_up", first)
    await talkers.customer.submit(PICK_UP, {"slot": second.isoformat()})
    moved = await stored(talkers, "pick_up")
    await outbox.empty(garage)
    newer, older = (mail.text for mail in outbox.mails_to(email))
    assert moved is not None
    assert (moved.id, moved.starts_at) == (made.id, second)
    assert "Your vehicle waits for you." in older
    assert "Your appointment has a new time." in newer


async def test_a_time_that_is_gone_is_answered_with_others(talkers: Talkers) -> None:
    await make_ready(talkers)
    async with talkers.garage.unit() as session:
        taken = await factories.first_slot(session, "pick_up")
        for number in range(2):
            job = await factories.a_job(session, plate=f"9-OTH-00{number}")
            await planning.book(session, job.id, "pick_up", taken, STAFF)
    answer = await talkers.customer.submit(PICK_UP, {"slot": taken.isoformat()})
    assert answer.status_code == 409
    assert "This time has just been taken." in answer.text
    assert await stored(talkers, "pick_up") is None


async def test_without_a_choice_nothing_is_booked(talkers: Talkers) -> None:
    await make_ready(talkers)
    answer = await talkers.customer.submit(PICK_UP)
    assert (answer.status_code, await stored(talkers, "pick_up")) == (422, None)


async def test_nothing_is_fetched_that_is_not_ready(talkers: Talkers) -> None:
    async with talkers.garage.unit() as session:
        slot = await factories.first_slot(session, "pick_up")
    answer = await talkers.customer.submit(
        PICK_UP, {"slot": slot.isoformat()}, page="/en/status/job", follow=False
    )
    assert (answer.status_code, await stored(talkers, "pick_up")) == (303, None)


async def test_support_keeps_it_to_the_desk_where_a_garage_wants_that(talkers: Talkers) -> None:
    await make_ready(talkers)
    garage = talkers.garage
    await change_settings(
        garage.house.switching, garage.slug, NAME, {"pick_up_online": False}, SUPPORT
    )
    page = await talkers.status()
    assert page.select(f"a[href='{PICK_UP}']") == []
    assert (await talkers.customer.get(PICK_UP)).status_code == 404
