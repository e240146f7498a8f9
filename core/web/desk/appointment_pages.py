"""A job's appointments at the desk: booking a time, moving it, giving it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
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
from core.hooks.manager import hooks
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
from core.workshop.planning.models import KINDS, Appointment
from core.workshop.planning.slots import Slot

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]


class NoTimeChosen(Refused):
    """The button was pressed without a time."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("Please choose a time.", field="slot")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was filled in. `starts_at` is None without a time; `reason` is that of a time beyond
    what is offered, None for one that is."""

    starts_at: datetime | None = None
    reason: str | None = None
    typed_day: str = ""
    typed_clock: str = ""
    tell_customer: bool = True


@get("/desk/jobs/{job_id:uuid}/appointment/{kind:str}", guards=[requires("planning.edit")])
async def appointment_page(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], kind: FromPath[str]
) -> Page | Redirect:
    """Free times for a job; one that has a time already is moved."""
    if kind not in KINDS:
        raise NotFoundException
    booked = await repository.booked_of_job(session, job_id, kind)
    if booked is not None and booked.starts_at > now():
        return redirect(request, f"/desk/appointments/{booked.id}/move")
    return await _slots(request, session, job_id, kind, Wanted())


@post("/desk/jobs/{job_id:uuid}/appointment/{kind:str}", guards=[requires("planning.edit")])
async def book_appointment(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], kind: FromPath[str]
) -> Page | Redirect:
    """Take a slot for the customer; with a reason also one that is not offered."""
    if kind not in KINDS:
        raise NotFoundException
    wanted = _wanted(request, await form_values(request))
    viewer = await viewer_in(request)
    had = await _has_it(session, job_id, kind, wanted)
    try:
        async with session.begin_nested():
            appointment, _link = await planning.book(
                session,
                job_id,
                kind,
                _time_of(wanted),
                viewer.actor,
                overbooking=wanted.reason,
                tell_customer=wanted.tell_customer,
            )
    except planning.BookedAlready as refusal:
        moving = await repository.by_id(session, refusal.appointment.id)
        return await _slots(request, session, job_id, kind, wanted, moving=moving, refusal=refusal)
    except Refused as refusal:
        return await _slots(request, session, job_id, kind, wanted, refusal=refusal)
    text = _("The appointment is booked.")
    if appointment.overbooking_reason:
        text = _("The appointment is booked, beyond your capacity.")
    return await _done(request, session, job_id, wanted, text, is_news=not had)


@get("/desk/appointments/{appointment_id:uuid}/move", guards=[requires("planning.edit")])
async def move_page(
    request: AnyRequest, session: Session, appointment_id: FromPath[UUID]
) -> Page | Redirect:
    """Other times for an appointment."""
    found = await repository.by_id(session, appointment_id)
    if found.status != "booked":
        return redirect(request, f"/desk/jobs/{found.job_id}")
    return await _slots(request, session, found.job_id, found.kind, Wanted(), moving=found)


@post("/desk/appointments/{appointment_id:uuid}/move", guards=[requires("planning.edit")])
async def move_appointment(
    request: AnyRequest, session: Session, appointment_id: FromPath[UUID]
) -> Page | Redirect:
    """Another time, which the customer's calendar follows."""
    wanted = _wanted(request, await form_values(request))
    viewer = await viewer_in(request)
    found = await repository.by_id(session, appointment_id, lock=True)
    before = found.sequence
    try:
        async with session.begin_nested():
            await planning.move(
                session,
                found,
                _time_of(wanted),
                viewer.actor,
                overbooking=wanted.reason,
                tell_customer=wanted.tell_customer,
            )
    except Refused as refusal:
        await session.refresh(found)
        return await _slots(
            request, session, found.job_id, found.kind, wanted, moving=found, refusal=refusal
        )
    text = _("The appointment is moved.")
    if found.overbooking_reason:
        text = _("The appointment is moved, beyond your capacity.")
    untold = _("Please tell the customer.")
    is_news = found.sequence != before
    return await _done(request, session, found.job_id, wanted, text, untold=untold, is_news=is_news)


@get("/desk/appointments/{appointment_id:uuid}/cancel", guards=[requires("planning.edit")])
async def cancel_page(
    request: AnyRequest, session: Session, appointment_id: FromPath[UUID]
) -> Page | Redirect:
    """Who hears of it? Nothing is cancelled by opening it."""
    found = await repository.by_id(session, appointment_id)
    if found.status != "booked":
        return redirect(request, f"/desk/jobs/{found.job_id}")
    return page(
        request,
        "core/planning/cancel.html",
        appointment=found,
        job=await jobs.by_id(session, found.job_id),
        notice=await _notice(session, found.job_id),
    )


