"""Why the clean-up asks a person, in words."""

from core.i18n import gettext as _


def reason_text(reason: str) -> str:
    """What is strange about a stay; `reason` is stored by the clean-up."""
    return {
        "ready": _("The work is done, but nobody noted a collection."),
        "cancelled": _("The job is cancelled, but the vehicle is still marked in."),
        "booked_out_unfinished": _("The book-out date is past, but the work is not finished."),
        "contradiction": _("The noted dates contradict the arrival."),
        "quiet": _("Nothing has happened to this job for a long time."),
    }.get(reason, reason)
