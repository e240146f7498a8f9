"""Pages with a garage's own words as a preview shows them: of a customer who is made up."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from core.clock import now
from core.hooks.contributions import TimelineEntry
from core.i18n import gettext as _
from core.tenancy.context import current_tenant
from plugins.self_service_portal.progress import Progress, Step
from plugins.self_service_portal.talk_forms import MessageForm, WishForm
from plugins.self_service_portal.time_wishes import KEPT_OPEN

SAMPLES = ("done", "status", "privacy")
_EMAIL = "jan@example.com"


def template_of(name: str) -> str:
    """The template of one of :data:`SAMPLES`, without its folder."""
    return "estimate/done.html" if name == "done" else f"{name}.html"


def values_of(name: str) -> dict[str, Any]:
    """What that page shows."""
    match name:
        case "done":
            return {
                "job": _job(),
                "email": _EMAIL,
                "appointment": SimpleNamespace(kind="estimate", starts_at=_next_week()),
                "confirm_until": None,
                "calendars": (),
                "form": None,
            }
        case "status":
            return _status()
        case _privacy:
            return {"wish_days": KEPT_OPEN.days}


def _status() -> dict[str, Any]:
    at_work = _("We are working on your vehicle.")
    step = Step(at_work, "now", now())
    return {
        "job": _job(),
        "progress": Progress(at_work, None, (step,), is_over=False),
        "email": _EMAIL,
        "message_form": MessageForm(),
        "wish_form": WishForm(),
        "can_choose_pick_up": False,
        "timeline": [TimelineEntry(now(), _("We have received your request."), "check")],
        **dict.fromkeys(("appointments", "photos", "own_photos", "talk", "quotes"), ()),
    }


def _job() -> Any:
    return SimpleNamespace(
        public_number="K7QX2M9D4",
        plate="1-ABC-123",
        plate_normalised="1ABC123",
        plate_country="BE",
        status="in_progress",
        estimated_completion=None,
    )


def _next_week() -> datetime:
    day = now().astimezone(current_tenant().zone) + timedelta(days=7)
    return day.replace(hour=10, minute=0, second=0, microsecond=0)
