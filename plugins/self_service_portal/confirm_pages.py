"""The link in the first mail, where the garage wants bookings confirmed.

Opening it changes nothing; the button on its page does. The page says when and where, not whose
appointment it is.
"""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.web.rendering import Page, redirect
from core.workshop.jobs import repository as jobs
from core.workshop.planning import repository as planning
from core.workshop.planning.models import Appointment
from plugins.self_service_portal import confirmations, link_tokens
from plugins.self_service_portal import mail_repository as repository
from plugins.self_service_portal.calendar import web_calendars
from plugins.self_service_portal.pages import page

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
_OPT = {"public": True}


@get("/{lang:str}/confirm/{token:str}", opt=_OPT)
async def confirm_page(request: AnyRequest, session: Session, token: FromPath[str]) -> Page:
    """How it stands, and the button."""
    found = await _find(session, token)
    asked = await repository.confirmation_of(session, found.id)
    return page(
        request,
        "confirm.html",
        appointment=found,
        is_over=asked is None or asked.freed_at is not None or found.status != "booked",
        is_confirmed=asked is not None and asked.confirmed_at is not None,
        until=asked.expires_at if asked else None,
        calendars=web_calendars(found),
    )


@post("/{lang:str}/confirm/{token:str}", opt=_OPT)
async def confirm(
    request: AnyRequest, session: Session, lang: FromPath[str], token: FromPath[str]
) -> Redirect:
    """It counts from now on; where its time is free again, the page says that."""
    found = await _find(session, token)
    await confirmations.confirm(session, found, lang)
    return redirect(request, f"/{lang}/confirm/{token}")


async def _find(session: AsyncSession, token: str) -> Appointment:
    """The appointment, while its job has the number that it had when the link was mailed: that
    was to the address which is the customer's."""
    appointment_id, seal = link_tokens.read_sealed(confirmations.PURPOSE, token)
    if appointment_id is None:
        raise NotFoundException
    try:
        found = await planning.by_id(session, appointment_id)
    except NotFound:
        raise NotFoundException from None
    job = await jobs.by_id(session, found.job_id)
    if not link_tokens.fits(seal, job.public_number):
        raise NotFoundException
    return found


HANDLERS = [confirm_page, confirm]
