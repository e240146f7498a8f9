"""Appointments that count only once the link in their mail was confirmed."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.notifications.services import send_mail
from core.workshop.planning.models import Appointment
from plugins.self_service_portal import mail_repository as repository
from plugins.self_service_portal.appointments import confirm_by_mail
from plugins.self_service_portal.mail_models import Confirmation
from plugins.self_service_portal.news import on_confirmed
from plugins.self_service_portal.settings import NAME, settings

ASK = f"{NAME}.appointment_to_confirm"
PURPOSE = "confirm"


async def announce(
    session: AsyncSession, appointment: Appointment, email: str, language: str
) -> None:
    """Mail what was booked: to be confirmed first, where the garage wants that."""
    if not settings().confirm_bookings:
        await confirm_by_mail(session, appointment, email, language)
        return
    until = now() + timedelta(hours=settings().confirm_hours)
    session.add(
        Confirmation(appointment_id=appointment.id, expires_at=min(until, appointment.starts_at))
    )
    await send_mail(
        session,
        ASK,
        email,
        language,
        {"appointment_id": str(appointment.id)},
        key=f"{ASK}:{appointment.id}",
    )


async def confirm(session: AsyncSession, appointment: Appointment, language: str) -> bool:
    """The link in the mail was confirmed; False where its time is free again. Confirmed twice,
    it is confirmed and mailed once.

    The row that is locked is the one that :mod:`~plugins.self_service_portal.unconfirmed` locks
    first too, so either of them is first and neither waits for the other for ever.
    """
    asked = await repository.confirmation_of(session, appointment.id, lock=True)
    if asked is None or asked.freed_at is not None or appointment.status != "booked":
        return False
    if asked.confirmed_at is None:
        asked.confirmed_at = now()
        await on_confirmed(session, appointment)
        job = await jobs.by_id(session, appointment.job_id)
        customer = await customers.by_id(session, job.customer_id)
        if customer.email:
            await confirm_by_mail(session, appointment, customer.email, language)
    return True


async def is_open(session: AsyncSession, appointment: Appointment) -> Confirmation | None:
    """What the customer must still do about a booked appointment; None where nothing."""
    asked = await repository.confirmation_of(session, appointment.id)
    if asked is None or asked.confirmed_at is not None or appointment.status != "booked":
        return None
    return asked
