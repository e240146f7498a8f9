"""The four things that a customer can do, and which of them are on."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.i18n import gettext as _
from plugins.self_service_portal.look import current_look
from plugins.self_service_portal.settings import PortalSettings, settings


@dataclass(frozen=True, slots=True)
class Entry:
    """One of the four things that a customer can do."""

    key: str
    label: str
    icon: str
    needs: str
    position: int


def entries() -> Sequence[Entry]:
    """Those that are shown, in the brief's order and in the current language."""
    four = (
        Entry(
            "estimate",
            _("Make appointment for estimate"),
            "calendar",
            _("You need your plate and, if you can, photos of the damage. About 3 minutes."),
            10,
        ),
        Entry(
            "repair",
            _("Make appointment for repair"),
            "wrench",
            _("You need your plate and your job number. About 1 minute."),
            20,
        ),
        Entry(
            "status",
            _("View repair status"),
            "search",
            _("You need your plate and your job number. About 1 minute."),
            30,
        ),
        Entry(
            "pictures",
            _("Add pictures"),
            "camera",
            _("You need your plate, your job number and your photos. About 2 minutes."),
            40,
        ),
    )
    wishes = settings()
    return [entry for entry in four if is_shown(wishes, entry.key)]


def is_shown(wishes: PortalSettings, key: str) -> bool:
    """Whether support left this entry visible, and the garage's owner too."""
    return bool(getattr(wishes, f"show_{key}")) and key not in current_look().hidden_entries
