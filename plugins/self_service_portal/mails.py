"""The portal's mails to customers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.hooks.contributions import MailTemplate
from core.i18n import current_language
from core.settings import get_settings
from core.tenancy.context import current_tenant
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.planning import repository as planning
from plugins.self_service_portal.calendar import appointment_file
from plugins.self_service_portal.pages import entries
from plugins.self_service_portal.services import CANCELLATION, CONFIRMATION


async def load_appointment(
    session: AsyncSession, payload: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """What both mails show; None where the appointment is gone."""
    try:
        appointment = await planning.by_id(session, UUID(payload["appointment_id"]))
    except NotFound:
        return None
    job = await jobs.by_id(session, appointment.job_id)
    customer = await customers.by_id(session, job.customer_id)
    tenant = current_tenant()
    settings = get_settings()
    language = current_language()

    def address(path: str) -> str:
        return settings.public_url(tenant.slug, f"/{language}/{path}")

    return {
        "appointment": appointment,
        "job": job,
        "customer": customer,
        "link": address(f"appointment/{payload['token']}") if "token" in payload else "",
        "addresses": {entry.key: address(entry.key) for entry in entries()},
    }


async def load_if_booked(
    session: AsyncSession, payload: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """A confirmation of what was cancelled meanwhile is not sent."""
    values = await load_appointment(session, payload)
    return values if values and values["appointment"].status == "booked" else None


def attach_calendar(values: Mapping[str, Any]) -> list[tuple[str, str, bytes]]:
    """The `.ics` file."""
    body = appointment_file(values["appointment"], values["job"], get_settings())
    return [("appointment.ics", "text/calendar", body)]


MAILS = [
    MailTemplate(
        CONFIRMATION,
        "self_service_portal/mail/appointment_confirmed",
        load_if_booked,
        attach_calendar,
    ),
    MailTemplate(
        CANCELLATION,
        "self_service_portal/mail/appointment_cancelled",
        load_appointment,
        attach_calendar,
    ),
]
