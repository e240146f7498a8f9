"""What tests about the time after a booking share: a request that was sent, its mails, its page."""

import secrets
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from icalendar import Calendar, Event
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.mailbox.store import StoredMail
from core.workshop.planning import repository as planning
from core.workshop.planning.models import Appointment
from plugins.self_service_portal.models import Draft
from plugins.self_service_portal.services import begin_draft, send_draft
from plugins.self_service_portal.settings import NAME
from tenants.activation import change_settings
from tests.factories import first_slot, free_slots
from tests.garages import SUPPORT, Garage, Outbox

PLATE = "1-QZX-987"
"""Not the example that stands in the empty field of a form."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request for an estimate that a customer has sent."""

    email: str
    job_id: UUID
    appointment_id: UUID
    draft_id: UUID
    secret: str


async def decide(garage: Garage, **wishes: Any) -> None:
    """The portal's settings of a garage, as support stores them."""
    await change_settings(garage.house.switching, garage.slug, NAME, wishes, SUPPORT)
    fresh = await garage.house.directory.by_slug(garage.slug)
    assert fresh is not None
    garage.tenant = fresh


async def request_estimate(
    garage: Garage,
    *,
    name: str = "Jan Peeters",
    plate: str = PLATE,
    damage: str = "A dent",
    language: str = "en",
    at: datetime | None = None,
    email: str = "",
) -> Request:
    """Fill a draft with these answers and send it, as the last page of the questions does."""
    email = email or f"{secrets.token_hex(6)}@customer.test"
    async with garage.unit(language) as session:
        draft, secret = await begin_draft(session, language)
        slot = at or await first_slot(session)
        draft.answers = {
            "vehicle": {"plate": plate, "country": "BE"},
            "damage": {"damage": damage, "zones": ["front"]},
            "photos": {"asked": True},
            "time": {"slot": slot.isoformat()},
            "contact": {"name": name, "email": email, "phone": ""},
        }
        job = await send_draft(session, draft)
        booked = await planning.booked_of_job(session, job.id, "estimate")
        assert booked is not None
        return Request(email, job.id, booked.id, draft.id, secret)


async def far_slot(session: AsyncSession, kind: str = "estimate") -> datetime:
    """A time that may still be changed online."""
    notice = now() + timedelta(days=4)
    return next(slot for slot in await free_slots(session, kind) if slot > notice)


async def appointment_of(garage: Garage, request: Request) -> Appointment:
    """The appointment as it is stored now."""
    async with garage.unit() as session:
        return await planning.by_id(session, request.appointment_id)


async def draft_of(session: AsyncSession, request: Request) -> Draft:
    """The draft of a request."""
    found = await session.get(Draft, (session.info["tenant_id"], request.draft_id))
    assert found is not None
    return found


def day_before(moment: datetime, garage: Garage, hour: int, minute: int = 5) -> datetime:
    """That time of the day before, on the garage's clock."""
    day = moment.astimezone(garage.tenant.zone).date() - timedelta(days=1)
    return datetime.combine(day, time(hour, minute), garage.tenant.zone)


async def mails(outbox: Outbox, garage: Garage, request: Request) -> list[StoredMail]:
    """What the customer has got by now, oldest first."""
    while await outbox.empty(garage):
        pass
    return outbox.mails_to(request.email)[::-1]


async def mails_later(
    outbox: Outbox, garage: Garage, request: Request, *, minutes: int
) -> list[StoredMail]:
    """What the customer has got that many minutes from now, oldest first."""
    with frozen(now() + timedelta(minutes=minutes)):
        return await mails(outbox, garage, request)


def path_in(mail: StoredMail, below: str) -> str:
    """The path of the link to a page below that word, in the plain text."""
    links = [word for word in mail.text.split() if f"/{below}/" in word]
    return urlsplit(links[0]).path


def invitation_in(mail: StoredMail) -> tuple[EmailMessage, Calendar, Event]:
    """The part that calendars act on: the part, what is in it, its only event."""
    parts = [part for part in mail.message.walk() if part.get_content_type() == "text/calendar"]
    part = cast("EmailMessage", next(each for each in parts if not each.get_filename()))
    calendar = Calendar.from_ical(cast("bytes", part.get_payload(decode=True)))
    (event,) = calendar.walk("VEVENT")
    return part, calendar, event


def file_in(mail: StoredMail) -> tuple[Calendar, Event]:
    """The attached file, as a calendar opens it."""
    ((name, body),) = mail.attachments
    assert name == "appointment.ics"
    calendar = Calendar.from_ical(body)
    (event,) = calendar.walk("VEVENT")
    return calendar, event
