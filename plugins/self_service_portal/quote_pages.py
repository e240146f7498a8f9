"""An estimate in the customer's hands: read it, open its PDF, approve or decline it."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Stream
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.i18n import gettext as _
from core.web.forms import form_values
from core.web.rendering import Flash, Page, redirect
from core.workshop.jobs.models import Job
from plugins.self_service_portal import quote_repository as repository
from plugins.self_service_portal import quotes
from plugins.self_service_portal.identity import opened_job
from plugins.self_service_portal.pages import option, page
from plugins.self_service_portal.quote_files import serve_pdf
from plugins.self_service_portal.talk_forms import DecisionForm
from plugins.self_service_portal.talk_models import Quote
from plugins.self_service_portal.time_is_up import Opened, opened_or_asked, say_who_first

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]


@get("/{lang:str}/status/quotes/{quote_id:uuid}", opt=option("status", framed=False))
async def quote_page(
    request: AnyRequest, session: Session, quote_id: FromPath[UUID]
) -> Page | Redirect:
    """Amounts, words and what can be done."""
    job = await opened_job(request, session)
    if job is None:
        return say_who_first(request, "status")
    quote = await repository.of_job_by_id(session, job.id, quote_id)
    return await _show(request, session, job, quote)


@get("/{lang:str}/status/quotes/{quote_id:uuid}/pdf", opt=option("status", framed=False))
async def quote_pdf(request: AnyRequest, session: Session, quote_id: FromPath[UUID]) -> Stream:
    """The PDF, for the browser that has the job open."""
    job = await opened_job(request, session)
    if job is None:
        raise NotFoundException
    return await serve_pdf(
        await repository.of_job_by_id(session, job.id, quote_id), str(job.sequence_number)
    )


@get("/{lang:str}/status/quotes/{quote_id:uuid}/{answer:str}", opt=option("status", framed=False))
async def confirm_page(
    request: AnyRequest,
    session: Session,
    lang: FromPath[str],
    quote_id: FromPath[UUID],
    answer: FromPath[str],
) -> Page | Redirect:
    """The exact words of what is about to be said, before it is said."""
    kind = _kind(answer)
    job = await opened_job(request, session)
    if job is None:
        return say_who_first(request, "status")
    quote = await repository.of_job_by_id(session, job.id, quote_id)
    view = quotes.seen(quote, await repository.outcome_of(session, quote.id), job)
    if view.state != "open":
        return redirect(request, f"/{lang}/status/quotes/{quote.id}")
    return _confirm(request, job, quote, kind, DecisionForm())


@post("/{lang:str}/status/quotes/{quote_id:uuid}/{answer:str}", opt=option("status", framed=False))
async def decide(
    request: AnyRequest,
    session: Session,
    lang: FromPath[str],
    quote_id: FromPath[UUID],
    answer: FromPath[str],
) -> Page | Redirect:
    """The customer's answer. It is recorded once, and stays."""
    kind = _kind(answer)
    values = await form_values(request)
    opened = await opened_or_asked(request, session, values)
    if not isinstance(opened, Opened):
        return opened
    job = opened.job
    quote = await repository.of_job_by_id(session, job.id, quote_id)
    form = DecisionForm(values)
    if opened.is_again:
        view = quotes.seen(quote, await repository.outcome_of(session, quote.id), job)
        if view.state == "open":
            answer_page = _confirm(request, job, quote, kind, form)
        else:
            answer_page = await _show(request, session, job, quote)
        return answer_page
    if not form.validate():
        return _confirm(request, job, quote, kind, form, status_code=422)
    try:
        await quotes.decide(
            session,
            job,
            quote,
            kind,
            name=form.text("name"),
            reason=form.text("reason"),
            shown=form.text("shown"),
        )
    except quotes.ShownOtherwise as refusal:
        form.add_refusal(refusal)
        return _confirm(request, job, quote, kind, form, status_code=refusal.status_code)
    except quotes.NoLongerOpen as refusal:
        return await _show(request, session, job, quote, refusal=refusal)
    thanks = {
        "approved": _("Thank you. You have approved the estimate."),
        "declined": _("Thank you. You have declined the estimate."),
    }
    return redirect(request, f"/{lang}/status/quotes/{quote.id}", flash=Flash(thanks[kind]))


def _kind(answer: str) -> str:
    if answer not in quotes.KIND_OF:
        raise NotFoundException
    return quotes.KIND_OF[answer]


async def _show(
    request: AnyRequest,
    session: AsyncSession,
    job: Job,
    quote: Quote,
    *,
    refusal: Refused | None = None,
) -> Page:
    outcome = await repository.outcome_of(session, quote.id)
    return page(
        request,
        "quote.html",
        job=job,
        view=quotes.seen(quote, outcome, job),
        problem=_(refusal.message, **refusal.values) if refusal else None,
        status_code=refusal.status_code if refusal else 200,
    )


def _confirm(
    request: AnyRequest,
    job: Job,
    quote: Quote,
    kind: str,
    form: DecisionForm,
    *,
    status_code: int = 200,
) -> Page:
    wording = quotes.wording_of(quote, job, kind)
    form.shown.data = quotes.fingerprint(quote, wording)
    return page(
        request,
        "quote_confirm.html",
        job=job,
        quote=quote,
        kind=kind,
        wording=wording,
        form=form,
        status_code=status_code,
    )


HANDLERS = [quote_page, quote_pdf, confirm_page, decide]
