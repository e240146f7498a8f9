"""Appointments for the customer's own calendar."""

from litestar.response import Response

from core.i18n import gettext as _
from core.settings import Settings
from core.tenancy.context import current_tenant
from core.web.words import appointment_label, plate_text
from core.workshop.jobs.models import Job
from core.workshop.jobs.numbers import display_public_number
from core.workshop.planning.calendar_files import CalendarTexts, calendar_file
from core.workshop.planning.models import Appointment


def appointment_file(appointment: Appointment, job: Job, settings: Settings) -> bytes:
    """An iCalendar file in the current language."""
    tenant = current_tenant()
    number = display_public_number(job.public_number)
    return calendar_file(
        appointment,
        CalendarTexts(
            summary=f"{appointment_label(appointment.kind)} – {tenant.name}",
            description=_("%(plate)s, job number %(number)s", plate=plate_text(job), number=number),
            place=tenant.address or tenant.name,
            url=settings.public_url(tenant.slug),
        ),
        settings.base_domain,
    )


def appointment_download(appointment: Appointment, job: Job, settings: Settings) -> Response[bytes]:
    """That file as an answer; never kept by caches."""
    return Response(
        appointment_file(appointment, job, settings),
        media_type="text/calendar",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": 'attachment; filename="appointment.ics"',
        },
    )
