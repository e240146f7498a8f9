"""The plugin gate of the web: a route of a plugin that is off does not exist."""

from collections.abc import Sequence

from litestar import Litestar, Router
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.routes import ASGIRoute, BaseRoute, HTTPRoute, WebSocketRoute
from litestar.types import ControllerRouterHandler

from core.errors import PluginError
from core.hooks.manager import HookManager
from core.web.dependencies import DEPENDENCIES
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
    """A router per plugin around everything that it serves, tagged with its name.

    Raises:
        PluginError: a handler carries a tag of its own, which would win over the router's.
    """
    routers = []
    for plugin, handlers in hooks.ask_all("routes"):
        if not handlers:
            continue
        router = Router(path="/", route_handlers=list(handlers), opt={OPTION: plugin})
        passing = sorted(passing_the_gate(router, plugin))
        if passing:
            raise PluginError(f"routes of {plugin} pass the gate: {', '.join(passing)}")
        routers.append(router)
    return routers


def passing_the_gate(router: Router, plugin: str) -> set[str]:
    """Addresses in the route table that Litestar makes of a router whose gate would look at
    another plugin than this one, or at none."""
    app = Litestar([router], dependencies=DEPENDENCIES, openapi_config=None, logging_config=None)
    return {
        route.path
        for route in app.routes
        for handler in _handlers_of(route)
        if handler.opt.get(OPTION) != plugin
    }


def _handlers_of(route: BaseRoute) -> Sequence[BaseRouteHandler]:
    if isinstance(route, HTTPRoute):
        return route.route_handlers
    if isinstance(route, ASGIRoute | WebSocketRoute):
        return [route.route_handler]
    raise PluginError(f"{route.path} is of a kind that the gate does not know")
