"""The desk's list of customers who wait for a time."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import NavigationEntry, Panel
from core.i18n import gettext as _
from core.web.desk.job_pages import viewer_in
from core.web.rendering import Flash, Page, page, redirect
from core.web.viewer import requires
from plugins.self_service_portal import time_wish_repository as repository
from plugins.self_service_portal import time_wishes
from plugins.self_service_portal.time_wish_form import weekday_name

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]


@get("/desk/wishes", guards=[requires("planning.edit")])
async def wish_list(request: AnyRequest, session: Session) -> Page:
    """Who waits, longest first; `?show=done` for those who do no longer."""
    shows_done = request.query_params.get("show") == "done"
    waiting, done = await repository.counts(session)
    return page(
        request,
        "self_service_portal/desk_wishes.html",
        rows=await repository.listed(session, done=shows_done),
        shows_done=shows_done,
        waiting=waiting,
        done=done,
        weekday_name=weekday_name,
    )


@post("/desk/wishes/{wish_id:uuid}/done", guards=[requires("planning.edit")])
async def wish_done(request: AnyRequest, session: Session, wish_id: FromPath[UUID]) -> Redirect:
    """Nobody waits any more."""
    viewer = await viewer_in(request)
    wish = await time_wishes.mark_done(session, wish_id, viewer.actor)
    done = Flash(
        _("%(name)s does not wait any more.", name=wish.name),
        undo_href=f"/desk/wishes/{wish.id}/open",
    )
    return redirect(request, "/desk/wishes", flash=done)


@post("/desk/wishes/{wish_id:uuid}/open", guards=[requires("planning.edit")])
async def wish_open(request: AnyRequest, session: Session, wish_id: FromPath[UUID]) -> Redirect:
    """*Undo*."""
    viewer = await viewer_in(request)
    wish = await time_wishes.reopen(session, wish_id, viewer.actor)
    return redirect(
        request, "/desk/wishes", flash=Flash(_("%(name)s is on the list again.", name=wish.name))
    )


def desk_entry() -> NavigationEntry:
    """*Waiting list* in the staff's menu, below the planning."""
    return NavigationEntry(
        _("Waiting list"), "/desk/wishes", "clock", position=45, permission="planning.edit"
    )


async def wish_card(session: AsyncSession) -> Panel:
    """How many wait, on the staff's first page."""
    count = await repository.count_open(session)
    return Panel("self_service_portal/desk_wishes_card.html", {"count": count}, position=40)


HANDLERS = [wish_list, wish_done, wish_open]
