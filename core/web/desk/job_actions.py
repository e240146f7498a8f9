"""What is done on the job card: status, tasks, photos."""

from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound, Refused
from core.i18n import gettext as _
from core.i18n import ngettext
from core.storage import ObjectMissing
from core.web.desk.job_pages import render_card, viewer_in
from core.web.error_pages import wants_json
from core.web.forms import form_values
from core.web.photo_uploads import ReceivedPhoto, resumable_photos, take_in
from core.web.rendering import Flash, Page, redirect
from core.web.resources import resources_of, tenant_of
from core.web.uploads import HANDLER_OPTIONS, receive_upload
from core.web.viewer import Viewer, requires
from core.workshop.jobs import assignments, services
from core.workshop.jobs import repository as jobs
from core.workshop.photos import repository as photos
from core.workshop.photos.imaging import MEDIA_TYPES, SIZES
from core.workshop.photos.services import add_photo, share_with_customer
from core.workshop.planning import repository as planning

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
_PRIVATE_FOR_A_DAY = {"Cache-Control": "private, max-age=86400", "Vary": "Cookie"}


class NobodyNamed(Refused):
    """A task was to be assigned without saying to whom, or that nobody does it."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("Please say who does this task.")


@post("/desk/jobs/{job_id:uuid}/status", guards=[requires("jobs.edit")])
async def set_status(request: AnyRequest, session: Session, job_id: FromPath[UUID]) -> Redirect:
    """Move the job to a status; *Undo* moves it back."""
    values = await form_values(request)
    viewer = await viewer_in(request)
    before = (await jobs.by_id(session, job_id)).status
    wanted = str((values.getlist("status") or [""])[0])
    ahead = await planning.is_expected(session, job_id)
    await services.set_status(session, job_id, wanted, viewer.actor)
    text = _("Status changed.")
    if wanted == "cancelled" and ahead:
        text = _("The job is cancelled, and so are its appointments.")
    undo = f"/desk/jobs/{job_id}/status/{before}" if before != wanted else None
    return redirect(request, f"/desk/jobs/{job_id}", flash=Flash(text, undo_href=undo))


@post("/desk/jobs/{job_id:uuid}/status/{status:str}", guards=[requires("jobs.edit")])
async def put_status_back(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], status: FromPath[str]
) -> Redirect:
    """*Undo* of a status."""
    viewer = await viewer_in(request)
    was_cancelled = (await jobs.by_id(session, job_id)).status == "cancelled"
    await services.set_status(session, job_id, status, viewer.actor)
    text = _("Undone.")
    if was_cancelled and await planning.is_expected(session, job_id, status="cancelled"):
        text = _("Undone. Its appointments stay cancelled: please book them again.")
    return redirect(request, f"/desk/jobs/{job_id}", flash=Flash(text))


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


@post("/desk/jobs/{job_id:uuid}/tasks/{task_id:uuid}/assignee", guards=[requires("tasks.work")])
async def assign_task(
    request: AnyRequest, session: Session, job_id: FromPath[UUID], task_id: FromPath[UUID]
) -> Redirect:
    """Somebody takes a task or gives it back; who may edit jobs says who else does it."""
    values = await form_values(request)
    await assignments.locked_task(session, job_id, task_id)
    if "staff" not in values:
        raise NobodyNamed
    text = str(values.getlist("staff")[0])
    try:
        staff_id = UUID(text) if text else None
    except ValueError:
        raise NotFound("staff member") from None
    viewer = await viewer_in(request)
    await assignments.assign_task(
        session, job_id, task_id, staff_id, viewer.actor, only_own=not viewer.may("jobs.edit")
    )
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
        for each in intake.photos:
            await _add(session, job_id, each, viewer)
    if wants_json(request):
        if intake.problems:
            return Response({"error": " ".join(intake.problems)}, status_code=422)
        return Response({"count": await photos.count_of_job(session, job_id)}, status_code=201)
    if intake.problems or not intake.photos:
        problems = intake.problems or [_("Please choose at least one photo.")]
        return await render_card(request, session, job_id, status_code=422, problems=problems)
    text = ngettext("%(num)s photo added.", "%(num)s photos added.", len(intake.photos))
    return redirect(request, f"/desk/jobs/{job_id}#photos", flash=Flash(text))


async def _uploader(request: AnyRequest, session: AsyncSession) -> str:
    viewer = await viewer_in(request)
    job = await jobs.by_id(session, request.path_params["job_id"])
    return f"job:{job.id}:{viewer.staff_id or viewer.name}"


async def _keep_upload(request: AnyRequest, session: AsyncSession, photo: ReceivedPhoto) -> None:
    await _add(session, request.path_params["job_id"], photo, await viewer_in(request))


async def _add(session: AsyncSession, job_id: UUID, photo: ReceivedPhoto, viewer: Viewer) -> None:
    await add_photo(
        session,
        job_id,
        photo.examined,
        name=photo.name,
        source="desk",
        actor=viewer.actor,
        view=photo.view,
    )


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
    """The bytes of a rendition, for those whom the caller has let in; nothing until the worker
    has drawn it.

    Raises:
        NotFoundException: no such photo or size, or it cannot be drawn.
    """
    if size not in SIZES:
        raise NotFoundException
    found = await photos.by_id(session, photo_id)
    if found.state == "received":
        return not_drawn_yet()
    rendition = found.renditions.get(size)
    if rendition is None:
        raise NotFoundException
    try:
        body = await resources_of(request).storage.get_bytes(
            tenant_of(request).id, rendition["key"]
        )
    except ObjectMissing:
        raise NotFoundException from None
    kind = MEDIA_TYPES[PurePosixPath(rendition["key"]).suffix]
    return Response(body, media_type=kind, headers=_PRIVATE_FOR_A_DAY)


def not_drawn_yet() -> Response[bytes]:
    """To who asks for a picture that the worker is still drawing. It is no mistake to ask: a page
    does so again and again, and browsers complain of an error each time."""
    return Response(b"", status_code=204, headers={"Cache-Control": "no-store"})


HANDLERS = [
    set_status,
    put_status_back,
    client_informed,
    set_task,
    assign_task,
    add_photos,
    *resumable_photos(
        "/desk/jobs/{job_id:uuid}/uploads",
        authorise=_uploader,
        keep=_keep_upload,
        guards=[requires("photos.add")],
    ),
    share_photo,
    photo,
]
