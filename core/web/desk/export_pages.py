"""Jobs and appointments as files for a spreadsheet."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Stream
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.i18n import gettext as _
from core.web.csv_downloads import MOST_ROWS, Batch, csv_download
from core.web.desk.job_pages import FILTERS, viewer_in
from core.web.moments import parse_day
from core.web.resources import tenant_of
from core.web.viewer import requires
from core.web.words import appointment_label, job_number, localised, plate_text, status_label
from core.workshop.audit.services import record
from core.workshop.jobs import repository as jobs
from core.workshop.planning import repository as planning

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
LONGEST = timedelta(days=400)
SHOWN = timedelta(days=31)
_MAY = "customers.view"


@get("/desk/exports/jobs.csv", guards=[requires(_MAY)])
async def export_jobs(request: AnyRequest, session: Session) -> Stream:
    """The jobs of one of the list's filters, newest first."""
    shown = request.query_params.get("show", "open")
    if shown not in FILTERS:
        shown = "open"
    zone = tenant_of(request).zone
    viewer = await viewer_in(request)
    record(session, viewer.actor, "jobs.exported", f"jobs:{shown}")

    async def batch(reading: AsyncSession, behind: Any) -> Batch:
        found = await jobs.export_page(reading, statuses=FILTERS[shown], before=behind)
        ids = [row.id for row in found]
        tasks = await jobs.current_task_labels(reading, ids) if ids else {}
        rows = [
            (
                row.sequence_number,
                job_number(row.public_number),
                plate_text(row),
                row.plate_country,
                row.vin,
                row.make,
                row.model,
                row.colour,
                row.customer_name,
                row.customer_email,
                row.customer_phone,
                status_label(row.status),
                localised(tasks.get(row.id, {})),
                row.damage,
                _moment(row.created_at, zone),
                row.estimated_completion,
                row.mileage_at_estimate,
                row.insurer,
                row.claim_number,
            )
            for row in found
        ]
        return rows, ids[-1] if len(ids) == jobs.EXPORTED else None

    return csv_download(request, "jobs.csv", _job_head(), batch, if_cut=_cut())


@get("/desk/exports/appointments.csv", guards=[requires(_MAY)])
async def export_appointments(request: AnyRequest, session: Session) -> Stream:
    """Appointments from one day to another (both included), by time; cancelled ones too."""
    zone = tenant_of(request).zone
    first, last = _period(request, now().astimezone(zone).date())
    viewer = await viewer_in(request)
    record(session, viewer.actor, "appointments.exported", f"days:{first}/{last}")
    start = datetime.combine(first, time(), zone)
    end = datetime.combine(last + timedelta(days=1), time(), zone)

    async def batch(reading: AsyncSession, behind: Any) -> Batch:
        found = await planning.export_page(reading, start, end, after=behind)
        rows = [
            (
                row.starts_at.astimezone(zone).date(),
                f"{row.starts_at.astimezone(zone):%H:%M}",
                f"{row.ends_at.astimezone(zone):%H:%M}",
                appointment_label(row.kind),
                _("Booked") if row.status == "booked" else _("Cancelled"),
                row.sequence_number,
                plate_text(row),
                row.customer_name,
                row.customer_email,
                row.customer_phone,
                row.damage,
                _("Yes") if row.courtesy_car_wished else _("No"),
                row.overbooking_reason,
                row.cancel_reason,
            )
            for row in found
        ]
        more = len(found) == planning.EXPORTED
        return rows, (found[-1].starts_at, found[-1].id) if more else None

    return csv_download(request, "appointments.csv", _appointment_head(), batch, if_cut=_cut())


def _period(request: AnyRequest, today: date) -> tuple[date, date]:
    """The days of the address: a month from today where it says none, 400 days at most."""
    first = parse_day(request.query_params.get("from")) or today
    last = parse_day(request.query_params.get("until")) or first + SHOWN
    return first, min(max(first, last), first + LONGEST)


def _job_head() -> Sequence[str]:
    return (
        _("No."),
        _("Job number"),
        _("Plate"),
        _("Country"),
        _("VIN"),
        _("Make"),
        _("Model"),
        _("Colour"),
        _("Customer"),
        _("E-mail address"),
        _("Phone"),
        _("Status"),
        _("Current task"),
        _("Damage"),
        _("Opened"),
        _("Promised"),
        _("Mileage at estimate (km)"),
        _("Insurer"),
        _("Claim number"),
    )


def _appointment_head() -> Sequence[str]:
    return (
        _("Day"),
        _("From"),
        _("Until"),
        _("Appointment"),
        _("Status"),
        _("Job"),
        _("Plate"),
        _("Customer"),
        _("E-mail address"),
        _("Phone"),
        _("Damage"),
        _("Courtesy car"),
        _("Beyond capacity because"),
        _("Cancelled because"),
    )


def _cut() -> str:
    return _("Only the first %(most)s rows are in this file.", most=MOST_ROWS)


def _moment(moment: datetime, zone: Any) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


HANDLERS = [export_jobs, export_appointments]
