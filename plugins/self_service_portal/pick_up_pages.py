"""When the vehicle is fetched: a customer whose vehicle is ready chooses, as for bringing it."""

from datetime import datetime
from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.i18n import format_datetime
from core.i18n import gettext as _
from core.tenancy.context import current_tenant
from core.web.forms import form_values
from core.web.rendering import Flash, Page, redirect
from core.workshop.jobs.models import Job
from core.workshop.planning import repository as planning_repository
from core.workshop.planning import services as planning
from plugins.self_service_portal import kept_times, services
from plugins.self_service_portal.identity import opened_job
from plugins.self_service_portal.pages import option, page
from plugins.self_service_portal.settings import settings
from plugins.self_service_portal.time_is_up import Opened, opened_or_asked, say_who_first

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Answer = Page | Redirect


def can_choose(job: Job) -> bool:
    """Whether there is something to fetch, and support lets customers of this garage choose."""
    return settings().pick_up_online and job.status == "ready"


@get("/{lang:str}/status/pick-up", opt=option("status"))
async def pick_up(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """Free times."""
    _check_offered()
    job = await opened_job(request, session)
    if job is None:
        return say_who_first(request, "status")
    if not can_choose(job):
        return redirect(request, f"/{lang}/status/job")
    return await _times(request, session, job)


@post("/{lang:str}/status/pick-up", opt=option("status"))
async def book_pick_up(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """Book the one that was chosen; another one that is booked already gives way."""
    _check_offered()
    values = await form_values(request)
    opened = await opened_or_asked(request, session, values)
    if not isinstance(opened, Opened):
        return opened
    job, chosen = opened.job, kept_times.chosen_time(values)
    if opened.is_again and can_choose(job):
        return await _times(request, session, job, chosen=chosen)
    if chosen is None:
        problem = _("Please choose a time.")
        return await _times(request, session, job, problem=problem, status_code=422)
    try:
        async with session.begin_nested():
            await services.book_pick_up(session, job, chosen, language=lang)
    except services.NothingToFetch:
        return redirect(request, f"/{lang}/status/job")
    except Refused as refusal:
        return await _refused(request, session, job, chosen, refusal)
    when = format_datetime(chosen, current_tenant().zone, "EEEE d MMMM, HH:mm")
    flash = Flash(_("You fetch your vehicle on %(time)s.", time=when))
    return redirect(request, f"/{lang}/status/job", flash=flash)


def _check_offered() -> None:
    if not settings().pick_up_online:
        raise NotFoundException


async def _refused(
    request: AnyRequest, session: AsyncSession, job: Job, chosen: datetime, refusal: Refused
) -> Page:
    await session.refresh(job)
    return await _times(
        request,
        session,
        job,
        chosen=chosen,
        alternatives=getattr(refusal, "alternatives", ()),
        problem=_(refusal.message, **refusal.values),
        status_code=refusal.status_code,
    )


async def _times(request: AnyRequest, session: AsyncSession, job: Job, **values: Any) -> Page:
    location, booked = await planning_repository.place_of_job(session, job, "pick_up")
    is_fixed = booked is not None and not planning.can_be_changed(location, booked)
    days = [] if is_fixed else await planning.free_days(session, location, "pick_up")
    shown = {"chosen": None, "alternatives": (), "problem": None, **values}
    return page(
        request, "pick_up.html", job=job, booked=booked, is_fixed=is_fixed, days=days, **shown
    )


HANDLERS = [pick_up, book_pick_up]
