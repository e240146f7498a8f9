"""Estimates at the garage's desk: send one, read it, take it back, note the answer."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Stream
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import Refused
from core.i18n import gettext as _
from core.web.desk.job_pages import viewer_in
from core.web.rendering import Flash, Page, page, redirect
from core.web.resources import tenant_of
from core.web.uploads import HANDLER_OPTIONS, Submission, receive_upload
from core.web.viewer import requires
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from plugins.self_service_portal import quote_repository as repository
from plugins.self_service_portal import quotes
from plugins.self_service_portal.message_pages import check_shown
from plugins.self_service_portal.messages import mark
from plugins.self_service_portal.quote_files import StoredPdf, keep_pdf, serve_pdf
from plugins.self_service_portal.talk_forms import QuoteForm

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
QUOTES = "self_service_portal.quotes"
VALID_DAYS = 30
"""Offered to begin with; the garage chooses."""


@get("/desk/jobs/{job_id:uuid}/quotes/new", guards=[requires(QUOTES)])
async def new_quote_page(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Page:
    """An empty estimate."""
    check_shown()
    today = now().astimezone(tenant_of(request).zone).date()
    form = QuoteForm(data={"valid_until": today + timedelta(days=VALID_DAYS)})
    return await _ask(request, session, job_id, form)


@post(
    "/desk/jobs/{job_id:uuid}/quotes/new",
    guards=[requires(QUOTES)],
    opt=HANDLER_OPTIONS,
    request_max_body_size=None,
)
async def send_quote(
    request: AnyRequest, session: Session, job_id: FromPath[UUID]
) -> Page | Redirect:
    """*Send an estimate*."""
    check_shown()
    viewer = await viewer_in(request)
    await jobs.by_id(session, job_id)
    async with receive_upload(request) as submission:
        form = QuoteForm(submission.values)
        if not form.validate():
            return await _ask(request, session, job_id, form, status_code=422)
        try:
            new = _new_quote(form, await _pdf_of(job_id, submission))
            async with session.begin_nested():
                await quotes.send_quote(session, job_id, new, viewer.actor)
        except Refused as refusal:
            form.add_refusal(refusal)
            return await _ask(request, session, job_id, form, status_code=refusal.status_code)
    return redirect(request, f"/desk/jobs/{job_id}#quotes", flash=Flash(_("The estimate is sent.")))


@post("/desk/jobs/{job_id:uuid}/quotes/{quote_id:uuid}/withdraw", guards=[requires(QUOTES)])
async def withdraw_quote(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], quote_id: FromPath[UUID]
) -> Redirect:
    """Take it back; then another can be sent."""
    check_shown()
    viewer = await viewer_in(request)
    await quotes.withdraw(session, job_id, quote_id, viewer.actor)
    return redirect(
        request, f"/desk/jobs/{job_id}#quotes", flash=Flash(_("The estimate is withdrawn."))
    )


@post("/desk/jobs/{job_id:uuid}/quotes/{quote_id:uuid}/noted", guards=[requires(QUOTES)])
async def note_answer(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], quote_id: FromPath[UUID]
) -> Redirect:
    """*Noted*: the answer needs no attention any more."""
    check_shown()
    viewer = await viewer_in(request)
    await quotes.take_note(session, job_id, quote_id, viewer.actor)
    return redirect(request, f"/desk/jobs/{job_id}#quotes", flash=Flash(_("Noted.")))


@get("/desk/jobs/{job_id:uuid}/quotes/{quote_id:uuid}/pdf", guards=[requires(QUOTES)])
async def desk_pdf(session: Session, job_id: FromPath[UUID], quote_id: FromPath[UUID]) -> Stream:
    """The PDF that was sent."""
    check_shown()
    job = await jobs.by_id(session, job_id)
    quote = await repository.of_job_by_id(session, job_id, quote_id)
    return await serve_pdf(quote, str(job.sequence_number))


def _new_quote(form: QuoteForm, pdf: StoredPdf | None) -> quotes.NewQuote:
    if form.net.amount is None or form.gross.amount is None or form.valid_until.data is None:
        raise RuntimeError("a form that was validated lacks its amounts or its date")
    return quotes.NewQuote(
        once=mark(form.text("once")),
        net=form.net.amount,
        gross=form.gross.amount,
        valid_until=form.valid_until.data,
        note=form.text("note"),
        pdf=pdf,
    )


async def _pdf_of(job_id: UUID, submission: Submission) -> StoredPdf | None:
    for file in submission.files:
        if file.field == "pdf":
            return await keep_pdf(job_id, file)
    return None


async def _ask(
    request: AnyRequest,
    session: AsyncSession,
    job_id: UUID,
    form: QuoteForm,
    *,
    status_code: int = 200,
) -> Page:
    job = await jobs.by_id(session, job_id)
    return page(
        request,
        "self_service_portal/quote_new.html",
        job=job,
        customer=await customers.by_id(session, job.customer_id),
        form=form,
        status_code=status_code,
    )


DESK_HANDLERS = [new_quote_page, send_quote, withdraw_quote, note_answer, desk_pdf]
