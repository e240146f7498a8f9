"""Where a person goes on after a button: back to where it was pressed."""

from typing import Any
from uuid import UUID

from litestar import Request

from core.errors import NotFound
from core.web.viewer import Viewer, load_viewer
from core.workshop.audit.services import Actor
from plugins.vehicle_presence.filters import Filters

AnyRequest = Request[Any, Any, Any]
BOARD = "/desk/on-site"
WORKSHOP = "/desk/workshop"
MINE = "mine=1"


def address_after(request: AnyRequest, job_id: UUID) -> str:
    """The list that it was pressed on, the page behind the sheet's code, or the job card."""
    card = f"/desk/jobs/{job_id}"
    is_scan = request.query_params.get("back") == "scan"
    return list_of(request) or (f"{card}/presence" if is_scan else card)


def list_of(request: AnyRequest) -> str | None:
    """The board as it was filtered, the clean-up's page or the workshop's tiles, where the button
    stood on one."""
    match request.query_params.get("back"):
        case "board":
            return board_address(Filters.read(request.query_params))
        case "clean-up":
            return f"{BOARD}/clean-up"
        case "workshop":
            return workshop_address(request)
    return None


def again(request: AnyRequest) -> str:
    """What to add to the address of a next button, so that it leads back to the same place."""
    back = request.query_params.get("back")
    if back not in {"board", "clean-up", "scan", "workshop"}:
        return ""
    more = Filters.read(request.query_params).query() if back == "board" else ""
    if back == "workshop" and is_mine(request):
        more = MINE
    return f"?back={back}" + (f"&{more}" if more else "")


def is_mine(request: AnyRequest) -> bool:
    """Whether the tiles are those of the person's own tasks."""
    return f"mine={request.query_params.get('mine')}" == MINE


def workshop_address(request: AnyRequest) -> str:
    """The tiles: all, or those of the person's own tasks."""
    return f"{WORKSHOP}?{MINE}" if is_mine(request) else WORKSHOP


def board_address(filters: Filters) -> str:
    """The board with these filters."""
    query = filters.query()
    return f"{BOARD}?{query}" if query else BOARD


async def viewer_of(request: AnyRequest) -> Viewer:
    """Who looks at the page."""
    viewer = await load_viewer(request)
    if viewer is None:
        raise NotFound("viewer")
    return viewer


async def actor_of(request: AnyRequest) -> Actor:
    """Who pressed."""
    return (await viewer_of(request)).actor
