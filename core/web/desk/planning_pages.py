"""Planning at the desk: the week, and a time for a job."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import Refused
from core.i18n import gettext as _
from core.web.desk.job_pages import viewer_in
from core.web.forms import FormValues, form_values
from core.web.moments import parse_day, parse_moment
from core.web.rendering import Flash, Page, page, redirect
from core.web.resources import tenant_of
from core.web.viewer import requires
from core.workshop.jobs import repository as jobs
from core.workshop.locations import repository as locations
from core.workshop.planning import repository
from core.workshop.planning import services as planning
from core.workshop.planning.models import KINDS
from core.workshop.planning.slots import Slot
from core.workshop.planning.usage import usage_of

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
DAYS_SHOWN = 7


@get("/desk/planning", guards=[requires("planning.edit")])
async def week(request: AnyRequest, session: Session) -> Page:
    """Seven days of appointments, and how full each day is."""
    zone = tenant_of(request).zone
    first = parse_day(request.query_params.get("from")) or now().astimezone(zone).date()
    days = [first + timedelta(days=offset) for offset in range(DAYS_SHOWN)]
    rows = await repository.agenda(
        session,
        datetime.combine(first, time(), zone),
        datetime.combine(first + timedelta(days=DAYS_SHOWN), time(), zone),
    )
    usage = await usage_of(session, await locations.first(session), first, DAYS_SHOWN)
    return page(
        request,
        "core/planning/week.html",
        days=[
            (day, [row for row in rows if row.starts_at.astimezone(zone).date() == day], usage[day])
            for day in days
        ],
        earlier=first - timedelta(days=DAYS_SHOWN),
        later=first + timedelta(days=DAYS_SHOWN),
    )


@get("/desk/jobs/{job_id:uuid}/appointment/{kind:str}", guards=[requires("planning.edit")])
async def appointment_page(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], kind: FromPath[str]
) -> Page:
    """Free times for a job."""
    return await _slots(request, session, job_id, kind)


@post("/desk/jobs/{job_id:uuid}/appointment/{kind:str}", guards=[requires("planning.edit")])
async def book_appointment(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], kind: FromPath[str]
) -> Page | Redirect:
    """Take a slot for the customer; with a reason also one that is not offered."""
    values = await form_values(request)
    viewer = await viewer_in(request)
    if kind not in KINDS:
        raise NotFoundException
    chosen = _chosen(request, values)
    typed = {name: _text(values, name) for name in ("day", "clock", "reason")}
    if chosen is None:
        problem = _("Please choose a time.")
        return await _slots(request, session, job_id, kind, problem, typed=typed, status_code=422)
    is_beyond = "beyond" in values
    try:
        async with session.begin_nested():
            appointment, _link = await planning.book(
                session,
                job_id,
                kind,
                chosen,
                viewer.actor,
                overbooking=typed["reason"] if is_beyond else None,
            )
    except Refused as refusal:
        taken = isinstance(refusal, planning.SlotAlreadyTaken)
        return await _slots(
            request,
            session,
            job_id,
            kind,
            _(refusal.message, **refusal.values),
            alternatives=refusal.alternatives if taken else (),  # type: ignore[attr-defined]
            typed=_typed(request, chosen, typed["reason"]),
            status_code=refusal.status_code,
        )
    text = _("The appointment is booked.")
    if appointment.overbooking_reason:
        text = _("The appointment is booked, beyond your capacity.")
    return redirect(request, f"/desk/jobs/{job_id}", flash=Flash(text))


@post("/desk/appointments/{appointment_id:uuid}/cancel", guards=[requires("planning.edit")])
async def cancel_appointment(
    request: AnyRequest, session: Session, appointment_id: FromPath[UUID]
) -> Redirect:
    """Give a slot back."""
    viewer = await viewer_in(request)
    appointment = await repository.by_id(session, appointment_id, lock=True)
    await planning.cancel(session, appointment, viewer.actor)
    return redirect(
        request,
        f"/desk/jobs/{appointment.job_id}",
        flash=Flash(_("The appointment is cancelled. Please tell the customer.")),
    )


async def _slots(
    request: AnyRequest,
    session: AsyncSession,
    job_id: UUID,
    kind: str,
    problem: str | None = None,
    *,
    alternatives: Sequence[Slot] = (),
    typed: dict[str, str] | None = None,
    status_code: int = 200,
) -> Page:
    if kind not in KINDS:
        raise NotFoundException
    job = await jobs.by_id(session, job_id)
    location = await locations.by_id(session, job.location_id)
    return page(
        request,
        "core/planning/book.html",
        job=job,
        kind=kind,
        days=await planning.free_days(session, location, kind),
        alternatives=alternatives,
        typed=typed or {"day": "", "clock": "", "reason": ""},
        problem=problem,
        status_code=status_code,
    )


def _chosen(request: AnyRequest, values: FormValues) -> datetime | None:
    """The button that was pressed, else day and clock that were typed (for a time beyond what
    is offered), else the time that was ticked."""
    pressed = parse_moment(_text(values, "take"))
    if pressed is not None:
        return pressed
    if "beyond" not in values:
        return parse_moment(_text(values, "slot"))
    day = parse_day(_text(values, "day"))
    try:
        clock = time.fromisoformat(_text(values, "clock"))
    except ValueError:
        return None
    if day is None:
        return None
    return datetime.combine(day, clock.replace(tzinfo=None), tenant_of(request).zone)


def _typed(request: AnyRequest, chosen: datetime, reason: str) -> dict[str, str]:
    """A refused time as the form for times beyond capacity shows it."""
    local = chosen.astimezone(tenant_of(request).zone)
    return {"day": local.date().isoformat(), "clock": f"{local:%H:%M}", "reason": reason}


def _text(values: FormValues, name: str) -> str:
    return str((values.getlist(name) or [""])[0]).strip()


HANDLERS = [week, appointment_page, book_appointment, cancel_appointment]
