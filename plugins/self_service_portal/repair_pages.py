"""*Make appointment for repair*: when the vehicle is brought, for customers who have a job."""

from datetime import datetime
from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.i18n import gettext as _
from core.web.forms import form_values
from core.web.moments import parse_moment
from core.web.rendering import Page, redirect
from core.web.resources import resources_of
from core.workshop.customers import repository as customers
from core.workshop.jobs.models import Job
from core.workshop.planning import holds
from core.workshop.planning import repository as planning_repository
from core.workshop.planning import services as planning
from plugins.self_service_portal import kept_times, services
from plugins.self_service_portal.bringing import NothingToBring, check_can_be_brought, obstacle
from plugins.self_service_portal.calendar import appointment_download, web_calendars
from plugins.self_service_portal.forms import CourtesyForm
from plugins.self_service_portal.identity import opened_job
from plugins.self_service_portal.look import current_look
from plugins.self_service_portal.pages import option, page
from plugins.self_service_portal.pick_up_pages import can_choose
from plugins.self_service_portal.progress import is_over
from plugins.self_service_portal.time_is_up import Opened, opened_or_asked

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Answer = Page | Redirect


@get("/{lang:str}/repair/time", opt=option("repair"))
async def repair_time(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """Free drop-off times. The check page's *Change* links bring back what was chosen."""
    job = await opened_job(request, session)
    if job is None:
        return redirect(request, f"/{lang}/repair")
    chosen = parse_moment(request.query_params.get("slot", ""))
    wished = job.courtesy_car_wished
    if chosen is not None:
        wished = "courtesy_car" in request.query_params
    return await _times(request, session, job, CourtesyForm(courtesy_car=wished), chosen=chosen)


@post("/{lang:str}/repair/time", opt=option("repair"))
async def book_repair(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """Check first, then book: the button on the check page sends `confirmed`."""
    values = await form_values(request)
    opened = await opened_or_asked(request, session, values)
    if not isinstance(opened, Opened):
        return opened
    job = opened.job
    form = CourtesyForm(values)
    chosen = kept_times.chosen_time(values)
    if chosen is None:
        problem = _("Please choose a time.")
        return await _times(request, session, job, form, problem=problem, status_code=422)
    try:
        if opened.is_again or "confirmed" not in values:
            return await _check(request, session, job, form, chosen)
        async with session.begin_nested():
            await services.book_drop_off(
                session,
                job,
                chosen,
                courtesy_car=_wishes_car(job, form),
                language=lang,
            )
    except Refused as refusal:
        await session.refresh(job)
        return await _refused(request, session, job, form, chosen=chosen, refusal=refusal)
    return redirect(request, f"/{lang}/repair/done")


@get("/{lang:str}/repair/done", opt=option("repair"))
async def repair_done(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """It is booked."""
    job = await opened_job(request, session)
    booked = await planning_repository.booked_of_job(session, job.id, "drop_off") if job else None
    if job is None or booked is None:
        return redirect(request, f"/{lang}/repair")
    customer = await customers.by_id(session, job.customer_id)
    return page(
        request,
        "repair_done.html",
        job=job,
        appointment=booked,
        is_mailed=bool(customer.email),
        calendars=web_calendars(booked),
    )


@get("/{lang:str}/repair/calendar.ics", opt=option("repair"))
async def repair_calendar(request: AnyRequest, session: Session) -> Response[bytes]:
    """For the customer's own calendar."""
    job = await opened_job(request, session)
    booked = await planning_repository.booked_of_job(session, job.id, "drop_off") if job else None
    if job is None or booked is None:
        raise NotFoundException
    return appointment_download(booked, job, resources_of(request).settings)


def _wishes_car(job: Job, form: CourtesyForm) -> bool:
    """What is ticked; where the garage does not ask, what is known of the job stays."""
    asks = current_look().repair_courtesy_car
    return bool(form.courtesy_car.data) if asks else job.courtesy_car_wished


async def _check(
    request: AnyRequest, session: AsyncSession, job: Job, form: CourtesyForm, chosen: datetime
) -> Page:
    """Is this right? The time is kept meanwhile, where it is not the job's own already.

    Raises:
        SlotAlreadyTaken: it is not free.
        NothingToBring: as it says.
    """
    location, booked = await planning_repository.place_of_job(session, job, "drop_off")
    state = kept_times.TimeState()
    await check_can_be_brought(session, job)
    if booked is None or booked.starts_at != chosen:
        owner = kept_times.owner_of_job(job.id)
        state = await kept_times.keep(request, session, location, "drop_off", chosen, owner=owner)
    return _show_check(request, job, form, chosen=chosen, state=state)


async def _refused(
    request: AnyRequest,
    session: AsyncSession,
    job: Job,
    form: CourtesyForm,
    *,
    chosen: datetime,
    refusal: Refused,
) -> Page:
    """The next free times right there, or all of them where it is something else."""
    problem = _(refusal.message, **refusal.values)
    if isinstance(refusal, planning.SlotAlreadyTaken) and refusal.alternatives:
        state = kept_times.TimeState(is_gone=True, alternatives=refusal.alternatives)
        return _show_check(
            request, job, form, chosen=chosen, state=state, problem=problem, status_code=409
        )
    return await _times(
        request,
        session,
        job,
        form,
        problem=problem,
        instead=refusal if isinstance(refusal, NothingToBring) else None,
        status_code=refusal.status_code,
    )


def _show_check(
    request: AnyRequest,
    job: Job,
    form: CourtesyForm,
    *,
    chosen: datetime,
    state: kept_times.TimeState,
    problem: str | None = None,
    status_code: int = 200,
) -> Page:
    return page(
        request,
        "repair_check.html",
        job=job,
        slot=chosen,
        courtesy=_wishes_car(job, form),
        kept_until=state.kept_until,
        is_gone=state.is_gone,
        alternatives=state.alternatives,
        problems=[problem] if problem else [],
        status_code=status_code,
    )


async def _times(
    request: AnyRequest,
    session: AsyncSession,
    job: Job,
    form: CourtesyForm,
    *,
    chosen: datetime | None = None,
    problem: str | None = None,
    instead: NothingToBring | None = None,
    status_code: int = 200,
) -> Page:
    location, booked = await planning_repository.place_of_job(session, job, "drop_off")
    instead = instead or await obstacle(session, job)
    fixed = booked is not None and not planning.can_be_changed(location, booked)
    holder = holds.hash_of(kept_times.owner_of_job(job.id))
    days = []
    if instead is None and not fixed:
        days = await planning.free_days(session, location, "drop_off", holder=holder)
    return page(
        request,
        "repair_time.html",
        job=job,
        is_over=is_over(job),
        obstacle=_(instead.message) if instead else None,
        can_fetch=can_choose(job),
        is_fixed=fixed,
        days=days,
        booked=booked,
        chosen=chosen,
        alternatives=(),
        form=form,
        problem=problem,
        status_code=status_code,
    )


HANDLERS = [repair_time, book_repair, repair_done, repair_calendar]
