"""A job's history in words."""

from collections.abc import Sequence
from datetime import datetime

from core.hooks.contributions import TimelineEntry
from core.i18n import format_datetime
from core.i18n import gettext as _
from core.tenancy.context import current_tenant
from core.web.words import appointment_label, localised, status_label, task_state_label
from core.workshop.jobs.models import JobEvent, JobTask

_PHOTOS = {"photo_added": 1, "photo_removed": -1}


def entries_of(events: Sequence[JobEvent], tasks: Sequence[JobTask]) -> list[TimelineEntry]:
    """Lines for the kinds of event that core writes; plugins describe their own."""
    labels = {task.key: localised(task.labels) for task in tasks}
    described = []
    photos = 0
    for event in events:
        if event.kind in _PHOTOS:
            photos += _PHOTOS[event.kind]
            continue
        line = _describe(event, labels)
        if line is not None:
            described.append(TimelineEntry(event.at, line[0], line[1]))
    newest = next((event.at for event in events if event.kind == "photo_added"), None)
    if newest is not None and photos:
        text = _("Photos received: %(count)s", count=photos)
        described.append(TimelineEntry(newest, text, "camera"))
    return described


def in_order(entries: Sequence[TimelineEntry]) -> list[TimelineEntry]:
    """Newest first."""
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _describe(event: JobEvent, labels: dict[str, str]) -> tuple[str, str] | None:
    details = event.details
    actor = event.actor if event.actor != "customer" else _("the customer")
    if event.kind == "job_created":
        return _("Job opened by %(who)s", who=actor), "plus"
    if event.kind == "status_changed":
        return _(
            "Status: %(status)s (%(who)s)", status=status_label(details["after"]), who=actor
        ), "info"
    if event.kind == "client_informed":
        return _("Client informed by %(who)s", who=actor), "phone"
    if event.kind.startswith("task_"):
        return _task(event, labels, actor)
    if event.kind in {"appointment_booked", "appointment_moved", "appointment_cancelled"}:
        return _appointment(event, actor), "calendar"
    return None


def _task(event: JobEvent, labels: dict[str, str], actor: str) -> tuple[str, str]:
    details = event.details
    values = {"task": labels.get(details["task"], details["task"]), "who": actor}
    if event.kind != "task_assigned":
        state = task_state_label(event.kind.removeprefix("task_"))
        return _("%(task)s: %(state)s (%(who)s)", **values, state=state), "wrench"
    if details["to"] is None:
        return _("%(task)s: given back (%(who)s)", **values), "user"
    return _("%(task)s: for %(person)s (%(who)s)", **values, person=details["to"]), "user"


def _appointment(event: JobEvent, actor: str) -> str:
    moment = datetime.fromisoformat(event.details["starts_at"])
    values = {
        "kind": appointment_label(event.details.get("kind", "")) or _("Appointment"),
        "when": format_datetime(moment, current_tenant().zone),
        "who": actor,
    }
    if event.kind == "appointment_booked":
        return _("%(kind)s on %(when)s booked by %(who)s", **values)
    if event.kind == "appointment_moved":
        return _("%(kind)s moved to %(when)s by %(who)s", **values)
    reason = event.details.get("reason")
    if reason:
        return _("%(kind)s on %(when)s cancelled by %(who)s: “%(reason)s”", **values, reason=reason)
    return _("%(kind)s on %(when)s cancelled by %(who)s", **values)
