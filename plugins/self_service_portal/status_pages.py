"""The status page: where the repair stands, what was said, and what the customer can do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.i18n import current_language, format_datetime
from core.i18n import gettext as _
from core.web.desk.job_actions import serve_rendition
from core.web.rendering import Page, redirect
from core.workshop.customers import repository as customers
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.models import Job
from core.workshop.locations import repository as locations
from core.workshop.photos import repository as photos
from core.workshop.planning import repository as planning
from core.workshop.planning.links import give_link
from core.workshop.planning.models import Appointment
from core.workshop.planning.services import can_be_changed
from plugins.self_service_portal import (
    mail_repository,
    message_repository,
    quote_repository,
    stage_wishes,
)
from plugins.self_service_portal.draft_photos import SOURCE
from plugins.self_service_portal.identity import opened_job
from plugins.self_service_portal.mail_models import Confirmation
from plugins.self_service_portal.pages import option, page
from plugins.self_service_portal.pick_up_pages import can_choose
from plugins.self_service_portal.progress import progress_of
from plugins.self_service_portal.quotes import seen
from plugins.self_service_portal.status_timeline import Told, timeline_of
from plugins.self_service_portal.talk_forms import MessageForm, WishForm

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]


@get("/{lang:str}/status/job", opt=option("status"))
async def job_status(request: AnyRequest, session: Session, lang: FromPath[str]) -> Page | Redirect:
    """Where the repair stands, in the garage's own words for its customers."""
    job = await opened_job(request, session)
    if job is None:
        return redirect(request, f"/{lang}/status")
    return await render_status(request, session, job)


@get("/{lang:str}/status/photos/{photo_id:uuid}/{size:str}", opt=option("status"))
async def shared_photo(request: AnyRequest, session: Session) -> Response[bytes]:
    """A photo that the garage shared with this customer, or that came from the customer."""
    job = await opened_job(request, session)
    photo_id, size = request.path_params["photo_id"], request.path_params["size"]
    if job is None:
        raise NotFoundException
    photo = await photos.by_id(session, photo_id)
    if photo.job_id != job.id or not (photo.shared_with_customer or photo.source == SOURCE):
        raise NotFoundException
    return await serve_rendition(request, session, photo_id, size)


async def render_status(
    request: AnyRequest,
    session: AsyncSession,
    job: Job,
    *,
    message_form: MessageForm | None = None,
    wish_form: WishForm | None = None,
    status_code: int = 200,
) -> Page:
    """The page, with a refused form still filled; opened, the garage's messages count as read."""
    tasks = await jobs.tasks_of(session, job.id)
    progress = progress_of(job, tasks)
    appointments = await planning.of_job(session, job.id)
    shown = await photos.of_job(session, job.id, for_customer=True, own_source=SOURCE)
    own = [each for each in shown if each.source == SOURCE]
    shared = [each for each in shown if each.source != SOURCE]
    talk = await message_repository.of_job(session, job.id)
    quotes = [seen(*row, job) for row in await quote_repository.of_job(session, job.id)]
    customer = await customers.by_id(session, job.customer_id)
    choice = await stage_wishes.choice_of(session, job.id)
    if any(each.author == "garage" and each.read_at is None for each in talk):
        await message_repository.mark_read(session, job.id, "garage", now())
    return page(
        request,
        "status.html",
        job=job,
        progress=progress,
        appointments=await _booked(session, job, appointments),
        can_choose_pick_up=can_choose(job) and not _is_booked(appointments, "pick_up"),
        photos=shared,
        own_photos=own,
        talk=talk,
        quotes=quotes,
        email=masked(customer.email),
        timeline=timeline_of(Told(job, progress, appointments, shared, talk, quotes)),
        message_form=message_form or await _message_form(request, session, appointments),
        wish_form=wish_form or WishForm(data={"choice": choice}),
        status_code=status_code,
    )


@dataclass(frozen=True, slots=True)
class BookedView:
    """An appointment that is still to come or was, with the address of its own page."""

    appointment: Appointment
    path: str
    changeable: bool
    is_past: bool
    asked: Confirmation | None


async def _booked(
    session: AsyncSession, job: Job, appointments: Sequence[Appointment]
) -> list[BookedView]:
    booked = [each for each in appointments if each.status == "booked"]
    places = {each.location_id for each in booked}
    known = {place: await locations.by_id(session, place) for place in places}
    asked = dict(await mail_repository.open_confirmations(session, job.id)) if booked else {}
    return [
        BookedView(
            each,
            f"/{current_language()}/appointment/{give_link(each)}",
            changeable=can_be_changed(known[each.location_id], each),
            is_past=each.starts_at <= now(),
            asked=asked.get(each),
        )
        for each in booked
    ]


async def _message_form(
    request: AnyRequest, session: AsyncSession, appointments: Sequence[Appointment]
) -> MessageForm:
    """The form; begun, where somebody comes to ask for another time (`?ask=`)."""
    wanted = request.query_params.get("ask")
    asked = next((each for each in appointments if str(each.id) == wanted), None)
    if asked is None:
        return MessageForm()
    zone = (await locations.by_id(session, asked.location_id)).zone
    when = format_datetime(asked.starts_at, zone, "EEEE d MMMM, HH:mm")
    text = _("I cannot come on %(time)s. These times suit me better:", time=when)
    return MessageForm(data={"body": f"{text} "})


def _is_booked(appointments: Sequence[Appointment], kind: str) -> bool:
    return any(each.status == "booked" and each.kind == kind for each in appointments)


def masked(email: str | None) -> str:
    """An address that its owner recognises and nobody else can write to; empty without one."""
    name, sign, host = (email or "").rpartition("@")
    return f"{name[:1]}…{sign}{host}" if sign else ""


HANDLERS = [job_status, shared_photo]
