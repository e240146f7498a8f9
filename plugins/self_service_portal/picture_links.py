"""The link in a mail that leads to *Add pictures* of one job: signed, nothing stored, and of no
use without the plate.

The page that it opens shows no personal data, because mail scanners open links.
"""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.i18n import current_language
from core.tenancy.addresses import public_address
from core.web.forms import form_values
from core.web.rendering import Page, redirect
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from plugins.self_service_portal import link_tokens
from plugins.self_service_portal.forms import PlateForm
from plugins.self_service_portal.identity import ask_for_plate, check_plate, key_to, opened_job
from plugins.self_service_portal.pages import option, page

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
PURPOSE = "pictures"


class PlateDoesNotFit(Refused):
    """The plate is not that of the link's job."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("This plate does not belong to this job.", field="plate")


def address_for(job: Job) -> str:
    """The whole address for a mail of the garage in scope, in the current language."""
    path = f"/{current_language()}/pictures/link/{_key_to(job)}"
    return public_address(path)


@get("/{lang:str}/pictures/link/{pictures_key:str}", opt=option("pictures", framed=False))
async def link_page(
    request: AnyRequest, session: Session, lang: FromPath[str], pictures_key: FromPath[str]
) -> Page | Redirect:
    """Ask for the plate, unless this browser has the job open already."""
    job = await _find(session, pictures_key)
    opened = await opened_job(request, session)
    if opened is not None and opened.id == job.id:
        return redirect(request, f"/{lang}/pictures/add")
    return await _ask(request, PlateForm())


@post("/{lang:str}/pictures/link/{pictures_key:str}", opt=option("pictures", framed=False))
async def use_link(
    request: AnyRequest, session: Session, lang: FromPath[str], pictures_key: FromPath[str]
) -> Page | Redirect:
    """The plate opens the job for two hours, as plate and job number do."""
    job = await _find(session, pictures_key)
    values = await form_values(request)
    form = PlateForm(values)
    status_code = 422
    try:
        if form.validate():
            await check_plate(request, values, job.plate_normalised, PlateDoesNotFit)
            return redirect(request, f"/{lang}/pictures/add", cookies_=[key_to(request, job)])
    except Refused as refusal:
        form.add_refusal(refusal)
        status_code = refusal.status_code
    return await _ask(request, form, status_code=status_code)


async def _ask(request: AnyRequest, form: PlateForm, *, status_code: int = 200) -> Page:
    await ask_for_plate(request)
    return page(request, "pictures_link.html", form=form, status_code=status_code)


async def _find(session: AsyncSession, key: str) -> Job:
    job_id, seal = link_tokens.read_sealed(PURPOSE, key)
    if job_id is None:
        raise NotFoundException
    job = await jobs.by_id(session, job_id)
    if not link_tokens.fits(seal, job.public_number):
        raise NotFoundException
    return job


def _key_to(job: Job) -> str:
    return link_tokens.sign(PURPOSE, job.id, number=job.public_number)


HANDLERS = [link_page, use_link]
