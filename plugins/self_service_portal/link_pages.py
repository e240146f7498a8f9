"""The personal link in a mail: see, move or cancel an appointment.

The page shows no personal data, because mail scanners open links; moving and cancelling need a
POST and the plate. Whoever has proved plate and job number in this browser comes here from the
status page, and types neither again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response
from sqlalchemy.ext.asyncio import AsyncSession
from wtforms import RadioField, TextAreaField

from core.clock import now
from core.errors import Refused
from core.i18n import current_language
from core.i18n import gettext as _
from core.web.forms import Form, FormValues, form_values, options
from core.web.rendering import Flash, Page, redirect
from core.web.resources import resources_of
from core.workshop.jobs import repository as jobs
from core.workshop.locations import repository as locations
from core.workshop.planning import repository as planning_repository
from core.workshop.planning import services as planning
from core.workshop.planning.links import link_hash
from core.workshop.planning.models import Appointment
from core.workshop.planning.rules import rules_for
from core.workshop.planning.slots import Slot
from plugins.self_service_portal.appointments import (
    LONGEST_REASON,
    cancel_by_customer,
    reasons,
)
from plugins.self_service_portal.calendar import bare_download, web_calendars
from plugins.self_service_portal.confirmations import ask_again, is_open, move_by_customer
from plugins.self_service_portal.forms import PlateForm
from plugins.self_service_portal.identity import ask_for_plate, check_plate, opened_job
from plugins.self_service_portal.kept_times import chosen_time
from plugins.self_service_portal.pages import page
from plugins.self_service_portal.settings import settings

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
_OPT = {"public": True}
ASKED_AGAIN = "3/hour"


class WrongPlate(Refused):
    """The plate does not belong to this appointment."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("This plate does not belong to this appointment.", field="plate")


class AskedTooOften(Refused):
    """The same mail was sent several times just now."""

    status_code = 429

    def __init__(self) -> None:
        super().__init__("We have just sent this e-mail several times. Please call us instead.")


class NoTimeChosen(Refused):
    """*Move* was pressed without a new time."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("Please choose a time.", field="slot")


@get("/{lang:str}/appointment/{secret:str}", opt=_OPT)
async def appointment(request: AnyRequest, session: Session, secret: FromPath[str]) -> Page:
    """When it is, and what can be done."""
    found = await _find(session, secret)
    form = await _form_for(request, session, found, PlateForm())
    return await _show(request, session, found, secret, form)


@get("/{lang:str}/appointment/{secret:str}/calendar.ics", opt=_OPT)
async def calendar(request: AnyRequest, session: Session, secret: FromPath[str]) -> Response[bytes]:
    """For the customer's own calendar, without a word on whose appointment it is."""
    found = await _find(session, secret)
    return bare_download(found, resources_of(request).settings)


@get("/{lang:str}/appointment/{secret:str}/move", opt=_OPT)
async def back_to_appointment(
    request: AnyRequest, lang: FromPath[str], secret: FromPath[str]
) -> Redirect:
    """A form's address, opened by the language menu or by a reload: it changes nothing."""
    return redirect(request, f"/{lang}/appointment/{secret}")


@get("/{lang:str}/appointment/{secret:str}/cancel", opt=_OPT)
async def cancel_page(
    request: AnyRequest, session: Session, lang: FromPath[str], secret: FromPath[str]
) -> Page | Redirect:
    """Are you sure, and why? Nothing is cancelled by opening it."""
    found = await _find(session, secret)
    location = await locations.by_id(session, found.location_id)
    if not planning.can_be_changed(location, found):
        return redirect(request, f"/{lang}/appointment/{secret}")
    form = await _form_for(request, session, found, _cancel_form())
    return await _ask(request, found, secret, form)


@post("/{lang:str}/appointment/{secret:str}/cancel", opt=_OPT)
async def cancel(
    request: AnyRequest, session: Session, lang: FromPath[str], secret: FromPath[str]
) -> Page | Redirect:
    """Give the slot back."""
    found = await _find(session, secret, lock=True)
    values = await form_values(request)
    form = await _form_for(request, session, found, _cancel_form(values))
    reason = form.text("reason") if "reason" in form else ""
    try:
        async with session.begin_nested():
            await _check_plate(request, session, found, form, values)
            await cancel_by_customer(session, found, lang, reason)
    except planning.TooLateToCancel as refusal:
        await session.refresh(found)
        form.add_refusal(refusal)
        return await _show(request, session, found, secret, form, status_code=refusal.status_code)
    except Refused as refusal:
        await session.refresh(found)
        form.add_refusal(refusal)
        return await _ask(request, found, secret, form, status_code=refusal.status_code)
    return redirect(request, f"/{lang}/appointment/{secret}")


