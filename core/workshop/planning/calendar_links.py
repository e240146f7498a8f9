"""Addresses that put an appointment into a calendar on the web.

They are plain links: nothing is asked of anybody until a person follows one. What they say goes
to the calendar's provider, so `texts` should hold no more than that person wants to see there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from core.workshop.planning.calendar_files import CalendarTexts
from core.workshop.planning.models import Appointment

GOOGLE = "https://calendar.google.com/calendar/render"
OUTLOOK = "https://outlook.live.com/calendar/0/deeplink/compose"


@dataclass(frozen=True, slots=True)
class CalendarLink:
    """A provider's name and the address of its form, filled in."""

    provider: str
    href: str


def calendar_links(appointment: Appointment, texts: CalendarTexts) -> Sequence[CalendarLink]:
    """The links for one appointment."""
    return (
        CalendarLink("Google", _google(appointment, texts)),
        CalendarLink("Outlook", _outlook(appointment, texts)),
    )


def _google(appointment: Appointment, texts: CalendarTexts) -> str:
    query = {
        "action": "TEMPLATE",
        "text": texts.summary,
        "dates": f"{_basic(appointment.starts_at)}/{_basic(appointment.ends_at)}",
        "details": f"{texts.description}\n{texts.url}",
        "location": texts.place,
    }
    return f"{GOOGLE}?{urlencode(query, quote_via=quote)}"


def _outlook(appointment: Appointment, texts: CalendarTexts) -> str:
    query = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": texts.summary,
        "startdt": _extended(appointment.starts_at),
        "enddt": _extended(appointment.ends_at),
        "body": f"{texts.description}\n{texts.url}",
        "location": texts.place,
    }
    return f"{OUTLOOK}?{urlencode(query, quote_via=quote)}"


def _basic(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _extended(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
