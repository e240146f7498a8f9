"""Appointments that are not confirmed yet, at the desk: somebody may have called."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import Panel
from core.i18n import gettext as _
from core.web.desk.job_pages import viewer_in
from core.web.rendering import Flash, redirect
from core.web.viewer import requires
from core.workshop.audit.services import record
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.planning import repository as planning
from plugins.self_service_portal import confirmations
from plugins.self_service_portal import mail_repository as repository
from plugins.self_service_portal.settings import NAME

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
BY_PHONE = f"{NAME}.confirmed_by_phone"


@post("/desk/appointments/{appointment_id:uuid}/confirmed", guards=[requires("planning.edit")])
async def confirmed_by_phone(
    request: AnyRequest, session: Session, appointment_id: FromPath[UUID]
) -> Redirect:
    """It counts, and the customer gets the mail that says so; pressed twice, it is once."""
    viewer = await viewer_in(request)
    found = await planning.by_id(session, appointment_id)
    job = await jobs.by_id(session, found.job_id)
    customer = await customers.by_id(session, job.customer_id)
    if await confirmations.is_open(session, found) is not None:
        record(session, viewer.actor, BY_PHONE, f"job:{job.id}")
    text = _("This appointment was cancelled.")
    counts = await confirmations.confirm(session, found, customer.language)
    if counts or found.status == "booked":
        text = _("The appointment is confirmed.")
    return redirect(request, f"/desk/jobs/{job.id}", flash=Flash(text))


async def job_panels(session: AsyncSession, job_id: UUID) -> list[Panel]:
    """What of the job is not confirmed yet; nothing where all is."""
    asked = await repository.open_confirmations(session, job_id)
    if not asked:
        return []
    return [Panel("self_service_portal/desk_unconfirmed.html", {"asked": asked}, position=5)]


def audit_labels() -> Mapping[str, str]:
    """What the log calls it."""
    return {BY_PHONE: _("Appointment confirmed by phone")}


HANDLERS = [confirmed_by_phone]
