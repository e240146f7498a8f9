"""The on-site board: the page, the part of it that keeps itself up to date, and saved views."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response
from litestar.response.base import ASGIResponse
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.reading import Reading, SessionReading
from core.errors import Refused
from core.i18n import gettext as _
from core.web.forms import form_values
from core.web.live import mark_of, stream
from core.web.remembering import drawn_panels, remembered_fragment, remembered_page
from core.web.rendering import Flash, Page, page, redirect
from core.web.viewer import Viewer, load_viewer, requires
from core.workshop.notifications.live import JOBS
from plugins.vehicle_presence import board, board_repository, board_views
from plugins.vehicle_presence.board_repository import ViewRow
from plugins.vehicle_presence.controllers import VIEW
from plugins.vehicle_presence.filters import Filters
from plugins.vehicle_presence.returning import BOARD, board_address

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
FOR_ALL = "jobs.edit"
"""Who plans the work also decides how the garage looks at it."""
CHANGES = "vehicle_presence.board"


@get(BOARD, guards=[requires(VIEW)])
async def board_page(request: AnyRequest, reading: NamedDependency[Reading]) -> ASGIResponse:
    """What is on site, the longest first; those whose work is over stand on top."""
    seen = await mark_of(request, JOBS, CHANGES)
    viewer = await _viewer(request)
    views = await board_repository.views(reading, viewer.staff_id)
    shown = await board.look(request, reading, _asked(request, views.value.views))
    panels = drawn_panels(request, shown.added.panels)
    return remembered_page(
        request,
        "vehicle_presence/board.html",
        shows=(seen, views.mark, request.query_params.get("after"), shown.shows(panels)),
        values=lambda: {
            **_values(request, viewer, views.value.views, shown, panels),
            "seen": seen,
        },
    )


@get("/desk/on-site/rows", guards=[requires(VIEW)], opt={"fragment": True})
async def board_rows(request: AnyRequest, reading: NamedDependency[Reading]) -> ASGIResponse:
    """The lists alone, for the page that is open; 304 where it shows them already."""
    asking = board.Asking(
        Filters.read(request.query_params), board.position(request.query_params.get("after"))
    )
    viewer = await _viewer(request)
    shown = await board.look(request, reading, asking)
    panels = drawn_panels(request, shown.added.panels)
    return remembered_fragment(
        request,
        "vehicle_presence/lists.html",
        shows=shown.shows(panels),
        values=lambda: shown.values(request, viewer, panels),
    )


@get("/desk/on-site/events", guards=[requires(VIEW)])
async def board_events(request: AnyRequest) -> Response[Any]:
    """Says when the lists may have changed."""
    return await stream(request, JOBS, CHANGES)


@post("/desk/on-site/views", guards=[requires(VIEW)])
async def save_view(request: AnyRequest, session: Session) -> Page | Redirect:
    """Keep the filters of this page under a name."""
    values = await form_values(request)
    viewer = await _viewer(request)
    filters = Filters.read(request.query_params)
    for_all = values.getlist("whose") == ["all"] and viewer.may(FOR_ALL)
    owner = None if for_all else viewer.staff_id
    if owner is None and not viewer.may(FOR_ALL):
        return await board_with_problem(
            request, session, _("Only people of the garage keep views."), 409
        )
    name = str((values.getlist("name") or [""])[0])
    try:
        async with session.begin_nested():
            view = await board_views.save(
                session, name, filters, owner, is_default=values.getlist("default") == ["yes"]
            )
    except Refused as refusal:
        problem = _(refusal.message, **refusal.values)
        return await board_with_problem(
            request, session, problem, refusal.status_code, view_name=name
        )
    text = _("The view “%(name)s” is saved.", name=view.name)
    return redirect(request, board_address(filters), flash=Flash(text))


@post("/desk/on-site/views/{view_id:uuid}/remove", guards=[requires(VIEW)])
async def remove_view(request: AnyRequest, session: Session, view_id: FromPath[UUID]) -> Redirect:
    """Take a view away."""
    viewer = await _viewer(request)
    view = await board_views.remove(session, view_id, viewer.staff_id, for_all=viewer.may(FOR_ALL))
    text = _("The view “%(name)s” is removed.", name=view.name)
    flash = Flash(text, undo_href=f"/desk/on-site/views/{view_id}/restore")
    return redirect(request, f"{BOARD}?all=1", flash=flash)


@post("/desk/on-site/views/{view_id:uuid}/restore", guards=[requires(VIEW)])
async def restore_view(request: AnyRequest, session: Session, view_id: FromPath[UUID]) -> Redirect:
    """*Undo* of a removal."""
    viewer = await _viewer(request)
    view = await board_views.restore(session, view_id, viewer.staff_id, for_all=viewer.may(FOR_ALL))
    return redirect(request, board_address(Filters.of_query(view.query)), flash=Flash(_("Undone.")))


async def board_with_problem(
    request: AnyRequest,
    session: AsyncSession,
    problem: str,
    status_code: int,
    view_name: str = "",
) -> Page:
    """The board with what is wrong about a form of it."""
    seen = await mark_of(request, JOBS, CHANGES)
    viewer = await _viewer(request)
    reading = SessionReading(session)
    views = (await board_repository.views(reading, viewer.staff_id)).value.views
    shown = await board.look(request, reading, _asked(request, views))
    panels = drawn_panels(request, shown.added.panels)
    values = _values(request, viewer, views, shown, panels)
    return page(
        request,
        "vehicle_presence/board.html",
        status_code=status_code,
        **{**values, "problem": problem, "view_name": view_name, "seen": seen},
    )


def _asked(request: AnyRequest, views: Sequence[ViewRow]) -> board.Asking:
    """The filters in the address; those of the view that opens first, where there are none."""
    filters = Filters.read(request.query_params)
    if not request.query_params and (default := board_views.default_of(views)) is not None:
        filters = Filters.of_query(default.query)
    return board.Asking(filters, board.position(request.query_params.get("after")))


def _values(
    request: AnyRequest,
    viewer: Viewer,
    views: Sequence[ViewRow],
    shown: board.Shown,
    panels: tuple[Markup, ...],
) -> dict[str, Any]:
    return {
        "views": views,
        "may_save_for_all": viewer.may(FOR_ALL),
        "view_name": "",
        "after": request.query_params.get("after"),
        "problem": None,
        **shown.values(request, viewer, panels),
    }


async def _viewer(request: AnyRequest) -> Viewer:
    viewer = await load_viewer(request)
    if viewer is None:
        raise RuntimeError("a staff page without a guard")
    return viewer


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


HANDLERS = [
    board_page,
    board_rows,
    board_events,
    save_view,
    remove_view,
    restore_view,
]
