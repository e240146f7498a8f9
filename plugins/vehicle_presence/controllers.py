"""The check mark and the clock."""

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
from core.i18n import format_time, lazy_gettext
from core.i18n import gettext as _
from core.tenancy.context import current_tenant
from core.web.forms import Form, attempt, form_values
from core.web.rendering import Flash, Page, page, redirect
from core.web.viewer import load_viewer, requires
from core.workshop.jobs import repository as jobs
from core.workshop.notifications.live import announce
from plugins.vehicle_presence import check_ins, repository, services
from plugins.vehicle_presence.errors import VehicleInElsewhere
from plugins.vehicle_presence.models import Stay
from plugins.vehicle_presence.returning import BOARD, actor_of, address_after, again, list_of
from plugins.vehicle_presence.vat_book import services as vat_book
from plugins.vehicle_presence.vat_book.errors import ReasonMissing
from plugins.vehicle_presence.vat_book.rights import CORRECT

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
VIEW = "vehicle_presence.view"
MARK = "vehicle_presence.mark"


class OffSiteForm(Form):
    """When the vehicle really left."""

    left_at = DateTimeLocalField(
        lazy_gettext("Off-site date"), [InputRequired()], format=["%Y-%m-%dT%H:%M"]
    )
    reason = StringField(lazy_gettext("Reason for the correction"), [Optional(), Length(max=200)])


class UndoForm(Form):
    """Why a departure in a closed month is taken back."""

    reason = StringField(lazy_gettext("Reason for the correction"), [Optional(), Length(max=200)])


@post("/desk/jobs/{job_id:uuid}/presence/in", guards=[requires(MARK)])
async def vehicle_in(
    request: AnyRequest, session: Session, job_id: FromPath[UUID]
) -> Page | Redirect:
    """Check *vehicle in*: it is in from this press on, and what the garage asks comes after."""
    try:
        stay = await services.record_arrival(session, job_id, await actor_of(request))
    except VehicleInElsewhere as refusal:
        return await _choice(request, session, job_id, refusal)
    more = again(request)
    is_asked = bool(check_ins.asked()) and await check_ins.of_stay(session, stay.id) is None
    target = f"/desk/jobs/{job_id}/check-in{more}" if is_asked else address_after(request, job_id)
    undo = f"/desk/jobs/{job_id}/presence/in/{stay.id}/undo{more}"
    twin = await repository.same_plate_inside(session, job_id)
    return redirect(request, target, flash=_arrived(job_id, undo, twin))


def _arrived(job_id: UUID, undo: str, twin: tuple[UUID, int] | None) -> Flash:
    """A plate alone proves nothing, so it warns: `twin` is another job with it that is in."""
    if twin is None:
        return Flash(
            _("The vehicle is in."),
            undo_href=undo,
            more_href=f"/desk/jobs/{job_id}/presence/arrival",
            more_text=_("Change time"),
        )
    other_id, number = twin
    text = _(
        "The vehicle is in. One with the same plate is in already, for job %(number)s: if it is"
        " the same one, undo this.",
        number=number,
    )
    return Flash(
        text,
        "warning",
        undo_href=undo,
        more_href=f"/desk/jobs/{other_id}",
        more_text=_("Open job %(number)s", number=number),
    )


async def _choice(
    request: AnyRequest, session: AsyncSession, job_id: UUID, refusal: VehicleInElsewhere
) -> Page:
    """The vehicle is in for another job: to that one, or stay for this one from now on."""
    return page(
        request,
        "vehicle_presence/elsewhere.html",
        job=await jobs.by_id(session, job_id),
        text=_(refusal.message, **refusal.values),
        other_id=refusal.job_id,
        other_number=refusal.number,
        back=address_after(request, job_id),
        again=again(request),
        status_code=refusal.status_code,
    )


@post("/desk/jobs/{job_id:uuid}/presence/in/{stay_id:uuid}/undo", guards=[requires(MARK)])
async def undo_in(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], stay_id: FromPath[UUID]
) -> Redirect:
    """The check mark was a mistake."""
    await services.undo_arrival(session, stay_id, job_id, await actor_of(request))
    return redirect(request, address_after(request, job_id), flash=Flash(_("Undone.")))


