"""The portal's first page."""

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from core.web.rendering import Page
from plugins.self_service_portal.entries import entries
from plugins.self_service_portal.estimate_steps import open_draft
from plugins.self_service_portal.found import business
from plugins.self_service_portal.identity import has_key
from plugins.self_service_portal.opening import opening_of
from plugins.self_service_portal.pages import page

AnyRequest = Request[Any, Any, Any]


@get("/{lang:str}", opt={"public": True})
async def home(
    request: AnyRequest, session: NamedDependency[AsyncSession], lang: FromPath[str]
) -> Page:
    """The four things that a customer can do."""
    draft = await open_draft(request, session)
    opening = await opening_of(session)
    return page(
        request,
        "home.html",
        entries=entries(),
        base=f"/{lang}",
        has_draft=draft is not None and draft.job_id is None,
        is_open_here=has_key(request) or (draft is not None and draft.job_id is not None),
        opening=opening,
        business=business(opening),
    )


HANDLERS = [home]
