"""What presence shows on core's pages."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any, cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.hooks.contributions import Badge, Panel, TimelineEntry
from core.i18n import gettext as _
from core.tenancy.context import current_tenant
from core.workshop.jobs import repository as jobs
from plugins.vehicle_presence import repository, services
from plugins.vehicle_presence.bands import band_of, days_inside
from plugins.vehicle_presence.cleanup.evidence import evidence_text


async def job_panels(session: AsyncSession, job_id: UUID) -> list[Panel]:
    """The check mark, the off-site date and the clock, in the card's header."""
    stay = await repository.latest_stay(session, job_id)
    inside = stay is not None and stay.left_at is None
    values = {
        "job_id": job_id,
        "stay": stay,
        "inside": inside,
        "evidence": evidence_text(stay.evidence) if stay is not None and stay.evidence else "",
        "band": band_of(stay.arrived_at, services.settings()) if stay and inside else None,
    }
    return [Panel("vehicle_presence/job_panel.html", values, place="header", position=10)]


async def badges(session: AsyncSession, job_ids: Sequence[UUID]) -> Mapping[UUID, list[Badge]]:
    """*In, 12 days* on rows of job lists: one query for the whole page."""
    inside = await repository.jobs_inside(session, job_ids)
    wishes = services.settings()
    marks = {}
    for job_id, arrived_at in inside.items():
        tone = "danger" if days_inside(arrived_at) > wishes.stale_after_days else "neutral"
        text = _("In, %(days)s", days=band_of(arrived_at, wishes).text)
        marks[job_id] = [Badge(text, "car", "danger" if tone == "danger" else "neutral")]
    return marks


async def dashboard(session: AsyncSession) -> list[Panel]:
    """In and out today, and what needs a person."""
    zone = current_tenant().zone
    midnight = datetime.combine(now().astimezone(zone).date(), time(), zone)
    arrivals, departures = await repository.moves_since(session, midnight)
    values = {
        "arrivals": arrivals,
        "departures": departures,
        "inside": await repository.count_on_site(session),
        "finished": len(await repository.finished_but_inside(session)),
        "doubts": len(await repository.open_doubts(session)),
    }
    return [Panel("vehicle_presence/dashboard_card.html", values, place="side", position=20)]


async def timeline(session: AsyncSession, job_id: UUID) -> list[TimelineEntry]:
    """Arrivals, departures and what was taken back."""
    entries = []
    for event in await jobs.events_of(session, job_id):
        line = _line(event.kind, event.actor, event.details)
        if line is not None:
            entries.append(TimelineEntry(event.at, line, "car"))
    return entries


def _line(kind: str, actor: str, details: Mapping[str, object]) -> str | None:
    if kind == "vehicle_arrived":
        return _("Vehicle in (%(who)s)", who=actor)
    if kind == "vehicle_left":
        evidence = evidence_text(cast("Mapping[str, Any]", details.get("evidence") or {}))
        if details.get("closed_by") == "sweep":
            return _("Vehicle off site, noted by the clean-up: %(evidence)s", evidence=evidence)
        if details.get("closed_by") == "confirmed" and details.get("evidence"):
            return _(
                "Vehicle off site (%(who)s), proposed by the clean-up: %(evidence)s",
                who=actor,
                evidence=evidence,
            )
        return _("Vehicle off site (%(who)s)", who=actor)
    return {
        "off_site_undone": _("Off-site date taken back (%(who)s)", who=actor),
        "off_site_date_changed": _("Off-site date changed (%(who)s)", who=actor),
        "arrival_undone": _("“Vehicle in” taken back (%(who)s)", who=actor),
    }.get(kind)
