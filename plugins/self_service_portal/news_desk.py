"""*New from customers*: the card on the desk's first page, and *Seen*."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.hooks.contributions import Panel
from core.i18n import gettext as _
from core.web.desk.job_pages import viewer_in
from core.web.forms import form_values
from core.web.rendering import Flash, redirect
from core.web.viewer import requires
from plugins.self_service_portal import news_repository as repository
from plugins.self_service_portal.news import mark_seen

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
HOME = "/desk"


@post("/desk/news/seen", guards=[requires("planning.edit")])
async def news_seen(request: AnyRequest, session: Session) -> Redirect:
    """Somebody has seen those whose ids the button says, with spaces between them."""
    text = " ".join((await form_values(request)).getlist("news"))
    viewer = await viewer_in(request)
    moment = await mark_seen(session, [_id(each) for each in text.split()], viewer.actor)
    undo = f"/desk/news/unseen?{urlencode({'at': moment.isoformat()})}"
    return redirect(request, HOME, flash=Flash(_("Seen."), undo_href=undo))


@post("/desk/news/unseen", guards=[requires("planning.edit")])
async def news_unseen(request: AnyRequest, session: Session) -> Redirect:
    """*Undo*."""
    await repository.mark_unseen(session, _moment(request.query_params.get("at", "")))
    return redirect(request, HOME, flash=Flash(_("Undone.")))


async def news_card(session: AsyncSession) -> Panel:
    """What customers booked, moved and cancelled, and nobody has seen."""
    rows = await repository.unseen(session)
    values = {"rows": rows, "count": rows[0].total if rows else 0}
    return Panel("self_service_portal/desk_news_card.html", values, place="main", position=20)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("news") from None


def _moment(text: str) -> datetime:
    """A moment with its zone, as *Undo* has it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise NotFound("news") from None
    if found.tzinfo is None:
        raise NotFound("news")
    return found


HANDLERS = [news_seen, news_unseen]
