"""Appointments that count only once the link in their mail was confirmed."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.workshop.audit.services import CUSTOMER
from core.workshop.customers import repository as customers
from core.workshop.customers.models import Customer
from core.workshop.jobs import repository as jobs
from core.workshop.notifications.services import send_mail
from core.workshop.planning import services as planning
from core.workshop.planning.models import Appointment
from plugins.self_service_portal import mail_repository as repository
from plugins.self_service_portal.addressees import mark_of
from plugins.self_service_portal.appointments import (
    CONFIRMATION,
    confirm_by_mail,
    written_about,
)
from plugins.self_service_portal.mail_models import Confirmation
from plugins.self_service_portal.news import on_confirmed
from plugins.self_service_portal.settings import NAME, settings

ASK = f"{NAME}.appointment_to_confirm"
PURPOSE = "confirm"


async def announce(
    session: AsyncSession, appointment: Appointment, email: str, language: str
) -> datetime | None:
    """Mail what was booked: to be confirmed first, until the moment that is returned, where the
    garage wants that."""
    if settings().confirm_bookings:
        until = now() + timedelta(hours=settings().confirm_hours)
        return await _ask(session, appointment, email, language, until)
    await confirm_by_mail(session, appointment, email, language)
    return None


async def announce_again(
    session: AsyncSession, appointment: Appointment, email: str, language: str
) -> None:
    """Mail the same once more, to another address perhaps; asked for twice in a minute, once."""
    is_asked = await is_open(session, appointment) is not None
    template = ASK if is_asked else CONFIRMATION
    turn = int(now().timestamp()) // 60
    await send_mail(
        session,
        template,
        email,
        language,
        written_about(appointment, email),
        key=f"{template}:{appointment.id}:{appointment.sequence}:{mark_of(email)}:{turn}",
    )


async def move_by_customer(
    session: AsyncSession, appointment: Appointment, starts_at: datetime, language: str
) -> None:
    """Another time for an appointment, confirmed by mail; its personal link stays the same.

    One that was not confirmed yet is asked about anew, for no longer than the first time: who has
    plate and job number has not shown that the mail arrives. Moved to the time that it has, it
    stays as it is.

    Raises:
        SlotAlreadyTaken, TooLateToCancel: as they say.
    """
    if appointment.status == "booked" and appointment.starts_at == starts_at:
        return
    until = await repository.delete_open_confirmation(session, appointment.id)
    await planning.move(session, appointment, starts_at, CUSTOMER)
    customer = await _customer_of(session, appointment)
    if not customer.email:
        return
    if until is not None:
        await _ask(session, appointment, customer.email, language, until)
    else:
        await confirm_by_mail(session, appointment, customer.email, language)


async def ask_again(session: AsyncSession, appointment: Appointment, language: str) -> None:
    """The mail with the link was lost, or overlooked."""
    customer = await _customer_of(session, appointment)
    if customer.email and await is_open(session, appointment) is not None:
        await announce_again(session, appointment, customer.email, language)


async def settle(session: AsyncSession, appointment_id: UUID) -> None:
    """The garage has spoken with the customer: nothing is left to be confirmed."""
    asked = await repository.confirmation_of(session, appointment_id, lock=True)
    if asked is not None and asked.confirmed_at is None and asked.freed_at is None:
        asked.confirmed_at = now()
        await session.flush()


async def confirm(session: AsyncSession, appointment: Appointment, language: str) -> bool:
    """The link in the mail was confirmed; False where its time is free again. Confirmed twice,
    it is confirmed and mailed once.

    The row that is locked is one that :mod:`~plugins.self_service_portal.unconfirmed` takes only
    where nobody has it, so neither waits for the other for ever.
    """
    asked = await repository.confirmation_of(session, appointment.id, lock=True)
    if asked is None or asked.freed_at is not None or appointment.status != "booked":
        return False
    if asked.confirmed_at is None:
        asked.confirmed_at = now()
        await on_confirmed(session, appointment)
        customer = await _customer_of(session, appointment)
        if customer.email:
            await confirm_by_mail(session, appointment, customer.email, language)
    return True


async def is_open(session: AsyncSession, appointment: Appointment) -> Confirmation | None:
    """What the customer must still do about a booked appointment; None where nothing."""
    asked = await repository.confirmation_of(session, appointment.id)
    if asked is None or asked.confirmed_at is not None or appointment.status != "booked":
        return None
    return asked


async def _ask(
    session: AsyncSession, appointment: Appointment, email: str, language: str, until: datetime
) -> datetime:
    """Have it confirmed until then, or until it begins; returns which."""
    until = min(until, appointment.starts_at)
    session.add(Confirmation(appointment_id=appointment.id, expires_at=until))
    await send_mail(
        session,
        ASK,
        email,
        language,
        written_about(appointment, email),
        key=f"{ASK}:{appointment.id}:{appointment.sequence}",
    )
    return until


async def _customer_of(session: AsyncSession, appointment: Appointment) -> Customer:
    job = await jobs.by_id(session, appointment.job_id)
    return await customers.by_id(session, job.customer_id)
