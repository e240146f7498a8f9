"""What a page of the board shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.hooks.contributions import Badge, Column
from core.hooks.manager import hooks
from core.i18n import current_language, format_date, format_time
from core.i18n import gettext as _
from core.tenancy.context import current_tenant
from core.web.moments import parse_moment
from core.workshop.planning import repository as planning
from plugins.vehicle_presence import board_repository, check_ins, repository
from plugins.vehicle_presence.bands import band_edges, band_of
from plugins.vehicle_presence.board_repository import PAGE, BoardRow, Wanted
from plugins.vehicle_presence.cleanup.evidence import reason_text
from plugins.vehicle_presence.filters import Filters
from plugins.vehicle_presence.settings import NAME, settings

Position = tuple[datetime, UUID]
_NEVER_BEHIND = "–"


@dataclass(frozen=True, slots=True)
class Asking:
    """Which page of the board somebody wants."""

    filters: Filters
    after: Position | None

    @property
    def is_plain(self) -> bool:
        """The first page of everything, with what is about the whole garage on top."""
        return self.after is None and not self.filters.query()


async def lists(session: AsyncSession, asking: Asking) -> dict[str, Any]:
    """The values of the part of the board that keeps itself up to date."""
    wishes = settings()
    edges = band_edges(wishes)
    today = now().astimezone(current_tenant().zone).date()
    wanted = Wanted(asking.filters, edges, today)
    found = await board_repository.on_site(session, wanted, asking.after)
    shown = found[:PAGE]
    on_top: Sequence[BoardRow] = []
    if asking.after is None and not asking.filters.status:
        on_top = (await board_repository.finished_but_inside(session, wanted))[:PAGE]
    counts = await board_repository.counts(session, edges)
    total = sum(each.total for each in counts)
    top_ids = {row.job_id for row in on_top}
    doubts = await repository.open_doubts(session) if asking.is_plain else []
    ids = list(dict.fromkeys([*(row.job_id for row in on_top), *(row.job_id for row in shown)]))
    return {
        "filters": asking.filters,
        "rows": [row for row in shown if row.job_id not in top_ids],
        "finished": on_top,
        "doubts": [(row, reason_text(row.reason, row.evidence)) for row in doubts],
        "expected": await _expected(session) if asking.is_plain else [],
        "counts": counts,
        "total": min(total, board_repository.MOST_COUNTED),
        "or_more": "+" if total > board_repository.MOST_COUNTED else "",
        "more": _position_of(shown[-1]) if len(found) > PAGE else None,
        "today": today,
        "asks": bool(check_ins.asked()),
        "band_of": lambda arrived: band_of(arrived, wishes),
        "when": when_text,
        **await _from_others(session, ids),
    }


async def _from_others(session: AsyncSession, job_ids: list[UUID]) -> Mapping[str, Any]:
    """What other plugins add: asked once for the page."""
    language = current_language()
    asked = {"session": session, "job_ids": job_ids, "language": language}
    panels = await hooks().ask_async("vehicle_presence_board_panels", **asked)
    if not job_ids:
        return {"panels": _in_order(panels), "columns": [], "badges": {}}
    columns = await hooks().ask_async("vehicle_presence_board_columns", **asked)
    marks = await hooks().ask_by_plugin("job_badges", **asked)
    badges: dict[UUID, list[Badge]] = {}
    for plugin, by_job in marks.items():
        if plugin != NAME:
            for job_id, each in by_job.items():
                badges.setdefault(job_id, []).extend(each)
    listed: list[Column] = _in_order(columns)
    return {"panels": _in_order(panels), "columns": listed, "badges": badges}


def _in_order(answers: list[Any]) -> list[Any]:
    return sorted((each for answer in answers for each in answer), key=lambda each: each.position)


async def _expected(session: AsyncSession) -> list[Any]:
    """Vehicles whose drop-off is today and that are not in."""
    zone = current_tenant().zone
    start = datetime.combine(now().astimezone(zone).date(), time(), zone)
    agenda = await planning.agenda(session, start, start + timedelta(days=1))
    due = [row for row in agenda if row.kind == "drop_off"]
    if not due:
        return []
    came = await repository.jobs_that_came_since(session, [row.job_id for row in due], start)
    return [row for row in due if row.job_id not in came]


def when_text(moment: datetime | None) -> str:
    """The time if it is today, else the day."""
    if moment is None:
        return _NEVER_BEHIND
    zone = current_tenant().zone
    if moment.astimezone(zone).date() == now().astimezone(zone).date():
        return format_time(moment, zone)
    return format_date(moment, zone, "d MMM")


def summary(total: int) -> str:
    """What a screen reader is told after the list changed by itself."""
    return _("The list has changed. Vehicles on site: %(num)s.", num=total)


def position(text: str | None) -> Position | None:
    """Where a page begins, from an address."""
    moment, _separator, stay_id = (text or "").replace(" ", "+").partition("_")
    after = parse_moment(moment)
    try:
        return (after, UUID(stay_id)) if after is not None else None
    except ValueError:
        return None


def _position_of(row: BoardRow) -> str:
    return f"{row.arrived_at.isoformat()}_{row.id}"