@post("/desk/jobs/{job_id:uuid}/presence/off", guards=[requires(MARK)])
async def press_clock(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Redirect:
    """The clock: off site now, *vehicle in* unchecked."""
    stay = await services.mark_off_site(session, job_id, await actor_of(request))
    return redirect(request, address_after(request, job_id), flash=_left(stay, again(request)))


@post("/desk/jobs/{job_id:uuid}/presence/off/{stay_id:uuid}/undo", guards=[requires(MARK)])
async def undo_clock(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], stay_id: FromPath[UUID]
) -> Page | Redirect:
    """*Undo*: the vehicle is in again and the off-site date is empty. Where that corrects a closed
    month of the VAT book, it is asked why."""
    values = await form_values(request)
    form = UndoForm(values)
    if not form.validate():
        return await _why_page(request, session, job_id, form)
    try:
        async with session.begin_nested():
            await services.undo_off_site(
                session,
                stay_id,
                job_id,
                await actor_of(request),
                reason=form.text("reason"),
                may_correct=await may_correct(request),
            )
    except ReasonMissing as missing:
        if "reason" in values:
            form.add_refusal(missing)
        return await _why_page(request, session, job_id, form)
    text = _("Undone. The vehicle is in.")
    return redirect(request, address_after(request, job_id), flash=Flash(text))


async def _why_page(
    request: AnyRequest, session: AsyncSession, job_id: UUID, form: UndoForm
) -> Page:
    return page(
        request,
        "vehicle_presence/undo.html",
        job=await jobs.by_id(session, job_id),
        stay=await repository.latest_stay(session, job_id),
        form=form,
        back=address_after(request, job_id),
        status_code=ReasonMissing.status_code,
    )


@get("/desk/jobs/{job_id:uuid}/presence/date", guards=[requires(MARK)])
async def date_page(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Page:
    """Ask when the vehicle really left."""
    stay = await repository.latest_stay(session, job_id)
    if stay is None or stay.left_at is None:
        raise NotFound("departure")
    form = OffSiteForm(data={"left_at": stay.left_at.astimezone(current_tenant().zone)})
    return await _date_page(request, session, job_id, form)


@post("/desk/jobs/{job_id:uuid}/presence/date", guards=[requires(MARK)])
async def change_date(
    request: AnyRequest, session: Session, job_id: FromPath[UUID]
) -> Page | Redirect:
    """Save when the vehicle really left."""
    form = OffSiteForm(await form_values(request))
    moment = form.left_at.data if form.validate() else None
    if moment is None:
        return await _date_page(request, session, job_id, form, status_code=422)
    async with attempt(session, form):
        await services.change_off_site_date(
            session,
            job_id,
            moment.replace(tzinfo=current_tenant().zone),
            await actor_of(request),
            reason=form.text("reason"),
            may_correct=await may_correct(request),
        )
    if form.has_errors:
        status_code = ReasonMissing.status_code if form.reason.errors else 409
        return await _date_page(request, session, job_id, form, status_code=status_code)
    return redirect(
        request, f"/desk/jobs/{job_id}", flash=Flash(_("The off-site date is changed."))
    )


@post("/desk/on-site/doubts/{doubt_id:uuid}/here", guards=[requires(MARK)])
async def still_here(request: AnyRequest, session: Session, doubt_id: FromPath[UUID]) -> Redirect:
    """Somebody looked: it is there."""
    await services.still_here(session, doubt_id, await actor_of(request))
    announce(session, "vehicle_presence.board")
    text = _("Noted. The clean-up asks again in some weeks.")
    return redirect(request, list_of(request) or BOARD, flash=Flash(text))


async def _date_page(
    request: AnyRequest,
    session: AsyncSession,
    job_id: UUID,
    form: OffSiteForm,
    *,
    status_code: int = 200,
) -> Page:
    job = await jobs.by_id(session, job_id)
    stay = await repository.latest_stay(session, job_id)
    closed = None if stay is None else await closed_for(request, session, stay)
    return page(
        request,
        "vehicle_presence/date.html",
        job=job,
        stay=stay,
        form=form,
        wants_reason=stay is not None and services.wants_reason(stay),
        closed=closed,
        status_code=status_code,
    )


async def closed_for(
    request: AnyRequest, session: AsyncSession, stay: Stay
) -> vat_book.ClosedDays | None:
    """The closed months of the VAT book, for somebody who may not change a day in them."""
    return None if await may_correct(request) else await vat_book.closed_days(session, stay)


async def may_correct(request: AnyRequest) -> bool:
    viewer = await load_viewer(request)
    return viewer is not None and viewer.may(CORRECT)


def _left(stay: Stay, suffix: str) -> Flash:
    return Flash(
        _("Left %(time)s", time=format_time(stay.left_at, current_tenant().zone)),
        undo_href=f"/desk/jobs/{stay.job_id}/presence/off/{stay.id}/undo{suffix}",
        more_href=f"/desk/jobs/{stay.job_id}/presence/date",
        more_text=_("Change time"),
    )


HANDLERS = [
    vehicle_in,
    undo_in,
    press_clock,
    undo_clock,
    date_page,
    change_date,
    still_here,
]
