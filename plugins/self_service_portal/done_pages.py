"""After a request for an estimate was sent: its job number, what comes next, and a wrong e-mail
address put right."""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.i18n import gettext as _
from core.web.client_address import client_address
from core.web.forms import FormValues, form_values
from core.web.puzzles import Watched, offer_puzzle, require_answer
from core.web.rendering import Flash, Page, redirect
from core.web.resources import resources_of, tenant_of
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.planning import repository as planning_repository
from plugins.self_service_portal import corrections
from plugins.self_service_portal import mail_repository as mails
from plugins.self_service_portal.calendar import web_calendars
from plugins.self_service_portal.estimate_steps import open_draft
from plugins.self_service_portal.forms import EmailForm
from plugins.self_service_portal.models import Draft
from plugins.self_service_portal.pages import option, page

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Answer = Page | Redirect
PER_ADDRESS = "10/hour"
PER_GARAGE = "60/hour"
PER_REQUEST = "3/day"
_OPT = option("estimate")
_SENT_TO = "/{lang}/estimate/address"


class TooManyCorrections(Refused):
    """One request, one connection, or everybody together had too many mails sent again."""

    status_code = 429

    def __init__(self) -> None:
        super().__init__("The e-mail was sent too often. Please call us instead.")


@get("/{lang:str}/estimate/done", opt=_OPT)
async def done(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """The job number, and what happens next."""
    draft = await open_draft(request, session)
    if draft is None or draft.job_id is None:
        return redirect(request, f"/{lang}/estimate")
    job = await jobs.by_id(session, draft.job_id)
    await offer_puzzle(request, *_watched(request), sent_to=_SENT_TO.format(lang=lang))
    return await _show(request, session, draft, job)


@get("/{lang:str}/estimate/address", opt=_OPT)
async def back_to_done(request: AnyRequest, lang: FromPath[str]) -> Redirect:
    """The form's address, opened by the language menu or by a reload."""
    return redirect(request, f"/{lang}/estimate/done")


@post("/{lang:str}/estimate/address", opt=_OPT)
async def correct(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """*Correct it and send again*."""
    draft = await open_draft(request, session, lock=True)
    if draft is None or draft.job_id is None:
        return redirect(request, f"/{lang}/estimate")
    job = await jobs.by_id(session, draft.job_id)
    number = job.public_number
    values = await form_values(request)
    form = EmailForm(values)
    if not form.validate():
        await offer_puzzle(request, *_watched(request))
        return await _show(request, session, draft, job, form=form, status_code=422)
    try:
        await _count(request, draft, values)
        async with session.begin_nested():
            await corrections.correct_address(session, draft, job, form.text("email"), lang)
    except Refused as refusal:
        await session.refresh(draft)
        await session.refresh(job)
        form.add_refusal(refusal)
        return await _show(request, session, draft, job, form=form, status_code=refusal.status_code)
    sent = _("We have sent the e-mail to %(email)s.", email=form.text("email"))
    if job.public_number != number:
        sent = " ".join([sent, _("Your job has a new number.")])
    return redirect(request, f"/{lang}/estimate/done", flash=Flash(sent))


async def _show(
    request: AnyRequest,
    session: AsyncSession,
    draft: Draft,
    job: Job,
    *,
    form: EmailForm | None = None,
    status_code: int = 200,
) -> Page:
    booked = await planning_repository.booked_of_job(session, job.id, "estimate")
    asked = await mails.confirmation_of(session, booked.id) if booked else None
    email = draft.answers["contact"]["email"]
    if form is None and booked is not None:
        customer = await corrections.correctable(session, draft, job, asked)
        form = EmailForm(data={"email": email}) if customer is not None else None
    return page(
        request,
        "estimate/done.html",
        job=job,
        email=email,
        appointment=booked,
        confirm_until=asked.expires_at if asked and asked.confirmed_at is None else None,
        calendars=web_calendars(booked) if booked else (),
        form=form,
        status_code=status_code,
    )


async def _count(request: AnyRequest, draft: Draft, values: FormValues) -> None:
    limits = _watched(request)
    await require_answer(request, values, *limits)
    garage = str(tenant_of(request).id)
    own = Watched(PER_REQUEST, ("portal-corrected-one", garage, str(draft.id)))
    limiter = resources_of(request).limiter
    if not all([await limiter.allows(each.limit, *each.key) for each in (own, *limits)]):
        raise TooManyCorrections


def _watched(request: AnyRequest) -> list[Watched]:
    garage = str(tenant_of(request).id)
    return [
        Watched(PER_ADDRESS, ("portal-corrected", garage, client_address(request))),
        Watched(PER_GARAGE, ("portal-corrected-here", garage)),
    ]


HANDLERS = [done, back_to_done, correct]