@post("/{lang:str}/appointment/{secret:str}/move", opt=_OPT)
async def move(
    request: AnyRequest, session: Session, lang: FromPath[str], secret: FromPath[str]
) -> Page | Redirect:
    """Another time; the link stays the same."""
    found = await _find(session, secret, lock=True)
    values = await form_values(request)
    form = await _form_for(request, session, found, PlateForm(values))
    chosen = chosen_time(values)
    try:
        async with session.begin_nested():
            await _check_plate(request, session, found, form, values)
            await move_by_customer(session, found, _given(chosen), lang)
    except Refused as refusal:
        await session.refresh(found)
        form.add_refusal(refusal)
        return await _show(
            request,
            session,
            found,
            secret,
            form,
            chosen=chosen,
            alternatives=getattr(refusal, "alternatives", ()),
            status_code=refusal.status_code,
        )
    moved = Flash(_("Your appointment was moved."))
    return redirect(request, f"/{lang}/appointment/{secret}", flash=moved)


@post("/{lang:str}/appointment/{secret:str}/ask", opt=_OPT)
async def send_again(
    request: AnyRequest, session: Session, lang: FromPath[str], secret: FromPath[str]
) -> Redirect:
    """Once more the mail in which the appointment is to be confirmed."""
    found = await _find(session, secret)
    limiter = resources_of(request).limiter
    if not await limiter.allows(ASKED_AGAIN, "portal-ask-again", str(found.id)):
        raise AskedTooOften
    await ask_again(session, found, lang)
    sent = Flash(_("The e-mail is on its way. Please look among unwanted mail too."))
    return redirect(request, f"/{lang}/appointment/{secret}", flash=sent)


async def _find(session: AsyncSession, secret: str, *, lock: bool = False) -> Appointment:
    found = await planning_repository.by_link(session, link_hash(secret), lock=lock)
    if found is None:
        raise NotFoundException
    return found


async def _form_for(
    request: AnyRequest, session: AsyncSession, found: Appointment, form: PlateForm
) -> PlateForm:
    """The form, which asks for no plate where this browser has the appointment's job open."""
    job = await opened_job(request, session)
    if job is not None and job.id == found.job_id:
        del form.plate
    return form


async def _check_plate(
    request: AnyRequest,
    session: AsyncSession,
    found: Appointment,
    form: PlateForm,
    values: FormValues,
) -> None:
    if "plate" in form:
        job = await jobs.by_id(session, found.job_id)
        await check_plate(request, values, job.plate_normalised, WrongPlate)


def _cancel_form(values: FormValues | None = None) -> PlateForm:
    """The plate, and the reason where the garage asks for one: its own list, or free words."""
    if not settings().ask_cancel_reason:
        return PlateForm(values)
    choices = options((reason, reason) for reason in reasons())
    label = _("Why can you not come?")
    field = (
        RadioField(label, choices=choices, validate_choice=False)
        if choices
        else TextAreaField(label, render_kw={"maxlength": LONGEST_REASON, "rows": 3})
    )
    made: type[PlateForm] = type("CancelForm", (PlateForm,), {"reason": field})
    return made(values)


async def _ask(
    request: AnyRequest,
    found: Appointment,
    secret: str,
    form: Form,
    *,
    status_code: int = 200,
) -> Page:
    await ask_for_plate(request)
    return page(
        request,
        "cancel.html",
        appointment=found,
        secret=secret,
        form=form,
        status_code=status_code,
    )


def _given(chosen: datetime | None) -> datetime:
    if chosen is None:
        raise NoTimeChosen
    return chosen


async def _show(
    request: AnyRequest,
    session: AsyncSession,
    found: Appointment,
    secret: str,
    form: PlateForm,
    *,
    chosen: datetime | None = None,
    alternatives: Sequence[Slot] = (),
    status_code: int = 200,
) -> Page:
    await ask_for_plate(request, sent_to=f"/{current_language()}/appointment/{secret}/move")
    location = await locations.by_id(session, found.location_id)
    changeable = planning.can_be_changed(location, found)
    notice = rules_for(location, found.kind).cancellation_notice
    return page(
        request,
        "appointment.html",
        appointment=found,
        secret=secret,
        chosen=chosen,
        alternatives=alternatives,
        changeable=changeable,
        calendars=web_calendars(found),
        asked=await is_open(session, found),
        is_past=found.starts_at <= now(),
        notice_hours=int(notice.total_seconds() // 3600),
        days=await planning.free_days(session, location, found.kind, moving=found)
        if changeable
        else [],
        form=form,
        status_code=status_code,
    )


HANDLERS = [appointment, calendar, back_to_appointment, cancel_page, cancel, move, send_again]
