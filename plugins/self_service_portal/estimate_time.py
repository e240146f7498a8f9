"""The time of an estimate: chosen and kept, then taken with everything else that was answered."""

from datetime import datetime
from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.i18n import gettext as _
from core.web.forms import form_values
from core.web.puzzles import require_answer
from core.web.rendering import Page, redirect
from core.web.traps import require_no_trap
from core.workshop.locations import repository as locations
from core.workshop.planning.services import SlotAlreadyTaken
from plugins.self_service_portal import booking_limits, kept_times, services, time_wishes
from plugins.self_service_portal.estimate_steps import (
    draft_cookie,
    first_open,
    following,
    open_draft,
    secret_in,
    show_step,
)
from plugins.self_service_portal.identity import key_to
from plugins.self_service_portal.models import Draft
from plugins.self_service_portal.pages import option

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Answer = Page | Redirect
_OPT = option("estimate")


@post("/{lang:str}/estimate/time", opt=_OPT)
async def choose_time(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """A time that is free now; it is kept while the rest is answered, and taken at the end."""
    draft = await open_draft(request, session, lock=True)
    if draft is None or draft.job_id is not None:
        return redirect(request, f"/{lang}/estimate")
    chosen = kept_times.chosen_time(await form_values(request))
    if chosen is None:
        problems = [_("Please choose a time.")]
        return await show_step(request, session, draft, "time", problems=problems, status_code=422)
    try:
        await _keep(request, session, draft, chosen)
    except SlotAlreadyTaken as taken:
        return await _show_refusal(request, session, draft, "time", taken)
    return redirect(request, f"/{lang}/estimate/{following(draft, 'time')}")


@post("/{lang:str}/estimate/check", opt=_OPT)
async def send(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """Send it: a job, its photos, its appointment and a mail, or none of them. Where the time
    went to somebody else meanwhile, the form carries another one."""
    draft = await open_draft(request, session, lock=True)
    if draft is None:
        return redirect(request, f"/{lang}/estimate")
    if draft.job_id is not None:
        return redirect(request, f"/{lang}/estimate/done")
    if first_open(draft) != "check":
        return redirect(request, f"/{lang}/estimate/{first_open(draft)}")
    draft.language = lang
    values = await form_values(request)
    other = kept_times.chosen_time(values)
    if other is not None:
        services.answer(draft, "time", {"slot": other.isoformat()})
    try:
        require_no_trap(values)
        await require_answer(request, values, *booking_limits.watched(request))
        await booking_limits.require_room(request, session, draft.answers["contact"]["email"])
        async with session.begin_nested():
            job = await services.send_draft(session, draft)
            owner = kept_times.owner_of_draft(draft.id)
            await time_wishes.fulfil(session, "estimate", owner)
            await booking_limits.count(request)
    except Refused as refusal:
        await session.refresh(draft)
        return await _show_refusal(request, session, draft, "check", refusal)
    jar = [key_to(request, job), draft_cookie(request, draft, secret_in(request))]
    return redirect(request, f"/{lang}/estimate/done", cookies_=jar)


async def _keep(request: AnyRequest, session: AsyncSession, draft: Draft, chosen: datetime) -> None:
    location = await locations.first(session)
    owner = kept_times.owner_of_draft(draft.id)
    await kept_times.keep(request, session, location, "estimate", chosen, owner=owner)
    services.answer(draft, "time", {"slot": chosen.isoformat()})


async def _show_refusal(
    request: AnyRequest, session: AsyncSession, draft: Draft, step: str, refusal: Refused
) -> Page:
    """Every answer is kept. Where nothing else is free, the page with the times says so."""
    alternatives = refusal.alternatives if isinstance(refusal, SlotAlreadyTaken) else ()
    if isinstance(refusal, SlotAlreadyTaken) and not alternatives:
        step = "time"
    return await show_step(
        request,
        session,
        draft,
        step,
        problems=[_(refusal.message, **refusal.values)],
        alternatives=alternatives,
        status_code=refusal.status_code,
    )


HANDLERS = [choose_time, send]
