"""*Finish on this device*: nothing of a customer stays open where others come after them."""

from typing import Any

from litestar import Request, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.web import cookies
from core.web.rendering import Page, redirect
from core.web.resources import resources_of
from plugins.self_service_portal import estimate_steps, identity
from plugins.self_service_portal.pages import page

AnyRequest = Request[Any, Any, Any]
_OPT = {"public": True, "framed": True}


@post("/{lang:str}/finish", opt=_OPT)
async def finish(request: AnyRequest, lang: FromPath[str]) -> Redirect:
    """This browser forgets the job and the request. What was sent has arrived; a request that was
    not is kept as long as any, and nobody comes back to it from here."""
    return redirect(
        request,
        f"/{lang}/finished",
        cookies_=[_gone(request, identity.COOKIE), _gone(request, estimate_steps.COOKIE)],
    )


@get("/{lang:str}/finished", opt=_OPT)
async def finished(request: AnyRequest) -> Page:
    """It is closed here."""
    return page(request, "finished.html")


async def close_former_visit(request: AnyRequest, session: AsyncSession) -> list[Cookie]:
    """Whoever comes by a code on paper begins: the job of somebody who was here before is closed,
    and so is the page of a request that was sent. One that was not sent yet stays."""
    closed = [_gone(request, identity.COOKIE)] if identity.has_key(request) else []
    draft = await estimate_steps.open_draft(request, session)
    if draft is not None and draft.job_id is not None:
        closed.append(_gone(request, estimate_steps.COOKIE))
    return closed


def _gone(request: AnyRequest, name: str) -> Cookie:
    return cookies.our_cookie(resources_of(request).settings, name, "", seconds=0)


HANDLERS = [finish, finished]
