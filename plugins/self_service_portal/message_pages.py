"""Writing to the garage, answering the customer, and choosing when to be told."""

from typing import Any
from uuid import UUID

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound, Refused
from core.i18n import gettext as _
from core.web.client_address import client_address
from core.web.desk.job_pages import render_card, viewer_in
from core.web.forms import form_values
from core.web.rendering import Flash, Page, redirect
from core.web.resources import resources_of, tenant_of
from core.web.viewer import requires
from core.workshop.jobs.models import Job
from plugins.self_service_portal import messages, stage_wishes
from plugins.self_service_portal.entries import is_shown
from plugins.self_service_portal.pages import option
from plugins.self_service_portal.settings import settings
from plugins.self_service_portal.status_pages import render_status
from plugins.self_service_portal.talk_forms import MessageForm, WishForm
from plugins.self_service_portal.time_is_up import Opened, opened_or_asked

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
MESSAGES = "self_service_portal.messages"
PER_JOB = "20/hour"
PER_ADDRESS = "60/hour"


@post("/{lang:str}/status/messages", opt=option("status"))
async def write(request: AnyRequest, session: Session, lang: FromPath[str]) -> Page | Redirect:
    """The customer writes to the garage."""
    values = await form_values(request)
    opened = await opened_or_asked(request, session, values, place="#messages")
    if not isinstance(opened, Opened):
        return opened
    job, form = opened.job, MessageForm(values)
    if opened.is_again:
        return await render_status(request, session, job, message_form=form)
    try:
        await _check_limits(request, job)
        writing = messages.Writing(form.text("body"), messages.mark(form.text("once")))
        async with session.begin_nested():
            await messages.write_as_customer(session, job, writing)
    except Refused as refusal:
        await session.refresh(job)
        form.add_refusal(refusal)
        return await render_status(
            request, session, job, message_form=form, status_code=refusal.status_code
        )
    flash = Flash(_("Thank you. We have your message and answer as soon as we can."))
    return redirect(request, f"/{lang}/status/job#messages", flash=flash)


@post("/{lang:str}/status/wish", opt=option("status"))
async def wish(request: AnyRequest, session: Session, lang: FromPath[str]) -> Page | Redirect:
    """The customer chooses when a mail is welcome."""
    values = await form_values(request)
    opened = await opened_or_asked(request, session, values, place="#wish")
    if not isinstance(opened, Opened):
        return opened
    job, form = opened.job, WishForm(values)
    if opened.is_again:
        return await render_status(request, session, job, wish_form=form)
    try:
        async with session.begin_nested():
            await stage_wishes.choose(session, job.id, form.text("choice"))
    except Refused as refusal:
        await session.refresh(job)
        form.add_refusal(refusal)
        return await render_status(
            request, session, job, wish_form=form, status_code=refusal.status_code
        )
    return redirect(request, f"/{lang}/status/job#wish", flash=Flash(_("Saved.")))


@post("/desk/jobs/{job_id:uuid}/messages", guards=[requires(MESSAGES)])
async def answer(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Page | Redirect:
    """The garage answers."""
    check_shown()
    viewer = await viewer_in(request)
    form = MessageForm(await form_values(request))
    writing = messages.Writing(form.text("body"), messages.mark(form.text("once")))
    try:
        async with session.begin_nested():
            await messages.answer_customer(session, job_id, writing, viewer.actor)
    except Refused as refusal:
        problem = _(refusal.message, **refusal.values)
        return await render_card(
            request,
            session,
            job_id,
            status_code=refusal.status_code,
            problems=[problem],
            reply_text=writing.body,
        )
    return redirect(
        request, f"/desk/jobs/{job_id}#messages", flash=Flash(_("Your answer is sent."))
    )


@post("/desk/jobs/{job_id:uuid}/messages/read", guards=[requires(MESSAGES)])
async def read(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Redirect:
    """*Read, no answer needed*."""
    check_shown()
    await messages.read_by_garage(session, job_id)
    return redirect(request, f"/desk/jobs/{job_id}#messages", flash=Flash(_("Marked as read.")))


def check_shown() -> None:
    """Customers of a garage that hides the status page could not read what is sent to them.

    Raises:
        NotFound: the page is hidden, and so is all that belongs to it.
    """
    if not is_shown(settings(), "status"):
        raise NotFound("status page")


async def _check_limits(request: AnyRequest, job: Job) -> None:
    limiter = resources_of(request).limiter
    garage = str(tenant_of(request).id)
    within = [
        await limiter.allows(PER_JOB, "portal-message", garage, str(job.id)),
        await limiter.allows(
            PER_ADDRESS, "portal-message-address", garage, client_address(request)
        ),
    ]
    if not all(within):
        raise messages.TooManyMessages


HANDLERS = [write, wish]
DESK_HANDLERS = [answer, read]
