"""Jobs: the list, the search, a new one, the card."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.db.reading import SessionReading
from core.hooks.manager import hooks
from core.i18n import current_language
from core.i18n import gettext as _
from core.web.desk.forms import JobForm, NewJobForm
from core.web.desk.timeline import entries_of, in_order
from core.web.forms import attempt, form_values, options
from core.web.rendering import Flash, Page, page, redirect
from core.web.resources import tenant_of
from core.web.viewer import Viewer, load_viewer, requires
from core.web.words import claim_label
from core.workshop.customers import repository as customers
from core.workshop.customers.services import Contact
from core.workshop.jobs import repository, services
from core.workshop.jobs.models import Job
from core.workshop.jobs.numbers import LENGTH, normalise_public_number
from core.workshop.jobs.stages import CLAIM_CAPACITIES
from core.workshop.locations import repository as locations
from core.workshop.photos import repository as photos
from core.workshop.planning import repository as planning
from core.workshop.staff import repository as staff
from core.workshop.vehicles import repository as vehicles
from core.workshop.vehicles.plates import normalise_plate, plate_warning
from core.workshop.vehicles.services import VehicleFacts, change_details

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
FILTERS: dict[str, tuple[str, ...]] = {
    "open": repository.OPEN_STATUSES,
    "new": ("new",),
    "in_progress": ("planned", "in_progress"),
    "ready": ("ready",),
    "done": ("delivered", "invoiced", "cancelled"),
}


async def viewer_in(request: AnyRequest) -> Viewer:
    """The person; the guard has made sure that there is one."""
    viewer = await load_viewer(request)
    if viewer is None:
        raise RuntimeError("a staff page without a guard")
    return viewer


async def list_values(session: AsyncSession, rows: Sequence[Any]) -> dict[str, Any]:
    """What the job table shows beside the rows: one query per kind of thing, never per row."""
    ids = [row.id for row in rows]
    if not ids:
        return {"rows": [], "badges": {}, "tasks": {}, "new_photos": {}}
    badges: dict[UUID, list[Any]] = {}
    answers = await hooks().ask_async(
        "job_badges",
        session=session,
        reading=SessionReading(session),
        job_ids=ids,
        language=current_language(),
    )
    for answer in answers:
        for job_id, marks in answer.items():
            badges.setdefault(job_id, []).extend(marks)
    return {
        "rows": rows,
        "badges": badges,
        "tasks": await repository.current_task_labels(session, ids),
        "new_photos": await photos.unseen_by_job(session, ids),
    }


@get("/desk/jobs", guards=[requires("jobs.view")])
async def job_list(request: AnyRequest, session: Session) -> Page:
    """Jobs, newest first; filter and position live in the address."""
    shown = request.query_params.get("show", "open")
    if shown not in FILTERS:
        shown = "open"
    rows = await repository.page(
        session, statuses=FILTERS[shown], before=_uuid(request.query_params.get("before"))
    )
    more = rows[repository.PAGE - 1].id if len(rows) > repository.PAGE else None
    values = await list_values(session, rows[: repository.PAGE])
    return page(
        request,
        "core/jobs/list.html",
        shown=shown,
        counts=await repository.count_by_status(session),
        more=more,
        **values,
    )


@get("/desk/search", guards=[requires("jobs.view")])
async def search(request: AnyRequest, session: Session) -> Page:
    """One box: any typing of plate, job number, customer's name, e-mail or phone."""
    query = request.query_params.get("q", "").replace("\x00", "").strip()[:100]
    rows: Sequence[Any] = []
    if len(query) >= 2 or query.isdigit():
        number = normalise_public_number(query)
        digits = query.lstrip("#")
        rows = await repository.search(
            session,
            text=query,
            plate=normalise_plate(query),
            public_number=number if len(number) == LENGTH else "",
            sequence_number=int(digits) if digits.isdecimal() and len(digits) < 10 else None,
        )
    values = await list_values(session, rows)
    return page(request, "core/jobs/search.html", query=query, **values)


@get("/desk/jobs/new", guards=[requires("jobs.edit")])
async def new_job_page(request: AnyRequest, session: Session) -> Page:
    """An empty job."""
    form = NewJobForm(language=tenant_of(request).default_language)
    await _offer_flows(session, form)
    await _offer_places(session, form)
    return page(request, "core/jobs/new.html", form=form)


@post("/desk/jobs/new", guards=[requires("jobs.edit")])
async def new_job(request: AnyRequest, session: Session) -> Page | Redirect:
    """Open a job."""
    form = NewJobForm(await form_values(request))
    await _offer_flows(session, form)
    await _offer_places(session, form)
    if not form.validate():
        return page(request, "core/jobs/new.html", form=form, status_code=422)
    viewer = await viewer_in(request)
    job: Job | None = None
    async with attempt(session, form):
        job = await services.open_job(
            session,
            services.NewJob(
                contact=Contact(
                    name=form.text("name"),
                    language=form.text("language"),
                    email=form.text("email") or None,
                    phone=form.text("phone") or None,
                ),
                vehicle=VehicleFacts(
                    plate=form.text("plate"),
                    plate_country=form.text("plate_country"),
                    vin=form.text("vin") or None,
                    make=form.text("make") or None,
                    model=form.text("model") or None,
                    colour=form.text("colour") or None,
                    first_registration=form.first_registration.data,
                ),
                damage=form.text("damage"),
                flow_id=UUID(form.text("flow_id")),
                location_id=form.location_id.data,
            ),
            viewer.actor,
        )
    if job is None:
        return page(request, "core/jobs/new.html", form=form, status_code=409)
    text = _("Job %(number)s is open.", number=job.sequence_number)
    if plate_warning(job.plate, job.plate_country) == "unusual":
        text += " " + _("The plate looks unusual: please check it once more.")
    return redirect(request, f"/desk/jobs/{job.id}", flash=Flash(text))


