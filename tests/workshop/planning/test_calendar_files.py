"""Appointments in the customer's own calendar."""

from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from core.clock import frozen
from core.workshop.planning.calendar_files import CalendarTexts, Invitation, calendar_file
from core.workshop.planning.models import Appointment
from core.workshop.planning.services import cancel, move
from tests.factories import a_job, an_appointment, free_slots
from tests.garages import STAFF, Garage

TEXTS = CalendarTexts(
    summary="Estimate; Garage Peeters, Antwerpen\r\nBEGIN:VALARM",
    description="Registration plate 1-ABC-123\nhttps://peeters.example/en/appointment/" + "x" * 90,
    place="Noorderlaan 1, 2030 Antwerpen",
    url="https://peeters.example/en",
)


def opened(appointment: Appointment) -> Event:
    """The one event that a calendar program finds in the file."""
    calendar = Calendar.from_ical(calendar_file(appointment, TEXTS, "garagist.test"))
    assert calendar["method"] == "PUBLISH"
    (event,) = calendar.walk("VEVENT")
    return event


async def test_a_calendar_finds_the_appointment_with_all_its_texts(garage: Garage) -> None:
    async with garage.unit() as session:
        appointment, _ = await an_appointment(session, await a_job(session))
    event = opened(appointment)
    assert event.decoded("dtstart") == appointment.starts_at
    assert event.decoded("dtend") == appointment.ends_at
    assert str(event["description"]) == TEXTS.description
    assert str(event["location"]) == TEXTS.place


async def test_a_text_cannot_smuggle_lines_into_the_file(garage: Garage) -> None:
    async with garage.unit() as session:
        appointment, _ = await an_appointment(session, await a_job(session))
    body = calendar_file(appointment, TEXTS, "garagist.test")
    assert b"\r\nBEGIN:VALARM" not in body
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))


async def test_a_moved_appointment_replaces_itself(garage: Garage) -> None:
    async with garage.unit() as session:
        first, second, *_ = await free_slots(session)
        appointment, _ = await an_appointment(session, await a_job(session), at=first)
        before = opened(appointment)
        with frozen(datetime.now(UTC) + timedelta(seconds=5)):
            await move(session, appointment, second, STAFF)
            after = opened(appointment)
    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    assert after.decoded("dtstamp") > before.decoded("dtstamp")
    assert after.decoded("dtstart") == second


async def test_a_cancelled_appointment_is_cancelled_in_the_calendar_too(garage: Garage) -> None:
    async with garage.unit() as session:
        appointment, _ = await an_appointment(session, await a_job(session))
        before = opened(appointment)
        await cancel(session, appointment, STAFF)
        after = opened(appointment)
    assert (before["status"], after["status"]) == ("CONFIRMED", "CANCELLED")
    assert (after["uid"], after["sequence"]) == (before["uid"], before["sequence"] + 1)


async def test_two_appointments_have_two_uids(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        uids = {
            str(opened((await an_appointment(session, job, kind))[0])["uid"])
            for kind in ("estimate", "drop_off")
        }
    assert len(uids) == 2
    assert all(uid.endswith("@garagist.test") for uid in uids)


INVITATION = Invitation(
    organiser="desk@peeters.example",
    organiser_name='Peeters, "Jan" & Co\r\nBEGIN:VALARM\x07',
    sent_by="post@garagist.test",
    attendee="ann@example.com",
)


async def test_an_invitation_says_who_invites_whom(garage: Garage) -> None:
    async with garage.unit() as session:
        appointment, _ = await an_appointment(session, await a_job(session))
    body = calendar_file(appointment, TEXTS, "garagist.test", INVITATION)
    calendar = Calendar.from_ical(body)
    (event,) = calendar.walk("VEVENT")
    assert calendar["method"] == "REQUEST"
    assert str(event["organizer"]) == "mailto:desk@peeters.example"
    assert event["organizer"].params["SENT-BY"] == "mailto:post@garagist.test"
    assert str(event["attendee"]) == "mailto:ann@example.com"
    assert b"\nBEGIN:VALARM" not in body
    assert b"\x07" not in body


async def test_a_cancelled_invitation_is_taken_back(garage: Garage) -> None:
    async with garage.unit() as session:
        appointment, _ = await an_appointment(session, await a_job(session))
        await cancel(session, appointment, STAFF)
    body = calendar_file(appointment, TEXTS, "garagist.test", INVITATION)
    calendar = Calendar.from_ical(body)
    assert calendar["method"] == "CANCEL"
    assert calendar.walk("VEVENT")[0]["status"] == "CANCELLED"
