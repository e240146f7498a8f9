"""What a page of the board shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from litestar import Request
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.db.reading import Kept, Reading, SessionReading
from core.hooks.contributions import Badge, Column, Panel
from core.hooks.manager import hooks
from core.i18n import current_language, format_date, format_time
from core.i18n import gettext as _
from core.tenancy.context import current_tenant
from core.web.dependencies import session_for_guard
from core.web.moments import parse_moment
from core.web.remembering import remembered_part
from core.web.viewer import Viewer
from plugins.vehicle_presence import board_repository, check_ins
from plugins.vehicle_presence.bands import band_edges, band_of
from plugins.vehicle_presence.board_repository import PAGE, Board, BoardRow, Position, Wanted
from plugins.vehicle_presence.cleanup.evidence import reason_text
from plugins.vehicle_presence.filters import GROUPS, Filters
from plugins.vehicle_presence.settings import NAME, settings

AnyRequest = Request[Any, Any, Any]
MARK = "vehicle_presence.mark"
_NEVER_BEHIND = "–"
_PANELS = "vehicle_presence_board_panels"
_COLUMNS = "vehicle_presence_board_columns"
Marks = tuple[Badge, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """Which page of the board somebody wants."""

    filters: Filters
    after: Position | None


@dataclass(frozen=True, slots=True)
class Added:
    """What other plugins add: blocks as they asked for them; marks by job, perhaps several times
    for one; headings of further columns, and each column's marks by job."""

    panels: Sequence[Panel] = ()
    headings: tuple[str, ...] = ()
    badges: tuple[tuple[UUID, Marks], ...] = ()
    cells: tuple[tuple[tuple[UUID, Marks], ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of the board: what was read for it, and what is drawn of that."""

    asking: Asking
    board: Kept[Board]
    today: date
    added: Added
    listed: tuple[BoardRow, ...] = field(repr=False)

    def shows(self, panels: tuple[Markup, ...]) -> tuple[Any, ...]:
        """All that the values depend on, beside the garage, the person and the language."""
        added = self.added
        return (
            self.board.mark,
            self.asking,
            self.today,
            panels,
            added.headings,
            added.badges,
            added.cells,
        )

    def values(
        self, request: AnyRequest, viewer: Viewer, panels: tuple[Markup, ...]
    ) -> dict[str, Any]:
        """The values of the part of the board that keeps itself up to date."""
        board = self.board.value
        counted = sum(each.total for each in board.counts)
        total = min(counted, board_repository.MOST_COUNTED)
        in_page = [row for row in board.rows if row.in_page]
        drawn = self._drawn_rows(request, viewer)
        return {
            "filters": self.asking.filters,
            "finished": [drawn[row.id] for row in self.listed if row.on_top],
            "rows": [drawn[row.id] for row in self.listed if not row.on_top],
            "headings": self.added.headings,
            "doubts": [(row, reason_text(row.reason, row.evidence)) for row in board.doubts],
            "expected": board.expected,
            "found": board.found,
            "counts": board.counts,
            "total": total,
            "or_more": "+" if counted > total else "",
            "more": position_of(in_page[PAGE - 1]) if len(in_page) > PAGE else None,
            "today": self.today,
            "panels": panels,
            "says": summary(total),
        }

    def _drawn_rows(self, request: AnyRequest, viewer: Viewer) -> dict[UUID, Markup]:
        asked = self.asking.filters.query()
        alike = {
            "bulk": viewer.may(MARK),
            "opens": viewer.may("jobs.view"),
            "asks": bool(check_ins.asked()),
            "says_where": len(self.board.value.counts) > 1,
            "back": "?back=board" + (f"&{asked}" if asked else ""),
            "today": self.today,
        }
        for_all = tuple(alike.values())
        badges: dict[UUID, Marks] = {}
        for job_id, each in self.added.badges:
            badges[job_id] = (*badges.get(job_id, ()), *each)
        columns = [dict(column) for column in self.added.cells]
        drawn = {}
        for row in self.listed:
            marks = badges.get(row.job_id, ())
            cells = tuple(column.get(row.job_id, ()) for column in columns)

            def values(
                row: BoardRow = row, marks: Marks = marks, cells: tuple[Marks, ...] = cells
            ) -> Mapping[str, Any]:
                return {**alike, **row_values(row, self.today), "marks": marks, "cells": cells}

            drawn[row.id] = remembered_part(
                request,
                "vehicle_presence/row.html",
                shows=(for_all, row, marks, cells),
                values=values,
            )
        return drawn


async def look(request: AnyRequest, reading: Reading, asking: Asking) -> Shown:
    """Read what a page shows, and ask other plugins what they add to it."""
    asked = wanted(asking.filters, asking.after)
    board = await board_repository.board(reading, asked)
    rows = listed(board.value)
    job_ids = [row.job_id for row in rows]
    if hooks().takes_session(_PANELS, _COLUMNS, "job_badges", but=NAME):
        async with session_for_guard(request) as session:
            # over its connection: whoever holds one must not wait for a second
            added = await _from_others(session, SessionReading(session), job_ids)
    else:
        added = await _from_others(None, reading, job_ids)
    return Shown(asking, board, asked.today, added, rows)


def wanted(filters: Filters, after: Position | None = None, *, mine: UUID | None = None) -> Wanted:
    """What filters mean at this moment; `mine` is a person whose vehicles alone are asked for."""
    zone = current_tenant().zone
    today = now().astimezone(zone).date()
    return Wanted(
        filters=filters,
        edges=band_edges(settings()),
        today=today,
        midnight=datetime.combine(today, time(), zone),
        language=current_language(),
        after=after,
        mine=mine,
    )


def listed(board: Board) -> tuple[BoardRow, ...]:
    """The rows that are shown; the last of a page says only that there is a next one."""
    in_page = [row for row in board.rows if row.in_page]
    beyond = in_page[PAGE] if len(in_page) > PAGE else None
    return tuple(row for row in board.rows if row.on_top or row is not beyond)


async def _from_others(
    session: AsyncSession | None, reading: Reading, job_ids: list[UUID]
) -> Added:
    """What other plugins add: asked once for the page. Without a session if none takes it."""
    asked = {
        "session": session,
        "reading": reading,
        "job_ids": job_ids,
        "language": current_language(),
    }
    panels = _in_order(await hooks().ask_async(_PANELS, **asked))
    if not job_ids:
        return Added(panels)
    columns: list[Column] = _in_order(await hooks().ask_async(_COLUMNS, **asked))
    marks = await hooks().ask_by_plugin("job_badges", but=NAME, **asked)
    return Added(
        panels,
        tuple(column.heading for column in columns),
        tuple(pair for by_job in marks.values() for pair in _pairs(by_job)),
        tuple(_pairs(column.cells) for column in columns),
    )


def _pairs(by_job: Mapping[UUID, Sequence[Badge]]) -> tuple[tuple[UUID, Marks], ...]:
    return tuple((job_id, tuple(marks)) for job_id, marks in by_job.items() if marks)


def _in_order(answers: list[Any]) -> list[Any]:
    return sorted((each for answer in answers for each in answer), key=lambda each: each.position)


def row_values(row: BoardRow, today: date) -> dict[str, Any]:
    """What is said of a vehicle, beside what was read."""
    promised = row.estimated_completion
    return {
        "row": row,
        "band": band_of(row.arrived_at, settings()),
        "is_late": promised is not None
        and promised < today
        and row.status not in GROUPS["finished"],
        "last_activity": when_text(row.last_activity),
        "out_since": when_text(row.out_at),
        "expected_back": when_text(row.expected_back),
    }


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


def position_of(row: BoardRow) -> str:
    return f"{row.arrived_at.isoformat()}_{row.id}"
