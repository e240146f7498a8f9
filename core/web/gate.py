"""The plugin gate of the web: a route of a plugin that is off does not exist."""

from collections.abc import Sequence

from litestar import Router
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.types import ControllerRouterHandler

from core.hooks.manager import HookManager
from core.web.resources import AnyConnection, tenant_of

OPTION = "plugin"


async def plugin_gate(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """The first guard of all: 404 before dependencies, tokens or caches are looked at."""
    plugin = handler.opt.get(OPTION)
    if plugin is not None and not tenant_of(connection).has_plugin(plugin):
        raise NotFoundException


def refuse_method(connection: AnyConnection, error: HTTPException) -> HTTPException:
    """What a wrong method is answered with, which the router says before any guard is asked: at
    an address of a plugin that is off there is nothing to send a form to either."""
    _app, handler, *_rest = connection.app.asgi_router.handle_routing(
        path=connection.scope["path"], method="OPTIONS"
    )
    plugin = handler.opt.get(OPTION)
    if plugin is not None and not tenant_of(connection).has_plugin(plugin):
        return NotFoundException()
    return error


def gated_routers(hooks: HookManager) -> Sequence[ControllerRouterHandler]:
    """A router per plugin around everything that it serves, tagged with its name."""
    return [
        Router(path="/", route_handlers=list(handlers), opt={OPTION: plugin})
        for plugin, handlers in hooks.ask_all("routes")
        if handlers
    ]
