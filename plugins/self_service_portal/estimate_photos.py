"""The photos of a request for an estimate: sent in, and taken back before it is sent."""

from typing import Any
from uuid import UUID

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.i18n import gettext as _
from core.web.error_pages import wants_json
from core.web.photo_uploads import Intake, take_in
from core.web.rendering import Page, redirect
from core.web.uploads import HANDLER_OPTIONS, receive_upload
from plugins.self_service_portal import repository, services
from plugins.self_service_portal.estimate_steps import following, open_draft, show_step
from plugins.self_service_portal.models import Draft
from plugins.self_service_portal.pages import option

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]


@post(
    "/{lang:str}/estimate/photos",
    opt=option("estimate", **HANDLER_OPTIONS),
    request_max_body_size=None,
)
async def send_photos(
    request: AnyRequest, session: Session, lang: FromPath[str]
) -> Page | Redirect | Response[Any]:
    """Photos of the damage; none is fine, they can be added later."""
    async with receive_upload(request) as submission:
        intake = await take_in(submission)
        draft = await open_draft(request, session, lock=True)
        if draft is None or draft.job_id is not None:
            return _draft_is_gone(request, lang)
        await _keep(session, draft, intake)
    if wants_json(request):
        if intake.problems:
            return Response({"error": " ".join(intake.problems)}, status_code=422)
        count = await repository.count_photos(session, draft.id)
        return Response({"count": count}, status_code=201)
    if intake.problems:
        return await show_step(
            request, session, draft, "photos", problems=intake.problems, status_code=422
        )
    services.answer(draft, "photos", {"asked": True})
    return redirect(request, f"/{lang}/estimate/{following(draft, 'photos')}")


@post("/{lang:str}/estimate/photos/{photo_id:uuid}/remove", opt=option("estimate"))
async def remove_photo(
    request: AnyRequest, session: Session, lang: FromPath[str], photo_id: FromPath[UUID]
) -> Redirect:
    """A wrong photo is not sent."""
    draft = await open_draft(request, session, lock=True)
    if draft is None or draft.job_id is not None:
        return redirect(request, f"/{lang}/estimate")
    await services.remove_photo(session, draft, photo_id)
    return redirect(request, f"/{lang}/estimate/photos")


async def _keep(session: AsyncSession, draft: Draft, intake: Intake) -> None:
    for name, examined in intake.photos:
        try:
            await services.keep_photo(session, draft, name, examined)
        except services.TooManyDraftPhotos as refusal:
            intake.problems.append(_(refusal.message, **refusal.values))
            return


def _draft_is_gone(request: AnyRequest, lang: str) -> Redirect | Response[Any]:
    if wants_json(request):
        text = _("This request has been sent or has expired. Please start again.")
        return Response({"error": text}, status_code=410)
    return redirect(request, f"/{lang}/estimate")


HANDLERS = [send_photos, remove_photo]
