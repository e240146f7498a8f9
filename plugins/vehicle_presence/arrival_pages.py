"""When a vehicle really came, and that it stays for another job than the one it came for."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession
from wtforms import DateTimeLocalField, StringField
from wtforms.validators import InputRequired, Length, Optional

from core.errors import NotFound
from core.i18n import gettext as _
from core.i18n import lazy_gettext
from core.tenancy.context import current_tenant
from core.web.forms import Form, attempt, form_values
from core.web.rendering import Flash, Page, page, redirect
from core.web.viewer import requires
from core.workshop.jobs import repository as jobs
from plugins.vehicle_presence import arrivals, repository
from plugins.vehicle_presence.controllers import MARK, closed_for, may_correct
from plugins.vehicle_presence.returning import actor_of, address_after, again
from plugins.vehicle_presence.vat_book.errors import ReasonMissing

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
LONGEST_REASON = 200


class ArrivalForm(Form):
    """When the vehicle really came."""

    arrived_at = DateTimeLocalField(
        lazy_gettext("Arrival"), [InputRequired()], format=["%Y-%m-%dT%H:%M"]
    )
    reason = StringField(lazy_gettext("Reason"), [Optional(), Length(max=LONGEST_REASON)])


@get("/desk/jobs/{job_id:uuid}/presence/arrival", guards=[requires(MARK)])
async def arrival_page(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Page:
    """Ask when the vehicle really came."""
    stay = await repository.latest_stay(session, job_id)
    if stay is None:
        raise NotFound("arrival")
    form = ArrivalForm(data={"arrived_at": stay.arrived_at.astimezone(current_tenant().zone)})
    return await _page(request, session, job_id, form)


@post("/desk/jobs/{job_id:uuid}/presence/arrival", guards=[requires(MARK)])
async def change_arrival(
    request: AnyRequest, session: Session, job_id: FromPath[UUID]
) -> Page | Redirect:
    """Save when the vehicle really came, here and in the VAT book."""
    form = ArrivalForm(await form_values(request))
    moment = form.arrived_at.data if form.validate() else None
    if moment is None:
        return await _page(request, session, job_id, form, status_code=422)
    async with attempt(session, form):
        await arrivals.change_arrival(
            session,
            job_id,
            moment.replace(tzinfo=current_tenant().zone),
            await actor_of(request),
            reason=form.text("reason"),
            may_correct=await may_correct(request),
        )
    if form.has_errors:
        status_code = ReasonMissing.status_code if form.reason.errors else 409
        return await _page(request, session, job_id, form, status_code=status_code)
    flash = Flash(_("The time of arrival is changed."))
    return redirect(request, f"/desk/jobs/{job_id}", flash=flash)


@post("/desk/jobs/{job_id:uuid}/presence/take-over", guards=[requires(MARK)])
async def take_over(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Redirect:
    """The vehicle is here for another job already: from now on it stays for this one."""
    stay, before = await arrivals.go_on_for(session, job_id, await actor_of(request))
    number = (await jobs.by_id(session, stay.job_id)).sequence_number
    undo = f"/desk/jobs/{before}/presence/take-over{again(request)}" if before != job_id else None
    flash = Flash(_("The vehicle stays for job %(number)s.", number=number), undo_href=undo)
    return redirect(request, address_after(request, job_id), flash=flash)


async def _page(
    request: AnyRequest,
    session: AsyncSession,
    job_id: UUID,
    form: ArrivalForm,
    *,
    status_code: int = 200,
) -> Page:
    stay = await repository.latest_stay(session, job_id)
    return page(
        request,
        "vehicle_presence/arrival.html",
        job=await jobs.by_id(session, job_id),
        stay=stay,
        closed=None if stay is None else await closed_for(request, session, stay),
        form=form,
        status_code=status_code,
    )


HANDLERS = [arrival_page, change_arrival, take_over]
