"""What presence shows on core's pages."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any, cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.hooks.contributions import Badge, Panel, TimelineEntry
from core.hooks.manifest import in_language
from core.i18n import gettext as _
from core.i18n import ngettext
from core.tenancy.addresses import desk_address
from core.tenancy.context import current_tenant
from core.web.qr import qr_code
from core.web.words import localised
from core.workshop.jobs import repository as jobs
from plugins.vehicle_presence import (
    absence_repository,
    arrivals,
    check_ins,
    repository,
    services,
)
from plugins.vehicle_presence.bands import band_of, days_inside
from plugins.vehicle_presence.cleanup.evidence import evidence_text


async def job_panels(session: AsyncSession, job_id: UUID) -> list[Panel]:
    """The check mark, the off-site date and the clock, in the card's header."""
    stay = await repository.latest_stay(session, job_id)
    inside = stay is not None and stay.left_at is None
    note = await check_ins.of_stay(session, stay.id) if stay else None
    values = {
        "absence": await absence_repository.open_absence(session, stay.id)
        if stay and inside
        else None,
        "note": answers_text(note.answers) if note else "",
        "may_ask": bool(check_ins.asked()),
        "is_asked": inside and note is None and bool(check_ins.asked()),
        "job_id": job_id,
        "elsewhere": None if inside else await arrivals.elsewhere(session, job_id),
        "stay": stay,
        "inside": inside,
        "evidence": evidence_text(stay.evidence) if stay is not None and stay.evidence else "",
        "band": band_of(stay.arrived_at, services.settings()) if stay and inside else None,
    }
    return [Panel("vehicle_presence/job_panel.html", values, place="header", position=10)]


def sheet_panels(job_id: UUID) -> list[Panel]:
    """The code for arrival and departure, beside the head of the job's sheet."""
    code = qr_code(desk_address(f"/desk/jobs/{job_id}/presence"))
    return [Panel("vehicle_presence/sheet_code.html", {"code": code}, place="header")]


async def within_stays(
    session: AsyncSession, stay_ids: list[UUID]
) -> Mapping[UUID, dict[str, object]]:
    """What was noted at check-in and when the vehicle was away, as plain values."""
    notes = await check_ins.of_stays(session, stay_ids)
    away: dict[UUID, list[object]] = {}
    for each in await absence_repository.of_stays(session, stay_ids):
        line = {
            "reason": in_language(each.reason_texts, current_tenant().default_language),
            "note": each.note,
            "out_at": each.out_at.isoformat(),
            "back_at": each.back_at.isoformat() if each.back_at else None,
        }
        away.setdefault(each.stay_id, []).append(line)
    return {
        stay_id: {
            "check_in": notes[stay_id].answers if stay_id in notes else None,
            "absences": away.get(stay_id, []),
        }
        for stay_id in stay_ids
    }


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
        "finished": await repository.some_finished_but_inside(session),
        "doubts": await repository.some_doubts(session),
        "most": repository.PAGE,
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
        return _departure_line(actor, details)
    if kind == "checked_in":
        return _("Check-in (%(who)s): %(answers)s", who=actor, answers=answers_text(details))
    if kind in {"vehicle_out_for_a_while", "vehicle_back", "absence_undone"}:
        return _absence_line(kind, actor, details)
    return {
        "off_site_undone": _("Off-site date taken back (%(who)s)", who=actor),
        "off_site_date_changed": _("Off-site date changed (%(who)s)", who=actor),
        "arrival_undone": _("“Vehicle in” taken back (%(who)s)", who=actor),
        "arrival_struck": _(
            "Arrival struck, no. %(number)s of the VAT book: %(reason)s (%(who)s)",
            number=details.get("number"),
            reason=details.get("reason"),
            who=actor,
        ),
        "arrival_changed": _("Time of arrival changed (%(who)s)", who=actor),
        "stay_left": _(
            "The vehicle stays for job %(number)s (%(who)s)", number=details.get("job"), who=actor
        ),
        "stay_taken": _(
            "The vehicle, in for job %(number)s, stays for this one (%(who)s)",
            number=details.get("job"),
            who=actor,
        ),
    }.get(kind)


def _departure_line(actor: str, details: Mapping[str, object]) -> str:
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


def answers_text(answers: Mapping[str, object]) -> str:
    """What was noted at check-in, in one line."""
    parts = []
    if "mileage" in answers:
        parts.append(_("%(number)s km", number=answers["mileage"]))
    if "photos" in answers:
        parts.append(ngettext("%(num)s photo", "%(num)s photos", int(str(answers["photos"]))))
    if "keys" in answers:
        parts.append(ngettext("%(num)s key", "%(num)s keys", int(str(answers["keys"]))))
    if answers.get("keys_place"):
        parts.append(_("keys: %(place)s", place=answers["keys_place"]))
    if answers.get("damage"):
        parts.append(_("prior damage: %(text)s", text=answers["damage"]))
    elif answers.get("no_damage"):
        parts.append(_("no prior damage"))
    return ", ".join(parts) or "–"


def _absence_line(kind: str, actor: str, details: Mapping[str, object]) -> str:
    texts = details.get("reason")
    reason = localised(texts) if isinstance(texts, dict) and texts else "–"
    if kind == "vehicle_back":
        return _("Back: %(reason)s (%(who)s)", reason=reason, who=actor)
    if kind == "absence_undone":
        return _("Absence taken back: %(reason)s (%(who)s)", reason=reason, who=actor)
    return _("Left for a while: %(reason)s (%(who)s)", reason=reason, who=actor)
