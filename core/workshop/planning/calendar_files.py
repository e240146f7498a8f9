"""Appointments as iCalendar files (RFC 5545), for the customer's own calendar.

A file to download is published. One that comes in a mail is an invitation (RFC 5546), because
that is what makes calendars move and remove their entry by themselves when the next one comes.
"""

import re
from dataclasses import dataclass
from datetime import UTC

from icalendar import Calendar, Event, vCalAddress, vText

from core.clock import now
from core.workshop.planning.models import Appointment

_NOT_ALLOWED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Control characters that RFC 5545 does not know (3.1, CONTROL)."""


class CalendarText(vText):
    """A text as RFC 5545 writes it (3.3.11); the library takes a typed `\\N` for a new line."""

    def to_ical(self) -> bytes:
        """The escaped text."""
        text = self.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
        return re.sub(r"\r\n|\r|\n", r"\\n", text).encode()


@dataclass(frozen=True, slots=True)
class CalendarTexts:
    """What stands in the entry, in the customer's language."""

    summary: str
    description: str
    place: str
    url: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who invites whom, as mail addresses. `sent_by` is the mail's sender where that is another
    than the organiser, to whom answers go."""

    organiser: str
    organiser_name: str
    sent_by: str
    attendee: str


def calendar_file(
    appointment: Appointment,
    texts: CalendarTexts,
    domain: str,
    invitation: Invitation | None = None,
) -> bytes:
    """One event. The same appointment has the same UID for ever and a rising SEQUENCE, so a
    calendar that has it replaces its entry. Times are in UTC, which needs no VTIMEZONE."""
    event = Event()
    event.add("uid", f"{appointment.id}@{domain}")
    event.add("sequence", appointment.sequence)
    event.add("dtstamp", now().astimezone(UTC))
    event.add("dtstart", appointment.starts_at.astimezone(UTC))
    event.add("dtend", appointment.ends_at.astimezone(UTC))
    event.add("summary", CalendarText(_allowed(texts.summary)), encode=False)
    event.add("description", CalendarText(_allowed(texts.description)), encode=False)
    event.add("location", CalendarText(_allowed(texts.place)), encode=False)
    event.add("url", texts.url)
    event.add("status", "CANCELLED" if appointment.status == "cancelled" else "CONFIRMED")
    if invitation is not None:
        event.add("organizer", _organiser(invitation))
        event.add("attendee", _attendee(invitation))
    calendar = Calendar()
    calendar.add("prodid", "-//Garagist//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method_of(appointment) if invitation else "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def method_of(appointment: Appointment) -> str:
    """What a mailed invitation asks a calendar to do (RFC 5546, 3.2)."""
    return "CANCEL" if appointment.status == "cancelled" else "REQUEST"


def _organiser(invitation: Invitation) -> vCalAddress:
    address = vCalAddress(f"mailto:{invitation.organiser}")
    address.params["CN"] = vText(_allowed(invitation.organiser_name))
    if invitation.sent_by != invitation.organiser:
        address.params["SENT-BY"] = vText(f"mailto:{invitation.sent_by}")
    return address


def _attendee(invitation: Invitation) -> vCalAddress:
    """The customer chose the time: nothing is left to answer."""
    address = vCalAddress(f"mailto:{invitation.attendee}")
    address.params["ROLE"] = vText("REQ-PARTICIPANT")
    address.params["PARTSTAT"] = vText("ACCEPTED")
    address.params["RSVP"] = vText("FALSE")
    return address


def _allowed(text: str) -> str:
    return _NOT_ALLOWED.sub("", text)
