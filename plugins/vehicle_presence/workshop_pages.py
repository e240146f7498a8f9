"""The workshop's tablet: what is on site and who is expected as tiles, one press each."""

import re
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Redirect
from litestar.response.base import ASGIResponse

from core.db.reading import Kept, Reading
from core.web.live import mark_of
from core.web.remembering import remembered_fragment, remembered_page
from core.web.rendering import redirect
from core.web.viewer import requires
from core.workshop.notifications.live import JOBS
from plugins.vehicle_presence import board, board_repository, check_ins
from plugins.vehicle_presence.board_pages import CHANGES
from plugins.vehicle_presence.board_repository import PAGE, Board, Wanted
from plugins.vehicle_presence.controllers import VIEW
from plugins.vehicle_presence.filters import Filters
from plugins.vehicle_presence.returning import MINE, WORKSHOP, is_mine, viewer_of

AnyRequest = Request[Any, Any, Any]
_SHEET = re.compile(r"/desk/jobs/([0-9a-fA-F-]{36})/presence")
"""What the code on a job sheet says, whatever host it was printed for."""


@get(WORKSHOP, guards=[requires(VIEW)])
async def workshop_page(request: AnyRequest, reading: NamedDependency[Reading]) -> ASGIResponse:
    """The tiles; those that are finished first, then the longest."""
    seen = await mark_of(request, JOBS, CHANGES)
    wanted = await _wanted(request)
    found = await board_repository.board(reading, wanted)
    return remembered_page(
        request,
        "vehicle_presence/workshop.html",
        shows=(seen, *_shows(wanted, found)),
        values=lambda: {**_values(wanted, found), "seen": seen},
    )


@get(f"{WORKSHOP}/tiles", guards=[requires(VIEW)], opt={"fragment": True})
async def workshop_tiles(request: AnyRequest, reading: NamedDependency[Reading]) -> ASGIResponse:
    """The tiles alone, for the page that is open; 304 where it shows them already."""
    wanted = await _wanted(request)
    found = await board_repository.board(reading, wanted)
    return remembered_fragment(
        request,
        "vehicle_presence/tiles.html",
        shows=_shows(wanted, found),
        values=lambda: _values(wanted, found),
    )


@get(f"{WORKSHOP}/find", guards=[requires(VIEW)])
async def find(request: AnyRequest) -> Redirect:
    """What was typed, or read by a scanner that types: a job sheet's code opens that job's page,
    anything else is searched."""
    sheet = _SHEET.search(request.query_params.get("q") or "")
    if sheet is not None:
        return redirect(request, f"/desk/jobs/{sheet[1]}/presence?back=workshop")
    query = _query(_filters(request), is_mine=is_mine(request))
    return redirect(request, f"{WORKSHOP}?{query}" if query else WORKSHOP)


def _filters(request: AnyRequest) -> Filters:
    return Filters(q=Filters.read(request.query_params).q)


def _query(filters: Filters, *, is_mine: bool) -> str:
    return "&".join(each for each in (filters.query(), MINE if is_mine else "") if each)


async def _wanted(request: AnyRequest) -> Wanted:
    """Those of the person's own tasks only where the person may have any: support has none."""
    after = board.position(request.query_params.get("after"))
    mine = (await viewer_of(request)).staff_id if is_mine(request) else None
    return board.wanted(_filters(request), after, mine=mine)


def _shows(wanted: Wanted, found: Kept[Board]) -> tuple[Any, ...]:
    return (found.mark, wanted.filters, wanted.after, wanted.today, wanted.mine)


def _values(wanted: Wanted, found: Kept[Board]) -> dict[str, Any]:
    after = wanted.after
    rows = board.listed(found.value)
    in_page = [row for row in found.value.rows if row.in_page]
    counted = sum(each.total for each in found.value.counts)
    total = min(counted, board_repository.MOST_COUNTED)
    return {
        "filters": wanted.filters,
        "asked": _query(wanted.filters, is_mine=wanted.mine is not None),
        "home": _query(Filters(), is_mine=wanted.mine is not None),
        "is_mine": wanted.mine is not None,
        "cars": [
            board.row_values(row, wanted.today)
            for row in sorted(rows, key=lambda row: not row.on_top)
        ],
        "expected": found.value.expected,
        "found": found.value.found,
        "asks": bool(check_ins.asked()),
        "total": total,
        "or_more": "+" if counted > total else "",
        "says_where": len(found.value.counts) > 1,
        "more": board.position_of(in_page[PAGE - 1]) if len(in_page) > PAGE else None,
        "after": f"{after[0].isoformat()}_{after[1]}" if after else "",
        "says": board.summary(total),
    }


HANDLERS = [workshop_page, workshop_tiles, find]