@post("/desk/appointments/{appointment_id:uuid}/cancel", guards=[requires("planning.edit")])
async def cancel_appointment(
    request: AnyRequest, session: Session, appointment_id: FromPath[UUID]
) -> Redirect:
    """Give a slot back."""
    wanted = _wanted(request, await form_values(request))
    viewer = await viewer_in(request)
    found = await repository.by_id(session, appointment_id, lock=True)
    before = found.sequence
    await planning.cancel(session, found, viewer.actor, tell_customer=wanted.tell_customer)
    text, untold = _("The appointment is cancelled."), _("Please tell the customer.")
    is_news = found.sequence != before
    return await _done(request, session, found.job_id, wanted, text, untold=untold, is_news=is_news)


async def _has_it(session: AsyncSession, job_id: UUID, kind: str, wanted: Wanted) -> bool:
    """Whether the job has that time already (a double click); looked at behind the lock under which
    it is booked, as the first click may still be at it."""
    job = await jobs.by_id(session, job_id)
    await repository.lock_book(session, job.location_id, kind)
    own = await repository.booked_of_job(session, job_id, kind)
    return own is not None and own.starts_at == wanted.starts_at


async def _done(
    request: AnyRequest,
    session: AsyncSession,
    job_id: UUID,
    wanted: Wanted,
    text: str,
    *,
    untold: str = "",
    is_news: bool,
) -> Redirect:
    """Back to the job. Where nobody can be told by us, `untold` says what is left to do; whoever
    did not want us to knows it. What was so before is no news to anybody."""
    if not is_news:
        return redirect(request, f"/desk/jobs/{job_id}", flash=Flash(text))
    notice = await _notice(session, job_id)
    if notice and wanted.tell_customer:
        untold = _("The customer is told: %(address)s", address=notice)
    elif notice:
        untold = ""
    text = f"{text} {untold}".strip()
    return redirect(request, f"/desk/jobs/{job_id}", flash=Flash(text))


async def _notice(session: AsyncSession, job_id: UUID) -> str:
    """Where the customer would hear of it; empty where nobody tells them."""
    answers: list[str] = await hooks().ask_async(
        "appointment_notice", session=session, job_id=job_id
    )
    return ", ".join(answers)


async def _slots(
    request: AnyRequest,
    session: AsyncSession,
    job_id: UUID,
    kind: str,
    wanted: Wanted,
    *,
    moving: Appointment | None = None,
    refusal: Refused | None = None,
) -> Page:
    job = await jobs.by_id(session, job_id)
    location = await locations.by_id(session, job.location_id)
    alternatives: Sequence[Slot] = ()
    if isinstance(refusal, planning.SlotAlreadyTaken):
        alternatives = refusal.alternatives
    action = f"/desk/jobs/{job.id}/appointment/{kind}"
    return page(
        request,
        "core/planning/book.html",
        job=job,
        kind=kind,
        moving=moving,
        action=f"/desk/appointments/{moving.id}/move" if moving else action,
        days=await planning.free_days(session, location, kind, moving=moving),
        alternatives=alternatives,
        wanted=wanted,
        notice=await _notice(session, job_id),
        problem=_(refusal.message, **refusal.values) if refusal else None,
        status_code=refusal.status_code if refusal else 200,
    )


def _wanted(request: AnyRequest, values: FormValues) -> Wanted:
    """The button that was pressed, else day and clock that were typed (for a time beyond what
    is offered), else the time that was ticked."""
    is_beyond = "beyond" in values
    day, clock = _text(values, "day"), _text(values, "clock")
    chosen = parse_moment(_text(values, "take"))
    if chosen is None and is_beyond:
        chosen = _typed(request, day, clock)
    elif chosen is None:
        chosen = parse_moment(_text(values, "slot"))
    if chosen is not None:
        # A time that is refused is the one that the form for times beyond capacity begins with.
        local = chosen.astimezone(tenant_of(request).zone)
        day, clock = local.date().isoformat(), f"{local:%H:%M}"
    reason = _text(values, "reason") if is_beyond else None
    return Wanted(chosen, reason, day, clock, tell_customer="tell" in values)


def _typed(request: AnyRequest, day: str, clock: str) -> datetime | None:
    parsed = parse_day(day)
    try:
        at = time.fromisoformat(clock)
    except ValueError:
        return None
    if parsed is None:
        return None
    return datetime.combine(parsed, at.replace(tzinfo=None), tenant_of(request).zone)


def _time_of(wanted: Wanted) -> datetime:
    if wanted.starts_at is None:
        raise NoTimeChosen
    return wanted.starts_at


def _text(values: FormValues, name: str) -> str:
    return str((values.getlist(name) or [""])[0]).strip()


HANDLERS = [
    appointment_page,
    book_appointment,
    move_page,
    move_appointment,
    cancel_page,
    cancel_appointment,
]
