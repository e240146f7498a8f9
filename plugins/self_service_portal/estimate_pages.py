"""*Make appointment for estimate*: one question per page, kept from the first answer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import Refused
from core.i18n import gettext as _
from core.web import cookies
from core.web.client_address import client_address
from core.web.desk.job_actions import parse_moment
from core.web.error_pages import wants_json
from core.web.forms import Form, form_values
from core.web.photo_uploads import take_in
from core.web.rendering import Page, page, redirect
from core.web.resources import resources_of, tenant_of
from core.web.uploads import HANDLER_OPTIONS, receive_upload
from core.workshop.jobs import repository as jobs
from core.workshop.locations import repository as locations
from core.workshop.planning import repository as planning_repository
from core.workshop.planning import services as planning
from core.workshop.vehicles.plates import plate_warning
from plugins.self_service_portal import repository, services
from plugins.self_service_portal.calendar import appointment_file
from plugins.self_service_portal.forms import ContactForm, DamageForm, VehicleForm
from plugins.self_service_portal.models import Draft
from plugins.self_service_portal.pages import option

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Answer = Page | Redirect
COOKIE = "portal-draft"
STEPS = ("vehicle", "damage", "photos", "time", "contact", "check")
FORMS: Mapping[str, type[Form]] = {
    "vehicle": VehicleForm,
    "damage": DamageForm,
    "contact": ContactForm,
}
NEW_DRAFTS = "30/hour"
_OPT = option("estimate")


async def open_draft(
    request: AnyRequest, session: AsyncSession, *, lock: bool = False
) -> Draft | None:
    """This browser's draft, or None."""
    settings = resources_of(request).settings
    secret = request.cookies.get(cookies.cookie_name(settings, COOKIE))
    if not secret:
        return None
    return await repository.draft_by_secret(session, services.secret_hash(secret), now(), lock=lock)


@get("/{lang:str}/estimate", opt=_OPT)
async def begin(request: AnyRequest, session: Session, lang: FromPath[str]) -> Redirect:
    """To the first question, or to where the draft stopped."""
    draft = await open_draft(request, session)
    step = "vehicle" if draft is None or draft.job_id else _first_open(draft)
    return redirect(request, f"/{lang}/estimate/{step}")


@post("/{lang:str}/estimate/restart", opt=_OPT)
async def restart(request: AnyRequest, session: Session, lang: FromPath[str]) -> Redirect:
    """*Start again*."""
    draft = await open_draft(request, session, lock=True)
    if draft is not None and draft.job_id is None:
        await services.forget_draft(session, draft)
    settings = resources_of(request).settings
    gone = cookies.our_cookie(settings, COOKIE, "", seconds=0)
    return redirect(request, f"/{lang}/estimate/vehicle", cookies_=[gone])


