"""Where customers say when it suits them, and where the mail of a free time leads."""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.web.client_address import client_address
from core.web.forms import FormValues, form_values
from core.web.puzzles import Watched, offer_puzzle, require_answer
from core.web.rendering import Page, redirect
from core.web.resources import resources_of, tenant_of
from core.workshop.jobs import repository as jobs
from core.workshop.locations import repository as locations
from core.workshop.planning import services as planning
from core.workshop.planning.holds import hash_of
from core.workshop.vehicles.plates import normalise_plate
from plugins.self_service_portal import time_wish_repository as repository
from plugins.self_service_portal import time_wishes
from plugins.self_service_portal.entries import is_shown
from plugins.self_service_portal.estimate_steps import draft_cookie, open_draft, secret_in
from plugins.self_service_portal.forms import PlateForm
from plugins.self_service_portal.identity import ask_for_plate, check_plate, key_to, opened_job
from plugins.self_service_portal.pages import option, page
from plugins.self_service_portal.settings import settings
from plugins.self_service_portal.time_is_up import Opened, opened_or_asked, say_who_first
from plugins.self_service_portal.time_wish_form import TimeWishForm, wish_form
from plugins.self_service_portal.time_wish_models import TimeWish

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Answer = Page | Redirect
WISHES_PER_ADDRESS = "10/hour"


class TooManyWishes(Refused):
    """One address wishes too much."""

    status_code = 429

    def __init__(self) -> None:
        super().__init__("Too many requests from your connection. Please call us instead.")


