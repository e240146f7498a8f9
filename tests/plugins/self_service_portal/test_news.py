"""What customers did online reaches the garage: on the desk's first page, and by mail."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from bs4 import BeautifulSoup
from sqlalchemy import select

from core.clock import frozen, now
from core.mailbox.store import StoredMail
from core.workshop.planning import repository as planning_repository
from core.workshop.planning import services as planning
from plugins.self_service_portal import appointments, confirmations, news
from plugins.self_service_portal.news_models import News
from tests import factories
from tests.garages import STAFF, Garage, Outbox
from tests.plugins.self_service_portal.after_booking import (
    PLATE,
    Request,
    appointment_of,
    decide,
    far_slot,
    request_estimate,
)
from tests.plugins.self_service_portal.talkers import talkers_at
from tests.plugins.self_service_portal.test_photos import RED, file

SEEN = "/desk/news/seen"


async def request_far(garage: Garage) -> Request:
    """A request with an appointment that can still be changed online."""
    async with garage.unit() as session:
        slot = await far_slot(session)
    return await request_estimate(garage, at=slot)


async def move_and_cancel(garage: Garage, request: Request) -> tuple[datetime, datetime]:
    """The customer moves the appointment, and then cancels it; its first and its second time."""
    async with garage.unit() as session:
        appointment = await planning_repository.by_id(session, request.appointment_id, lock=True)
        before, later = appointment.starts_at, (await factories.free_slots(session))[-1]
        await confirmations.move_by_customer(session, appointment, later, "en")
        await appointments.cancel_by_customer(session, appointment, "en", "")
    return before, later


async def card(garage: Garage, role: str = "planner") -> BeautifulSoup:
    """The card on the first page of the desk."""
    found = (await (await garage.staff(role)).open("/desk")).select_one("#news")
    return BeautifulSoup(str(found or ""), "html.parser")


async def words(garage: Garage) -> list[str]:
    """What the lines of the card say that happened, newest first."""
    return [line.get_text(" ", strip=True) for line in (await card(garage)).select(".badge")]


def ids(page: BeautifulSoup) -> list[str]:
    """What the *Seen* buttons of the lines send."""
    return [str(button["value"]) for button in page.select("li button[name=news]")]


async def to_garage(outbox: Outbox, garage: Garage, minutes: float = 0) -> list[StoredMail]:
    """What the garage's inbox has got by then, oldest first."""
    with frozen(now() + timedelta(minutes=minutes)):
        while await outbox.empty(garage):
            pass
    return outbox.mails_to(f"desk@{garage.slug}.test")[::-1]


async def test_what_customers_book_move_and_cancel_stands_on_the_desks_first_page(
    garage: Garage,
) -> None:
    request = await request_far(garage)
    await move_and_cancel(garage, request)
    page = await card(garage)
    assert await words(garage) == ["Appointment cancelled", "Appointment moved", "New appointment"]
    assert {link["href"] for link in page.select("a")} == {f"/desk/jobs/{request.job_id}"}
    assert "(before: " in page.select("li")[1].text
    assert page.text.count(PLATE) == 3


async def test_what_the_desk_does_itself_is_no_news_to_it(garage: Garage) -> None:
    async with garage.unit() as session:
        appointment, _link = await factories.an_appointment(
            session, await factories.a_job(session), at=await far_slot(session)
        )
        await planning.move(session, appointment, (await factories.free_slots(session))[-1], STAFF)
        await planning.cancel(session, appointment, STAFF)
    assert "Nothing that you have not seen." in (await card(garage)).text
    async with garage.unit() as session:
        assert list(await session.scalars(select(News))) == []


async def test_what_was_seen_is_gone_and_comes_back_with_undo(garage: Garage) -> None:
    await move_and_cancel(garage, await request_far(garage))
    planner = await garage.staff("planner")
    _cancelled, moved, _booked = ids(await card(garage))
    answer = await planner.submit(SEEN, {"news": moved}, page="/desk")
    assert await words(garage) == ["Appointment cancelled", "New appointment"]
    undo = BeautifulSoup(answer.text, "html.parser").select_one(".toast form")
    assert undo is not None
    await planner.submit(str(undo["action"]), page="/desk")
    assert len(await words(garage)) == 3
    every = (await card(garage)).select_one("header button[name=news]")
    assert every is not None
    await planner.submit(SEEN, {"news": every["value"]}, page="/desk")
    assert await words(garage) == []


