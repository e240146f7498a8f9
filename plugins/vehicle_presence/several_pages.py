"""Buttons of the board for several vehicles at once."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import Refused
from core.i18n import gettext as _
from core.i18n import ngettext
from core.tenancy.context import current_tenant
from core.web.forms import FormValues, form_values
from core.web.moments import parse_day
from core.web.rendering import Flash, Page, redirect
from core.web.viewer import requires
from plugins.vehicle_presence import services, several
from plugins.vehicle_presence.board_pages import board_with_problem
from plugins.vehicle_presence.controllers import MARK, may_correct
from plugins.vehicle_presence.errors import VehicleInElsewhere
from plugins.vehicle_presence.filters import Filters
from plugins.vehicle_presence.returning import BOARD, actor_of, board_address, list_of
from plugins.vehicle_presence.vat_book.errors import CLOSED

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
OFF, IN = f"{BOARD}/off", f"{BOARD}/in"


@post(OFF, guards=[requires(MARK)])
async def mark_many(request: AnyRequest, session: Session) -> Page | Redirect:
    """Several vehicles off site with one date; the end of that day, or now if it is today."""
    values = await form_values(request)
    job_ids = _ticked(values)
    day = parse_day((values.getlist("day") or [""])[0])
    if not job_ids or day is None:
        problem = _("Please tick at least one vehicle and choose a date.")
        return await board_with_problem(request, session, problem, 422)
    end = datetime.combine(day, time(23, 59), current_tenant().zone)
    moment = min(end, now()) if day <= now().astimezone(current_tenant().zone).date() else end
    try:
        async with session.begin_nested():
            marked = await services.mark_many_off_site(
                session,
                job_ids,
                moment,
                await actor_of(request),
                may_correct=await may_correct(request),
            )
    except Refused as refusal:
        problem = _(refusal.message, **refusal.values)
        return await board_with_problem(request, session, problem, 409)
    filters = Filters.read(request.query_params)
    flash = are_off_site([stay.id for stay in marked], filters.query())
    return redirect(request, board_address(filters), flash=flash)


@post(f"{OFF}/undo", guards=[requires(MARK)])
async def undo_off(request: AnyRequest, session: Session) -> Redirect:
    """*Undo*: those vehicles are in again."""
    actor = await actor_of(request)
    taken = await several.undo_many_off_site(session, _named(request), actor)
    text = _are_in(taken.done) + _late(taken.late) + _closed(taken.closed)
    flash = Flash(text, "warning" if taken.closed else "good")
    return redirect(request, list_of(request) or BOARD, flash=flash)


@post(IN, guards=[requires(MARK)])
async def arrive_many(request: AnyRequest, session: Session) -> Page | Redirect:
    """Several vehicles that were expected are in."""
    job_ids = _ticked(await form_values(request))
    if not job_ids:
        problem = _("Please tick at least one vehicle.")
        return await board_with_problem(request, session, problem, 422)
    try:
        async with session.begin_nested():
            stays = await several.record_many_arrivals(session, job_ids, await actor_of(request))
    except VehicleInElsewhere as refusal:
        problem = _(refusal.message, **refusal.values)
        return await board_with_problem(request, session, problem, 409)
    filters = Filters.read(request.query_params)
    undo = _undo_address(f"{IN}/undo", [stay.id for stay in stays], filters.query())
    flash = Flash(_are_in(len(stays)), undo_href=undo)
    return redirect(request, board_address(filters), flash=flash)


@post(f"{IN}/undo", guards=[requires(MARK)])
async def undo_in(request: AnyRequest, session: Session) -> Redirect:
    """*Undo*: those arrivals never were."""
    actor = await actor_of(request)
    taken = await several.undo_many_arrivals(session, _named(request), actor)
    text = ngettext(
        "%(num)s arrival is taken back.", "%(num)s arrivals are taken back.", taken.done
    )
    return redirect(request, list_of(request) or BOARD, flash=Flash(text + _late(taken.late)))


def are_off_site(stay_ids: Sequence[UUID], filters: str = "", *, back: str = "board") -> Flash:
    """What is said of vehicles that were marked off site together, with the way back to the list
    where that was done."""
    text = ngettext("%(num)s vehicle is off site.", "%(num)s vehicles are off site.", len(stay_ids))
    return Flash(text, undo_href=_undo_address(f"{OFF}/undo", stay_ids, filters, back))


def _are_in(number: int) -> str:
    return ngettext("%(num)s vehicle is in.", "%(num)s vehicles are in.", number)


def _late(number: int) -> str:
    if not number:
        return ""
    return " " + ngettext(
        "For %(num)s it was too late to undo.", "For %(num)s it was too late to undo.", number
    )


def _closed(number: int) -> str:
    """That some stay as they are, and who can still change them, on their cards."""
    if not number:
        return ""
    text = ngettext("%(num)s stays off site.", "%(num)s stay off site.", number)
    return f" {text} {_(CLOSED)}"


def _undo_address(
    path: str, stay_ids: Sequence[UUID], filters: str, back: str = "board"
) -> str | None:
    if not 0 < len(stay_ids) <= several.MOST:  # more are taken back one by one, on their cards
        return None
    address = f"{path}?stays={several.code_of(stay_ids)}&back={back}"
    return f"{address}&{filters}" if filters else address


def _named(request: AnyRequest) -> list[UUID]:
    return several.stays_in(request.query_params.get("stays", ""))


def _ticked(values: FormValues) -> list[UUID]:
    found = []
    for text in values.getlist("job"):
        try:
            found.append(UUID(str(text)))
        except ValueError:
            continue
    return found


HANDLERS = [mark_many, undo_off, arrive_many, undo_in]
