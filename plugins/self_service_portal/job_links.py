"""Links in mails that lead back to one job: signed, good for a while, and useless without the
plate.

Nothing about them is stored. A link names the job and the page, signed for this garage, so it
can be written when its mail is, and no secret waits in the outbox.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from itsdangerous import BadSignature, URLSafeTimedSerializer
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound, Refused
from core.i18n import current_language
from core.settings import get_settings
from core.tenancy.addresses import public_address
from core.tenancy.context import current_tenant
from core.web.forms import form_values
from core.web.rendering import Page, redirect
from core.web.resources import resources_of, tenant_of
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from plugins.self_service_portal import link_tokens
from plugins.self_service_portal.forms import PlateForm
from plugins.self_service_portal.identity import ask_for_plate, check_plate, key_to, opened_job
from plugins.self_service_portal.pages import option, page

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
LINK_SECONDS = 90 * 24 * 3600
_TALK, _STATUS = "talk", "status"


class PlateOfAnother(Refused):
    """The plate is not that of the link's job."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("This plate does not belong to this repair.", field="plate")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link leads: how far a job is, or in it the talk, or one estimate."""

    job_id: UUID
    quote_id: UUID | None = None
    is_talk: bool = False

    @property
    def path(self) -> str:
        """The page, below the language."""
        if self.quote_id is not None:
            return f"status/quotes/{self.quote_id}"
        return "status/job#messages" if self.is_talk else "status/job"

    @property
    def name(self) -> str:
        """What a token says about it beside the job."""
        return str(self.quote_id or (_TALK if self.is_talk else _STATUS))


def address_of(target: Target, *, number: str = "") -> str:
    """The whole address for a mail of the garage in scope, in the current language; sealed with
    the job's public number where that is given, so that it ends with it."""
    tenant = current_tenant()
    names = [str(target.job_id), target.name]
    if number:
        names.append(link_tokens.seal_of(number))
    token = _serializer(get_settings().secret_keys, tenant.id).dumps(names)
    return public_address(f"/{current_language()}/status/link/{token}")


@get("/{lang:str}/status/link/{key:str}", opt=option("status", framed=False))
async def link_page(
    request: AnyRequest, session: Session, lang: FromPath[str], key: FromPath[str]
) -> Page | Redirect:
    """Ask for the plate, unless this browser has the job open already."""
    target, job = await _find(request, session, key)
    opened = await opened_job(request, session)
    if opened is not None and opened.id == job.id:
        return redirect(request, f"/{lang}/{target.path}")
    return await _ask(request, target, PlateForm())


@post("/{lang:str}/status/link/{key:str}", opt=option("status", framed=False))
async def use_link(
    request: AnyRequest, session: Session, lang: FromPath[str], key: FromPath[str]
) -> Page | Redirect:
    """The plate opens the job for two hours, as plate and number do."""
    target, job = await _find(request, session, key)
    values = await form_values(request)
    form = PlateForm(values)
    status_code = 422
    try:
        if form.validate():
            await check_plate(request, values, job.plate_normalised, PlateOfAnother)
            return redirect(request, f"/{lang}/{target.path}", cookies_=[key_to(request, job)])
    except Refused as refusal:
        form.add_refusal(refusal)
        status_code = refusal.status_code
    return await _ask(request, target, form, status_code=status_code)


async def _ask(
    request: AnyRequest, target: Target, form: PlateForm, *, status_code: int = 200
) -> Page:
    await ask_for_plate(request)
    return page(request, "link.html", target=target, form=form, status_code=status_code)


async def _find(request: AnyRequest, session: AsyncSession, key: str) -> tuple[Target, Job]:
    serializer = _serializer(resources_of(request).settings.secret_keys, tenant_of(request).id)
    try:
        job_id, what, *seal = serializer.loads(key, max_age=LINK_SECONDS)
        target = _target(UUID(job_id), what)
        job = await jobs.by_id(session, target.job_id)
    except (BadSignature, ValueError, NotFound):
        raise NotFoundException from None
    if not link_tokens.fits("".join(seal), job.public_number):
        raise NotFoundException
    return target, job


def _target(job_id: UUID, name: str) -> Target:
    if name in {_TALK, _STATUS}:
        return Target(job_id, is_talk=name == _TALK)
    return Target(job_id, UUID(name))


def _serializer(keys: list[str], tenant_id: UUID) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(keys, salt=f"job-link:{tenant_id}")


HANDLERS = [link_page, use_link]