@get("/{lang:str}/estimate/done", opt=_OPT)
async def done(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """The job number, and what happens next."""
    draft = await open_draft(request, session)
    if draft is None or draft.job_id is None:
        return redirect(request, f"/{lang}/estimate")
    return page(
        request,
        "self_service_portal/estimate/done.html",
        job=await jobs.by_id(session, draft.job_id),
        email=draft.answers["contact"]["email"],
        appointment=await planning_repository.booked_of_job(session, draft.job_id, "estimate"),
    )


@get("/{lang:str}/estimate/calendar.ics", opt=_OPT)
async def calendar(request: AnyRequest, session: Session) -> Response[bytes]:
    """For the customer's own calendar."""
    draft = await open_draft(request, session)
    if draft is None or draft.job_id is None:
        raise NotFoundException
    booked = await planning_repository.booked_of_job(session, draft.job_id, "estimate")
    if booked is None:
        raise NotFoundException
    job = await jobs.by_id(session, draft.job_id)
    body = appointment_file(booked, job, resources_of(request).settings)
    return Response(body, media_type="text/calendar; charset=utf-8")


@get("/{lang:str}/estimate/{step:str}", opt=_OPT)
async def question(
    request: AnyRequest, session: Session, lang: FromPath[str], step: FromPath[str]
) -> Answer:
    """One question."""
    if step not in STEPS:
        raise NotFoundException
    draft = await open_draft(request, session)
    if draft is not None and draft.job_id is not None:
        if step != "vehicle":
            return redirect(request, f"/{lang}/estimate/done")
        draft = None
    if STEPS.index(step) > STEPS.index(_first_open(draft)):
        return redirect(request, f"/{lang}/estimate/{_first_open(draft)}")
    return await _show(request, session, draft, step)


@post(
    "/{lang:str}/estimate/photos",
    opt=option("estimate", **HANDLER_OPTIONS),
    request_max_body_size=None,
)
async def photos(
    request: AnyRequest, session: Session, lang: FromPath[str]
) -> Answer | Response[Any]:
    """Photos of the damage; none is fine, they can be added later."""
    async with receive_upload(request) as submission:
        intake = await take_in(submission)
        draft = await open_draft(request, session, lock=True)
        if draft is None or draft.job_id is not None:
            if wants_json(request):
                text = _("This request has been sent or has expired. Please start again.")
                return Response({"error": text}, status_code=410)
            return redirect(request, f"/{lang}/estimate")
        for name, examined in intake.photos:
            try:
                await services.keep_photo(session, draft, name, examined)
            except services.TooManyDraftPhotos as refusal:
                intake.problems.append(_(refusal.message, **refusal.values))
                break
    count = await repository.count_photos(session, draft.id)
    if wants_json(request):
        if intake.problems:
            return Response({"error": " ".join(intake.problems)}, status_code=422)
        return Response({"count": count}, status_code=201)
    if intake.problems:
        return await _show(
            request, session, draft, "photos", problems=intake.problems, status_code=422
        )
    services.answer(draft, "photos", {"asked": True})
    return redirect(request, f"/{lang}/estimate/{_following(draft, 'photos')}")


@post("/{lang:str}/estimate/time", opt=_OPT)
async def choose_time(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """A free slot."""
    draft = await open_draft(request, session, lock=True)
    if draft is None or draft.job_id is not None:
        return redirect(request, f"/{lang}/estimate")
    values = await form_values(request)
    chosen = parse_moment((values.getlist("slot") or [""])[0])
    if chosen is None:
        problems = [_("Please choose a time.")]
        return await _show(request, session, draft, "time", problems=problems, status_code=422)
    services.answer(draft, "time", {"slot": chosen.isoformat()})
    return redirect(request, f"/{lang}/estimate/{_following(draft, 'time')}")


@post("/{lang:str}/estimate/check", opt=_OPT)
async def send(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """Send it: a job, its photos, its appointment and a mail, or none of them."""
    draft = await open_draft(request, session, lock=True)
    if draft is None:
        return redirect(request, f"/{lang}/estimate")
    if draft.job_id is None:
        missing = _first_open(draft)
        if missing != "check":
            return redirect(request, f"/{lang}/estimate/{missing}")
        draft.language = lang
        try:
            async with session.begin_nested():
                await services.send_draft(session, draft)
        except Refused as refusal:
            problems = [_(refusal.message, **refusal.values)]
            await session.refresh(draft)
            step = "time" if isinstance(refusal, planning.SlotAlreadyTaken) else "check"
            return await _show(
                request,
                session,
                draft,
                step,
                problems=problems,
                status_code=refusal.status_code,
            )
    return redirect(request, f"/{lang}/estimate/done")


@post("/{lang:str}/estimate/{step:str}", opt=_OPT)
async def reply(
    request: AnyRequest, session: Session, lang: FromPath[str], step: FromPath[str]
) -> Answer:
    """An answer to one of the plain questions."""
    if step not in FORMS:
        raise NotFoundException
    values = await form_values(request)
    form = FORMS[step](values)
    draft = await open_draft(request, session, lock=True)
    if not form.validate():
        return await _show(request, session, draft, step, form=form, status_code=422)
    jar = []
    if draft is None or draft.job_id is not None:
        if step != "vehicle":
            return redirect(request, f"/{lang}/estimate/vehicle")
        draft, cookie = await _new_draft(request, session, lang)
        jar.append(cookie)
    services.answer(draft, step, _plain(form))
    return redirect(request, f"/{lang}/estimate/{_following(draft, step)}", cookies_=jar)


async def _new_draft(request: AnyRequest, session: AsyncSession, lang: str) -> tuple[Draft, Any]:
    limiter = resources_of(request).limiter
    key = ("portal-draft", str(tenant_of(request).id), client_address(request))
    if not await limiter.allows(NEW_DRAFTS, *key):
        raise TooManyDrafts
    draft, secret = await services.begin_draft(session, lang)
    settings = resources_of(request).settings
    seconds = int(services.DRAFT_LIFE.total_seconds())
    return draft, cookies.our_cookie(settings, COOKIE, secret, seconds=seconds)


class TooManyDrafts(Refused):
    """One address begins too many requests."""

    status_code = 429

    def __init__(self) -> None:
        super().__init__("Too many requests from your connection. Please call us instead.")


async def _show(
    request: AnyRequest,
    session: AsyncSession,
    draft: Draft | None,
    step: str,
    *,
    form: Form | None = None,
    problems: list[str] | None = None,
    status_code: int = 200,
) -> Page:
    answers = draft.answers if draft else {}
    values: dict[str, Any] = {
        "step": step,
        "number": STEPS.index(step) + 1,
        "of": len(STEPS),
        "back": STEPS[STEPS.index(step) - 1] if step != "vehicle" else None,
        "answers": answers,
        "problems": problems or [],
        "zone_labels": dict(DamageForm().zones.choices or []),
    }
    if step in FORMS:
        values["form"] = form if form is not None else FORMS[step](data=answers.get(step, {}))
    if step in {"photos", "check"}:
        values["photos"] = await repository.photos_of(session, draft.id) if draft else []
    if step == "time":
        location = await locations.first(session)
        values["days"] = await planning.free_days(session, location, "estimate")
    if "time" in answers:
        values["chosen"] = datetime.fromisoformat(answers["time"]["slot"])
    if "vehicle" in answers:
        vehicle = answers["vehicle"]
        values["unusual"] = plate_warning(vehicle["plate"], vehicle["country"]) == "unusual"
    return page(
        request,
        f"self_service_portal/estimate/{step}.html",
        status_code=status_code,
        **{"chosen": None, "unusual": False, **values},
    )


def _first_open(draft: Draft | None) -> str:
    answered = draft.answers if draft else {}
    return next((step for step in STEPS if step not in answered), "check")


def _following(draft: Draft, step: str) -> str:
    """The next open question; back to the check page where all are answered."""
    first_open = _first_open(draft)
    return first_open if STEPS.index(first_open) > STEPS.index(step) else "check"


def _plain(form: Form) -> dict[str, Any]:
    return {
        name: value.strip() if isinstance(value, str) else value
        for name, value in form.data.items()
    }


HANDLERS = [
    begin,
    restart,
    done,
    calendar,
    question,
    photos,
    choose_time,
    send,
    reply,
]
