"""The on-site board, the check mark and the clock."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession
from wtforms import DateTimeLocalField
from wtforms.validators import InputRequired

from core.clock import now
from core.errors import NotFound, Refused
from core.i18n import format_time, lazy_gettext, ngettext
from core.i18n import gettext as _
from core.tenancy.context import current_tenant
from core.web.forms import Form, attempt, form_values
from core.web.moments import parse_day, parse_moment
from core.web.rendering import Flash, Page, page, redirect
from core.web.viewer import load_viewer, requires
from core.workshop.audit.services import Actor
from core.workshop.jobs import repository as jobs
from plugins.vehicle_presence import repository, services
from plugins.vehicle_presence.bands import band_of
from plugins.vehicle_presence.cleanup.evidence import reason_text
from plugins.vehicle_presence.models import Stay

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
VIEW = "vehicle_presence.view"
MARK = "vehicle_presence.mark"
_BOARD = "/desk/on-site"


class OffSiteForm(Form):
    """When the vehicle really left."""

    left_at = DateTimeLocalField(
        lazy_gettext("Off-site date"), [InputRequired()], format=["%Y-%m-%dT%H:%M"]
    )


@get(_BOARD, guards=[requires(VIEW)])
async def board(request: AnyRequest, session: Session) -> Page:
    """What is on site, the longest first; those whose work is over stand on top."""
    return await _board(request, session)


@post("/desk/jobs/{job_id:uuid}/presence/in", guards=[requires(MARK)])
async def vehicle_in(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Redirect:
    """Check *vehicle in*."""
    stay = await services.record_arrival(session, job_id, await _actor(request))
    return redirect(
        request,
        f"/desk/jobs/{job_id}",
        flash=Flash(
            _("The vehicle is in."), undo_href=f"/desk/jobs/{job_id}/presence/in/{stay.id}/undo"
        ),
    )


@post("/desk/jobs/{job_id:uuid}/presence/in/{stay_id:uuid}/undo", guards=[requires(MARK)])
async def undo_in(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], stay_id: FromPath[UUID]
) -> Redirect:
    """The check mark was a mistake."""
    await services.undo_arrival(session, stay_id, job_id, await _actor(request))
    return redirect(request, f"/desk/jobs/{job_id}", flash=Flash(_("Undone.")))


@post("/desk/jobs/{job_id:uuid}/presence/off", guards=[requires(MARK)])
async def press_clock(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Redirect:
    """The clock: off site now, *vehicle in* unchecked."""
    stay = await services.mark_off_site(session, job_id, await _actor(request))
    back = _BOARD if request.query_params.get("back") == "board" else f"/desk/jobs/{job_id}"
    return redirect(request, back, flash=_left(stay, back))


@post("/desk/jobs/{job_id:uuid}/presence/off/{stay_id:uuid}/undo", guards=[requires(MARK)])
async def undo_clock(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], stay_id: FromPath[UUID]
) -> Redirect:
    """*Undo*: the vehicle is in again and the off-site date is empty."""
    await services.undo_off_site(session, stay_id, job_id, await _actor(request))
    back = _back(request) or f"/desk/jobs/{job_id}"
    return redirect(request, back, flash=Flash(_("Undone. The vehicle is in.")))


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
            await _actor(request),
        )
    if form.has_errors:
        return await _date_page(request, session, job_id, form, status_code=409)
    return redirect(
        request, f"/desk/jobs/{job_id}", flash=Flash(_("The off-site date is changed."))
    )


@post("/desk/on-site/off", guards=[requires(MARK)])
async def mark_many(request: AnyRequest, session: Session) -> Page | Redirect:
    """Several vehicles off site with one date; the end of that day, or now if it is today."""
    values = await form_values(request)
    chosen = [_uuid(text) for text in values.getlist("job")]
    job_ids = [job_id for job_id in chosen if job_id is not None]
    day = parse_day((values.getlist("day") or [""])[0])
    if not job_ids or day is None:
        problem = _("Please tick at least one vehicle and choose a date.")
        return await _board(request, session, problem, status_code=422)
    end = datetime.combine(day, time(23, 59), current_tenant().zone)
    moment = min(end, now()) if day <= now().astimezone(current_tenant().zone).date() else end
    try:
        async with session.begin_nested():
            marked = await services.mark_many_off_site(
                session, job_ids, moment, await _actor(request)
            )
    except Refused as refusal:
        problem = _(refusal.message, **refusal.values)
        return await _board(request, session, problem, status_code=409)
    text = ngettext("%(num)s vehicle is off site.", "%(num)s vehicles are off site.", marked)
    return redirect(request, _BOARD, flash=Flash(text))


@post("/desk/on-site/doubts/{doubt_id:uuid}/here", guards=[requires(MARK)])
async def still_here(request: AnyRequest, session: Session, doubt_id: FromPath[UUID]) -> Redirect:
    """Somebody looked: it is there."""
    await services.still_here(session, doubt_id, await _actor(request))
    return redirect(
        request,
        _back(request) or _BOARD,
        flash=Flash(_("Noted. The clean-up asks again in some weeks.")),
    )


async def _board(
    request: AnyRequest,
    session: AsyncSession,
    problem: str | None = None,
    *,
    status_code: int = 200,
) -> Page:
    after = _position(request.query_params.get("after"))
    rows = await repository.on_site(session, after)
    shown = rows[: repository.PAGE]
    finished = [] if after else list(await repository.finished_but_inside(session))
    finished = finished[: repository.PAGE]
    on_top = {row.job_id for row in finished}
    doubts = [] if after else list(await repository.open_doubts(session))
    wishes = services.settings()
    ids = {row.job_id for row in [*shown, *finished, *doubts]}
    return page(
        request,
        "vehicle_presence/board.html",
        rows=[row for row in shown if row.job_id not in on_top],
        finished=finished,
        doubts=[(row, reason_text(row.reason, row.evidence)) for row in doubts],
        total=await repository.count_on_site(session),
        tasks=await jobs.current_task_labels(session, list(ids)) if ids else {},
        band_of=lambda arrived: band_of(arrived, wishes),
        more=f"{shown[-1].arrived_at.isoformat()}_{shown[-1].id}"
        if len(rows) > repository.PAGE
        else None,
        today=now().astimezone(current_tenant().zone).date(),
        problem=problem,
        status_code=status_code,
    )


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
    return page(
        request,
        "vehicle_presence/date.html",
        job=job,
        stay=stay,
        form=form,
        status_code=status_code,
    )


async def _actor(request: AnyRequest) -> Actor:
    viewer = await load_viewer(request)
    if viewer is None:
        raise NotFound("viewer")
    return viewer.actor


def _back(request: AnyRequest) -> str | None:
    """The page of ours that a button stood on."""
    pages = {"board": _BOARD, "clean-up": f"{_BOARD}/clean-up"}
    return pages.get(str(request.query_params.get("back")))


def _left(stay: Stay, back: str) -> Flash:
    suffix = "?back=board" if back == _BOARD else ""
    return Flash(
        _("Left %(time)s", time=format_time(stay.left_at, current_tenant().zone)),
        undo_href=f"/desk/jobs/{stay.job_id}/presence/off/{stay.id}/undo{suffix}",
        more_href=f"/desk/jobs/{stay.job_id}/presence/date",
        more_text=_("Change time"),
    )


def _position(text: str | None) -> tuple[datetime, UUID] | None:
    moment, _separator, stay_id = (text or "").replace(" ", "+").partition("_")
    after, last = parse_moment(moment), _uuid(stay_id)
    return (after, last) if after is not None and last is not None else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


HANDLERS = [
    board,
    vehicle_in,
    undo_in,
    press_clock,
    undo_clock,
    date_page,
    change_date,
    mark_many,
    still_here,
]
