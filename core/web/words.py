"""Words and tones for what the workshop stores as stable keys; templates have them as globals."""

from collections.abc import Mapping
from typing import Any

from core.hooks.manager import hooks
from core.hooks.manifest import in_language
from core.i18n import ENDONYMS, current_language, gettext_noop
from core.i18n import gettext as _
from core.web.colours import ink_on
from core.web.panels import draw_panel
from core.workshop.jobs.numbers import display_public_number
from core.workshop.jobs.stages import CLAIM_CAPACITIES
from core.workshop.vehicles.plates import display_plate

_TONES: Mapping[str, str] = {
    "new": "info",
    "planned": "neutral",
    "in_progress": "warning",
    "ready": "good",
    "delivered": "neutral",
    "invoiced": "neutral",
    "cancelled": "danger",
}
TASK_TONES: Mapping[str, str] = {
    "not_started": "neutral",
    "in_progress": "warning",
    "on_hold": "info",
    "finished": "good",
    "skipped": "neutral",
}


_STATUSES: Mapping[str, str] = {
    "new": gettext_noop("New"),
    "planned": gettext_noop("Planned"),
    "in_progress": gettext_noop("In progress"),
    "ready": gettext_noop("Ready"),
    "delivered": gettext_noop("Delivered"),
    "invoiced": gettext_noop("Invoiced"),
    "cancelled": gettext_noop("Cancelled"),
}


def status_label(status: str) -> str:
    """A job's status in the person's language."""
    return _(_STATUSES[status]) if status in _STATUSES else status


def status_tone(status: str) -> str:
    """The tone of a status; always shown beside its word."""
    return _TONES.get(status, "neutral")


def task_state_label(state: str) -> str:
    """A task's state in the person's language."""
    return {
        "not_started": _("Not started"),
        "in_progress": _("In progress"),
        "on_hold": _("On hold"),
        "finished": _("Finished"),
        "skipped": _("Skipped"),
    }.get(state, state)


def department_label(department: str | None) -> str:
    """A department in the person's language."""
    return {
        "reception": _("Reception"),
        "dis_assembly": _("Dis/assembly"),
        "bodywork": _("Bodywork"),
        "paint": _("Preparation/paint"),
    }.get(department or "", department or "")


def appointment_label(kind: str) -> str:
    """A kind of appointment in the person's language."""
    return {
        "estimate": _("Estimate"),
        "drop_off": _("Drop-off"),
        "pick_up": _("Pick-up"),
    }.get(kind, kind)


def view_label(view: str | None) -> str:
    """What a photo shows of the vehicle, in the person's language; empty where nobody said."""
    return {
        "front_left": _("Front left"),
        "front_right": _("Front right"),
        "rear_left": _("Rear left"),
        "rear_right": _("Rear right"),
        "close_up": _("Damage from close by"),
        "two_metres": _("Damage from 2 metres"),
        "odometer": _("Odometer"),
        "vin_plate": _("Chassis number plate (VIN)"),
    }.get(view or "", "")


def role_label(role: str) -> str:
    """A role in the person's language."""
    return {
        "owner": _("Owner"),
        "planner": _("Reception and planning"),
        "technician": _("Technician"),
        "accountant": _("Accountant"),
        "support": _("Support"),
    }.get(role, role)


def audit_labels() -> dict[str, str]:
    """What the actions of the garage's log are called; plugins name their own."""
    labels = {
        "job.changed": _("Job changed"),
        "job.status": _("Status changed"),
        "appointment.cancelled": _("Appointment cancelled"),
        "appointment.overbooked": _("Booked beyond capacity"),
        "customer.changed": _("Customer's details changed"),
        "jobs.exported": _("Jobs downloaded as a file"),
        "appointments.exported": _("Appointments downloaded as a file"),
        "customer.erased": _("Customer erased"),
        "customer.exported": _("Customer's data exported"),
        "location.added": _("Location added"),
        "location.renamed": _("Location renamed"),
        "location.hours": _("Opening hours changed"),
        "location.appointments": _("Appointment rules changed"),
        "location.papers": _("Address or VAT number changed"),
        "location.holidays": _("Public holidays changed"),
        "location.closed": _("Closed days added"),
        "location.opened": _("Closed days removed"),
        "staff.invited": _("Somebody invited"),
        "staff.let_in": _("Somebody let in again"),
        "staff.locked_out": _("Somebody locked out"),
        "staff.password_chosen": _("Password chosen"),
        "outbox.tried_again": _("Given-up mails and tasks tried again"),
        "support.entered": _("Support entered the garage"),
        "plugin_enabled": _("Plugin switched on"),
        "plugin_disabled": _("Plugin switched off"),
        "plugin_settings_changed": _("Plugin settings changed"),
    }
    for named in hooks().ask("audit_labels", language=current_language()):
        labels.update(named)
    return labels


def claim_label(capacity: str | None) -> str:
    """A claim capacity in the person's language."""
    return in_language(CLAIM_CAPACITIES.get(capacity or "", {}), current_language())


def plate_text(thing: Any) -> str:
    """The plate of a job (or a row of a list) as it stands on the car."""
    return display_plate(thing.plate_normalised, thing.plate_country, thing.plate)


def job_number(public_number: str) -> str:
    """The number that customers get, in groups."""
    return display_public_number(public_number)


def localised(texts: Mapping[str, str]) -> str:
    """A text that the garage wrote per language, in the person's."""
    return in_language(texts, current_language())


def endonym(language: str) -> str:
    """What the speakers of a language call it."""
    return ENDONYMS.get(language, language)


TEMPLATE_GLOBALS: Mapping[str, Any] = {
    "ink_on": ink_on,
    "status_label": status_label,
    "status_tone": status_tone,
    "task_state_label": task_state_label,
    "task_tones": TASK_TONES,
    "department_label": department_label,
    "appointment_label": appointment_label,
    "view_label": view_label,
    "role_label": role_label,
    "claim_label": claim_label,
    "plate_text": plate_text,
    "job_number": job_number,
    "localised": localised,
    "draw_panel": draw_panel,
    "endonym": endonym,
}