@get("/desk/jobs/{job_id:uuid}", guards=[requires("jobs.view")])
async def job_card(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Page:
    """The job card."""
    return await render_card(request, session, job_id)


async def render_card(
    request: AnyRequest,
    session: AsyncSession,
    job_id: UUID,
    *,
    status_code: int = 200,
    **extra: Any,
) -> Page:
    """The card, with whatever a refused form wants to show on it."""
    job = await repository.by_id(session, job_id)
    viewer = await viewer_in(request)
    tasks = await repository.tasks_of(session, job_id)
    events = await repository.events_of(session, job_id)
    pictures = await photos.of_job(session, job_id)
    language = current_language()
    panels = await hooks().ask_async(
        "job_card_panels", session=session, job_id=job_id, language=language
    )
    lines = await hooks().ask_async(
        "job_timeline", session=session, job_id=job_id, language=language
    )
    new_photos = {photo.id for photo in pictures if photo.seen_by_staff_at is None}
    values = {
        "job": job,
        "customer": await customers.by_id(session, job.customer_id),
        "vehicle": await vehicles.by_id(session, job.vehicle_id),
        "flow": await repository.flow_by_id(session, job.flow_id),
        "location_name": await locations.name_among_several(session, job.location_id),
        "plates": await vehicles.plates_of(session, job.vehicle_id),
        "tasks": tasks,
        "people": await staff.everyone(session),
        "photos": pictures,
        "new_photos": new_photos,
        "appointments": [
            each for each in await planning.of_job(session, job_id) if each.status == "booked"
        ],
        "timeline": in_order(
            [*entries_of(events, tasks), *(line for each in lines for line in each)]
        ),
        "panels": sorted(
            (panel for each in panels for panel in each), key=lambda panel: panel.position
        ),
        "statuses": services.STATUSES,
        "problems": [],
        "now": now().astimezone(UTC),
    }
    if new_photos and not viewer.is_support_acting and request.method == "GET":
        await photos.mark_seen(session, job_id, now())
    return page(request, "core/jobs/card.html", status_code=status_code, **{**values, **extra})


@get("/desk/jobs/{job_id:uuid}/edit", guards=[requires("jobs.edit")])
async def edit_page(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Page:
    """The card's fields as a form."""
    job = await repository.by_id(session, job_id)
    vehicle = await vehicles.by_id(session, job.vehicle_id)
    shown = {name: getattr(job, name) for name in (*services.EDITABLE, "version")} | {
        name: getattr(vehicle, name)
        for name in ("make", "model", "colour", "vin", "first_registration")
    }
    form = JobForm(data=shown)
    _offer_claims(form)
    await _offer_places(session, form, job.location_id)
    return page(request, "core/jobs/edit.html", form=form, job=job)


@post("/desk/jobs/{job_id:uuid}/edit", guards=[requires("jobs.edit")])
async def edit(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Page | Redirect:
    """Save the card's fields, unless somebody else saved in between."""
    job = await repository.by_id(session, job_id)
    form = JobForm(await form_values(request))
    _offer_claims(form)
    await _offer_places(session, form, job.location_id)
    if not form.validate():
        return page(request, "core/jobs/edit.html", form=form, job=job, status_code=422)
    viewer = await viewer_in(request)
    values = {
        name: form[name].data or ("" if name in {"damage", "comments"} else None)
        for name in services.EDITABLE
        if name != "courtesy_car_wished"
    }
    for name in ("mileage_at_estimate", "mileage_at_repair"):
        values[name] = form[name].data
    values["location_id"] = form.location_id.data
    async with attempt(session, form):
        await change_details(
            session,
            job.vehicle_id,
            make=form.text("make"),
            model=form.text("model"),
            colour=form.text("colour"),
            vin=form.text("vin"),
            first_registration=form.first_registration.data,
        )
        await services.change_job(
            session,
            job_id,
            {**values, "courtesy_car_wished": bool(form.courtesy_car_wished.data)},
            int(form.version.data or 0) if (form.version.data or "").isdecimal() else 0,
            viewer.actor,
        )
    if form.has_errors:
        fresh = await repository.by_id(session, job_id)
        form.version.data = str(fresh.version)
        return page(request, "core/jobs/edit.html", form=form, job=fresh, status_code=409)
    return redirect(request, f"/desk/jobs/{job_id}", flash=Flash(_("Saved.")))


async def _offer_flows(session: AsyncSession, form: NewJobForm) -> None:
    flows = await repository.flows(session)
    form.flow_id.choices = options((str(flow.id), flow.name) for flow in flows)
    if not form.flow_id.data and flows:
        default = next((flow for flow in flows if flow.is_default), flows[0])
        form.flow_id.data = str(default.id)


async def _offer_places(
    session: AsyncSession, form: NewJobForm | JobForm, chosen: UUID | None = None
) -> None:
    places = await locations.everywhere(session)
    form.location_id.choices = options((str(each.id), each.name) for each in places)
    if form.location_id.data is None:
        form.location_id.data = chosen or places[0].id


def _offer_claims(form: JobForm) -> None:
    form.claim_capacity.choices = options(
        [("", "–"), *((key, claim_label(key)) for key in CLAIM_CAPACITIES)]
    )
    if form.claim_capacity.data is None:
        form.claim_capacity.data = ""


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


HANDLERS = [job_list, search, new_job_page, new_job, job_card, edit_page, edit]
