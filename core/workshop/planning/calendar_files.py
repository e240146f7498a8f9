"""Appointments as iCalendar files (RFC 5545), for the customer's own calendar."""

from dataclasses import dataclass
from datetime import UTC

from icalendar import Calendar, Event

from core.clock import now
from core.workshop.planning.models import Appointment


@dataclass(frozen=True, slots=True)
class CalendarTexts:
    """What stands in the entry, in the customer's language."""

    summary: str
    description: str
    place: str
    url: str


def calendar_file(appointment: Appointment, texts: CalendarTexts, domain: str) -> bytes:
    """One event. The same appointment has the same UID for ever and a rising SEQUENCE, so a
    calendar that imported it before replaces its entry."""
    event = Event()
    event.add("uid", f"{appointment.id}@{domain}")
    event.add("sequence", appointment.sequence)
    event.add("dtstamp", now().astimezone(UTC))
    event.add("dtstart", appointment.starts_at.astimezone(UTC))
    event.add("dtend", appointment.ends_at.astimezone(UTC))
    event.add("summary", texts.summary)
    event.add("description", texts.description)
    event.add("location", texts.place)
    event.add("url", texts.url)
    event.add("status", "CANCELLED" if appointment.status == "cancelled" else "CONFIRMED")
    calendar = Calendar()
    calendar.add("prodid", "-//Garagist//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
