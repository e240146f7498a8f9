"""A mail the day before an appointment."""

from datetime import datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.tenancy.context import current_tenant
from core.workshop.notifications.services import send_mail
from plugins.self_service_portal import mail_repository as repository
from plugins.self_service_portal.settings import NAME, settings

REMINDER = f"{NAME}.appointment_tomorrow"
EVERY_SECONDS = 900


async def remind(session: AsyncSession) -> None:
    """Mail those who have an appointment tomorrow, from the garage's hour of the day on.

    Each time of an appointment is reminded of once, however often this runs. Whoever booked or
    moved after that hour has just had a mail and needs no second one.
    """
    wishes, zone = settings(), current_tenant().zone
    today = now().astimezone(zone).date()
    hour = datetime.combine(today, time(wishes.reminder_hour), zone)
    if not wishes.reminders or now() < hour:
        return
    start = datetime.combine(today + timedelta(days=1), time(), zone)
    end = datetime.combine(today + timedelta(days=2), time(), zone)
    for appointment, email, language in await repository.to_remind(session, start, end, hour):
        await send_mail(
            session,
            REMINDER,
            email,
            language,
            {"appointment_id": str(appointment.id), "sequence": appointment.sequence},
            key=f"{REMINDER}:{appointment.id}:{appointment.sequence}",
        )