class WrongPlate(Refused):
    """The plate is not the one of the wish."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("This plate does not belong to this link.", field="plate")


@get("/{lang:str}/estimate/wish", opt=option("estimate"))
async def estimate_wish(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """No time suits, or none is free: when would one?"""
    draft = await open_draft(request, session)
    if draft is None or draft.job_id is not None:
        return redirect(request, f"/{lang}/estimate")
    contact = draft.answers.get("contact", {})
    known = {name: contact.get(name, "") for name in ("name", "email", "phone")}
    form = wish_form(await locations.first(session), None, **known)
    await offer_puzzle(request, _wishes(request))
    return _show(request, "estimate", form)


@post("/{lang:str}/estimate/wish", opt=option("estimate"))
async def keep_estimate_wish(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """On the list."""
    draft = await open_draft(request, session, lock=True)
    if draft is None or draft.job_id is not None:
        return redirect(request, f"/{lang}/estimate")
    values = await form_values(request)
    form = wish_form(await locations.first(session), values)
    if not await _is_acceptable(request, form, values):
        return _show(request, "estimate", form, status_code=form.status_code)
    await time_wishes.wish_for_estimate(session, draft, form.wish(lang))
    cookie = draft_cookie(request, draft, secret_in(request))
    return redirect(request, f"/{lang}/estimate/wish/done", cookies_=[cookie])


@get("/{lang:str}/repair/wish", opt=option("repair"))
async def repair_wish(request: AnyRequest, session: Session) -> Answer:
    """The same for somebody who has a job."""
    job = await opened_job(request, session)
    if job is None:
        return say_who_first(request, "repair")
    form = wish_form(await locations.by_id(session, job.location_id), None)
    await offer_puzzle(request, _wishes(request))
    return _show(request, "repair", form)


@post("/{lang:str}/repair/wish", opt=option("repair"))
async def keep_repair_wish(request: AnyRequest, session: Session, lang: FromPath[str]) -> Answer:
    """On the list."""
    values = await form_values(request)
    opened = await opened_or_asked(request, session, values)
    if not isinstance(opened, Opened):
        return opened
    job = opened.job
    location = await locations.by_id(session, job.location_id)
    form = wish_form(location, values)
    if opened.is_again:
        await offer_puzzle(request, _wishes(request))
        return _show(request, "repair", form)
    if not await _is_acceptable(request, form, values):
        return _show(request, "repair", form, status_code=form.status_code)
    await time_wishes.wish_for_drop_off(session, job, form.wish(lang))
    return redirect(request, f"/{lang}/repair/wish/done")


@get("/{lang:str}/estimate/wish/done", opt=option("estimate"))
async def estimate_wish_done(request: AnyRequest) -> Page:
    """What happens next."""
    return page(request, "time_wish_done.html")


@get("/{lang:str}/repair/wish/done", opt=option("repair"))
async def repair_wish_done(request: AnyRequest) -> Page:
    """The same."""
    return page(request, "time_wish_done.html")


@get("/{lang:str}/wish/{secret:str}", opt={"public": True})
async def free_time(request: AnyRequest, session: Session, secret: FromPath[str]) -> Page:
    """A time is free, says the mail; nothing here says for whom."""
    wish = await _find(session, secret)
    return await _invite(request, session, wish, secret, PlateForm())


@post("/{lang:str}/wish/{secret:str}", opt={"public": True})
async def take_up(
    request: AnyRequest, session: Session, lang: FromPath[str], secret: FromPath[str]
) -> Answer:
    """On to the times, with everything that was answered before."""
    wish = await _find(session, secret, lock=True)
    values = await form_values(request)
    form = PlateForm(values)
    try:
        await _check_plate(request, session, wish, values)
    except Refused as refusal:
        form.add_refusal(refusal)
        return await _invite(request, session, wish, secret, form, status_code=refusal.status_code)
    if wish.job_id is not None:
        job = await jobs.by_id(session, wish.job_id)
        return redirect(request, f"/{lang}/repair/time", cookies_=[key_to(request, job)])
    draft, secret = await time_wishes.take_up(session, wish, lang)
    cookie = draft_cookie(request, draft, secret)
    return redirect(request, f"/{lang}/estimate", cookies_=[cookie])


async def _find(session: AsyncSession, secret: str, *, lock: bool = False) -> TimeWish:
    found = await repository.by_secret(session, hash_of(secret), lock=lock)
    if found is None or not is_shown(settings(), time_wishes.ENTRIES[found.kind]):
        raise NotFoundException
    return found


async def _is_acceptable(request: AnyRequest, form: TimeWishForm, values: FormValues) -> bool:
    """Whether the form is complete, and its address has not wished too often."""
    limit = _wishes(request)
    if not form.validate():
        await offer_puzzle(request, limit)
        return False
    try:
        await require_answer(request, values, limit)
        if not await resources_of(request).limiter.allows(limit.limit, *limit.key):
            raise TooManyWishes
    except Refused as refusal:
        form.refuse(refusal)
        return False
    return True


def _wishes(request: AnyRequest) -> Watched:
    key = ("portal-wish", str(tenant_of(request).id), client_address(request))
    return Watched(WISHES_PER_ADDRESS, key)


async def _check_plate(
    request: AnyRequest, session: AsyncSession, wish: TimeWish, values: FormValues
) -> None:
    if wish.job_id is not None:
        expected = (await jobs.by_id(session, wish.job_id)).plate_normalised
    else:
        expected = normalise_plate(wish.answers["vehicle"]["plate"])
    await check_plate(request, values, expected, WrongPlate)


def _show(request: AnyRequest, entry: str, form: TimeWishForm, *, status_code: int = 200) -> Page:
    return page(request, "time_wish.html", entry=entry, form=form, status_code=status_code)


async def _invite(
    request: AnyRequest,
    session: AsyncSession,
    wish: TimeWish,
    secret: str,
    form: PlateForm,
    *,
    status_code: int = 200,
) -> Page:
    await ask_for_plate(request)
    location = await time_wishes.place_of(session, wish)
    days = [] if wish.done_at else await planning.free_days(session, location, wish.kind)
    suiting = time_wishes.earliest_that_suits(wish, days, location.zone)
    return page(
        request,
        "time_is_free.html",
        entry=time_wishes.ENTRIES[wish.kind],
        is_done=wish.done_at is not None,
        earliest=suiting or (days[0].slots[0].starts_at if days else None),
        secret=secret,
        form=form,
        status_code=status_code,
    )


HANDLERS = [
    estimate_wish,
    keep_estimate_wish,
    repair_wish,
    keep_repair_wish,
    estimate_wish_done,
    repair_wish_done,
    free_time,
    take_up,
]
