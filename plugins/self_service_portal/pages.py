"""What every page of the portal needs: its language, its switches, its look."""

from dataclasses import dataclass, replace
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler

from core.i18n import current_language
from core.i18n import gettext as _
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
_BACK = "portal_back"


@dataclass(frozen=True, slots=True)
class _Back:
    """Somebody is back at a form. `place` is the part of the page that has it."""

    key: Cookie | None
    place: str


def page(
    request: AnyRequest, template: str, *, status_code: int = 200, **values: Any
) -> rendering.Page:
    """A page of the portal. It knows as `offered` which entries it may link to, as `look` what the
    garage's owner decided and as `said` the garage's own words."""
    shown = {
        "offered": {entry.key for entry in entries()},
        "look": current_look(),
        "said": current_look().said(),
    }
    back: _Back | None = request.scope["state"].get(_BACK)
    if back is not None:
        kept = _("Here is what you filled in. It is not sent yet: please look at it and go on.")
        there = (back.place, _("Show it")) if back.place else (None, "")
        shown["flashes"] = [rendering.Flash(kept, "info", None, *there)]
    answer = rendering.page(
        request, f"self_service_portal/{template}", status_code=status_code, **{**shown, **values}
    )
    if back is not None and back.key is not None:
        answer.set_cookie(back.key)
    return answer


def welcome_back(request: AnyRequest, key: Cookie | None, place: str) -> None:
    """The page of this request is that of a form which its sender had filled before saying who
    they are. `key` opens their job from now on, where it is not open already; `place` is the part
    of the page that has the form, such as `#messages`, or empty."""
    request.scope["state"][_BACK] = _Back(key, place)


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
