"""What is done on the job card: status, tasks, photos, appointments."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.i18n import gettext as _
from core.i18n import ngettext
from core.storage import ObjectMissing
from core.web.desk.job_pages import render_card, viewer_in
from core.web.error_pages import wants_json
from core.web.forms import form_values
from core.web.photo_uploads import take_in
from core.web.rendering import Flash, Page, page, redirect
from core.web.resources import resources_of, tenant_of
from core.web.uploads import HANDLER_OPTIONS, receive_upload
from core.web.viewer import requires
from core.workshop.jobs import repository as jobs
from core.workshop.jobs import services
from core.workshop.locations import repository as locations
from core.workshop.photos import repository as photos
from core.workshop.photos.imaging import SIZES
from core.workshop.photos.services import add_photo, share_with_customer
from core.workshop.planning import repository as planning_repository
from core.workshop.planning import services as planning
from core.workshop.planning.models import KINDS

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
_PRIVATE_FOR_A_DAY = {"Cache-Control": "private, max-age=86400", "Vary": "Cookie"}


@post("/desk/jobs/{job_id:uuid}/status", guards=[requires("jobs.edit")])
async def set_status(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Redirect:
    """Move the job to a status; *Undo* moves it back."""
    values = await form_values(request)
    viewer = await viewer_in(request)
    before = (await jobs.by_id(session, job_id)).status
    wanted = str((values.getlist("status") or [""])[0])
    await services.set_status(session, job_id, wanted, viewer.actor)
    undo = f"/desk/jobs/{job_id}/status/{before}" if before != wanted else None
    return redirect(
        request, f"/desk/jobs/{job_id}", flash=Flash(_("Status changed."), undo_href=undo)
    )


@post("/desk/jobs/{job_id:uuid}/status/{status:str}", guards=[requires("jobs.edit")])
async def put_status_back(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], status: FromPath[str]
) -> Redirect:
    """*Undo* of a status."""
    viewer = await viewer_in(request)
    await services.set_status(session, job_id, status, viewer.actor)
    return redirect(request, f"/desk/jobs/{job_id}", flash=Flash(_("Undone.")))


@post("/desk/jobs/{job_id:uuid}/informed", guards=[requires("jobs.edit")])
async def client_informed(
    request: AnyRequest, session: Session, job_id: FromPath[UUID]
) -> Redirect:
    """Note that the client was informed."""
    viewer = await viewer_in(request)
    await services.tell_client_informed(session, job_id, viewer.actor)
    return redirect(
        request, f"/desk/jobs/{job_id}", flash=Flash(_("Noted: the client is informed."))
    )


@post("/desk/jobs/{job_id:uuid}/tasks/{task_id:uuid}", guards=[requires("tasks.work")])
async def set_task(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], task_id: FromPath[UUID]
) -> Redirect:
    """Start, hold, finish or skip a task."""
    values = await form_values(request)
    viewer = await viewer_in(request)
    state = str((values.getlist("state") or [""])[0])
    await services.set_task_state(session, job_id, task_id, state, viewer.actor)
    return redirect(request, f"/desk/jobs/{job_id}#tasks")


@post(
    "/desk/jobs/{job_id:uuid}/photos",
    guards=[requires("photos.add")],
    opt=HANDLER_OPTIONS,
    request_max_body_size=None,
)
async def add_photos(
    request: AnyRequest, session: Session, job_id: FromPath[UUID]
) -> Page | Response[Any]:
    """Photos from the desk or a tablet."""
    viewer = await viewer_in(request)
    async with receive_upload(request) as submission:
        intake = await take_in(submission)
        await jobs.by_id(session, job_id)
        for name, examined in intake.photos:
            await add_photo(session, job_id, examined, name=name, source="desk", actor=viewer.actor)
    count = await photos.count_of_job(session, job_id)
    if wants_json(request):
        if intake.problems:
            return Response({"error": " ".join(intake.problems)}, status_code=422)
        return Response({"count": count}, status_code=201)
    if intake.problems or not intake.photos:
        problems = intake.problems or [_("Please choose at least one photo.")]
        return await render_card(request, session, job_id, status_code=422, problems=problems)
    text = ngettext("%(num)s photo added.", "%(num)s photos added.", len(intake.photos))
    return redirect(request, f"/desk/jobs/{job_id}#photos", flash=Flash(text))


@post("/desk/photos/{photo_id:uuid}/share", guards=[requires("jobs.edit")])
async def share_photo(request: AnyRequest, session: Session, photo_id: FromPath[UUID]) -> Redirect:
    """Show a photo on the customer's status page, or no longer."""
    values = await form_values(request)
    shared = values.getlist("shared") == ["yes"]
    photo = await share_with_customer(session, photo_id, shared=shared)
    text = _("The customer sees this photo.") if shared else _("The photo is private again.")
    return redirect(request, f"/desk/jobs/{photo.job_id}#photos", flash=Flash(text))


