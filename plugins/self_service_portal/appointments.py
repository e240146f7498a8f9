"""What customers and the garage do to an appointment, and the mails that say so."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.i18n import current_language
from core.workshop.audit.services import CUSTOMER
from core.workshop.customers import repository as customers
from core.workshop.customers.models import Customer
from core.workshop.jobs import repository as jobs
from core.workshop.notifications.services import send_mail
from core.workshop.planning import repository as planning_repository
from core.workshop.planning import services as planning
from core.workshop.planning.models import Appointment
from plugins.self_service_portal.addressees import written_for
from plugins.self_service_portal.settings import NAME, settings

CONFIRMATION = f"{NAME}.appointment_confirmed"
CANCELLATION = f"{NAME}.appointment_cancelled"
LONGEST_REASON = 500


class NoReason(Refused):
    """The garage asks why, and nothing was said."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("Please tell us why you cannot come.", field="reason")


def reasons() -> Sequence[str]:
    """What the garage lets customers choose from, in its own words; empty: they write."""
    return settings().reasons_in(current_language())


async def confirm_by_mail(
    session: AsyncSession, appointment: Appointment, email: str, language: str
) -> None:
    """Mail what was booked, with the invitation for calendars and the personal link: once for
    every time of the appointment."""
    await send_mail(
        session,
        CONFIRMATION,
        email,
        language,
        written_about(appointment, email),
        key=f"{CONFIRMATION}:{appointment.id}:{appointment.sequence}",
    )


def written_about(appointment: Appointment, email: str) -> Mapping[str, Any]:
    """The payload of a mail about an appointment to that address."""
    return {"appointment_id": str(appointment.id), **written_for(email)}


async def cancel_by_customer(
    session: AsyncSession, appointment: Appointment, language: str, reason: str
) -> None:
    """Give the slot back, and confirm that by mail.

    Raises:
        NoReason: the garage wants one.
        TooLateToCancel: as it says.
    """
    given = None
    if settings().ask_cancel_reason and appointment.status == "booked":
        given = reason[:LONGEST_REASON]
        if not given or (reasons() and given not in reasons()):
            raise NoReason
    await planning.cancel(session, appointment, CUSTOMER, reason=given)
    await _tell_cancelled(session, appointment, language)


async def tell_of_garages_deed(session: AsyncSession, appointment_id: UUID) -> None:
    """The garage booked, moved or cancelled it: the customer has what they would have had from
    doing it themselves, in their language, and their calendar follows."""
    appointment = await planning_repository.by_id(session, appointment_id)
    customer = await _customer_of(session, appointment.job_id)
    if customer.email is None:
        return
    if appointment.status == "cancelled":
        await _tell_cancelled(session, appointment, customer.language)
    else:
        await confirm_by_mail(session, appointment, customer.email, customer.language)


async def notice_of(session: AsyncSession, job_id: UUID) -> str | None:
    """The address to which that is mailed; None without one."""
    return (await _customer_of(session, job_id)).email or None


async def _tell_cancelled(session: AsyncSession, appointment: Appointment, language: str) -> None:
    email = (await _customer_of(session, appointment.job_id)).email
    if email:
        await send_mail(
            session,
            CANCELLATION,
            email,
            language,
            written_about(appointment, email),
            key=f"{CANCELLATION}:{appointment.id}:{appointment.sequence}",
        )


async def _customer_of(session: AsyncSession, job_id: UUID) -> Customer:
    job = await jobs.by_id(session, job_id)
    return await customers.by_id(session, job.customer_id)
