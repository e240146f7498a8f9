"""How long a vehicle has been inside, in bands that people can see at a glance."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Literal

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


@dataclass(frozen=True, slots=True)
class BandEdges:
    """The bands as moments of arrival: who came before `long_before` is there for long."""

    ageing_before: datetime
    long_before: datetime

    def bounds(self, arrived_at: Any, band: str) -> list[Any]:
        """Conditions on a column for one of `fresh`, `ageing` and `long`."""
        if band == "long":
            return [arrived_at < self.long_before]
        if band == "ageing":
            return [arrived_at < self.ageing_before, arrived_at >= self.long_before]
        return [arrived_at >= max(self.ageing_before, self.long_before)]


def band_edges(wishes: PresenceSettings) -> BandEdges:
    """Where the bands begin today: at midnights of the garage's own calendar."""
    zone = current_tenant().zone
    today = now().astimezone(zone).date()

    def midnight(days_ago: int) -> datetime:
        return datetime.combine(today - timedelta(days=days_ago), time(), zone)

    return BandEdges(midnight(wishes.ageing_after_days - 1), midnight(wishes.stale_after_days))


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
