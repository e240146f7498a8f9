"""A mail the day before an appointment."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.workshop.locations import repository as locations
from core.workshop.locations.models import Location
from core.workshop.notifications.services import send_mail
from plugins.self_service_portal import mail_repository as repository
from plugins.self_service_portal.appointments import written_about
from plugins.self_service_portal.settings import NAME, settings

REMINDER = f"{NAME}.appointment_tomorrow"
EVERY_SECONDS = 900


def is_tomorrow(moment: datetime, zone: ZoneInfo) -> bool:
    """Whether that is tomorrow on that clock."""
    return (moment.astimezone(zone).date() - now().astimezone(zone).date()).days == 1


async def remind(session: AsyncSession) -> None:
    """Mail those who have an appointment tomorrow, from the garage's hour of the day on, both on
    the clock of the location.

    Each time of an appointment is reminded of once, however often this runs. Whoever booked or
    moved after that hour has just had a mail and needs no second one.
    """
    if not settings().reminders:
        return
    for location in await locations.everywhere(session):
        await _remind_at(session, location)


async def _remind_at(session: AsyncSession, location: Location) -> None:
    zone = location.zone
    today = now().astimezone(zone).date()
    hour = datetime.combine(today, time(settings().reminder_hour), zone)
    if now() < hour:
        return
    start = datetime.combine(today + timedelta(days=1), time(), zone)
    end = datetime.combine(today + timedelta(days=2), time(), zone)
    due = await repository.to_remind(session, location.id, start, end, hour)
    for appointment, email, language in due:
        await send_mail(
            session,
            REMINDER,
            email,
            language,
            {**written_about(appointment, email), "sequence": appointment.sequence},
            key=f"{REMINDER}:{appointment.id}:{appointment.sequence}",
        )
