"""Customers' photos on their way straight into the job that they have opened."""

from typing import Any

from litestar import Request
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.web.photo_uploads import ReceivedPhoto, resumable_photos
from core.workshop.jobs.models import Job
from plugins.self_service_portal.identity import opened_job, visit_of
from plugins.self_service_portal.pages import option
from plugins.self_service_portal.visit_photos import add_to_job

AnyRequest = Request[Any, Any, Any]


class JobIsClosed(Refused):
    """This browser has no job open, or not any more."""

    status_code = 401

    def __init__(self) -> None:
        super().__init__("Two hours have passed. Please type your plate and job number again.")


def uploader(job: Job) -> str:
    """On whose behalf a customer of that job sends files."""
    return f"job:{job.id}:customer"


async def _opened(request: AnyRequest, session: AsyncSession) -> Job:
    job = await opened_job(request, session)
    if job is None:
        raise JobIsClosed
    return job


async def _uploader(request: AnyRequest, session: AsyncSession) -> str:
    return uploader(await _opened(request, session))


async def _keep_upload(request: AnyRequest, session: AsyncSession, photo: ReceivedPhoto) -> None:
    await add_to_job(session, await _opened(request, session), photo, visit_of(request))


HANDLERS = resumable_photos(
    "/{lang:str}/pictures/uploads",
    authorise=_uploader,
    keep=_keep_upload,
    opt=option("pictures"),
)
