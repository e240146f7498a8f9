"""Today, staff and the log."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.hooks.manager import hooks
from core.i18n import current_language
from core.i18n import gettext as _
from core.web.desk.forms import InvitationForm
from core.web.desk.job_pages import viewer_in
from core.web.forms import FormValues, attempt, form_values, options
from core.web.rendering import Flash, Page, page, redirect
from core.web.resources import tenant_of
from core.web.viewer import requires
from core.web.words import audit_labels, role_label
from core.workshop.audit import repository as audit
from core.workshop.jobs import repository as jobs
from core.workshop.photos import repository as photos
from core.workshop.planning import repository as planning
from core.workshop.staff import repository as staff
from core.workshop.staff import services as staff_services
from core.workshop.staff.models import ROLES

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]


@get("/desk", guards=[requires()])
async def today(request: AnyRequest, session: Session) -> Page:
    """What the day brings."""
    zone = tenant_of(request).zone
    start = _midnight(now().astimezone(zone).date(), zone)
    viewer = await viewer_in(request)
    cards = await hooks().ask_async("dashboard_cards", session=session, language=current_language())
    sees_jobs = viewer.may("jobs.view")
    return page(
        request,
        "core/garage/today.html",
        counts=await jobs.count_by_status(session) if sees_jobs else {},
        agenda=await planning.agenda(session, start, start + timedelta(days=1))
        if sees_jobs
        else [],
        new_photos=await photos.count_unseen(session) if sees_jobs else 0,
        cards=sorted((card for each in cards for card in each), key=lambda card: card.position),
        today=start,
    )


@get("/desk/staff", guards=[requires("staff.manage")])
async def staff_page(request: AnyRequest, session: Session) -> Page:
    """Who works here."""
    return await _staff(request, session, _invitation(None, tenant_of(request).default_language))


@post("/desk/staff", guards=[requires("staff.manage")])
async def invite(request: AnyRequest, session: Session) -> Page | Redirect:
    """Invite somebody by mail."""
    form = _invitation(await form_values(request))
    if not form.validate():
        return await _staff(request, session, form, status_code=422)
    viewer = await viewer_in(request)
    async with attempt(session, form):
        await staff_services.invite(
            session,
            email=form.text("email"),
            name=form.text("name"),
            role=form.text("role"),
            language=form.text("language"),
            actor=viewer.actor,
        )
    if form.has_errors:
        return await _staff(request, session, form, status_code=409)
    return redirect(
        request,
        "/desk/staff",
        flash=Flash(_("An invitation is on its way to %(email)s.", email=form.text("email"))),
    )


@post("/desk/staff/{staff_id:uuid}/{switch:str}", guards=[requires("staff.manage")])
async def switch_staff(
    request: AnyRequest, session: Session, staff_id: FromPath[UUID], switch: FromPath[str]
) -> Redirect:
    """Let somebody in no longer, or again."""
    if switch not in {"off", "on"}:
        raise NotFoundException
    viewer = await viewer_in(request)
    member = await staff_services.switch_member(
        session, staff_id, is_active=switch == "on", actor=viewer.actor
    )
    back = "on" if switch == "off" else "off"
    text = (
        _("%(name)s can no longer log in.", name=member.name)
        if switch == "off"
        else _("%(name)s can log in again.", name=member.name)
    )
    return redirect(
        request, "/desk/staff", flash=Flash(text, undo_href=f"/desk/staff/{staff_id}/{back}")
    )


@get("/desk/audit", guards=[requires("audit.view")])
async def log_page(request: AnyRequest, session: Session) -> Page:
    """Who did what, newest first."""
    before = request.query_params.get("before")
    try:
        position = UUID(before) if before else None
    except ValueError:
        position = None
    entries = await audit.newest(session, position)
    shown = entries[: audit.PAGE]
    return page(
        request,
        "core/garage/audit.html",
        entries=shown,
        labels=audit_labels(),
        more=shown[-1].id if len(entries) > audit.PAGE else None,
    )


async def _staff(
    request: AnyRequest, session: AsyncSession, form: InvitationForm, *, status_code: int = 200
) -> Page:
    return page(
        request,
        "core/garage/staff.html",
        members=await staff.everyone(session),
        form=form,
        status_code=status_code,
    )


def _invitation(values: FormValues | None, language: str = "en") -> InvitationForm:
    form = InvitationForm(values, language=language)
    form.role.choices = options((role, role_label(role)) for role in ROLES)
    return form


def _midnight(day: date, zone: Any) -> datetime:
    return datetime.combine(day, time(), zone)


HANDLERS = [
    today,
    staff_page,
    invite,
    switch_staff,
    log_page,
]
