"""*Make appointment for estimate*: one question per page, kept from the first answer."""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.web import cookies
from core.web.client_address import client_address
from core.web.forms import Form, FormValues, form_values
from core.web.puzzles import Watched, offer_puzzle, require_answer
from core.web.rendering import Page, redirect
from core.web.resources import resources_of, tenant_of
from core.workshop.jobs import repository as jobs
from core.workshop.planning import holds
from core.workshop.planning import repository as planning_repository
from plugins.self_service_portal import booking_limits, services
from plugins.self_service_portal.calendar import appointment_download
from plugins.self_service_portal.estimate_steps import (
    COOKIE,
    FORMS,
    STEPS,
    draft_cookie,
    first_open,
    following,
    form_for,
    open_draft,
    show_step,
)
from plugins.self_service_portal.kept_times import owner_of_draft
from plugins.self_service_portal.models import Draft
from plugins.self_service_portal.pages import option
from plugins.self_service_portal.questions import kept

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Answer = Page | Redirect
NEW_DRAFTS = "30/hour"
_OPT = option("estimate")


class TooManyDrafts(Refused):
    """One address begins too many requests."""

    status_code = 429

    def __init__(self) -> None:
        super().__init__("Too many requests from your connection. Please call us instead.")


@get("/{lang:str}/estimate", opt=_OPT)
async def begin(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """The first question, or on to where the draft stopped."""
    draft = await open_draft(request, session)
    if draft is None or draft.job_id is not None:
        return await show_step(request, session, None, "vehicle")
    return redirect(request, f"/{lang}/estimate/{first_open(draft)}")


@post("/{lang:str}/estimate/restart", opt=_OPT)
async def restart(request: AnyRequest, session: Session, lang: FromPath[str]) -> Redirect:
    """*Start again*."""
    draft = await open_draft(request, session, lock=True)
    if draft is not None and draft.job_id is None:
        await services.forget_draft(session, draft)
    settings = resources_of(request).settings
    gone = cookies.our_cookie(settings, COOKIE, "", seconds=0)
    return redirect(request, f"/{lang}/estimate/vehicle", cookies_=[gone])


@get("/{lang:str}/estimate/calendar.ics", opt=_OPT)
async def calendar(request: AnyRequest, session: Session) -> Response[bytes]:
    """For the customer's own calendar."""
    draft = await open_draft(request, session)
    if draft is None or draft.job_id is None:
        raise NotFoundException
    booked = await planning_repository.booked_of_job(session, draft.job_id, "estimate")
    if booked is None:
        raise NotFoundException
    job = await jobs.by_id(session, draft.job_id)
    return appointment_download(booked, job, resources_of(request).settings)


@get([f"/{{lang:str}}/estimate/{step}" for step in STEPS], opt=_OPT)
async def question(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """One question."""
    step = _step_of(request)
    draft = await open_draft(request, session)
    if draft is not None and draft.job_id is not None:
        if step != "vehicle":
            return redirect(request, f"/{lang}/estimate/done")
        draft = None
    if STEPS.index(step) > STEPS.index(first_open(draft)):
        return redirect(request, f"/{lang}/estimate/{first_open(draft)}")
    if step == "check":
        await offer_puzzle(request, *booking_limits.watched(request))
    elif step == "vehicle" and draft is None:
        await offer_puzzle(request, _new_drafts(request))
    return await show_step(request, session, draft, step)


@post([f"/{{lang:str}}/estimate/{step}" for step in FORMS], opt=_OPT)
async def reply(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """An answer to one of the plain questions."""
    step = _step_of(request)
    values = await form_values(request)
    form = form_for(step)(values)
    draft = await open_draft(request, session, lock=True)
    if not form.validate():
        return await show_step(request, session, draft, step, form=form, status_code=422)
    jar = []
    if draft is None or draft.job_id is not None:
        if step != "vehicle":
            return redirect(request, f"/{lang}/estimate/vehicle")
        try:
            draft, cookie = await _new_draft(request, session, lang, values)
        except Refused as refusal:
            form.add_refusal(refusal)
            return await show_step(
                request, session, None, step, form=form, status_code=refusal.status_code
            )
        jar.append(cookie)
    services.answer(draft, step, kept(step, _plain(form)))
    await holds.renew(session, "estimate", owner_of_draft(draft.id))
    return redirect(request, f"/{lang}/estimate/{following(draft, step)}", cookies_=jar)


def _step_of(request: AnyRequest) -> str:
    """The question that the address names. Each has a path of its own, because a path with a
    parameter loses every method of a fixed one beside it."""
    return str(request.scope["path"]).rstrip("/").rpartition("/")[2]


async def _new_draft(
    request: AnyRequest, session: AsyncSession, lang: str, values: FormValues
) -> tuple[Draft, Any]:
    limit = _new_drafts(request)
    await require_answer(request, values, limit)
    if not await resources_of(request).limiter.allows(limit.limit, *limit.key):
        raise TooManyDrafts
    draft, secret = await services.begin_draft(session, lang)
    return draft, draft_cookie(request, draft, secret)


def _new_drafts(request: AnyRequest) -> Watched:
    key = ("portal-draft", str(tenant_of(request).id), client_address(request))
    return Watched(NEW_DRAFTS, key)


def _plain(form: Form) -> dict[str, Any]:
    return {
        name: value.strip() if isinstance(value, str) else value
        for name, value in form.data.items()
    }


HANDLERS = [
    begin,
    restart,
    calendar,
    question,
    reply,
]
