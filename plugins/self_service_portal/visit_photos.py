"""Photos that this browser has just added to a job: shown to it, and taken back by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response
from sqlalchemy import Select, and_, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.web.desk.job_actions import serve_rendition
from core.web.photo_uploads import ReceivedPhoto
from core.web.rendering import redirect
from core.workshop.audit.services import CUSTOMER
from core.workshop.jobs.models import Job
from core.workshop.photos import repository as photos
from core.workshop.photos.models import Photo
from core.workshop.photos.services import add_photo, take_back_photo
from plugins.self_service_portal.draft_photos import SOURCE
from plugins.self_service_portal.identity import SECONDS, opened_job, visit_of
from plugins.self_service_portal.models import VisitPhoto
from plugins.self_service_portal.news import on_talk
from plugins.self_service_portal.pages import option

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
MANY = 500


@dataclass(frozen=True, slots=True)
class Sent:
    """A photo as the list of received ones shows it; `thumb` is empty until it is drawn."""

    id: UUID
    name: str
    view: str | None
    thumb: Mapping[str, Any]


async def add_to_job(session: AsyncSession, job: Job, photo: ReceivedPhoto, visit: str) -> None:
    """A customer's photo becomes one of the job's, and can be taken back in that visit. What the
    job has already stays whose it was.

    Raises:
        TooManyPhotos: as it says.
    """
    await photos.lock_photos_of(session, job.id)
    known = await photos.with_bytes(session, job.id, photo.examined.sha256)
    added = await add_photo(
        session,
        job.id,
        photo.examined,
        name=photo.name,
        source=SOURCE,
        actor=CUSTOMER,
        view=photo.view,
    )
    if known is None:
        session.add(VisitPhoto(photo_id=added.id, visit_hash=visit))
        await session.flush()
        await on_talk(session, job.id, "photos")


async def sent_in(session: AsyncSession, job: Job, visit: str) -> list[Sent]:
    """What came in a visit, oldest first."""
    found = await session.scalars(_of_visit(job, visit).order_by(Photo.id).limit(MANY))
    return [
        Sent(each.id, each.display_name, each.view, each.renditions.get("thumb", {}))
        for each in found
    ]


async def forget_visits(session: AsyncSession) -> None:
    """Once a visit is over, nobody needs to know what came in it."""
    over = now() - timedelta(seconds=SECONDS)
    await session.execute(delete(VisitPhoto).where(VisitPhoto.created_at < over))


@get("/{lang:str}/pictures/photos/{photo_id:uuid}/thumb", opt=option("pictures"))
async def thumb(request: AnyRequest, session: Session, photo_id: FromPath[UUID]) -> Response[bytes]:
    """A photo, small, for the browser that sent it."""
    photo = await _find(request, session, photo_id)
    if photo is None:
        raise NotFoundException
    return await serve_rendition(request, session, photo.id, "thumb")


@post("/{lang:str}/pictures/photos/{photo_id:uuid}/remove", opt=option("pictures"))
async def remove(
    request: AnyRequest, session: Session, lang: FromPath[str], photo_id: FromPath[UUID]
) -> Redirect:
    """A wrong photo goes again. Removed twice, it is gone once."""
    photo = await _find(request, session, photo_id)
    if photo is not None:
        await take_back_photo(session, photo, CUSTOMER)
    return redirect(request, f"/{lang}/pictures/add#received")


async def _find(request: AnyRequest, session: AsyncSession, photo_id: UUID) -> Photo | None:
    job = await opened_job(request, session)
    if job is None:
        return None
    return await session.scalar(_of_visit(job, visit_of(request)).where(Photo.id == photo_id))


def _of_visit(job: Job, visit: str) -> Select[Photo]:
    return (
        select(Photo)
        .join(
            VisitPhoto,
            and_(VisitPhoto.tenant_id == Photo.tenant_id, VisitPhoto.photo_id == Photo.id),
        )
        .where(Photo.job_id == job.id, VisitPhoto.visit_hash == visit)
    )


HANDLERS = [thumb, remove]
