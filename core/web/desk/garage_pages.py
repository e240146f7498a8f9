"""Today, planning, staff, settings and the log."""

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
from core.errors import Refused
from core.hooks.manager import hooks
from core.i18n import current_language
from core.i18n import gettext as _
from core.web.desk.forms import ClosureForm, InvitationForm
from core.web.desk.job_pages import viewer_in
from core.web.forms import FormValues, attempt, form_values, options
from core.web.rendering import Flash, Page, page, redirect
from core.web.resources import tenant_of
from core.web.viewer import requires
from core.web.words import audit_labels, role_label
from core.workshop.audit import repository as audit
from core.workshop.audit.services import record
from core.workshop.jobs import repository as jobs
from core.workshop.locations import repository as locations
from core.workshop.locations import services as location_services
from core.workshop.photos import repository as photos
from core.workshop.planning import repository as planning
from core.workshop.planning.services import DEFAULT_RULES, rules_for
from core.workshop.staff import repository as staff
from core.workshop.staff import services as staff_services
from core.workshop.staff.models import ROLES

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
DAYS_SHOWN = 7


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


@get("/desk/planning", guards=[requires("planning.edit")])
async def week(request: AnyRequest, session: Session) -> Page:
    """Seven days of appointments."""
    zone = tenant_of(request).zone
    first = _day(request.query_params.get("from")) or now().astimezone(zone).date()
    rows = await planning.agenda(
        session, _midnight(first, zone), _midnight(first + timedelta(days=DAYS_SHOWN), zone)
    )
    days = [first + timedelta(days=offset) for offset in range(DAYS_SHOWN)]
    return page(
        request,
        "core/planning/week.html",
        days=[
            (day, [row for row in rows if row.starts_at.astimezone(zone).date() == day])
            for day in days
        ],
        earlier=first - timedelta(days=DAYS_SHOWN),
        later=first + timedelta(days=DAYS_SHOWN),
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


@get("/desk/settings", guards=[requires("garage.settings")])
async def settings_page(request: AnyRequest, session: Session) -> Page:
    """Opening hours, appointments, closed days."""
    return await _settings(request, session, ClosureForm())


@post("/desk/settings/hours", guards=[requires("garage.settings")])
async def save_hours(request: AnyRequest, session: Session) -> Page | Redirect:
    """Save the opening hours and how appointments are given out."""
    values = await form_values(request)
    location = await locations.first(session)
    viewer = await viewer_in(request)
    try:
        hours = _hours_of(values)
        rules = _rules_of(values)
    except ValueError:
        problem = _("Please write times as 08:00 and numbers without letters.")
        return await _settings(request, session, ClosureForm(), problem, status_code=422)
    try:
        async with session.begin_nested():
            location_services.change_hours(location, hours)
            location.appointment_rules = {**location.appointment_rules, **rules}
            record(session, viewer.actor, "location.hours", f"location:{location.id}")
    except Refused as refusal:
        problem = _(refusal.message, **refusal.values)
        return await _settings(request, session, ClosureForm(), problem, status_code=409)
    return redirect(request, "/desk/settings", flash=Flash(_("Saved.")))


@post("/desk/settings/closures", guards=[requires("garage.settings")])
async def add_closure(request: AnyRequest, session: Session) -> Page | Redirect:
    """Close for some days."""
    form = ClosureForm(await form_values(request))
    location = await locations.first(session)
    if not form.validate():
        return await _settings(request, session, form, status_code=422)
    first_day, last_day = form.first_day.data, form.last_day.data
    if first_day is None or last_day is None:
        return await _settings(request, session, form, status_code=422)
    async with attempt(session, form):
        await location_services.close_on(
            session, location.id, first_day, last_day, form.text("reason")
        )
    if form.has_errors:
        return await _settings(request, session, form, status_code=409)
    return redirect(request, "/desk/settings", flash=Flash(_("The closed days are saved.")))


@post("/desk/settings/closures/{closure_id:uuid}/remove", guards=[requires("garage.settings")])
async def remove_closure(
    request: AnyRequest, session: Session, closure_id: FromPath[UUID]
) -> Redirect:
    """Open on those days after all."""
    await session.delete(await locations.closure(session, closure_id))
    return redirect(request, "/desk/settings", flash=Flash(_("The garage is open on those days.")))


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


async def _settings(
    request: AnyRequest,
    session: AsyncSession,
    form: ClosureForm,
    problem: str | None = None,
    *,
    status_code: int = 200,
) -> Page:
    location = await locations.first(session)
    monday = date(2024, 1, 1)
    return page(
        request,
        "core/garage/settings.html",
        location=location,
        weekdays=[(number, monday + timedelta(days=number - 1)) for number in range(1, 8)],
        closures=await locations.closures_from(session, location.id, now().date()),
        rules={kind: rules_for(location, kind) for kind in DEFAULT_RULES},
        form=form,
        problem=problem,
        status_code=status_code,
    )


def _hours_of(values: FormValues) -> dict[str, list[list[str]]]:
    """Two pairs of times per weekday, empty ones left out."""
    hours: dict[str, list[list[str]]] = {}
    for number in range(1, 8):
        pairs = []
        for part in ("a", "b"):
            opens, closes = (
                (values.getlist(f"{edge}-{number}-{part}") or [""])[0].strip()
                for edge in ("opens", "closes")
            )
            if opens or closes:
                pairs.append(
                    [time.fromisoformat(each).strftime("%H:%M") for each in (opens, closes)]
                )
        if pairs:
            hours[str(number)] = pairs
    return hours


def _rules_of(values: FormValues) -> dict[str, dict[str, int]]:
    limits = {
        "duration_minutes": (5, 480),
        "capacity": (1, 50),
        "minimum_notice_hours": (0, 336),
    }
    rules: dict[str, dict[str, int]] = {}
    for kind in DEFAULT_RULES:
        rules[kind] = {}
        for name, (least, most) in limits.items():
            number = int((values.getlist(f"{kind}-{name}") or [""])[0])
            if not least <= number <= most:
                raise ValueError(name)
            rules[kind][name] = number
    return rules


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _midnight(day: date, zone: Any) -> datetime:
    return datetime.combine(day, time(), zone)


HANDLERS = [
    today,
    week,
    staff_page,
    invite,
    switch_staff,
    settings_page,
    save_hours,
    add_closure,
    remove_closure,
    log_page,
]
