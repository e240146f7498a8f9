"""The questions of *Make appointment for estimate*: their order, their pages, the draft."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from litestar import Request
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.web import cookies
from core.web.forms import Form
from core.web.rendering import Page
from core.web.resources import resources_of
from core.workshop.locations import repository as locations
from core.workshop.planning import services as planning
from core.workshop.vehicles.plates import display_plate, normalise_plate, plate_warning
from plugins.self_service_portal import repository, services
from plugins.self_service_portal.forms import ZONES, ContactForm, DamageForm, VehicleForm
from plugins.self_service_portal.models import Draft
from plugins.self_service_portal.pages import page

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
    settings = resources_of(request).settings
    secret = request.cookies.get(cookies.cookie_name(settings, COOKIE))
    if not secret:
        return None
    return await repository.draft_by_secret(session, services.secret_hash(secret), now(), lock=lock)


def first_open(draft: Draft | None) -> str:
    """The first question without an answer, else the check page."""
    answered = draft.answers if draft else {}
    return next((step for step in STEPS if step not in answered), "check")


def following(draft: Draft, step: str) -> str:
    """The next open question; back to the check page where all are answered."""
    open_step = first_open(draft)
    return open_step if STEPS.index(open_step) > STEPS.index(step) else "check"


async def show_step(
    request: AnyRequest,
    session: AsyncSession,
    draft: Draft | None,
    step: str,
    *,
    form: Form | None = None,
    problems: list[str] | None = None,
    status_code: int = 200,
) -> Page:
    """The page of a question, with what was answered so far."""
    answers = draft.answers if draft else {}
    values: dict[str, Any] = {
        "step": step,
        "number": STEPS.index(step) + 1,
        "of": len(STEPS),
        "back": STEPS[STEPS.index(step) - 1] if step != "vehicle" else None,
        "answers": answers,
        "problems": problems or [],
        "zone_labels": dict(ZONES),
        "chosen": None,
        **_plate(answers.get("vehicle")),
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
    return page(request, f"estimate/{step}.html", status_code=status_code, **values)


def _plate(vehicle: Mapping[str, str] | None) -> Mapping[str, Any]:
    """The plate as it stands on the car, and whether it looks unusual for its country."""
    if vehicle is None:
        return {"plate": "", "unusual": False}
    plate, country = vehicle["plate"], vehicle["country"]
    return {
        "plate": display_plate(normalise_plate(plate), country, plate),
        "unusual": plate_warning(plate, country) == "unusual",
    }
