"""A job number that was lost is mailed again: to the address that the garage knows, whoever asks.

Everybody gets the same answer for the same work: where there is no such job, a name of none goes to
the worker, who mails nothing. What was typed is not kept.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound, Refused
from core.hooks.contributions import MailTemplate
from core.i18n import current_language
from core.tenancy.addresses import public_address
from core.web.client_address import client_address
from core.web.forms import FormValues, form_values
from core.web.puzzles import Watched, offer_puzzle, require_answer
from core.web.rendering import Page, redirect
from core.web.resources import resources_of, tenant_of
from core.workshop.customers import repository as customers
from core.workshop.customers.models import Customer
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.notifications.services import enqueue, send_mail
from core.workshop.vehicles.plates import normalise_plate
from plugins.self_service_portal.entries import entries
from plugins.self_service_portal.forms import LostNumberForm
from plugins.self_service_portal.pages import page
from plugins.self_service_portal.settings import NAME

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
MAIL_AGAIN = f"{NAME}.mail_number_again"
LOST = f"{NAME}.lost_number"
PER_ADDRESS = "10/hour"
PER_GARAGE = "300/hour"
HOURS_BETWEEN = 6
"""A job's number is mailed at most once in so many hours, however often somebody asks."""
_OPT = {"public": True}


class TooManyLostNumbers(Refused):
    """One connection, or everybody together, asks too often."""

    status_code = 429

    def __init__(self) -> None:
        super().__init__("Too many requests from your connection. Please call us instead.")


@get("/{lang:str}/job-number", opt=_OPT)
async def ask(request: AnyRequest) -> Page:
    """Plate and e-mail address."""
    _require_use()
    return await _ask(request, LostNumberForm())


@post("/{lang:str}/job-number", opt=_OPT)
async def send(request: AnyRequest, session: Session, lang: FromPath[str]) -> Page | Redirect:
    """To the worker; the next page says the same to everybody."""
    _require_use()
    values = await form_values(request)
    form = LostNumberForm(values)
    if not form.validate():
        return await _ask(request, form, status_code=422)
    try:
        await _count(request, values)
    except Refused as refusal:
        form.add_refusal(refusal)
        return await _ask(request, form, status_code=refusal.status_code)
    job_id = await _newest(session, normalise_plate(form.text("plate")), form.text("email"))
    asked = {"job_id": str(job_id or uuid4()), "language": lang}
    await enqueue(session, MAIL_AGAIN, asked, key=f"{MAIL_AGAIN}:{uuid4()}")
    return redirect(request, f"/{lang}/job-number/sent")


@get("/{lang:str}/job-number/sent", opt=_OPT)
async def sent(request: AnyRequest) -> Page:
    """If there is such a job, a mail is on its way."""
    _require_use()
    return page(request, "lost_number_sent.html")


async def mail_again(session: AsyncSession, payload: Mapping[str, Any]) -> None:
    """The worker's part: mail the job's number, if there is such a job."""
    try:
        job = await jobs.by_id(session, UUID(payload["job_id"]))
    except NotFound:
        return
    customer = await customers.by_id(session, job.customer_id)
    if customer.email:
        turn = int(now().timestamp()) // (3600 * HOURS_BETWEEN)
        key = f"{LOST}:{job.id}:{turn}"
        job_id = {"job_id": str(job.id)}
        await send_mail(session, LOST, customer.email, payload["language"], job_id, key=key)


async def load(session: AsyncSession, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the mail shows."""
    job = await jobs.by_id(session, UUID(payload["job_id"]))
    return {
        "job": job,
        "customer": await customers.by_id(session, job.customer_id),
        "addresses": {
            entry.key: public_address(
                f"/{current_language()}/{entry.key}?number={job.public_number}"
            )
            for entry in entries()
            if entry.key != "estimate"
        },
    }


MAIL = MailTemplate(LOST, f"{NAME}/mail/lost_number", load)


async def _newest(session: AsyncSession, plate: str, email: str) -> UUID | None:
    return await session.scalar(
        select(Job.id)
        .join(Customer, and_(Customer.tenant_id == Job.tenant_id, Customer.id == Job.customer_id))
        .where(
            Job.plate_normalised == plate,
            func.lower(Customer.email) == email.strip().lower(),
            Job.status != "cancelled",
        )
        .order_by(Job.id.desc())
        .limit(1)
    )


async def _ask(request: AnyRequest, form: LostNumberForm, *, status_code: int = 200) -> Page:
    await offer_puzzle(request, *_watched(request))
    return page(request, "lost_number.html", form=form, status_code=status_code)


async def _count(request: AnyRequest, values: FormValues) -> None:
    limits = _watched(request)
    await require_answer(request, values, *limits)
    limiter = resources_of(request).limiter
    if not all([await limiter.allows(each.limit, *each.key) for each in limits]):
        raise TooManyLostNumbers


def _watched(request: AnyRequest) -> list[Watched]:
    garage = str(tenant_of(request).id)
    return [
        Watched(PER_ADDRESS, ("portal-lost", garage, client_address(request))),
        Watched(PER_GARAGE, ("portal-lost-garage", garage)),
    ]


def _require_use() -> None:
    """A number is of no use where nothing asks for one."""
    if not {entry.key for entry in entries()} - {"estimate"}:
        raise NotFoundException


HANDLERS = [ask, send, sent]
