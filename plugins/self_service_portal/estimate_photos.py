"""The photos of a request for an estimate: sent in, put in order, taken back before it is sent."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.i18n import gettext as _
from core.storage import ObjectMissing
from core.web.desk.job_actions import not_drawn_yet
from core.web.photo_uploads import Intake, ReceivedPhoto, resumable_photos, take_in
from core.web.rendering import Page, redirect
from core.web.resources import resources_of, tenant_of
from core.web.uploads import HANDLER_OPTIONS, receive_upload
from core.workshop.planning import holds
from plugins.self_service_portal import draft_photos, repository, services
from plugins.self_service_portal.estimate_steps import following, open_draft, show_step, uploader
from plugins.self_service_portal.kept_times import owner_of_draft
from plugins.self_service_portal.models import Draft
from plugins.self_service_portal.pages import option

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
_PRIVATE_FOR_A_DAY = {"Cache-Control": "private, max-age=86400", "Vary": "Cookie"}
_STEPS = {"earlier": -1, "later": 1}


class RequestIsGone(Refused):
    """There is no draft that a photo could be added to."""

    status_code = 410

    def __init__(self) -> None:
        super().__init__("This request has been sent or has expired. Please start again.")


@post(
    "/{lang:str}/estimate/photos",
    opt=option("estimate", **HANDLER_OPTIONS),
    request_max_body_size=None,
)
async def send_photos(
    request: AnyRequest, session: Session, lang: FromPath[str]
) -> Page | Redirect:
    """Photos of the damage; none is fine, they can be added later."""
    async with receive_upload(request) as submission:
        intake = await take_in(submission)
        draft = await _unsent(request, session)
        if draft is None:
            return redirect(request, f"/{lang}/estimate")
        await _keep(session, draft, intake)
    if intake.problems:
        return await show_step(
            request, session, draft, "photos", problems=intake.problems, status_code=422
        )
    services.answer(draft, "photos", {"asked": True})
    await holds.renew(session, "estimate", owner_of_draft(draft.id))
    return redirect(request, f"/{lang}/estimate/{following(draft, 'photos')}")


@post("/{lang:str}/estimate/photos/{photo_id:uuid}/remove", opt=option("estimate"))
async def remove_photo(
    request: AnyRequest, session: Session, lang: FromPath[str], photo_id: FromPath[UUID]
) -> Redirect:
    """A wrong photo is not sent."""
    draft = await _unsent(request, session)
    if draft is None:
        return redirect(request, f"/{lang}/estimate")
    await draft_photos.remove_photo(session, draft, photo_id)
    return redirect(request, f"/{lang}/estimate/photos#received")


@post(
    [f"/{{lang:str}}/estimate/photos/{{photo_id:uuid}}/{way}" for way in _STEPS],
    opt=option("estimate"),
)
async def move_photo(
    request: AnyRequest, session: Session, lang: FromPath[str], photo_id: FromPath[UUID]
) -> Redirect:
    """One place earlier or later."""
    draft = await _unsent(request, session)
    if draft is None:
        return redirect(request, f"/{lang}/estimate")
    way = str(request.scope["path"]).rpartition("/")[2]
    await draft_photos.move_photo(session, draft, photo_id, _STEPS[way])
    return redirect(request, f"/{lang}/estimate/photos#received")


@get("/{lang:str}/estimate/photos/{photo_id:uuid}/thumb", opt=option("estimate"))
async def thumb(request: AnyRequest, session: Session, photo_id: FromPath[UUID]) -> Response[bytes]:
    """The photo, small, for the browser that sent it; the original is never served."""
    draft = await open_draft(request, session)
    photo = await repository.photo_of(session, draft.id, photo_id) if draft else None
    if photo is None:
        raise NotFoundException
    if not photo.thumb:
        return not_drawn_yet()
    storage, garage = resources_of(request).storage, tenant_of(request).id
    try:
        body = await storage.get_bytes(garage, photo.thumb["key"])
    except ObjectMissing:
        raise NotFoundException from None
    return Response(body, media_type="image/webp", headers=_PRIVATE_FOR_A_DAY)


async def _unsent(request: AnyRequest, session: AsyncSession) -> Draft | None:
    """This browser's draft, locked, if it can still be changed."""
    draft = await open_draft(request, session, lock=True)
    return draft if draft is not None and draft.job_id is None else None


async def _keep(session: AsyncSession, draft: Draft, intake: Intake) -> None:
    for photo in intake.photos:
        try:
            await draft_photos.keep_photo(session, draft, photo)
        except draft_photos.TooManyDraftPhotos as refusal:
            intake.problems.append(_(refusal.message, **refusal.values))
            return


async def _uploader(request: AnyRequest, session: AsyncSession) -> str:
    draft = await open_draft(request, session)
    if draft is None or draft.job_id is not None:
        raise RequestIsGone
    return uploader(draft)


async def _keep_upload(request: AnyRequest, session: AsyncSession, photo: ReceivedPhoto) -> None:
    draft = await _unsent(request, session)
    if draft is None:
        raise RequestIsGone
    await draft_photos.keep_photo(session, draft, photo)


HANDLERS = [
    send_photos,
    remove_photo,
    move_photo,
    thumb,
    *resumable_photos(
        "/{lang:str}/estimate/uploads",
        authorise=_uploader,
        keep=_keep_upload,
        opt=option("estimate"),
    ),
]
