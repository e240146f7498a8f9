"""What every page of the portal needs: its language, its switches, its entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler

from core.i18n import gettext as _
from core.web import rendering
from core.web.dependencies import session_for_guard
from core.web.resources import AnyConnection, tenant_of
from core.web.site_look import wear
from plugins.self_service_portal.look import Look, current_look, set_look
from plugins.self_service_portal.look_services import look_of
from plugins.self_service_portal.settings import PortalSettings, settings

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One of the four things that a customer can do."""

    key: str
    label: str
    icon: str
    needs: str
    position: int


def entries() -> Sequence[Entry]:
    """Those that are shown, in the brief's order and in the current language."""
    four = (
        Entry(
            "estimate",
            _("Make appointment for estimate"),
            "calendar",
            _("You need your plate and, if you can, photos of the damage. About 3 minutes."),
            10,
        ),
        Entry(
            "repair",
            _("Make appointment for repair"),
            "wrench",
            _("You need your plate and your job number. About 1 minute."),
            20,
        ),
        Entry(
            "status",
            _("View repair status"),
            "search",
            _("You need your plate and your job number. About 1 minute."),
            30,
        ),
        Entry(
            "pictures",
            _("Add pictures"),
            "camera",
            _("You need your plate, your job number and your photos. About 2 minutes."),
            40,
        ),
    )
    wishes = settings()
    return [entry for entry in four if is_shown(wishes, entry.key)]


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


def is_shown(wishes: PortalSettings, key: str) -> bool:
    """Whether support left this entry visible, and the garage's owner too."""
    return bool(getattr(wishes, f"show_{key}")) and key not in current_look().hidden_entries


def put_on(connection: AnyConnection, look: Look) -> None:
    """Let this request go by `look`, and its pages be dressed so."""
    set_look(look)
    wear(connection, look.dress())


async def page_guard(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """The address carries one of the garage's languages, and an entry that is not hidden."""
    if connection.path_params.get("lang") not in tenant_of(connection).languages:
        raise NotFoundException
    async with session_for_guard(connection) as session:
        put_on(connection, await look_of(session))
    entry = handler.opt.get("entry")
    if entry is not None and not is_shown(settings(), entry):
        raise NotFoundException


def option(entry: str, **more: Any) -> dict[str, Any]:
    """`opt` of a handler that belongs to one of the four entries."""
    return {"public": True, "entry": entry, **more}
