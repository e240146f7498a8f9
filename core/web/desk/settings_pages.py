"""What an owner decides of each location: opening hours, appointments, closed days, papers."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound
from core.i18n import current_language
from core.i18n import gettext as _
from core.web.desk.forms import ClosureForm
from core.web.desk.job_pages import viewer_in
from core.web.desk.plugin_pages import label_of_plugin, own_plugins
from core.web.desk.settings_forms import (
    WEEKDAYS,
    NameForm,
    PapersForm,
    PlaceForm,
    RulesForm,
    WeekHours,
)
from core.web.forms import attempt, form_values
from core.web.rendering import Flash, Page, page, redirect
from core.web.viewer import requires
from core.workshop.audit.services import record
from core.workshop.locations import repository as locations
from core.workshop.locations import services
from core.workshop.locations.models import Location
from core.workshop.planning.rules import DEFAULT_RULES, rules_for
from core.workshop.planning.slots import holiday_names

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
A_YEAR = timedelta(days=365)
A_MONDAY = date(2024, 1, 1)


@get("/desk/settings", guards=[requires("garage.settings")])
async def settings_page(request: AnyRequest, session: Session) -> Page:
    """Opening hours, appointments, holidays, closed days."""
    return await _settings(request, session)


@post("/desk/settings/hours", guards=[requires("garage.settings")])
async def save_hours(request: AnyRequest, session: Session) -> Page | Redirect:
    """Save the opening hours."""
    week = WeekHours.from_values(await form_values(request))
    hours = week.checked()
    if week.problems:
        return await _settings(request, session, week=week, status_code=422)
    location = await _chosen(request, session)
    before = location.opening_hours
    services.change_hours(location, hours)
    await _note(request, session, location, "location.hours", before=before, after=hours)
    return redirect(request, _page_of(location), flash=Flash(_("Saved.")))


@post("/desk/settings/papers", guards=[requires("garage.settings")])
async def save_papers(request: AnyRequest, session: Session) -> Page | Redirect:
    """Save the address and the VAT number that stand on papers."""
    form = PapersForm(await form_values(request))
    if not form.validate():
        return await _settings(request, session, papers=form, status_code=422)
    location = await _chosen(request, session)
    names = ("street", "postal_code", "city", "vat_number")
    before = {name: getattr(location, name) for name in names}
    is_sure = services.change_papers(location, **{name: form.text(name) for name in names})
    after = {name: getattr(location, name) for name in names}
    await _note(request, session, location, "location.papers", before=before, after=after)
    text = _("Saved.")
    if not is_sure:
        text += " " + _("The VAT number looks unusual: please check it once more.")
    return redirect(request, _page_of(location, "#papers"), flash=Flash(text))


@post("/desk/settings/appointments", guards=[requires("garage.settings")])
async def save_rules(request: AnyRequest, session: Session) -> Page | Redirect:
    """Save how appointments are given out, all kinds or none."""
    values = await form_values(request)
    forms = {kind: RulesForm(values, prefix=f"{kind}-") for kind in DEFAULT_RULES}
    wrong = [kind for kind, form in forms.items() if not form.validate()]
    if wrong:
        return await _settings(request, session, rules=forms, status_code=422)
    location = await _chosen(request, session)
    before = location.appointment_rules
    location.appointment_rules = {**before, **{kind: form.rules() for kind, form in forms.items()}}
    after = location.appointment_rules
    await _note(request, session, location, "location.appointments", before=before, after=after)
    return redirect(request, _page_of(location, "#appointments"), flash=Flash(_("Saved.")))


@post("/desk/settings/holidays", guards=[requires("garage.settings")])
async def save_holidays(request: AnyRequest, session: Session) -> Redirect:
    """Save on which of the coming public holidays the garage works."""
    values = await form_values(request)
    location = await _chosen(request, session)
    known = {day.isoformat() for day in _holidays(location)}
    before = list(location.holidays_worked)
    ticked = [day for day in values.getlist("worked") if day in known]
    location.holidays_worked = sorted({*(day for day in before if day not in known), *ticked})
    after = location.holidays_worked
    await _note(request, session, location, "location.holidays", before=before, after=after)
    return redirect(request, _page_of(location, "#holidays"), flash=Flash(_("Saved.")))


@post("/desk/settings/closures", guards=[requires("garage.settings")])
async def add_closure(request: AnyRequest, session: Session) -> Page | Redirect:
    """Close for some days."""
    form = ClosureForm(await form_values(request))
    location = await _chosen(request, session)
    if not form.validate():
        return await _settings(request, session, closure=form, status_code=422)
    first_day, last_day = form.first_day.data, form.last_day.data
    if first_day is None or last_day is None:
        return await _settings(request, session, closure=form, status_code=422)
    async with attempt(session, form):
        await services.close_on(session, location.id, first_day, last_day, form.text("reason"))
        closed = {"first_day": first_day.isoformat(), "last_day": last_day.isoformat()}
        await _note(request, session, location, "location.closed", before=None, after=closed)
    if form.has_errors:
        return await _settings(request, session, closure=form, status_code=409)
    return redirect(
        request, _page_of(location, "#closures"), flash=Flash(_("The closed days are saved."))
    )


@post("/desk/settings/closures/{closure_id:uuid}/remove", guards=[requires("garage.settings")])
async def remove_closure(
    request: AnyRequest, session: Session, closure_id: FromPath[UUID]
) -> Redirect:
    """Open on those days after all."""
    closure = await locations.closure(session, closure_id)
    location = await locations.by_id(session, closure.location_id)
    closed = {
        "first_day": closure.first_day.isoformat(),
        "last_day": closure.last_day.isoformat(),
        "reason": closure.reason,
    }
    await session.delete(closure)
    await _note(request, session, location, "location.opened", before=closed, after=None)
    return redirect(
        request,
        _page_of(location, "#closures"),
        flash=Flash(_("The garage is open on those days.")),
    )


@post("/desk/settings/locations", guards=[requires("garage.settings")])
async def add_location(request: AnyRequest, session: Session) -> Page | Redirect:
    """Add a place of business, open as the one that is shown."""
    form = PlaceForm(await form_values(request))
    if not form.validate():
        return await _settings(request, session, place=form, status_code=422)
    like = await _chosen(request, session)
    async with attempt(session, form):
        location = await services.add_location(session, form.text("name"), like=like)
        after = {"name": location.name}
        await _note(request, session, location, "location.added", before=None, after=after)
    if form.has_errors:
        return await _settings(request, session, place=form, status_code=409)
    text = _("%(name)s is added. Check its address and its opening hours.", name=location.name)
    return redirect(request, _page_of(location), flash=Flash(text))


@post("/desk/settings/name", guards=[requires("garage.settings")])
async def rename_location(request: AnyRequest, session: Session) -> Page | Redirect:
    """Give the location another name."""
    form = NameForm(await form_values(request))
    if not form.validate():
        return await _settings(request, session, naming=form, status_code=422)
    location = await _chosen(request, session)
    before = location.name
    async with attempt(session, form):
        await services.rename_location(session, location, form.text("name"))
        await _note(
            request, session, location, "location.renamed", before=before, after=location.name
        )
    if form.has_errors:
        return await _settings(request, session, naming=form, status_code=409)
    return redirect(request, _page_of(location), flash=Flash(_("Saved.")))


async def _chosen(request: AnyRequest, session: AsyncSession) -> Location:
    """The location that the address names, or the first."""
    asked = request.query_params.get("location", "")
    if not asked:
        return await locations.first(session)
    try:
        return await locations.by_id(session, UUID(asked))
    except ValueError:
        raise NotFound("location") from None


def _page_of(location: Location, part: str = "") -> str:
    return f"/desk/settings?location={location.id}{part}"


async def _note(
    request: AnyRequest,
    session: AsyncSession,
    location: Location,
    action: str,
    *,
    before: Any,
    after: Any,
) -> None:
    """Write down who changed what; saved without a change, nothing happened."""
    if before != after:
        viewer = await viewer_in(request)
        details = {"before": before, "after": after}
        record(session, viewer.actor, action, f"location:{location.id}", details=details)


async def _settings(
    request: AnyRequest,
    session: AsyncSession,
    *,
    week: WeekHours | None = None,
    rules: Mapping[str, RulesForm] | None = None,
    closure: ClosureForm | None = None,
    papers: PapersForm | None = None,
    place: PlaceForm | None = None,
    naming: NameForm | None = None,
    status_code: int = 200,
) -> Page:
    """The page; a form that was refused stays as it was typed."""
    location = await _chosen(request, session)
    if rules is None:
        rules = {kind: RulesForm.of(kind, rules_for(location, kind)) for kind in DEFAULT_RULES}
    return page(
        request,
        "core/garage/settings.html",
        location=location,
        places=await locations.everywhere(session),
        place=place or PlaceForm(),
        naming=naming or NameForm(data={"name": location.name}),
        week=week or WeekHours.of(location.opening_hours),
        weekdays=[(number, A_MONDAY + timedelta(days=number - 1)) for number in WEEKDAYS],
        rules=rules,
        has_rule_errors=any(form.errors for form in rules.values()),
        holidays=_holidays(location),
        worked=set(location.holidays_worked),
        closures=await locations.closures_from(session, location.id, now().date()),
        closure=closure or ClosureForm(),
        papers=papers or PapersForm.of(location),
        plugins=[(each.name, label_of_plugin(each)) for each in own_plugins(request)],
        status_code=status_code,
    )


def _holidays(location: Location) -> dict[date, str]:
    today = now().date()
    return holiday_names(location.country, today, today + A_YEAR, current_language())


HANDLERS = [
    settings_page,
    save_hours,
    save_papers,
    save_rules,
    save_holidays,
    add_closure,
    remove_closure,
    add_location,
    rename_location,
]