@get("/desk/photos/{photo_id:uuid}/{size:str}", guards=[requires("jobs.view")])
async def photo(
    request: AnyRequest, session: Session, photo_id: FromPath[UUID], size: FromPath[str]
) -> Response[bytes]:
    """A rendition; the original is never served."""
    return await serve_rendition(request, session, photo_id, size)


async def serve_rendition(
    request: AnyRequest, session: AsyncSession, photo_id: UUID, size: str
) -> Response[bytes]:
    """The bytes of a rendition, for those whom the caller has let in.

    Raises:
        NotFoundException: no such photo or size, or the worker has not drawn it yet.
    """
    if size not in SIZES:
        raise NotFoundException
    found = await photos.by_id(session, photo_id)
    rendition = found.renditions.get(size)
    if rendition is None:
        raise NotFoundException
    try:
        body = await resources_of(request).storage.get_bytes(
            tenant_of(request).id, rendition["key"]
        )
    except ObjectMissing:
        raise NotFoundException from None
    return Response(body, media_type="image/webp", headers=_PRIVATE_FOR_A_DAY)


@get("/desk/jobs/{job_id:uuid}/appointment/{kind:str}", guards=[requires("planning.edit")])
async def appointment_page(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], kind: FromPath[str]
) -> Page:
    """Free times for a job."""
    return await _slots(request, session, job_id, kind)


@post("/desk/jobs/{job_id:uuid}/appointment/{kind:str}", guards=[requires("planning.edit")])
async def book_appointment(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], kind: FromPath[str]
) -> Page | Redirect:
    """Take a slot for the customer."""
    values = await form_values(request)
    viewer = await viewer_in(request)
    chosen = parse_moment((values.getlist("slot") or [""])[0])
    if kind not in KINDS:
        raise NotFoundException
    if chosen is None:
        return await _slots(
            request, session, job_id, kind, _("Please choose a time."), status_code=422
        )
    try:
        async with session.begin_nested():
            await planning.book(session, job_id, kind, chosen, viewer.actor)
    except planning.SlotAlreadyTaken as refusal:
        return await _slots(
            request, session, job_id, kind, _(refusal.message), status_code=refusal.status_code
        )
    return redirect(request, f"/desk/jobs/{job_id}", flash=Flash(_("The appointment is booked.")))


@post("/desk/appointments/{appointment_id:uuid}/cancel", guards=[requires("planning.edit")])
async def cancel_appointment(
    request: AnyRequest, session: Session, appointment_id: FromPath[UUID]
) -> Redirect:
    """Give a slot back."""
    viewer = await viewer_in(request)
    appointment = await planning_repository.by_id(session, appointment_id, lock=True)
    await planning.cancel(session, appointment, viewer.actor)
    return redirect(
        request,
        f"/desk/jobs/{appointment.job_id}",
        flash=Flash(_("The appointment is cancelled. Please tell the customer.")),
    )


async def _slots(
    request: AnyRequest,
    session: AsyncSession,
    job_id: UUID,
    kind: str,
    problem: str | None = None,
    *,
    status_code: int = 200,
) -> Page:
    if kind not in KINDS:
        raise NotFoundException
    job = await jobs.by_id(session, job_id)
    location = await locations.by_id(session, job.location_id)
    return page(
        request,
        "core/planning/book.html",
        job=job,
        kind=kind,
        days=await planning.free_days(session, location, kind),
        problem=problem,
        status_code=status_code,
    )


def parse_moment(text: str) -> datetime | None:
    """A slot's value from a form: ISO 8601 with an offset, else None."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


HANDLERS = [
    set_status,
    put_status_back,
    client_informed,
    set_task,
    add_photos,
    share_photo,
    photo,
    appointment_page,
    book_appointment,
    cancel_appointment,
]
