"""The questions of *Make appointment for estimate*: their order, their pages, the draft."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.web import cookies
from core.web.forms import Form
from core.web.rendering import Page
from core.web.resources import resources_of
from core.web.resumable import owner_mark
from core.workshop.locations import repository as locations
from core.workshop.planning import services as planning
from core.workshop.planning.holds import hash_of
from core.workshop.planning.slots import Slot
from core.workshop.vehicles.plates import display_plate, normalise_plate, plate_warning
from plugins.self_service_portal import repository, services
from plugins.self_service_portal.forms import ZONES, ContactForm, DamageForm, VehicleForm
from plugins.self_service_portal.kept_times import owner_of_draft, state_of
from plugins.self_service_portal.models import Draft
from plugins.self_service_portal.pages import page
from plugins.self_service_portal.questions import asked, form_with, lacks
from plugins.self_service_portal.settings import settings

AnyRequest = Request[Any, Any, Any]
COOKIE = "portal-draft"
STEPS = ("vehicle", "damage", "photos", "time", "contact", "check")
FORMS: Mapping[str, type[Form]] = {
    "vehicle": VehicleForm,
    "damage": DamageForm,
    "contact": ContactForm,
}


async def open_draft(
    request: AnyRequest, session: AsyncSession, *, lock: bool = False
) -> Draft | None:
    """This browser's draft, or None."""
    secret = secret_in(request)
    if not secret:
        return None
    return await repository.draft_by_secret(session, services.secret_hash(secret), now(), lock=lock)


def secret_in(request: AnyRequest) -> str:
    """The secret of this browser's cookie; empty without one."""
    return request.cookies.get(cookies.cookie_name(resources_of(request).settings, COOKIE), "")


def draft_cookie(request: AnyRequest, draft: Draft, secret: str) -> Cookie:
    """The cookie with which a browser comes back to its draft for as long as that is kept."""
    seconds = math.ceil((draft.expires_at - now()).total_seconds())
    return cookies.our_cookie(resources_of(request).settings, COOKIE, secret, seconds=seconds)


def first_open(draft: Draft | None) -> str:
    """The first question without an answer, else the check page."""
    answered = draft.answers if draft else {}
    return next(
        (step for step in STEPS if step not in answered or lacks(step, answered[step])), "check"
    )


def form_for(step: str) -> type[Form]:
    """The form of a plain question, with what the garage asks there too."""
    return form_with(FORMS[step], step)


def following(draft: Draft, step: str) -> str:
    """The next open question; back to the check page where all are answered."""
    open_step = first_open(draft)
    return open_step if STEPS.index(open_step) > STEPS.index(step) else "check"


def uploader(draft: Draft) -> str:
    """On whose behalf the browser of that draft sends files."""
    return f"draft:{draft.id}"


async def show_step(
    request: AnyRequest,
    session: AsyncSession,
    draft: Draft | None,
    step: str,
    *,
    form: Form | None = None,
    problems: list[str] | None = None,
    alternatives: Sequence[Slot] = (),
    status_code: int = 200,
) -> Page:
    """The page of a question, with what was answered so far. `alternatives` are offered in the
    place of a time that is gone."""
    values = await step_values(
        session, draft, step, form=form, problems=problems, alternatives=alternatives
    )
    return page(request, f"estimate/{step}.html", status_code=status_code, **values)


async def step_values(
    session: AsyncSession,
    draft: Draft | None,
    step: str,
    *,
    form: Form | None = None,
    problems: list[str] | None = None,
    alternatives: Sequence[Slot] = (),
) -> dict[str, Any]:
    """What the page of a question shows."""
    answers = draft.answers if draft else {}
    values: dict[str, Any] = {
        "step": step,
        "number": STEPS.index(step) + 1,
        "of": len(STEPS),
        "back": STEPS[STEPS.index(step) - 1] if step != "vehicle" else None,
        "answers": answers,
        "problems": problems or [],
        "zone_labels": dict(ZONES),
        "asked": asked(step),
        "chosen": None,
        "alternatives": alternatives,
        **_plate(answers.get("vehicle")),
    }
    if step in FORMS:
        known = answers.get(step, {})
        values["form"] = form if form is not None else form_for(step)(data=known)
    if step in {"photos", "check"}:
        values["photos"] = await repository.photos_of(session, draft.id) if draft else []
        values["tiles"] = settings().photo_tiles
        values["upload_key"] = owner_mark(uploader(draft)) if draft else ""
    if step == "time":
        location = await locations.first(session)
        owner = hash_of(owner_of_draft(draft.id)) if draft else None
        values["days"] = await planning.free_days(session, location, "estimate", holder=owner)
    if "time" in answers:
        values["chosen"] = datetime.fromisoformat(answers["time"]["slot"])
    if step == "check" and draft is not None:
        values |= await _time_of(session, draft, values["chosen"], alternatives)
    return values


async def _time_of(
    session: AsyncSession, draft: Draft, chosen: datetime, alternatives: Sequence[Slot]
) -> dict[str, Any]:
    """Whether the chosen time is still kept, or gone, and what else is free then."""
    if alternatives:
        return {"kept_until": None, "is_gone": True, "alternatives": alternatives}
    state = await state_of(
        session,
        await locations.first(session),
        "estimate",
        chosen,
        owner=owner_of_draft(draft.id),
    )
    return {
        "kept_until": state.kept_until,
        "is_gone": state.is_gone,
        "alternatives": state.alternatives,
    }


def _plate(vehicle: Mapping[str, str] | None) -> Mapping[str, Any]:
    """The plate as it stands on the car, and whether it looks unusual for its country."""
    if vehicle is None:
        return {"plate": "", "unusual": False}
    plate, country = vehicle["plate"], vehicle["country"]
    return {
        "plate": display_plate(normalise_plate(plate), country, plate),
        "unusual": plate_warning(plate, country) == "unusual",
    }
