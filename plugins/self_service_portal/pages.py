"""What every page of the portal needs: its language, its switches, its look."""

from dataclasses import replace
from typing import Any

from litestar import Request
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler

from core.i18n import current_language
from core.web import rendering
from core.web.dependencies import session_for_guard
from core.web.embedding import let_frame
from core.web.public_pages import let_be_found
from core.web.resources import AnyConnection, tenant_of
from core.web.site_look import wear, wear_from_now_on
from plugins.self_service_portal.app_icons import app_of
from plugins.self_service_portal.entries import entries, is_shown
from plugins.self_service_portal.found import public_pages
from plugins.self_service_portal.look import Look, current_look, set_look
from plugins.self_service_portal.look_services import look_of
from plugins.self_service_portal.settings import NAME, settings

AnyRequest = Request[Any, Any, Any]


def page(
    request: AnyRequest, template: str, *, status_code: int = 200, **values: Any
) -> rendering.Page:
    """A page of the portal. It knows as `offered` which entries it may link to, as `look` what the
    garage's owner decided and as `said` the garage's own words."""
    offered = {entry.key for entry in entries()}
    return rendering.page(
        request,
        f"self_service_portal/{template}",
        status_code=status_code,
        **{"offered": offered, "look": current_look(), "said": current_look().said(), **values},
    )


def put_on(connection: AnyConnection, look: Look) -> None:
    """Let this request go by `look`, and its pages be dressed so."""
    set_look(look)
    wear(connection, look.dress())


async def page_guard(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """The address carries one of the garage's languages, and an entry that is not hidden."""
    if connection.path_params.get("lang") not in tenant_of(connection).languages:
        raise NotFoundException
    async with session_for_guard(connection) as session:
        look = await look_of(session)
    set_look(look)
    dress = replace(look.dress(), app=app_of(current_language()))
    wear_from_now_on(connection, dress, NAME)
    entry = handler.opt.get("entry")
    if handler.opt.get("framed", entry is not None):
        let_frame(connection, current_look().embed_origins)
    if entry is not None and not is_shown(settings(), entry):
        raise NotFoundException
    for each in public_pages():
        if connection.scope["path"] in each.paths.values():
            let_be_found(connection, each)


def option(entry: str, **more: Any) -> dict[str, Any]:
    """`opt` of a handler that belongs to one of the four entries. The garage's own web site may
    show its pages in a frame, unless `framed` is False."""
    return {"public": True, "entry": entry, **more}
