"""Why the clean-up noted an exit or asks a person, in words."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from core.hooks.manifest import in_language
from core.i18n import current_language, format_date, format_datetime
from core.i18n import gettext as _
from core.tenancy.context import current_tenant


def reason_text(reason: str, evidence: Mapping[str, Any] | None = None) -> str:
    """Why a person is asked; `reason` is stored by the clean-up, a plugin's rule is known by
    the label that came with its evidence."""
    own = {
        "delivered": _("The vehicle was handed over, but is still marked in."),
        "booked_out": _("The book-out date is past, but the vehicle is still marked in."),
        "ready": _("The work is done, but nobody noted a collection."),
        "cancelled": _("The job is cancelled, but the vehicle is still marked in."),
        "booked_out_unfinished": _("The book-out date is past, but the work is not finished."),
        "contradiction": _(
            "The noted date lies before the vehicle was last known to be here, or in the future."
        ),
        "month_closed": _(
            "The vehicle seems to have left, but that month is closed in the VAT book."
        ),
        "refused": _("Another part of Garagist does not let it leave."),
        "quiet": _("Nothing has happened to this job for a long time."),
    }.get(reason)
    if own is not None:
        return own
    label = in_language((evidence or {}).get("label", {}), current_language())
    return label or _("Another part of Garagist thinks that the vehicle has left.")


def evidence_text(evidence: Mapping[str, Any] | None) -> str:
    """What says when a vehicle left."""
    if not evidence or "moment" not in evidence:
        return "–"
    moment = datetime.fromisoformat(evidence["moment"])
    when = format_datetime(moment, current_tenant().zone)
    booked_out = ""
    if "book_out_date" in evidence:
        day = date.fromisoformat(evidence["book_out_date"])
        booked_out = _("book-out date %(date)s", date=format_date(day, current_tenant().zone))
    if "status" in evidence:
        text = _("the job was delivered or invoiced on %(when)s", when=when)
        return f"{text}; {booked_out}" if booked_out else text
    if booked_out:
        return booked_out
    label = in_language(evidence.get("label", {}), current_language())
    return f"{label}, {when}" if label else when
