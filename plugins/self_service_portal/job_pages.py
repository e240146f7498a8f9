"""Pages for customers who have a job: who they are, and its pictures."""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.i18n import gettext as _
from core.web.dependencies import session_for_guard
from core.web.forms import form_values
from core.web.photo_uploads import Intake, take_in
from core.web.puzzles import offer_puzzle
from core.web.rendering import Page, redirect
from core.web.resumable import owner_mark
from core.web.uploads import HANDLER_OPTIONS, Submission, receive_upload
from core.workshop.jobs.models import Job
from core.workshop.jobs.numbers import LENGTH, display_public_number, normalise_public_number
from core.workshop.photos import repository as photos
from plugins.self_service_portal.forms import IdentifyForm
from plugins.self_service_portal.identity import key_to, let_in, opened_job, visit_of, watched
from plugins.self_service_portal.job_uploads import uploader
from plugins.self_service_portal.pages import option, page
from plugins.self_service_portal.settings import settings
from plugins.self_service_portal.time_is_up import Opened, opened_or_asked, place_in
from plugins.self_service_portal.visit_photos import add_to_job, sent_in

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Answer = Page | Redirect
_NEXT = {"pictures": "pictures/add", "status": "status/job", "repair": "repair/time"}


def _ask(
    request: AnyRequest, entry: str, form: IdentifyForm, place: str, status_code: int = 200
) -> Page:
    return page(
        request,
        "identify.html",
        entry=entry,
        form=form,
        place=place,
        status_code=status_code,
    )


def _with_number(request: AnyRequest) -> IdentifyForm:
    """The form, with the number of the short address on a job's paper: only the plate is left
    to be typed."""
    number = normalise_public_number(request.query_params.get("number", ""))
    known = display_public_number(number) if len(number) == LENGTH else ""
    return IdentifyForm(data={"number": known})


async def _begin(request: AnyRequest, entry: str) -> Page:
    await offer_puzzle(request, *watched(request))
    return _ask(request, entry, _with_number(request), place_in(request.query_params.get("to", "")))


async def _let_in(request: AnyRequest, session: AsyncSession, lang: str, entry: str) -> Answer:
    values = await form_values(request)
    if "reset" in values:
        return redirect(request, f"/{lang}/{entry}")
    form, place = IdentifyForm(values), place_in(str((values.getlist("to") or [""])[0]))
    job, status_code = await let_in(request, session, form, values)
    if job is None:
        return _ask(request, entry, form, place, status_code)
    return redirect(request, f"/{lang}/{place or _NEXT[entry]}", cookies_=[key_to(request, job)])


@get("/{lang:str}/pictures", opt=option("pictures"))
async def pictures(request: AnyRequest) -> Page:
    """*Add pictures*: who are you?"""
    return await _begin(request, "pictures")


@post("/{lang:str}/pictures", opt=option("pictures"))
async def pictures_next(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """*Next »*."""
    return await _let_in(request, session, lang, "pictures")


@get("/{lang:str}/status", opt=option("status"))
async def status(request: AnyRequest) -> Page:
    """*View repair status*: who are you?"""
    return await _begin(request, "status")


@post("/{lang:str}/status", opt=option("status"))
async def status_next(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """*Next »*."""
    return await _let_in(request, session, lang, "status")


@get("/{lang:str}/repair", opt=option("repair"))
async def repair(request: AnyRequest) -> Page:
    """*Make appointment for repair*: who are you?"""
    return await _begin(request, "repair")


@post("/{lang:str}/repair", opt=option("repair"))
async def repair_next(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """*Next »*."""
    return await _let_in(request, session, lang, "repair")


@get("/{lang:str}/pictures/add", opt=option("pictures"))
async def add_page(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """Choose photos."""
    job = await opened_job(request, session)
    if job is None:
        return redirect(request, f"/{lang}/pictures")
    return await _add(request, session, job, [])


@post(
    "/{lang:str}/pictures/add",
    opt=option("pictures", **HANDLER_OPTIONS),
    request_max_body_size=None,
)
async def add_pictures(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """Photos arrive: straight into the job."""
    async with receive_upload(request) as submission:
        intake = await _take_in(request, submission)
        opened = await opened_or_asked(
            request, session, submission.values, files=len(submission.files)
        )
        if not isinstance(opened, Opened):
            return opened
        job = opened.job
        if opened.is_again:
            return await _add(request, session, job, [])
        added = 0
        try:
            async with session.begin_nested():
                for photo in intake.photos:
                    await add_to_job(session, job, photo, visit_of(request))
            added = len(intake.photos)
        except Refused as refusal:
            intake.problems.append(_(refusal.message, **refusal.values))
    if intake.problems:
        return await _add(request, session, job, intake.problems, status_code=422, added=added)
    if not intake.photos and not await photos.count_of_job(session, job.id):
        problems = [_("Please choose at least one photo.")]
        return await _add(request, session, job, problems, status_code=422)
    return redirect(request, f"/{lang}/pictures/done")


@get("/{lang:str}/pictures/done", opt=option("pictures"))
async def pictures_done(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """Thank you."""
    job = await opened_job(request, session)
    if job is None:
        return redirect(request, f"/{lang}/pictures")
    return page(
        request,
        "pictures_done.html",
        job=job,
        sent=await sent_in(session, job, visit_of(request)),
        count=await photos.count_of_job(session, job.id),
    )


async def _take_in(request: AnyRequest, submission: Submission) -> Intake:
    """The photos, looked at only for whoever has a job open; no connection to PostgreSQL waits
    meanwhile."""
    async with session_for_guard(request) as session:
        is_open = await opened_job(request, session) is not None
    return await take_in(submission) if is_open else Intake()


async def _add(
    request: AnyRequest,
    session: AsyncSession,
    job: Job,
    problems: list[str],
    *,
    status_code: int = 200,
    added: int = 0,
) -> Page:
    return page(
        request,
        "pictures_add.html",
        job=job,
        problems=problems,
        added=added,
        tiles=settings().photo_tiles,
        upload_key=owner_mark(uploader(job)),
        sent=await sent_in(session, job, visit_of(request)),
        count=await photos.count_of_job(session, job.id),
        status_code=status_code,
    )


HANDLERS = [
    pictures,
    pictures_next,
    status,
    status_next,
    repair,
    repair_next,
    add_page,
    add_pictures,
    pictures_done,
]