async def test_another_garages_news_does_not_exist_and_nonsense_is_nothing(
    garage: Garage, other_garage: Garage
) -> None:
    await request_far(other_garage)
    (theirs,) = ids(await card(other_garage))
    planner = await garage.staff("planner")
    for value in (theirs, "nonsense", ""):
        assert (await planner.submit(SEEN, {"news": value}, page="/desk")).status_code == 404
    for moment in ("nonsense", "2026-11-29T10:00:00"):
        answer = await planner.submit(f"/desk/news/unseen?at={moment}", page="/desk")
        assert answer.status_code == 404
    assert ids(await card(other_garage)) == [theirs]


async def test_who_does_not_plan_neither_sees_the_card_nor_ticks_it_off(garage: Garage) -> None:
    await request_far(garage)
    (news_id,) = ids(await card(garage))
    assert not (await card(garage, "technician")).text
    technician = await garage.staff("technician")
    token = await technician.token("/desk")
    answer = await technician.post(SEEN, data={"csrf_token": token, "news": news_id})
    assert answer.status_code == 403


async def test_a_booking_that_must_be_confirmed_is_news_once_it_was(
    garage: Garage, outbox: Outbox
) -> None:
    await decide(garage, confirm_bookings=True, tell_garage=True)
    request = await request_estimate(garage)
    assert await words(garage) == []
    assert await to_garage(outbox, garage, minutes=11) == []
    async with garage.unit() as session:
        appointment = await planning_repository.by_id(session, request.appointment_id)
        await confirmations.confirm(session, appointment, "en")
    assert await words(garage) == ["New appointment"]
    (mail,) = await to_garage(outbox, garage, minutes=22)
    assert "New appointment: Job " in mail.text


async def test_a_garage_that_did_not_ask_for_mails_gets_none(
    garage: Garage, outbox: Outbox
) -> None:
    await move_and_cancel(garage, await request_far(garage))
    assert await to_garage(outbox, garage, minutes=300) == []


async def test_what_happens_within_some_minutes_is_one_mail_that_names_jobs_and_no_people(
    garage: Garage, outbox: Outbox
) -> None:
    await decide(garage, tell_garage=True)
    request = await request_far(garage)
    await move_and_cancel(garage, request)
    assert await to_garage(outbox, garage, minutes=9) == []
    (mail,) = await to_garage(outbox, garage, minutes=11)
    assert mail.subject == "New from customers: 3"
    lines = [line for line in mail.text.splitlines() if line.startswith("- ")]
    assert [line.partition(":")[0] for line in lines] == [
        "- New appointment",
        "- Appointment moved",
        "- Appointment cancelled",
    ]
    links = [urlsplit(word) for word in mail.text.split() if word.startswith("http")]
    assert {(link.hostname, link.path) for link in links} == {
        (garage.host, f"/desk/jobs/{request.job_id}")
    }
    for part in (mail.text, mail.html, mail.subject):
        assert not [each for each in ("Peeters", PLATE, request.email, "dent") if each in part]
    assert await to_garage(outbox, garage, minutes=60) == [mail]


async def test_messages_answers_and_photos_are_told_at_once_where_the_garage_wants_that(
    garage: Garage, outbox: Outbox
) -> None:
    await decide(garage, tell_garage=True, tell_garage_minutes=0)
    talkers = await talkers_at(garage)
    await talkers.write("Hello")
    await talkers.decide(await talkers.has_quote(), "approve")
    await talkers.customer.submit("/en/pictures/add", files=[file("a.jpg", RED)])
    (mail,) = await to_garage(outbox, garage)
    said = {line.partition(":")[0] for line in mail.text.splitlines() if line.startswith("- ")}
    assert said == {"- New message", "- Estimate approved", "- New photos"}
    assert mail.subject == "New from customers: 3"
    assert "Hello" not in mail.text
    assert await words(garage) == []


async def test_what_is_two_months_old_is_no_news(garage: Garage) -> None:
    request = await request_far(garage)
    assert (await appointment_of(garage, request)).status == "booked"
    for days, left in ((59, 1), (61, 0)):
        with frozen(now() + timedelta(days=days)):
            async with garage.unit() as session:
                await news.forget_old_news(session)
        async with garage.unit() as session:
            assert len(list(await session.scalars(select(News)))) == left
