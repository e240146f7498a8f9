"""Appointments for the customer's own calendar."""

from collections.abc import Sequence

from litestar.response import Response

from core.i18n import gettext as _
from core.settings import Settings
from core.tenancy.addresses import public_address
from core.tenancy.context import current_tenant
from core.web.words import appointment_label, plate_text
from core.workshop.jobs.models import Job
from core.workshop.jobs.numbers import display_public_number
from core.workshop.planning.calendar_files import CalendarTexts, Invitation, calendar_file
from core.workshop.planning.calendar_links import CalendarLink, calendar_links
from core.workshop.planning.models import Appointment


def appointment_file(
    appointment: Appointment, job: Job, settings: Settings, *, invites: str | None = None
) -> bytes:
    """An iCalendar file in the current language; `invites` is the address that it is mailed to,
    and makes an invitation of it, or what takes one back."""
    number = display_public_number(job.public_number)
    details = _("%(plate)s, job number %(number)s", plate=plate_text(job), number=number)
    return calendar_file(
        appointment,
        _texts(appointment, details),
        settings.base_domain,
        _invitation(settings, invites) if invites else None,
    )


def appointment_download(appointment: Appointment, job: Job, settings: Settings) -> Response[bytes]:
    """That file as an answer; never kept by caches."""
    return _download(appointment_file(appointment, job, settings))


def bare_download(appointment: Appointment, settings: Settings) -> Response[bytes]:
    """The file for whoever holds the link in a mail: it does not say whose appointment it is."""
    texts = _texts(appointment, "")
    return _download(calendar_file(appointment, texts, settings.base_domain))


def web_calendars(appointment: Appointment) -> Sequence[CalendarLink]:
    """Links to calendars on the web. What they say reaches another company: no plate, no number."""
    return calendar_links(appointment, _texts(appointment, ""))


def _texts(appointment: Appointment, details: str) -> CalendarTexts:
    tenant = current_tenant()
    lines = [details, tenant.phone or ""]
    return CalendarTexts(
        summary=f"{appointment_label(appointment.kind)} – {tenant.name}",
        description="\n".join(line for line in lines if line),
        place=tenant.address or tenant.name,
        url=public_address(),
    )


def _invitation(settings: Settings, attendee: str) -> Invitation:
    tenant = current_tenant()
    return Invitation(
        organiser=tenant.email or settings.mail_from,
        organiser_name=tenant.name,
        sent_by=settings.mail_from,
        attendee=attendee,
    )


def _download(body: bytes) -> Response[bytes]:
    return Response(
        body,
        media_type="text/calendar",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": 'attachment; filename="appointment.ics"',
        },
    )
