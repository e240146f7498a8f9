"""How long a vehicle has been inside, in bands that people can see at a glance."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.clock import now
from core.i18n import gettext as _
from core.i18n import ngettext
from core.tenancy.context import current_tenant
from plugins.vehicle_presence.settings import PresenceSettings


@dataclass(frozen=True, slots=True)
class Band:
    """Days inside with a word, an icon and a tone: never a colour alone."""

    days: int
    text: str
    word: str
    icon: str
    tone: Literal["good", "warning", "danger"]


def days_inside(arrived_at: datetime) -> int:
    """Nights between arrival and now on the garage's own calendar."""
    zone = current_tenant().zone
    return (now().astimezone(zone).date() - arrived_at.astimezone(zone).date()).days


def band_of(arrived_at: datetime, wishes: PresenceSettings) -> Band:
    """The band of a stay that is still open."""
    days = days_inside(arrived_at)
    text = _("since today") if days == 0 else ngettext("%(num)s day", "%(num)s days", days)
    if days > wishes.stale_after_days:
        return Band(days, text, _("long"), "warning", "danger")
    if days >= wishes.ageing_after_days:
        return Band(days, text, _("ageing"), "clock", "warning")
    return Band(days, text, _("fresh"), "check", "good")
