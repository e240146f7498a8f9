"""Pages for customers who have a job: who they are, its status, its pictures."""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.i18n import gettext as _
from core.web.desk.job_actions import serve_rendition
from core.web.error_pages import wants_json
from core.web.forms import form_values
from core.web.photo_uploads import take_in
from core.web.rendering import Page, redirect
from core.web.uploads import HANDLER_OPTIONS, receive_upload
from core.workshop.audit.services import CUSTOMER
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.photos import repository as photos
from core.workshop.photos.services import add_photo
from core.workshop.planning import repository as planning_repository
from plugins.self_service_portal import services
from plugins.self_service_portal.forms import IdentifyForm
from plugins.self_service_portal.identity import identify, key_to, opened_job
from plugins.self_service_portal.pages import option, page
from plugins.self_service_portal.progress import progress_of

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Answer = Page | Redirect
_NEXT = {"pictures": "pictures/add", "status": "status/job", "repair": "repair/time"}


def _ask(request: AnyRequest, entry: str, form: IdentifyForm, status_code: int = 200) -> Page:
    return page(
        request,
        "identify.html",
        entry=entry,
        form=form,
        status_code=status_code,
    )


async def _let_in(request: AnyRequest, session: AsyncSession, lang: str, entry: str) -> Answer:
    values = await form_values(request)
    if "reset" in values:
        return redirect(request, f"/{lang}/{entry}")
    form = IdentifyForm(values)
    if not form.validate():
        return _ask(request, entry, form, 422)
    try:
        job = await identify(request, session, form.text("plate"), form.text("number"))
    except Refused as refusal:
        form.add_refusal(refusal)
        return _ask(request, entry, form, refusal.status_code)
    return redirect(request, f"/{lang}/{_NEXT[entry]}", cookies_=[key_to(request, job)])


@get("/{lang:str}/pictures", opt=option("pictures"))
async def pictures(request: AnyRequest) -> Page:
    """*Add pictures*: who are you?"""
    return _ask(request, "pictures", IdentifyForm())


@post("/{lang:str}/pictures", opt=option("pictures"))
async def pictures_next(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """*Next »*."""
    return await _let_in(request, session, lang, "pictures")


@get("/{lang:str}/status", opt=option("status"))
async def status(request: AnyRequest) -> Page:
    """*View repair status*: who are you?"""
    return _ask(request, "status", IdentifyForm())


@post("/{lang:str}/status", opt=option("status"))
async def status_next(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """*Next »*."""
    return await _let_in(request, session, lang, "status")


@get("/{lang:str}/repair", opt=option("repair"))
async def repair(request: AnyRequest) -> Page:
    """*Make appointment for repair*: who are you?"""
    return _ask(request, "repair", IdentifyForm())


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
async def add_pictures(
    request: AnyRequest, session: Session, lang: FromPath[str]
) -> Answer | Response[Any]:
    """Photos arrive: straight into the job."""
    async with receive_upload(request) as submission:
        intake = await take_in(submission)
        job = await opened_job(request, session)
        if job is None:
            return _session_over(request, f"/{lang}/pictures")
        try:
            async with session.begin_nested():
                for name, examined in intake.photos:
                    await add_photo(
                        session,
                        job.id,
                        examined,
                        name=name,
                        source=services.SOURCE,
                        actor=CUSTOMER,
                    )
        except Refused as refusal:
            intake.problems.append(_(refusal.message, **refusal.values))
    count = await photos.count_of_job(session, job.id)
    if wants_json(request):
        if intake.problems:
            return Response({"error": " ".join(intake.problems)}, status_code=422)
        return Response({"count": count}, status_code=201)
    if intake.problems:
        return await _add(
            request,
            session,
            job,
            intake.problems,
            status_code=422,
            added=len(intake.photos),
        )
    if not intake.photos and not count:
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
        count=await photos.count_of_job(session, job.id),
    )


@get("/{lang:str}/status/job", opt=option("status"))
async def job_status(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """Where the repair stands, in the garage's own words for its customers."""
    job = await opened_job(request, session)
    if job is None:
        return redirect(request, f"/{lang}/status")
    tasks = await jobs.tasks_of(session, job.id)
    appointments = await planning_repository.of_job(session, job.id)
    return page(
        request,
        "status.html",
        job=job,
        progress=progress_of(job, tasks),
        appointments=[each for each in appointments if each.status == "booked"],
        photos=await photos.of_job(session, job.id, for_customer=True),
    )


@get("/{lang:str}/status/photos/{photo_id:uuid}/{size:str}", opt=option("status"))
async def shared_photo(request: AnyRequest, session: Session) -> Response[bytes]:
    """A photo that the garage shared with this customer."""
    job = await opened_job(request, session)
    photo_id, size = request.path_params["photo_id"], request.path_params["size"]
    if job is None:
        raise NotFoundException
    photo = await photos.by_id(session, photo_id)
    if photo.job_id != job.id or not photo.shared_with_customer:
        raise NotFoundException
    return await serve_rendition(request, session, photo_id, size)


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
        count=await photos.count_of_job(session, job.id),
        status_code=status_code,
    )


def _session_over(request: AnyRequest, start: str) -> Redirect | Response[Any]:
    if wants_json(request):
        text = _("Two hours have passed. Please type your plate and job number again.")
        return Response({"error": text}, status_code=401)
    return redirect(request, start)


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
    job_status,
    shared_photo,
]
